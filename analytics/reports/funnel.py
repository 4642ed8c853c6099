"""From a look at a product to a basket to an order: counted by day from events, read by pages from `FunnelDay`.

A person is a customer where the event or its browser is known to be one's, else the browser. A person counts once for
each day, for as far as they came on that day. A day is always counted whole and replaces what was there, so events that
come late or twice change nothing but what they should; which days to count follows from `TouchedVisit`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from analytics.models import FunnelCustomer, FunnelDay, TouchedVisit
from core.jobs import guard, progress
from core.reports import Period
from core.shop import shop_zone

KEPT_DAYS = 400
"""How far customers came is kept so long; the counts of days stay."""
ONE_DAY = timedelta(days=1)
MOST_PEOPLE = 200
SECONDS = 3

PEOPLE = """
CREATE TEMP TABLE zg_visit ON COMMIT DROP AS
SELECT max(customer_id) AS customer_id, coalesce(mode() WITHIN GROUP (ORDER BY device), '') AS device,
    CASE WHEN bool_or(searched) THEN CASE WHEN bool_or(recommended) THEN 'both' ELSE 'search' END
        WHEN bool_or(recommended) THEN 'recommended' ELSE '' END AS way,
    bool_or(kind = 'view') AS viewed, bool_or(kind = 'cart') AS carted, bool_or(kind = 'purchase') AS bought
FROM (
    SELECT coalesce(i.customer_id, v.customer_id) AS customer_id, i.visitor_id, i.kind,
        left(i.context ->> 'device', 10) AS device,
        i.kind <> 'purchase' AND i.context ?| array['search', 'query'] AS searched,
        i.kind <> 'purchase' AND i.context ? 'recommendation' AS recommended
    FROM catalog_interaction i LEFT JOIN catalog_visitor v ON v.id = i.visitor_id
    WHERE i.occurred_at >= %(since)s AND i.occurred_at < %(until)s AND i.kind IN ('view', 'cart', 'purchase')
) act
WHERE customer_id IS NOT NULL OR visitor_id IS NOT NULL
GROUP BY coalesce('c' || customer_id, 'v' || visitor_id)
"""
DAYS = """
INSERT INTO analytics_funnelday (day, device, way, viewed, carted, bought, skipped)
SELECT %(day)s, device, way, count(*) FILTER (WHERE viewed), count(*) FILTER (WHERE viewed AND carted),
    count(*) FILTER (WHERE viewed AND carted AND bought), count(*) FILTER (WHERE bought AND NOT (viewed AND carted))
FROM zg_visit GROUP BY device, way
"""
CUSTOMERS = """
INSERT INTO analytics_funnelcustomer (day, customer_id, step)
SELECT %(day)s, z.customer_id, CASE WHEN bought THEN 3 WHEN carted THEN 2 ELSE 1 END
FROM zg_visit z JOIN catalog_customer c ON c.id = z.customer_id WHERE viewed OR carted
"""


# --- counting -----------------------------------------------------------------------------------------------------


def count_touched() -> dict[str, Any]:
    """Count every day whose visits changed since the last time. Safe to run at any time and to end at any line: hours
    are forgotten only when their days are counted."""
    zone = shop_zone()
    today = timezone.now().astimezone(zone).date()
    touched = list(TouchedVisit.objects.values_list("pk", "hour"))
    days = {hour.astimezone(zone).date() for _pk, hour in touched}
    # An hour of UTC may lie in two days where a zone is off by half an hour.
    days |= {(hour + timedelta(hours=1)).astimezone(zone).date() for _pk, hour in touched}
    wanted = sorted(day for day in days if day <= today)
    for done, day in enumerate(wanted):
        progress(done, len(wanted))
        count_day(day, zone)
    with transaction.atomic():
        guard()
        TouchedVisit.objects.filter(pk__in=[pk for pk, _hour in touched]).delete()
        FunnelCustomer.objects.filter(day__lt=today - KEPT_DAYS * ONE_DAY).delete()
    return {"days": len(wanted)}


def count_day(day: date, zone: ZoneInfo) -> None:
    """Replace the rows of one day of the shop. The rows are the same however often."""
    since, until = (datetime.combine(one, time.min, zone) for one in (day, day + ONE_DAY))
    values = {"day": day, "since": since, "until": until}
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(PEOPLE, values)
        FunnelDay.objects.filter(day=day).delete()
        FunnelCustomer.objects.filter(day=day).delete()
        cursor.execute(DAYS, values)
        cursor.execute(CUSTOMERS, values)
        cursor.execute("DROP TABLE zg_visit")


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass
class Steps:
    """People and days at each step."""

    viewed: int = 0
    carted: int = 0
    bought: int = 0
    skipped: int = 0

    def add(self, values: Sequence[int]) -> None:
        self.viewed += values[0]
        self.carted += values[1]
        self.bought += values[2]
        self.skipped += values[3]

    @property
    def cart_share(self) -> float | None:
        return self.carted / self.viewed if self.viewed else None

    @property
    def order_share(self) -> float | None:
        """Of those with a basket."""
        return self.bought / self.carted if self.carted else None

    @property
    def conversion(self) -> float | None:
        """Of those who looked."""
        return self.bought / self.viewed if self.viewed else None


@dataclass
class Funnel:
    """The days asked for, those before, and the same by device, by what led to products, and by day."""

    now: Steps
    before: Steps | None
    devices: dict[str, Steps]
    ways: dict[str, Steps]
    daily: dict[date, Steps]


def funnel(period: Period) -> Funnel:
    """One query, over at most a few rows a day."""
    comparison = period.comparison
    rows = FunnelDay.objects.filter(day__range=(period.first, period.last))
    if comparison is not None:
        rows = rows | FunnelDay.objects.filter(day__range=(comparison.first, comparison.last))
    found = Funnel(Steps(), Steps() if comparison is not None else None, {}, {}, {})
    known = rows.order_by("day").values_list("day", "device", "way", "viewed", "carted", "bought", "skipped")
    for day, device, way, *values in known:
        if period.first <= day <= period.last:
            found.now.add(values)
            found.devices.setdefault(device, Steps()).add(values)
            found.ways.setdefault(way, Steps()).add(values)
            found.daily.setdefault(day, Steps()).add(values)
        if found.before is not None and comparison is not None and comparison.first <= day <= comparison.last:
            found.before.add(values)
    return found


STOPPED = """
SELECT customer_id{more} FROM analytics_funnelcustomer WHERE day BETWEEN %(first)s AND %(last)s
GROUP BY customer_id HAVING max(step) = %(step)s
"""
WHO_STOPPED = f"{STOPPED.format(more=', count(*) OVER ()')} ORDER BY max(day) DESC, customer_id LIMIT %(most)s"


def who_stopped(period: Period, step: int) -> tuple[list[int], int]:
    """Known customers who came so far in these days and no further, who came last first: at most MOST_PEOPLE keys, and
    how many they are. Bounded by SECONDS (raises OperationalError)."""
    values: dict[str, Any] = {"first": period.first, "last": period.last, "step": step, "most": MOST_PEOPLE}
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
        cursor.execute(WHO_STOPPED, values)
        rows: Iterable[tuple[int, int]] = cursor.fetchall()
    keys = [key for key, _everybody in rows]
    return keys, next((everybody for _key, everybody in rows), 0)
