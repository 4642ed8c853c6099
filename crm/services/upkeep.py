"""What time brings: points become final and expire, days begin, and every night all entries are counted anew."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from catalog.models import Customer, Order
from core.alerts import raise_alert, resolve
from core.said import Said
from crm.alerts import DIFFERS, RULE
from crm.models import EarnRule, LoyaltyAccount, LoyaltyCheck, LoyaltyEntry, LoyaltyLot, LoyaltyProgramme
from crm.services import calendar, earning, spending, tiers

log = structlog.get_logger(__name__)
LOOK_BACK = timedelta(days=3)
MOST_TOLD = 100
DAYS_CAUGHT_UP = 7
"""Birthdays so many days ago are made up for, after a shop stood still."""

RECOUNT = """
SELECT 'account', a.id FROM crm_loyaltyaccount a
LEFT JOIN (
    SELECT account_id,
        sum(amount) FILTER (WHERE side = 'available') AS balance,
        sum(amount) FILTER (WHERE side = 'pending') AS pending,
        -sum(amount) FILTER (WHERE side = 'owed') AS owed
    FROM crm_loyaltyentry WHERE account_id IS NOT NULL GROUP BY account_id
) e ON e.account_id = a.id
WHERE (a.balance, a.pending, a.owed)
    IS DISTINCT FROM (coalesce(e.balance, 0), coalesce(e.pending, 0), coalesce(e.owed, 0))
UNION ALL
SELECT 'lots', a.id FROM crm_loyaltyaccount a
LEFT JOIN (
    SELECT account_id, sum("left") FILTER (WHERE matured_at IS NOT NULL) AS balance,
        sum("left") FILTER (WHERE matured_at IS NULL) AS pending
    FROM crm_loyaltylot GROUP BY account_id
) l ON l.account_id = a.id
WHERE (a.balance, a.pending) IS DISTINCT FROM (coalesce(l.balance, 0), coalesce(l.pending, 0))
UNION ALL
SELECT 'lot', l.id FROM crm_loyaltylot l
LEFT JOIN (
    SELECT lot_id, sum(amount) FILTER (WHERE side IN ('available', 'pending')) AS "left",
        sum(amount) FILTER (WHERE side = 'expired') AS expired
    FROM crm_loyaltyentry WHERE lot_id IS NOT NULL GROUP BY lot_id
) e ON e.lot_id = l.id
WHERE (l."left", l.expired) IS DISTINCT FROM (coalesce(e."left", 0), coalesce(e.expired, 0))
UNION ALL
SELECT 'transaction', t.id FROM crm_loyaltytransaction t
LEFT JOIN (
    SELECT transaction_id, count(*) AS entries, sum(amount) AS total FROM crm_loyaltyentry GROUP BY transaction_id
) e ON e.transaction_id = t.id
WHERE coalesce(e.entries, 0) < 2 OR e.total <> 0
"""
"""Kind and number of each row that does not follow from the entries."""


def recount() -> LoyaltyCheck:
    """Add up all entries and hold balances, lots and transactions against them, in one statement. Any difference
    raises an alert, which the next whole recount closes."""
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT)
        found = [list(row) for row in cursor.fetchall()]
    accounts, entries = LoyaltyAccount.objects.count(), LoyaltyEntry.objects.count()
    check = LoyaltyCheck.objects.create(
        checked_at=timezone.now(), accounts=accounts, entries=entries, differences=found[:MOST_TOLD]
    )
    if found:
        log.error("loyalty.differs", rows=found[:MOST_TOLD], count=len(found))
        raise_alert(RULE, said=Said(DIFFERS, {"count": len(found)}))
    else:
        resolve(RULE)
    return check


def move_due(*, now: datetime | None = None, progress: Callable[[int], Any] = lambda done: None) -> dict[str, int]:
    """What is due at this moment: orders nobody told of, points that become final, codes and points whose time is
    over. Each in a transaction of its own, so that a stopped run goes on where it was. Returns counts."""
    now = now or timezone.now()
    counts = {"orders": 0, "final": 0, "codes": 0, "expired": 0}
    for order_id in _unsettled(now):
        counts["orders"] += bool(earning.settle_order(order_id))
    due = LoyaltyLot.objects.filter(matured_at=None, matures_at__lte=now, account__closed_at=None)
    for done, lot_id in enumerate(due.order_by("matures_at", "id").values_list("pk", flat=True), 1):
        counts["final"] += bool(earning.mature_lot(lot_id, now=now))
        if done % 100 == 0:
            progress(done)
    counts["codes"] = spending.void_codes_over(now=now)
    for account_id in spending.due_accounts(now):
        counts["expired"] += bool(spending.expire_account(account_id, now=now))
    return counts


def _unsettled(now: datetime) -> list[int]:
    """Orders of the last days that earned nothing yet though they may, or whose refunds may not be claimed: signals
    are sent after the commit, and a process can die in between."""
    programme = LoyaltyProgramme.current()
    changed = Order.objects.filter(updated_at__gte=now - LOOK_BACK, customer__isnull=False)
    wanted = Q(loyalty_lot__isnull=False) & (
        Q(refunded_total__gt=0, loyalty_lot__reversed__lt=F("loyalty_lot__points"))
        | Q(status=Order.Status.CANCELLED, loyalty_lot__reversed__lt=F("loyalty_lot__points"))
    )
    if programme.is_on and programme.started_at is not None:
        wanted |= Q(loyalty_lot=None, paid_at__gte=programme.started_at, status__in=Order.BOUGHT)
    return list(changed.filter(wanted).order_by("pk").values_list("pk", flat=True))


def start_day(*, now: datetime | None = None) -> dict[str, int]:
    """Birthdays of today and of days that no run saw (once a year, however the date is changed), and everybody's
    level."""
    now = now or timezone.now()
    today = calendar.today(now)
    given = 0
    for back in range(DAYS_CAUGHT_UP, -1, -1):
        day = today - timedelta(days=back)
        if not EarnRule.objects.valid_on(day).filter(trigger=EarnRule.Trigger.BIRTHDAY).exists():
            continue
        people = Customer.objects.existing().filter(calendar.born_on(day)).order_by("pk")
        if back:
            people = people.filter(joined_at__lt=calendar.start_of(day + timedelta(days=1)))
        for customer_id in people.values_list("pk", flat=True).iterator(chunk_size=1_000):
            event = f"{customer_id}:{day.year}"
            given += bool(earning.give_bonus(trigger=EarnRule.Trigger.BIRTHDAY, customer_id=customer_id, event=event))
    return {"birthdays": given, "levels": tiers.look_at_all(now=now)}
