"""Levels: what somebody earned or spent in the last 12 months decides, up at once and down in the night."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from catalog.models import Order
from crm.models import LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyTier, LoyaltyTierChange
from crm.services import calendar

MONTHS = 12
BATCH = 1_000


def since(now: datetime) -> datetime:
    """From when on it counts: the beginning of the day twelve months ago."""
    return calendar.start_of(calendar.add_months(calendar.today(now), -MONTHS))


def values_of(account_ids: Iterable[int], programme: LoyaltyProgramme, now: datetime) -> dict[int, Decimal]:
    """What counts for the level of these accounts; those without anything are missing. One query."""
    ids, start = list(account_ids), since(now)
    if programme.tier_basis == LoyaltyProgramme.Basis.POINTS:
        lots = LoyaltyLot.objects.filter(account__in=ids, earned_at__gte=start).exclude(order=None)
        found = lots.values("account_id").annotate(value=Sum(F("points") - F("reversed"))).order_by()
        return {row["account_id"]: Decimal(row["value"]) for row in found}
    orders = Order.objects.bought().filter(customer__loyalty__in=ids, paid_at__gte=start)
    money = Sum((F("paid_total") - F("refunded_total")) * F("base_rate"))
    rows = orders.values("customer__loyalty").annotate(value=money).order_by()
    return {row["customer__loyalty"]: row["value"] for row in rows}


def tier_for(value: Decimal, tiers: Iterable[LoyaltyTier]) -> LoyaltyTier | None:
    """The highest level that is reached; None: none."""
    reached = [tier for tier in tiers if tier.threshold <= value]
    return max(reached, key=lambda tier: tier.threshold, default=None)


def look_at(account: LoyaltyAccount, programme: LoyaltyProgramme, *, now: datetime | None = None) -> None:
    """Put a locked account on the level that it reached, and note the change."""
    now = now or timezone.now()
    tiers = list(LoyaltyTier.objects.all())
    if tiers or account.tier_id is not None:
        value = values_of([account.pk], programme, now).get(account.pk, Decimal(0))
        _place([(account, value)], tiers, programme, now)


def _place(
    found: Iterable[tuple[LoyaltyAccount, Decimal]], tiers: list[LoyaltyTier], programme: LoyaltyProgramme,
    now: datetime,
) -> int:  # fmt: skip
    changes, moved = [], []
    for account, value in found:
        tier = tier_for(value, tiers)
        if (tier.pk if tier else None) == account.tier_id:
            continue
        changes.append(
            LoyaltyTierChange(
                account=account, before_id=account.tier_id, after=tier, basis=programme.tier_basis, value=value,
                changed_at=now,
            )
        )  # fmt: skip
        account.tier, account.tier_since = tier, now
        moved.append(account)
    LoyaltyTierChange.objects.bulk_create(changes)
    LoyaltyAccount.objects.bulk_update(moved, ["tier", "tier_since"], batch_size=BATCH)
    return len(moved)


def look_at_all(*, now: datetime | None = None) -> int:
    """Every account on its level, in batches. How many moved. Safe to run at any time."""
    now, programme = now or timezone.now(), LoyaltyProgramme.current()
    tiers, last, moved = list(LoyaltyTier.objects.all()), 0, 0
    while True:
        with transaction.atomic():
            rows = LoyaltyAccount.objects.select_for_update(of=("self",)).filter(pk__gt=last, closed_at=None)
            batch = list(rows.order_by("pk")[:BATCH])
            if not batch:
                return moved
            last = batch[-1].pk
            values = values_of([account.pk for account in batch], programme, now)
            moved += _place(
                [(account, values.get(account.pk, Decimal(0))) for account in batch], tiers, programme, now
            )  # fmt: skip
