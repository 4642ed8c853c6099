"""What pages and the API read about points; each with a known number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from crm.models import (
    LoyaltyAccount,
    LoyaltyCheck,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyProgramme,
    LoyaltyRedemption,
    LoyaltyTier,
    LoyaltyTransaction,
    Reward,
)
from crm.services import calendar, tiers

MOST_REWARDS, MOST_CODES, MOST_DATES = 50, 20, 12
BREAKAGE_FROM = 100
"""Points that ended one way or the other before the share that expires says something."""
CENT = Decimal("0.01")
Side = LoyaltyEntry.Side


@dataclass(frozen=True)
class Standing:
    """Where a customer stands. `balance` is what can be redeemed now, without points whose time is over."""

    programme: LoyaltyProgramme
    account: LoyaltyAccount | None
    balance: int = 0
    tier_value: Decimal = Decimal(0)
    next_tier: LoyaltyTier | None = None
    expiring: Sequence[tuple[datetime, int]] = ()
    rewards: Sequence[Reward] = ()
    codes: Sequence[LoyaltyRedemption] = ()

    @property
    def worth(self) -> Decimal:
        """Of the balance, in the base currency, to the cent below."""
        return worth_of(self.balance, self.programme)


def worth_of(points: int, programme: LoyaltyProgramme) -> Decimal:
    """Money value of points, in the base currency, to the cent below."""
    return (points * programme.point_value).quantize(CENT, rounding="ROUND_FLOOR")


def standing_of(customer_id: int) -> Standing:
    """All of one customer's points, seven queries at most. Nothing is written for somebody without an account."""
    programme = LoyaltyProgramme.current()
    account = LoyaltyAccount.objects.select_related("tier").filter(customer_id=customer_id).first()
    rewards = list(Reward.objects.available().select_related("product")[:MOST_REWARDS]) if programme.is_on else []
    if account is None:
        return Standing(programme, None, next_tier=_next_tier(None), rewards=rewards)
    now = timezone.now()
    lots = account.lots.final().filter(left__gt=0)
    overdue = Sum("left", filter=Q(expires_at__lte=now), default=0)
    ahead = lots.filter(expires_at__gt=now).values("expires_at").annotate(points=Sum("left")).order_by("expires_at")
    codes = account.redemptions.filter(state=LoyaltyRedemption.State.ISSUED, expires_at__gt=now)
    return Standing(
        programme=programme,
        account=account,
        balance=account.balance - lots.aggregate(gone=overdue)["gone"],
        tier_value=tiers.values_of([account.pk], programme, now).get(account.pk, Decimal(0)),
        next_tier=_next_tier(account.tier),
        expiring=[(row["expires_at"], row["points"]) for row in ahead[:MOST_DATES] if row["expires_at"]],
        rewards=rewards,
        codes=list(codes.select_related("reward", "product").order_by("-created_at", "-id")[:MOST_CODES]),
    )


def _next_tier(tier: LoyaltyTier | None) -> LoyaltyTier | None:
    return LoyaltyTier.objects.filter(threshold__gt=tier.threshold if tier else -1).order_by("threshold").first()


def history_of(customer_id: int) -> QuerySet[LoyaltyTransaction]:
    """Movements of a customer with their orders and codes."""
    return LoyaltyTransaction.objects.filter(account__customer_id=customer_id).select_related(
        "order", "rule", "redemption__reward"
    )


# --- what the shop owes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Month:
    """Points that end in a month of the shop; `first` None: they never end."""

    first: date | None
    points: int
    lots: int


@dataclass(frozen=True)
class Liability:
    """What the shop owes its customers at this moment.

    `expired_share`: of all points that were redeemed or expired, the share that expired; None while these are fewer
    than a hundred, because a share of nothing says nothing.
    """

    programme: LoyaltyProgramme
    available: int = 0
    pending: int = 0
    owed: int = 0
    accounts: int = 0
    in_codes: int = 0
    codes: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    forfeited: int = 0
    months: Sequence[Month] = ()
    check: LoyaltyCheck | None = None

    @property
    def outstanding(self) -> int:
        return self.available + self.pending

    @property
    def expired_share(self) -> float | None:
        ended = self.redeemed + self.expired
        return self.expired / ended if ended >= BREAKAGE_FROM else None

    @property
    def likely(self) -> int | None:
        """Outstanding points that will be redeemed if as many expire as until now."""
        share = self.expired_share
        return None if share is None else round(self.outstanding * (1 - share))


def liability() -> Liability:
    """Six queries. Sums come from accounts and entries, which the nightly recount holds against each other."""
    programme = LoyaltyProgramme.current()
    # The count first: sums bear the names of columns, which its condition would find instead of them.
    sums = LoyaltyAccount.objects.aggregate(
        accounts=Count("id", filter=Q(balance__gt=0) | Q(pending__gt=0)), available=Sum("balance", default=0),
        pending=Sum("pending", default=0), owed=Sum("owed", default=0),
    )  # fmt: skip
    codes = LoyaltyRedemption.objects.filter(state=LoyaltyRedemption.State.ISSUED).aggregate(
        codes=Count("id"), in_codes=Sum("points", default=0)
    )
    shop = [Side.ISSUED, Side.ADJUSTED, Side.REDEEMED, Side.EXPIRED, Side.FORFEITED]
    rows = LoyaltyEntry.objects.filter(side__in=shop).values("side").annotate(total=Sum("amount")).order_by()
    total = {row["side"]: row["total"] for row in rows}
    return Liability(
        programme=programme, **sums, **codes,
        issued=-total.get(Side.ISSUED, 0) - total.get(Side.ADJUSTED, 0),
        redeemed=total.get(Side.REDEEMED, 0), expired=total.get(Side.EXPIRED, 0),
        forfeited=total.get(Side.FORFEITED, 0), months=_months(),
        check=LoyaltyCheck.objects.order_by("-checked_at").first(),
    )  # fmt: skip


def _months() -> list[Month]:
    """Final points by the month in which their last day lies: they end at the midnight after it."""
    lots = LoyaltyLot.objects.final().filter(left__gt=0)
    rows = lots.values("expires_at").annotate(points=Sum("left"), lots=Count("id"))
    found: dict[date | None, list[int]] = {}
    for row in rows.order_by("expires_at"):
        end = row["expires_at"]
        first = calendar.today(end - timedelta(microseconds=1)).replace(day=1) if end else None
        sums = found.setdefault(first, [0, 0])
        sums[0] += row["points"]
        sums[1] += row["lots"]
    months = [Month(first, *sums) for first, sums in found.items()]
    return sorted(months, key=lambda month: (month.first is None, month.first or date.min))
