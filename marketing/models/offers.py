"""What messages offer, and the codes that people get."""

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models.base import MoneyField, NewPublicId, TimestampedModel


class Offer(TimestampedModel):
    """A discount, free shipping or points, with its limits. Money is in the base currency.

    `given`, `used`, `spent` and `promised` move with the codes, in their transactions: how many codes there are and
    were used, what they took off (of points: what they are worth), and the most that codes which can still be used
    may take off. `spent + promised` never passes the budget, so a code that was given can be paid for.
    """

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
    categories = models.ManyToManyField(
        "catalog.Category", related_name="+", blank=True, verbose_name=_("about"),
        help_text=_("Whom it fits is told by these. It counts for the whole order all the same."),
    )  # fmt: skip
    most_off = MoneyField(
        _("at most this much off"), null=True, blank=True, help_text=_("Of one order, however large it is.")
    )
    max_codes = models.PositiveIntegerField(_("at most this many codes"), null=True, blank=True)
    valid_days = models.PositiveSmallIntegerField(
        _("days a code is valid"), null=True, blank=True, help_text=_("Empty: until the offer ends.")
    )
    budget = MoneyField(
        _("budget"), null=True, blank=True,
        help_text=_("As many codes are given as it can pay for, even if all of them are used."),
    )  # fmt: skip
    given = models.PositiveIntegerField(_("given"), default=0, editable=False)
    used = models.PositiveIntegerField(pgettext_lazy("codes", "used"), default=0, editable=False)
    spent = MoneyField(_("spent"), default=0, editable=False)
    promised = MoneyField(_("promised"), default=0, editable=False)
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
                condition=Q(max_codes=None) | Q(given__lte=F("max_codes")), name="offer_codes_within_limit"
            ),
            models.CheckConstraint(
                condition=Q(budget=None) | Q(spent__lte=F("budget") - F("promised")), name="offer_within_budget"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")), name="offer_in_order"
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="offer_newest")]

    def __str__(self) -> str:
        return self.name

    def is_open(self, at: datetime) -> bool:
        """Whether codes are given at this moment, as far as limits allow."""
        if not self.is_active or (self.starts_at is not None and at < self.starts_at):
            return False
        return self.ends_at is None or at < self.ends_at

    @property
    def ceiling(self) -> Decimal:
        """The most that one code takes off an order; zero where nobody knows. Points cost when they are given."""
        if self.kind == self.Kind.DISCOUNT and self.unit == self.Unit.AMOUNT:
            return min(self.value, self.most_off) if self.most_off is not None else self.value
        return Decimal(0) if self.kind == self.Kind.POINTS or self.most_off is None else self.most_off


class CouponCode(models.Model):
    """The code of one customer for one offer. Used once, by a conditional update. Of points: that they were given."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="codes", verbose_name=_("offer"))
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="coupon_codes", verbose_name=_("customer")
    )
    code = models.CharField(_("code"), max_length=24, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    amount = MoneyField(_("took off"), null=True, blank=True, help_text=_("In the base currency."))
    campaign = models.ForeignKey(
        "marketing.Campaign", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("campaign")
    )
    order = models.ForeignKey(
        "catalog.Order", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("order")
    )

    class Meta:
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        constraints = [models.UniqueConstraint(fields=["offer", "customer"], name="coupon_one_per_person")]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="coupons_of_customer"),
            models.Index(fields=["offer", "-created_at", "-id"], name="coupons_of_offer"),
            models.Index(fields=["offer"], condition=Q(used_at__isnull=True), name="coupons_unused"),
        ]

    def __str__(self) -> str:
        return self.code
