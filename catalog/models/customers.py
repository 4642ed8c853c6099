"""Who buys."""

from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.api import ids
from core.models import PublicIdModel, TimestampedModel


class CustomerQuerySet(models.QuerySet["Customer"]):
    def existing(self) -> Self:
        """People, each once: without those who were erased and records that were merged into another."""
        return self.filter(erased_at=None, merged_into=None)

    def known_as(self, ident: str) -> "Customer | None":
        """Whom an id from outside stands for: one of a merged record stands for the record that was kept."""
        condition = ids.where(ident)
        if condition is None:
            return None
        found = self.filter(condition, erased_at=None).select_related("merged_into").first()
        return found.merged_into or found if found is not None else None


class Customer(PublicIdModel, TimestampedModel):
    """A person who buys or may buy."""

    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    is_personalised = models.BooleanField(
        _("personalisation"), default=True, db_default=True,
        help_text=_("Off: this customer gets the same recommendations as everybody."),
    )  # fmt: skip
    profile_since = models.DateTimeField(
        _("profile since"), null=True, blank=True, editable=False,
        help_text=_("The customer had what was learned forgotten then: nothing older is used for recommendations."),
    )  # fmt: skip
    joined_at = models.DateTimeField(_("customer since"))
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged_records",
        verbose_name=_("merged into"),
    )  # fmt: skip

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [("view_personal_data", _("Can see e-mail and phone"))]
        indexes = [
            models.Index(fields=["-joined_at", "-id"], name="customer_newest"),
            models.Index(fields=["name", "joined_at", "id"], name="customer_by_name"),
            models.Index(fields=["country", "joined_at", "id"], name="customer_by_country"),
            models.Index(
                fields=["-joined_at", "-id"], condition=Q(is_personalised=False), name="customer_not_personalised"
            ),
            models.Index(fields=["id"], condition=Q(erased_at__isnull=False), name="customer_erased"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="customer_name_trgm"),
            GinIndex(OpClass(Upper("email"), name="gin_trgm_ops"), name="customer_email_trgm"),
            GinIndex(OpClass(Upper("external_id"), name="gin_trgm_ops"), name="customer_own_id_trgm"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id or self.public_id[:8]


class CustomerTrait(models.Model):
    """A segment or score of a customer: written by the app that computes it, read by anyone."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="traits", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=40)
    value = models.JSONField(_("value"))
    reasons = models.JSONField(_("reasons"), default=list)
    as_of = models.DateTimeField(_("as of"))
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, verbose_name=_("model version")
    )

    class Meta:
        verbose_name = _("customer trait")
        verbose_name_plural = _("customer traits")
        constraints = [models.UniqueConstraint(fields=["customer", "kind"], name="trait_once_per_kind")]
        indexes = [models.Index(fields=["kind", "customer"], name="trait_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"
