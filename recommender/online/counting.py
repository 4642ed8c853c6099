"""From events and orders to days: what lists of recommendations brought, each act credited to the last list that led
to it.

A day is always counted whole, from the events as they stand, and replaces what was there: the same events give the
same rows, however often, in whatever order and in however many parts they arrived. Which days to count again follows
from `TouchedHour`.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Order
from core.jobs import guard, progress
from core.shop import current_shop
from recommender.models import CreditState, RecommendationDay, RefusedCredit, ShownProduct, TouchedHour
from recommender.online.ids import SKEW, Judge, Judged, is_within

KEPT_DAYS = 400
"""Products seen are kept this long; the days themselves stay."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """Days of the shop, and how long after a list an act may be credited to it."""

    zone: ZoneInfo
    window: timedelta

    @classmethod
    def of_this_shop(cls) -> "Clock":
        shop = current_shop()
        return cls(ZoneInfo(shop.time_zone), timedelta(hours=shop.credit_hours))

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        return (
            datetime.combine(day, time.min, self.zone),
            datetime.combine(day + ONE_DAY, time.min, self.zone),
        )


def count_touched() -> dict[str, Any]:
    """Count every day that changed since the last time, or all of them when the operator chose another window.

    Safe to run at any time and to end at any line: hours are forgotten only when their days are counted.
    """
    now, clock = timezone.now(), Clock.of_this_shop()
    hours = int(clock.window / timedelta(hours=1))
    touched = list(TouchedHour.objects.values_list("pk", "hour", "is_order"))
    state = CreditState.objects.filter(pk=1).first()
    if state is None or state.hours != hours:
        days = _every_day(clock, now)
    else:
        days = _days_of(((hour, is_order) for _pk, hour, is_order in touched), clock, now)
    _count(days, clock)
    with transaction.atomic():
        guard()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM recommender_touchedhour WHERE id = ANY(%s)", [[pk for pk, *_rest in touched]])
        CreditState.objects.update_or_create(pk=1, defaults={"counted_at": now, "hours": hours})
    return {"days": len(days)}


def rebuild() -> dict[str, Any]:
    """Count every day anew that still has its events. Gives what the count of each few minutes gave."""
    now, clock = timezone.now(), Clock.of_this_shop()
    days = _every_day(clock, now)
    _count(days, clock)
    hours = int(clock.window / timedelta(hours=1))
    CreditState.objects.update_or_create(pk=1, defaults={"counted_at": now, "hours": hours})
    return {"days": len(days)}


def forget_old() -> int:
    """Remove products seen long ago. Returns how many rows."""
    return ShownProduct.objects.filter(day__lt=timezone.localdate() - KEPT_DAYS * ONE_DAY).delete()[0]


def _count(days: Sequence[date], clock: Clock) -> None:
    judge = Judge.of_this_shop()
    for done, day in enumerate(days):
        progress(done, len(days))
        count_day(day, clock, judge)
    progress(len(days), len(days))


# --- which days ---------------------------------------------------------------------------------------------------


def _first_act() -> datetime | None:
    """When the first act happened that carries the id of a recommendation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(occurred_at) FROM catalog_interaction WHERE context ? 'recommendation'")
        found: datetime | None = cursor.fetchone()[0]
    return found


def _days_of(hours: Iterable[tuple[datetime, bool]], clock: Clock, now: datetime) -> list[date]:
    """Days of these hours; an act also moves what is bought while it counts. Before the first act there is nothing."""
    found: set[date] = set()
    for hour, is_order in set(hours):
        first = clock.day_of(hour)
        last = clock.day_of(hour + timedelta(hours=1) + (timedelta(0) if is_order else clock.window))
        found.update(_between(first, last))
    begin = _first_act() if found else None
    known = set(RecommendationDay.objects.values_list("day", flat=True).distinct()) if found else set()
    today = clock.day_of(now + SKEW)
    return sorted(d for d in found if d <= today and ((begin is not None and d >= clock.day_of(begin)) or d in known))


def _every_day(clock: Clock, now: datetime) -> list[date]:
    first = _first_act()
    return list(_between(clock.day_of(first), clock.day_of(now + SKEW))) if first is not None else []


