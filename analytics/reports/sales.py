"""What was sold in some days and in the days they are compared with. Everything comes from days that are counted
already (`DailySales`, `SalesPart`), so a report costs the same however many orders there are.

Revenue is what was paid less what was given back, each on its own day: the definition of the home page. The share of
returns is money given back over money paid in the same days; both may belong to different orders.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from analytics.models import DailySales, SalesPart
from analytics.reports.asof import AsOf
from core.reports import Comparison, Period

ZERO = Decimal(0)
COLUMNS = ("orders", "buyers", "new_buyers", "guest_orders", "items", "gross", "refunds", "refunded", "revenue")
MOST_PARTS = 12
"""So many channels or countries have a line of their own."""


@dataclass
class Totals:
    """Sums over some days. `buyers` are told by day: a person counts once for each day with an order."""

    orders: int = 0
    buyers: int = 0
    new_buyers: int = 0
    guest_orders: int = 0
    items: int = 0
    gross: Decimal = ZERO
    refunds: int = 0
    refunded: Decimal = ZERO
    revenue: Decimal = ZERO

    def add(self, values: Sequence[Any]) -> None:
        for name, value in zip(COLUMNS, values, strict=True):
            setattr(self, name, getattr(self, name) + value)

    @property
    def average(self) -> Decimal | None:
        """Paid per order."""
        return self.gross / self.orders if self.orders else None

    @property
    def return_share(self) -> float | None:
        """Money given back over money paid; above 1 when more came back than was sold. None when nothing was paid."""
        return float(self.refunded / self.gross) if self.gross else None

    @property
    def is_empty(self) -> bool:
        return not (self.orders or self.refunds)


@dataclass
class Bucket:
    """A day, week or month of the report, cut to its days."""

    first: date
    last: date
    totals: Totals = field(default_factory=Totals)


@dataclass
class Sales:
    """The days asked for and, where they are compared, those before."""

    now: Totals
    before: Totals | None
    buckets: list[Bucket]
    buckets_before: list[Bucket]


Rows = dict[date, tuple[Any, ...]]
"""Days with a sale to the values of COLUMNS."""


def report(period: Period, grain: str, clock: AsOf, *, week_start: int, open_hour: int | None = None) -> Sales:
    """At most two queries. `open_hour`: the hour it is now when the last day is not over; the last day of the
    comparison then counts up to the end of that hour."""
    comparison = period.comparison
    spans = [(period.first, period.last), *([(comparison.first, comparison.last)] if comparison else [])]
    found = added_up(period, grain, clock, _days(spans), week_start=week_start)
    if comparison is not None and found.before is not None and open_hour is not None:
        _take_off(found.before, comparison.last, open_hour)
    return found


def added_up(period: Period, grain: str, clock: AsOf, rows: Rows, *, week_start: int) -> Sales:
    """The report of days that were read already."""
    comparison = period.comparison
    now = _buckets(*drawn_days(period, clock, rows), grain, week_start, rows)
    totals = _sum(period.first, period.last, rows)
    if comparison is None:
        return Sales(totals, None, now, [])
    before = _sum(comparison.first, comparison.last, rows)
    # Days before the shop's first sale are unknown, not zero: nothing is drawn for them.
    is_known = clock.first is not None and comparison.first >= clock.first
    return Sales(
        totals, before, now, _buckets(comparison.first, comparison.last, grain, week_start, rows) if is_known else []
    )


def drawn_days(period: Period, clock: AsOf, known: Iterable[date] = ()) -> tuple[date, date]:
    """The days of a period that a chart has: not before the first sale, not after today or the last sale known."""
    last = max([clock.today, *known])
    return max(period.first, clock.first or period.first), min(period.last, last)


def grains(days: int) -> list[str]:
    """By what so many days may be told: at most a few hundred points. The first is the usual one."""
    found = [grain for grain, most in (("day", 400), ("week", 2800)) if days <= most] + ["month"]
    usual = "day" if days <= 92 else "week" if days <= 370 else "month"
    return sorted(found, key=lambda grain: grain != usual)


def start_of(day: date, grain: str, week_start: int) -> date:
    """First day of the week or month of a day. `week_start`: 1 is Monday."""
    if grain == "week":
        return day - timedelta(days=(day.isoweekday() - week_start) % 7)
    return day.replace(day=1) if grain == "month" else day


def _days(spans: Sequence[tuple[date, date]]) -> Rows:
    """Rows of the days in any of the spans. Only days with a sale have one, so long spans cost no more than the shop
    has days."""
    found = DailySales.objects.none()
    for first, last in spans:
        found = found | DailySales.objects.filter(day__range=(first, last))
    return {row[0]: row[1:] for row in found.order_by("day").values_list("day", *COLUMNS)}


def _buckets(first: date, last: date, grain: str, week_start: int, rows: Rows) -> list[Bucket]:
    """Every bucket, empty ones too: a day without a sale is a zero."""
    found: dict[date, Bucket] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        bucket = found.setdefault(start_of(day, grain, week_start), Bucket(day, day))
        bucket.last = day
        if day in rows:
            bucket.totals.add(rows[day])
    return list(found.values())


def _sum(first: date, last: date, rows: Rows) -> Totals:
    total = Totals()
    for day, values in rows.items():
        if first <= day <= last:
            total.add(values)
    return total


def _take_off(totals: Totals, day: date, hour: int) -> None:
    """Leave out what happened on this day after the hour. People are told by whole days and stay."""
    later = SalesPart.objects.filter(day=day, kind=SalesPart.Kind.HOUR, part__gt=f"{hour:02d}")
    for orders, gross, refunded in later.values_list("orders", "gross", "refunded"):
        totals.orders -= orders
        totals.gross -= gross
        totals.refunded -= refunded
        totals.revenue -= gross - refunded


# --- parts --------------------------------------------------------------------------------------------------------


@dataclass
class Part:
    """One channel or country, or one hour of a weekday."""

    name: str
    orders: int = 0
    gross: Decimal = ZERO
    refunded: Decimal = ZERO
    before: Decimal | None = None
    names: int = 1

    @property
    def revenue(self) -> Decimal:
        return self.gross - self.refunded


@dataclass
class Parts:
    """`hours`: (ISO weekday, hour) to its part. Channels and countries by revenue, the largest first; those beyond the
    first twelve are added up in the last, whose `names` says how many they are."""

    hours: dict[tuple[int, int], Part] = field(default_factory=dict)
    channels: list[Part] = field(default_factory=list)
    countries: list[Part] = field(default_factory=list)


PARTS = """
SELECT kind, part, true, CASE kind WHEN 'hour' THEN extract(isodow FROM day)::int ELSE 0 END AS weekday,
    sum(orders), sum(gross), sum(refunded)
