"""Points as double entry: every movement takes from one account what it gives to another (docs/adr/0100)."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models import MoneyField, TimestampedModel
from core.models.base import PublicIdModel
from crm.models.programme import LoyaltyTier, Reward

REASON_LENGTH = 200


class LoyaltyAccount(PublicIdModel, TimestampedModel):
    """The points of one customer, as the entries add up to.

    `balance` can be redeemed; `pending` cannot yet; `owed` are points that a refund took back after they were spent:
    the next ones that become final pay them first. So nobody has a balance and owes at once, and no number is ever
    below zero. `closed_at`: the customer was erased or merged; nothing moves any more.
    """

    external_id = None
    customer = models.OneToOneField(
        "catalog.Customer", models.SET_NULL, null=True, related_name="loyalty", verbose_name=_("customer")
    )
    balance = models.PositiveBigIntegerField(pgettext_lazy("loyalty", "points"), default=0, db_default=0)
    pending = models.PositiveBigIntegerField(pgettext_lazy("loyalty", "pending"), default=0, db_default=0)
    owed = models.PositiveBigIntegerField(pgettext_lazy("loyalty", "owed"), default=0, db_default=0)
    tier = models.ForeignKey(
        LoyaltyTier, models.SET_NULL, null=True, blank=True, related_name="accounts",
        verbose_name=pgettext_lazy("loyalty", "level"),
    )  # fmt: skip
    tier_since = models.DateTimeField(_("level since"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("loyalty", "points account")
        verbose_name_plural = pgettext_lazy("loyalty", "points accounts")
        permissions = [("adjust_points", _("Can give and take points"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(balance__gte=0, pending__gte=0, owed__gte=0), name="loyalty_account_not_negative"
            ),
            models.CheckConstraint(condition=Q(balance=0) | Q(owed=0), name="loyalty_account_pays_first"),
        ]
        indexes = [
            models.Index(fields=["-balance", "-id"], name="loyalty_by_balance"),
            models.Index(fields=["-pending", "-id"], name="loyalty_by_pending"),
            models.Index(fields=["id"], condition=Q(owed__gt=0), name="loyalty_owing"),
            models.Index(fields=["tier", "id"], name="loyalty_by_tier"),
        ]

    def __str__(self) -> str:
        return str(self.customer) if self.customer_id is not None else f"#{self.pk}"


class LoyaltyLotQuerySet(models.QuerySet["LoyaltyLot"]):
    def final(self) -> Self:
        return self.exclude(matured_at=None)

    def in_order_of_use(self) -> Self:
        """What expires first is used first; what never expires last; then the oldest."""
        return self.order_by(F("expires_at").asc(nulls_last=True), "id")


class LoyaltyLot(models.Model):
    """Points that came in together and expire together.

    `points` is what was earned, `reversed` what refunds claimed back of it, `left` what is still there and `expired`
    what ended unused: all four follow from the entries that name the lot, but for `points`.
    """

    account = models.ForeignKey(LoyaltyAccount, models.PROTECT, related_name="lots")
    order = models.OneToOneField("catalog.Order", models.SET_NULL, null=True, related_name="loyalty_lot")
    points = models.PositiveBigIntegerField()
    reversed = models.PositiveBigIntegerField(default=0, db_default=0)
    left = models.PositiveBigIntegerField()
    expired = models.PositiveBigIntegerField(default=0, db_default=0)
    earned_at = models.DateTimeField()
    matures_at = models.DateTimeField(null=True)
    matured_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = LoyaltyLotQuerySet.as_manager()

    class Meta:
        verbose_name = "loyalty lot"
        verbose_name_plural = "loyalty lots"
        constraints = [
            models.CheckConstraint(
                condition=Q(left__gte=0, expired__gte=0, reversed__gte=0) & Q(reversed__lte=F("points"))
                & Q(left__lte=F("points")),
                name="loyalty_lot_within_points",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["matures_at"], condition=Q(matured_at__isnull=True), name="lot_maturing"),
            models.Index(fields=["expires_at"], condition=Q(matured_at__isnull=False, left__gt=0), name="lot_expiring"),
            models.Index(fields=["account", "expires_at", "id"], condition=Q(left__gt=0), name="lot_of_account"),
            models.Index(fields=["account", "-earned_at"], name="lot_by_earning"),
        ]

    def __str__(self) -> str:
        return f"{self.left}/{self.points}"


class LoyaltyTransaction(PublicIdModel):
    """One movement of points with its reason. Rows are only added; PostgreSQL refuses changes and deletions, and a
    transaction whose entries are fewer than two or do not sum to zero does not commit (crm/migrations/0002)."""

    class Kind(models.TextChoices):
        EARN = "earn", pgettext_lazy("loyalty", "earned")
        BONUS = "bonus", pgettext_lazy("loyalty", "bonus")
        MATURE = "mature", pgettext_lazy("loyalty", "became final")
        REVERSE = "reverse", pgettext_lazy("loyalty", "taken back after a refund")
        REDEEM = "redeem", pgettext_lazy("loyalty", "redeemed")
        VOID = "void", pgettext_lazy("loyalty", "redemption taken back")
        EXPIRE = "expire", pgettext_lazy("loyalty", "expired")
        ADJUST = "adjust", pgettext_lazy("loyalty", "corrected by staff")
        UNDO = "undo", pgettext_lazy("loyalty", "correction taken back")
        MERGE = "merge", pgettext_lazy("loyalty", "moved to another account")
        FORFEIT = "forfeit", pgettext_lazy("loyalty", "forfeited")

    external_id = None
    account = models.ForeignKey(LoyaltyAccount, models.PROTECT, related_name="transactions")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    points = models.BigIntegerField(
        pgettext_lazy("loyalty", "points"), help_text=_("As the customer reads it: less than zero is gone.")
    )
    order = models.ForeignKey("catalog.Order", models.SET_NULL, null=True, related_name="loyalty_transactions")
    rule = models.ForeignKey("crm.EarnRule", models.SET_NULL, null=True, related_name="+")
    takes_back = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="taken_back_by", help_text="What an undo undoes, once."
    )
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True)
    key = models.CharField(max_length=80, unique=True, help_text="The same event twice is one transaction.")
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = "loyalty transaction"
        verbose_name_plural = "loyalty transactions"
        indexes = [models.Index(fields=["account", "-created_at", "-id"], name="loyalty_history")]

    def __str__(self) -> str:
        return f"{self.kind} {self.points:+d}"


class LoyaltyEntry(models.Model):
    """One side of a transaction. The customer's accounts are above zero when they hold points, what is owed is below
    it; the shop's accounts hold the other side."""

    class Side(models.TextChoices):
        PENDING = "pending"
        AVAILABLE = "available"
        OWED = "owed"
        ISSUED = "issued"
        REDEEMED = "redeemed"
        EXPIRED = "expired"
        ADJUSTED = "adjusted"
        FORFEITED = "forfeited"

    CUSTOMER = (Side.PENDING, Side.AVAILABLE, Side.OWED)

    transaction = models.ForeignKey(LoyaltyTransaction, models.PROTECT, related_name="entries")
    side = models.CharField(max_length=9, choices=Side)
    account = models.ForeignKey(
        LoyaltyAccount, models.PROTECT, null=True, related_name="entries", help_text="For the customer's sides."
    )
    lot = models.ForeignKey(LoyaltyLot, models.PROTECT, null=True, related_name="entries")
    amount = models.BigIntegerField()

    class Meta:
        verbose_name = "loyalty entry"
        verbose_name_plural = "loyalty entries"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="loyalty_entry_moves_something"),
            models.CheckConstraint(
                condition=Q(side__in=["pending", "available", "owed"], account__isnull=False)
                | (~Q(side__in=["pending", "available", "owed"]) & Q(account__isnull=True)),
                name="loyalty_entry_has_its_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.amount:+d}"


class LoyaltyTierChange(models.Model):
    """When somebody reached or left a level, and with what."""

    account = models.ForeignKey(LoyaltyAccount, models.PROTECT, related_name="tier_changes")
    before = models.ForeignKey(LoyaltyTier, models.SET_NULL, null=True, related_name="+")
    after = models.ForeignKey(LoyaltyTier, models.SET_NULL, null=True, related_name="+")
    basis = models.CharField(max_length=8)
    value = models.DecimalField(max_digits=18, decimal_places=4, help_text="Points or money in the 12 months before.")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "change of level"
        verbose_name_plural = "changes of level"
        indexes = [models.Index(fields=["account", "-changed_at"], name="tier_history")]

    def __str__(self) -> str:
        return f"{self.before_id} → {self.after_id}"


class LoyaltyRedemption(PublicIdModel):
    """Points that became a code, which the shop's checkout takes once."""

    class State(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("reward code", "not used yet")
        USED = "used", pgettext_lazy("reward code", "used")
        VOIDED = "voided", pgettext_lazy("reward code", "taken back")

    external_id = None
    account = models.ForeignKey(LoyaltyAccount, models.PROTECT, related_name="redemptions")
    transaction = models.OneToOneField(LoyaltyTransaction, models.PROTECT, related_name="redemption")
    reward = models.ForeignKey(Reward, models.SET_NULL, null=True, related_name="redemptions")
    kind = models.CharField(max_length=8, choices=Reward.Kind)
    points = models.PositiveBigIntegerField()
    amount = MoneyField(null=True, help_text="In the base currency, as promised at that time.")
    product = models.ForeignKey("catalog.Product", models.SET_NULL, null=True, related_name="+")
    code = models.CharField(max_length=16, unique=True)
    state = models.CharField(max_length=6, choices=State, default=State.ISSUED)
    order = models.ForeignKey("catalog.Order", models.SET_NULL, null=True, related_name="loyalty_redemptions")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "loyalty redemption"
        verbose_name_plural = "loyalty redemptions"
        indexes = [
            models.Index(fields=["account", "-created_at"], name="redemption_of_account"),
            models.Index(fields=["expires_at"], condition=Q(state="issued"), name="redemption_ending"),
        ]

    def __str__(self) -> str:
        return self.code


class LoyaltyCheck(models.Model):
    """What a nightly recount of all entries found. No difference is the only good answer."""

    checked_at = models.DateTimeField()
    accounts = models.PositiveBigIntegerField()
    entries = models.PositiveBigIntegerField()
    differences = models.JSONField(default=list, help_text="Kind and number of each row that does not add up.")

    class Meta:
        verbose_name = "loyalty recount"
        verbose_name_plural = "loyalty recounts"
        indexes = [models.Index(fields=["-checked_at"], name="loyalty_checked")]

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d} {len(self.differences)}"


class PastGrant(models.Model):
    """Points for orders from before the programme began: counted first, granted when somebody said so."""

    class State(models.TextChoices):
        COUNTING = "counting", pgettext_lazy("past orders", "counting")
        COUNTED = "counted", pgettext_lazy("past orders", "counted")
        RUNNING = "running", pgettext_lazy("past orders", "granting")
        DONE = "done", pgettext_lazy("past orders", "granted")

    since = models.DateField(_("orders paid from day"))
    until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.COUNTING)
    orders = models.PositiveBigIntegerField(default=0)
    customers = models.PositiveBigIntegerField(default=0)
    points = models.PositiveBigIntegerField(default=0)
    last_order = models.BigIntegerField(default=0, help_text="A run that was stopped goes on behind it.")
    created_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "points for past orders"
        verbose_name_plural = "points for past orders"

    def __str__(self) -> str:
        return f"{self.since}"
