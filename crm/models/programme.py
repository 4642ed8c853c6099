"""What the shop promises: how points are earned, what they are worth, which levels and rewards there are."""

from decimal import Decimal
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.models import MoneyField, TimestampedModel
from core.models.base import PublicIdModel
from core.shop import shop_zone

MOST_POINTS = 1_000_000_000
"""No single movement is larger: sums of all of a shop stay far below what a bigint holds."""


def titled(row: Any) -> str:
    """The name in the language of whoever reads; the other one where that is missing."""
    first, second = (
        (row.name_zh, row.name_en) if (get_language() or "").startswith("zh") else (row.name_en, row.name_zh)
    )
    return first or second


def _one_name(row: Any) -> None:
    if not (row.name_en or row.name_zh):
        raise ValidationError({"name_en": _("Give a name in one language at least.")})


class LoyaltyProgramme(TimestampedModel):
    """The rules of the shop's points. Exactly one row, made by a migration, switched off."""

    class Rounding(models.TextChoices):
        DOWN = "down", _("down")
        NEAREST = "nearest", _("to the nearest point, a half up")
        UP = "up", _("up")

    class Basis(models.TextChoices):
        POINTS = "points", _("points earned with orders")
        SPEND = "spend", _("money spent")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    is_on = models.BooleanField(
        _("switched on"), default=False,
        help_text=_("Customers earn points with what they pay from now on. Off: nobody earns or redeems; points stay."),
    )  # fmt: skip
    started_at = models.DateTimeField(
        _("running since"), null=True, blank=True, editable=False,
        help_text=_("Orders paid earlier earn only when staff grant them."),
    )  # fmt: skip
    points_per_unit = models.DecimalField(
        _("points per unit of the base currency"), max_digits=10, decimal_places=4, default=Decimal(1),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(10_000))],
        help_text=_("For what products cost after discounts, without shipping."),
    )  # fmt: skip
    rounding = models.CharField(
        _("rounding"), max_length=8, choices=Rounding, default=Rounding.DOWN,
        help_text=_("Once for each order, after all multipliers."),
    )  # fmt: skip
    undelivered_days = models.PositiveSmallIntegerField(
        _("days without a delivery report"), default=60, validators=[MaxValueValidator(730)],
        help_text=_(
            "Points become final when the return window after delivery ends (shop profile). Where nobody reports the "
            "delivery, so many days after payment instead."
        ),
    )  # fmt: skip
    expiry_months = models.PositiveSmallIntegerField(
        _("valid for (months)"), default=12, validators=[MaxValueValidator(120)],
        help_text=_("From the day on which they become final; they end with that day of the month. 0: for ever."),
    )  # fmt: skip
    least_redeemed = models.PositiveIntegerField(
        _("fewest points to redeem"), default=100, validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    point_value = MoneyField(
        _("value of a point"), default=Decimal("0.01"), validators=[MinValueValidator(Decimal(0))],
        help_text=_("In the base currency: what a point takes off an order, and what the report counts it as."),
    )  # fmt: skip
    code_days = models.PositiveSmallIntegerField(
        _("codes are valid for (days)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text=_("A code that nobody used by then ends, and its points go back."),
    )  # fmt: skip
    tier_basis = models.CharField(
        _("levels are reached by"), max_length=8, choices=Basis, default=Basis.SPEND,
        help_text=_("Of the last 12 months, without what was returned."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("loyalty programme")
        verbose_name_plural = _("loyalty programme")
        permissions = [("grant_past", _("Can grant points for past orders"))]
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="loyalty_programme_is_one"),
            models.CheckConstraint(
                condition=Q(points_per_unit__gte=0, point_value__gte=0), name="loyalty_programme_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(is_on=False) | Q(started_at__isnull=False), name="loyalty_programme_knows_its_start"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Loyalty programme"))

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("The loyalty programme is switched off, never deleted.")

    @classmethod
    def current(cls) -> "LoyaltyProgramme":
        """The one row; made with defaults where a test or a new installation has none."""
        programme, _created = cls.objects.get_or_create(pk=1)
        return programme


class LoyaltyTier(TimestampedModel):
    """A level of the programme: reached by what somebody earned or spent in 12 months."""

    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=60, blank=True)
    threshold = models.PositiveIntegerField(
        _("from"), unique=True, validators=[MaxValueValidator(MOST_POINTS)],
        help_text=_("Points or money in 12 months, as the programme says."),
    )  # fmt: skip
    multiplier = models.DecimalField(
        _("multiplier"), max_digits=5, decimal_places=2, default=Decimal(1),
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(Decimal(100))],
        help_text=_("Orders earn so many times as much."),
    )  # fmt: skip

    class Meta:
        verbose_name = pgettext_lazy("loyalty", "level")
        verbose_name_plural = pgettext_lazy("loyalty", "levels")
        ordering = ["threshold"]
        constraints = [models.CheckConstraint(condition=Q(multiplier__gte=1), name="loyalty_tier_multiplies")]

    def __str__(self) -> str:
        return titled(self)

    def clean(self) -> None:
        _one_name(self)


class EarnRuleQuerySet(models.QuerySet["EarnRule"]):
    def valid_on(self, day: Any) -> Self:
        """Switched on, and this day of the shop lies between their dates."""
        return self.filter(Q(starts_on=None) | Q(starts_on__lte=day), Q(ends_on=None) | Q(ends_on__gte=day), is_on=True)


