"""What holds for all messages."""

from datetime import time
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MarketingSettings(models.Model):
    """One row: when nobody is written to, how often, and the switch that stops everything."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    is_sending = models.BooleanField(
        _("messages go out"), default=True, db_default=True,
        help_text=_("Off: no message of a campaign or a care programme leaves the shop, whatever runs."),
    )  # fmt: skip
    quiet_from = models.TimeField(_("quiet from"), default=time(21), help_text=_("In the customer's time zone."))
    quiet_until = models.TimeField(_("quiet until"), default=time(8))
    cap_messages = models.PositiveSmallIntegerField(
        _("at most this many messages"), default=3, validators=[MinValueValidator(1)]
    )
    cap_days = models.PositiveSmallIntegerField(
        _("within this many days"), default=7, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    double_opt_in = models.BooleanField(
        _("confirm by link"), default=True,
        help_text=_("A consent for e-mail counts once the link in a mail was followed."),
    )  # fmt: skip
    second_person_above = models.PositiveIntegerField(
        _("second person above"), default=500,
        help_text=_("Campaigns to more customers are approved by somebody else than who made them."),
    )  # fmt: skip
    per_second = models.PositiveIntegerField(
        _("messages a second"), default=20, validators=[MinValueValidator(1)],
        help_text=_("For each provider."),
    )  # fmt: skip
    most_bounces = models.DecimalField(_("pause above bounces of (%)"), max_digits=4, decimal_places=2, default=5)
    most_complaints = models.DecimalField(
        _("pause above complaints of (%)"), max_digits=4, decimal_places=2, default=Decimal("0.3")
    )
    sender_name = models.CharField(_("name of the sender"), max_length=80, blank=True)
    postal_address = models.CharField(
        pgettext_lazy("of the sender", "postal address"), max_length=200, blank=True,
        help_text=_("Stands at the end of each message."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("message settings")
        verbose_name_plural = _("message settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="marketing_settings_once")]

    def __str__(self) -> str:
        return ""

    @classmethod
    def current(cls) -> "MarketingSettings":
        """The row; made with what holds without it."""
        return cls.objects.get_or_create(id=1)[0]
