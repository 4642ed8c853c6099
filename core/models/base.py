"""Bases that every floor uses."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class NewPublicId(models.Func):
    """32 hexadecimal digits made by PostgreSQL, so that COPY and plain INSERT get one too. Cannot be counted."""

    template = "replace(gen_random_uuid()::text, '-', '')"
    output_field = models.CharField()


class TimestampedModel(models.Model):
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        abstract = True


class PublicIdModel(models.Model):
    """Known outside by an opaque id, and by the shop's own id as `ext:…`."""

    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    external_id = models.CharField(_("shop's own ID"), max_length=120, null=True, blank=True, unique=True)

    class Meta:
        abstract = True


class MoneyField(models.DecimalField):
    """Amounts in the currency named beside them; four decimals, because unit prices below a cent exist."""

    description = _("Amount of money")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)