class EarnRule(TimestampedModel):
    """Points beyond those for money.

    For an order: a multiplier for products (of a category and what lies below it, or all), points added to each order,
    or both. Of several multipliers for one product the largest counts, they are not multiplied with each other; added
    points add up. For anything else: points.
    """

    class Trigger(models.TextChoices):
        ORDER = "order", pgettext_lazy("loyalty", "order paid")
        SIGN_UP = "sign_up", pgettext_lazy("loyalty", "new customer")
        REVIEW = "review", pgettext_lazy("loyalty", "review published")
        BIRTHDAY = "birthday", pgettext_lazy("loyalty", "birthday")

    name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True)
    trigger = models.CharField(pgettext_lazy("loyalty", "when"), max_length=8, choices=Trigger)
    is_on = models.BooleanField(_("switched on"), default=True)
    points = models.PositiveIntegerField(_("points"), default=0, validators=[MaxValueValidator(1_000_000)])
    multiplier = models.DecimalField(
        _("multiplier"), max_digits=5, decimal_places=2, default=Decimal(1),
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(Decimal(100))],
        help_text=_("Only for orders: products earn so many times as much."),
    )  # fmt: skip
    category = models.ForeignKey(
        "catalog.Category", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("category"),
        help_text=_("Only for orders: products of it and of what lies below it. Empty: all products."),
    )  # fmt: skip
    has_category = models.BooleanField(
        default=False, editable=False, help_text="So that a rule whose category was deleted does not mean everything."
    )
    starts_on = models.DateField(_("from day"), null=True, blank=True)
    ends_on = models.DateField(_("to day"), null=True, blank=True)

    objects = EarnRuleQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("loyalty", "earning rule")
        verbose_name_plural = pgettext_lazy("loyalty", "earning rules")
        ordering = ["trigger", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(multiplier__gte=1), name="earn_rule_multiplies"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="earn_rule_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return titled(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.category_id is not None:
            self.has_category = True
        super().save(*args, **kwargs)

    def clean(self) -> None:
        _one_name(self)
        if self.starts_on and self.ends_on and self.starts_on > self.ends_on:
            raise ValidationError({"ends_on": _("It ends before it starts.")})
        if self.trigger != self.Trigger.ORDER:
            if self.category_id is not None or self.multiplier != 1:
                raise ValidationError({"trigger": _("Only orders have products to multiply.")})
            if not self.points:
                raise ValidationError({"points": _("Say how many points it brings.")})
        elif not self.points and self.multiplier == 1:
            raise ValidationError({"points": _("Give points, a multiplier above 1, or both.")})
        elif self.category_id is not None and self.points:
            raise ValidationError({"points": _("Points are added to whole orders; a category takes a multiplier.")})
        self.has_category = self.category_id is not None


class RewardQuerySet(models.QuerySet["Reward"]):
    def available(self) -> Self:
        """Can be redeemed today, whoever has the points."""
        today = timezone.localdate(timezone=shop_zone())
        return self.filter(
            Q(starts_on=None) | Q(starts_on__lte=today), Q(ends_on=None) | Q(ends_on__gte=today),
            Q(stock=None) | Q(stock__gt=0), is_on=True,
        )  # fmt: skip


class Reward(PublicIdModel, TimestampedModel):
    """What points can be exchanged for."""

    class Kind(models.TextChoices):
        AMOUNT = "amount", pgettext_lazy("loyalty", "amount off")
        SHIPPING = "shipping", pgettext_lazy("loyalty", "free shipping")
        PRODUCT = "product", pgettext_lazy("loyalty", "product for free")

    external_id = None
    name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    cost = models.PositiveIntegerField(
        _("points needed"), validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    amount = MoneyField(
        _("amount"), null=True, blank=True, validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("In the base currency; only for an amount off."),
    )  # fmt: skip
    product = models.ForeignKey(
        "catalog.Product", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("product"),
        help_text=_("Only for a product for free."),
    )  # fmt: skip
    is_on = models.BooleanField(_("switched on"), default=True)
    stock = models.PositiveIntegerField(
        _("pieces left"), null=True, blank=True, help_text=_("Empty: as many as customers want.")
    )
    starts_on = models.DateField(_("from day"), null=True, blank=True)
    ends_on = models.DateField(_("to day"), null=True, blank=True)

    objects = RewardQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("loyalty", "reward")
        verbose_name_plural = pgettext_lazy("loyalty", "rewards")
        ordering = ["cost", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(cost__gt=0), name="reward_costs_something"),
            models.CheckConstraint(condition=Q(amount__isnull=True) | Q(amount__gt=0), name="reward_amount_positive"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="reward_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return titled(self)

    def clean(self) -> None:
        _one_name(self)
        if self.kind == self.Kind.AMOUNT and not self.amount:
            raise ValidationError({"amount": _("Say how much it takes off.")})
        if self.kind == self.Kind.PRODUCT and self.product_id is None:
            raise ValidationError({"product": _("Choose the product.")})
        if self.starts_on and self.ends_on and self.starts_on > self.ends_on:
            raise ValidationError({"ends_on": _("It ends before it starts.")})