def _between(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


# --- one day ------------------------------------------------------------------------------------------------------

TABLES = """
CREATE TEMP TABLE zg_token (
    token text PRIMARY KEY, refused text NOT NULL, placement text NOT NULL, arm_id bigint NOT NULL,
    source text NOT NULL, version_id bigint NOT NULL, made_at timestamptz NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE zg_sale (unit text NOT NULL, token text NOT NULL, amount numeric NOT NULL) ON COMMIT DROP;
"""
TOKENS = """
SELECT DISTINCT context ->> 'recommendation' FROM catalog_interaction
WHERE occurred_at >= %(first)s AND occurred_at < %(end)s AND context ? 'recommendation'
"""
UNIT = "coalesce('v' || i.visitor_id, 'c' || i.customer_id)"
ACTS = f"""
CREATE TEMP TABLE zg_act ON COMMIT DROP AS
SELECT {UNIT} AS unit, t.token, i.kind, i.value, i.context -> 'shown' AS shown,
    CASE WHEN t.refused <> '' THEN t.refused
         WHEN i.occurred_at > t.made_at + %(window)s OR i.occurred_at < t.made_at - %(skew)s THEN 'expired'
         ELSE '' END AS refused
FROM catalog_interaction i JOIN zg_token t ON t.token = i.context ->> 'recommendation'
WHERE i.occurred_at >= %(first)s AND i.occurred_at < %(end)s AND i.context ? 'recommendation'
    AND i.kind IN ('impression', 'view', 'cart') AND {UNIT} IS NOT NULL
"""  # noqa: S608 (our own words only)
# Each line of a paid order with the acts on its product that a recommendation led to, the last one first. Looked for by
# person, so that the number of other people's acts does not matter.
LINES = f"""
SELECT l.id, (l.quantity * l.unit_price - l.discount) * o.base_rate * (o.paid_total - o.refunded_total)
        / nullif(o.lines_total + o.shipping, 0) AS amount, a.unit, a.token, a.occurred_at
FROM catalog_order o
JOIN catalog_orderline l ON l.order_id = o.id AND l.product_id IS NOT NULL
CROSS JOIN LATERAL (
    SELECT {UNIT} AS unit, i.context ->> 'recommendation' AS token, i.occurred_at, i.event_id
    FROM catalog_interaction i
    WHERE i.customer_id = o.customer_id AND i.product_id = l.product_id AND i.kind IN ('view', 'cart')
        AND i.context ? 'recommendation' AND i.occurred_at >= o.placed_at - %(window)s AND i.occurred_at <= o.placed_at
    UNION
    SELECT {UNIT}, i.context ->> 'recommendation', i.occurred_at, i.event_id
    FROM catalog_visitor v JOIN catalog_interaction i ON i.visitor_id = v.id
    WHERE v.customer_id = o.customer_id AND i.product_id = l.product_id AND i.kind IN ('view', 'cart')
        AND i.context ? 'recommendation' AND i.occurred_at >= o.placed_at - %(window)s AND i.occurred_at <= o.placed_at
    UNION
    SELECT {UNIT}, i.context ->> 'recommendation', i.occurred_at, i.event_id
    FROM catalog_interaction i
    WHERE i.visitor_id = o.visitor_id AND i.product_id = l.product_id AND i.kind IN ('view', 'cart')
        AND i.context ? 'recommendation' AND i.occurred_at >= o.placed_at - %(window)s AND i.occurred_at <= o.placed_at
) a
WHERE o.paid_at >= %(first)s AND o.paid_at < %(end)s AND o.status = ANY(%(bought)s) AND o.base_rate IS NOT NULL
ORDER BY l.id, a.occurred_at DESC, a.event_id
"""  # noqa: S608
WRITE_DAY = """
INSERT INTO recommender_recommendationday (day, placement, arm_id, source, version_id, people, lists, slots, clicked,
    carted, bought, revenue, lists_lists, clicked_clicked, carted_carted, bought_bought, revenue_revenue,
    lists_clicked, lists_carted, lists_bought, lists_revenue)
WITH list AS (
    SELECT unit, token, bool_or(kind <> 'sale') AS seen, bool_or(kind = 'view') AS clicked,
        bool_or(kind = 'cart') AS carted, bool_or(kind = 'sale') AS bought,
        coalesce(max(value) FILTER (WHERE kind = 'impression'), 0) AS slots, coalesce(sum(amount), 0) AS revenue
    FROM (
        SELECT unit, token, kind, value, NULL::numeric AS amount FROM zg_act WHERE refused = ''
        UNION ALL SELECT unit, token, 'sale', NULL, amount FROM zg_sale
    ) every GROUP BY unit, token
), person AS (
    SELECT placement, arm_id, source, version_id, unit, count(*) FILTER (WHERE seen) AS d,
        count(*) FILTER (WHERE clicked) AS c, count(*) FILTER (WHERE carted) AS k, count(*) FILTER (WHERE bought) AS b,
        sum(revenue) AS r, sum(least(slots, 1000))::bigint AS s
    FROM list JOIN zg_token USING (token) GROUP BY placement, arm_id, source, version_id, unit
)
SELECT %(day)s, placement, arm_id, source, version_id, count(*), sum(d), sum(s), sum(c), sum(k), sum(b),
    round(sum(r), 4), sum(d * d), sum(c * c), sum(k * k), sum(b * b), sum(r * r), sum(d * c), sum(d * k), sum(d * b),
    sum(d * r)
FROM person GROUP BY placement, arm_id, source, version_id
"""
WRITE_SHOWN = """
INSERT INTO recommender_shownproduct (day, placement, arm_id, product_id, times)
SELECT %(day)s, placement, arm_id, p.id, count(*)
FROM (
    SELECT DISTINCT unit, token, (jsonb_array_elements(shown))::bigint AS product_id
    FROM zg_act WHERE refused = '' AND kind = 'impression' AND jsonb_typeof(shown) = 'array'
) one JOIN zg_token USING (token) JOIN catalog_product p ON p.id = one.product_id
GROUP BY placement, arm_id, p.id
"""
WRITE_REFUSED = """
INSERT INTO recommender_refusedcredit (day, reason, acts)
SELECT %(day)s, refused, count(*) FROM zg_act WHERE refused <> '' GROUP BY refused
"""


@transaction.atomic
def count_day(day: date, clock: Clock, judge: Judge) -> None:
    """Replace the rows of one day."""
    first, end = clock.bounds(day)
    about: dict[str, Any] = {
        "day": day, "first": first, "end": end, "window": clock.window, "skew": SKEW,
        "bought": [str(status) for status in Order.BOUGHT],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(TABLES)
        cursor.execute(TOKENS, about)
        known = {one.token: one for one in judge.judge_all(token for (token,) in cursor.fetchall())}
        sales = _credited(cursor, about, clock, judge, known)
        _copy(cursor, "zg_token", known.values())
        _copy(cursor, "zg_sale", sales)
        cursor.execute("ANALYZE zg_token")
        cursor.execute(ACTS, about)
        guard()
        for model in (RecommendationDay, ShownProduct, RefusedCredit):
            model.objects.filter(day=day).delete()
        for statement in (WRITE_DAY, WRITE_SHOWN, WRITE_REFUSED):
            cursor.execute(statement, about)
        cursor.execute("DROP TABLE zg_token, zg_sale, zg_act")


def _credited(
    cursor: Any, about: dict[str, Any], clock: Clock, judge: Judge, known: dict[str, Judged]
) -> list[tuple[Any, ...]]:
    """(unit, token, amount) of each order line that a recommendation led to: the last act before the order counts
    whose id may be credited. Tokens met on the way join `known`."""
    cursor.execute(LINES, about)
    found: dict[int, tuple[Any, ...]] = {}
    for line_id, amount, unit, token, moment in cursor.fetchall():
        if line_id in found or amount is None:
            continue
        if token not in known:
            known[token] = judge.judge(token)
        one = known[token]
        if not one.refused and is_within(one.made_at, moment, clock.window):
            found[line_id] = (unit, token, amount)
    return list(found.values())


def _copy(cursor: Any, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Many rows into one of our temporary tables."""
    lines = "".join("\t".join(map(_cell, row)) + "\n" for row in rows)
    if lines:
        cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(lines))


def _cell(value: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
