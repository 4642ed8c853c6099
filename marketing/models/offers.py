"""What messages offer, and the codes that people get."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models.base import MoneyField, NewPublicId, TimestampedModel


class Offer(TimestampedModel):
    """A discount, free shipping or points, with its limits."""

    class Kind(models.TextChoices):
        DISCOUNT = "discount", _("discount")
        FREE_SHIPPING = "free_shipping", _("free shipping")
        POINTS = "points", pgettext_lazy("kind of offer", "bonus points")

    class Unit(models.TextChoices):
        PERCENT = "percent", _("percent")
        AMOUNT = "amount", pgettext_lazy("unit of an offer", "amount")
        POINTS = "points", pgettext_lazy("unit of an offer", "points")

    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    name = models.CharField(_("name"), max_length=120)
    title = models.JSONField(_("title"), default=dict, blank=True, help_text=_("What customers read, per language."))
    kind = models.CharField(_("kind"), max_length=13, choices=Kind)
    unit = models.CharField(_("unit"), max_length=7, choices=Unit, default=Unit.PERCENT)
    value = MoneyField(_("value"), default=0)
    least_order = MoneyField(_("from an order of"), default=0)
    max_codes = models.PositiveIntegerField(_("at most this many codes"), null=True, blank=True)
    budget = MoneyField(_("budget"), null=True, blank=True)
    spent = MoneyField(_("spent"), default=0, editable=False)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = pgettext_lazy("table", "offer")
        verbose_name_plural = pgettext_lazy("table", "offers")
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0, least_order__gte=0), name="offer_not_negative"),
            models.CheckConstraint(
                condition=~Q(unit="percent") | Q(value__lte=100), name="offer_percent_at_most_hundred"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")), name="offer_in_order"
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="offer_newest")]

    def __str__(self) -> str:
        return self.name


class CouponCode(models.Model):
    """The code of one customer for one offer. Used once, by a conditional update."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="codes", verbose_name=_("offer"))
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="coupon_codes", verbose_name=_("customer")
    )
    code = models.CharField(_("code"), max_length=24, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    order = models.ForeignKey(
        "catalog.Order", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("order")
    )

    class Meta:
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        constraints = [models.UniqueConstraint(fields=["offer", "customer"], name="coupon_one_per_person")]
        indexes = [models.Index(fields=["customer", "-created_at"], name="coupons_of_customer")]

    def __str__(self) -> str:
        return self.code