FROM analytics_salespart WHERE day BETWEEN %(first)s AND %(last)s GROUP BY kind, part, weekday
UNION ALL
SELECT kind, part, false, 0, sum(orders), sum(gross), sum(refunded)
FROM analytics_salespart WHERE day BETWEEN %(before_first)s AND %(before_last)s AND kind <> 'hour' GROUP BY kind, part
"""


def parts(period: Period) -> Parts:
    """One query."""
    comparison = period.comparison or Comparison("previous", date.max, date.min)
    found = Parts()
    named: dict[str, dict[str, Part]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            PARTS,
            {
                "first": period.first, "last": period.last, "before_first": comparison.first,
                "before_last": comparison.last,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    for kind, name, is_now, weekday, orders, gross, refunded in rows:
        if kind == SalesPart.Kind.HOUR:
            found.hours[weekday, int(name)] = Part(name, orders, gross, refunded)
            continue
        one = named[kind].setdefault(name, Part(name))
        if is_now:
            one.orders, one.gross, one.refunded = orders, gross, refunded
        else:
            one.before = gross - refunded
    found.channels = _largest(named[SalesPart.Kind.CHANNEL].values(), is_compared=period.comparison is not None)
    found.countries = _largest(named[SalesPart.Kind.COUNTRY].values(), is_compared=period.comparison is not None)
    return found


def _largest(all_parts: Iterable[Part], *, is_compared: bool) -> list[Part]:
    ordered = sorted(all_parts, key=lambda part: (-part.revenue, part.name))
    for part in ordered:
        part.before = (part.before or ZERO) if is_compared else None
    if len(ordered) <= MOST_PARTS:
        return ordered
    rest = Part("", names=0)
    for part in ordered[MOST_PARTS - 1 :]:
        rest.orders += part.orders
        rest.gross += part.gross
        rest.refunded += part.refunded
        rest.names += 1
        rest.before = (rest.before or ZERO) + (part.before or ZERO) if is_compared else None
    return [*ordered[: MOST_PARTS - 1], rest]


# --- people -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Buyers:
    """Different customers with a paid order. `new` bought for the first time in these days."""

    all: int
    new: int

    @property
    def returning(self) -> int:
        return self.all - self.new

    @property
    def returning_share(self) -> float | None:
        return self.returning / self.all if self.all else None


BUYERS = """
SELECT count(*), count(*) FILTER (WHERE s.first_day >= %(first)s) FROM (
    SELECT DISTINCT customer_id FROM catalog_order
    WHERE paid_at >= %(since)s AND paid_at < %(until)s AND customer_id IS NOT NULL
) o LEFT JOIN analytics_customerstats s USING (customer_id)
"""
BUYERS_SECONDS = 3
"""Reading a year of a large shop may take this long; the page asks for it after it is there."""


def buyers(period: Period) -> Buyers:
    """One query, bounded by BUYERS_SECONDS (raises OperationalError). Unlike sums of days, each person counts once."""
    since, until = period.moments
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{BUYERS_SECONDS}s'")
        cursor.execute(BUYERS, {"first": period.first, "since": since, "until": until})
        everybody, new = cursor.fetchone()
    return Buyers(everybody, new)


BOUGHT_AT = """
SELECT o.customer_id FROM catalog_order o
WHERE o.paid_at >= %(since)s AND o.paid_at < %(until)s AND o.customer_id IS NOT NULL
    AND date_part('isodow', o.paid_at AT TIME ZONE %(zone)s) = %(weekday)s
    AND date_part('hour', o.paid_at AT TIME ZONE %(zone)s) = %(hour)s
"""
PEOPLE = f"""
SELECT s.customer_id, count(*) OVER () AS everybody
FROM (SELECT DISTINCT customer_id FROM ({BOUGHT_AT}) o) bought JOIN analytics_customerstats s USING (customer_id)
ORDER BY s.revenue DESC, s.customer_id LIMIT %(most)s
"""  # noqa: S608
MOST_PEOPLE = 200


def hour_values(period: Period, weekday: int, hour: int) -> dict[str, Any]:
    """What `BOUGHT_AT` asks for one hour of a weekday (ISO) of these days, in the shop's time."""
    since, until = period.moments
    zone = timezone.get_current_timezone_name()
    return {"since": since, "until": until, "zone": zone, "weekday": weekday, "hour": hour}


def people_of_hour(period: Period, weekday: int, hour: int) -> tuple[list[int], int]:
    """Customers who bought in one hour of a weekday: keys of the most valuable ones, and how many there are. Bounded by
    BUYERS_SECONDS (raises OperationalError)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{BUYERS_SECONDS}s'")
        cursor.execute(PEOPLE, hour_values(period, weekday, hour) | {"most": MOST_PEOPLE})
        rows = cursor.fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else 0
