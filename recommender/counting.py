"""Counts behind the lists for everybody: all of them once a night, and every few seconds those that an act touched.

Nothing is added up: what an act touched is counted anew from the facts, so a run may be repeated, and one that was cut
off leaves nothing half done. Light jobs run this: numpy only.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from catalog.models import Category, Order
from recommender.choices import ACT_WEIGHTS, LIKED_FROM_STARS
from recommender.ml import shelves
from recommender.ml.lifts import SUPPORT, lift, log_likelihood
from recommender.models import ItemDay, ListCount, ServedList

LOCK = 7_340_071  # advisory lock of whoever counts
LATE = timedelta(minutes=15)
"""Acts may reach the table so long after they happened and still count in the next run; later ones count at night."""
DAYS_KEPT = 90
RISING_DAYS = 7
PAST_HALF_LIFE_DAYS = 60.0
ORDER_DAYS = 365
LONGEST = 200
PARTNERS = 20
KINDS = [kind for kind, weight in ACT_WEIGHTS.items() if weight > 0]
Kind = ServedList.Kind
Key = tuple[str, str]

SAID_YES = """
    i.kind = ANY(%(kinds)s) AND COALESCE(i.customer_id, i.visitor_id) IS NOT NULL
    AND COALESCE(v.may_track, true) AND COALESCE(c.is_personalised, true)
    AND (v.profile_since IS NULL OR i.occurred_at >= v.profile_since)
    AND (c.profile_since IS NULL OR i.occurred_at >= c.profile_since)
    AND (i.kind <> 'rating' OR i.value >= %(liked)s)
"""
ACTS = """
    catalog_interaction i
    JOIN catalog_product p ON p.id = i.product_id
    LEFT JOIN catalog_visitor v ON v.id = i.visitor_id
    LEFT JOIN catalog_customer c ON c.id = i.customer_id
"""
COUNT_DAYS = f"""
INSERT INTO recommender_itemday AS known (product_id, day, people)
SELECT i.product_id, (i.occurred_at AT TIME ZONE 'UTC')::date,
    count(DISTINCT COALESCE(i.customer_id, -i.visitor_id))
FROM {ACTS}
WHERE i.occurred_at >= %(since)s AND i.occurred_at <= %(until)s AND {SAID_YES} {{touched}}
GROUP BY 1, 2
ON CONFLICT (product_id, day) DO UPDATE SET people = EXCLUDED.people WHERE known.people <> EXCLUDED.people
"""  # noqa: S608
TOUCHED = "SELECT DISTINCT product_id FROM catalog_interaction WHERE occurred_at > %s AND product_id IS NOT NULL"
SUMS = """
SELECT d.product_id, c.path,
    sum(d.people * power(0.5, (%(today)s::date - d.day) / %(half_life)s::float8))::float8,
    coalesce(sum(d.people) FILTER (WHERE d.day > %(today)s::date - %(lately)s), 0)::float8,
    coalesce(sum(d.people * power(0.5, (%(today)s::date - %(lately)s - d.day) / %(past_half_life)s::float8))
        FILTER (WHERE d.day <= %(today)s::date - %(lately)s), 0)::float8
FROM recommender_itemday d
JOIN catalog_product p ON p.id = d.product_id AND p.status = 'live' AND p.deleted_at IS NULL
LEFT JOIN catalog_category c ON c.id = p.category_id
WHERE d.day > %(today)s::date - %(days)s AND d.day <= %(today)s::date
GROUP BY 1, 2 ORDER BY 1
"""
SEGMENTS = f"""
SELECT t.value #>> '{{}}', i.product_id, count(DISTINCT i.customer_id)
FROM {ACTS}
JOIN catalog_customertrait t ON t.customer_id = i.customer_id AND t.kind = 'segment'
    AND jsonb_typeof(t.value) IN ('string', 'number')
WHERE i.occurred_at >= %(since)s AND {SAID_YES} AND p.status = 'live' AND p.deleted_at IS NULL
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""  # noqa: S608
TOUCHED_BASKETS = """
SELECT DISTINCT l.product_id FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id
WHERE o.paid_at > %s AND o.status = ANY(%s) AND l.product_id IS NOT NULL
"""
BASKETS = """
SELECT own.product_id, other.product_id, count(DISTINCT own.order_id)
FROM (
    SELECT DISTINCT l.order_id, l.product_id FROM catalog_orderline l JOIN catalog_order o ON o.id = l.order_id
    WHERE l.product_id = ANY(%(touched)s) AND o.status = ANY(%(bought)s) AND o.placed_at >= %(since)s
) own
JOIN catalog_orderline other ON other.order_id = own.order_id AND other.product_id IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""


class Listed(NamedTuple):
    """What a list holds."""

    product_ids: list[int]
    lifts: list[float] = []
    total: int = 0


def refresh() -> bool | None:
    """Count anew what acts of the last minutes touched. Whether a list changed; None when nothing was ever counted.

    Returns at once, False, while another process counts.
    """
    with transaction.atomic():
        if not _my_turn():
            return False
        count = ListCount.objects.first()
        if count is None:
            return None
        now = timezone.now()
        since = count.counted_until - LATE
        touched = _column(TOUCHED, [since])
        if touched:
            day = datetime.combine(since.astimezone(UTC), datetime.min.time(), UTC)
            _count_days(since=day, until=now, touched=touched)
        bought = _column(TOUCHED_BASKETS, [since, list(Order.BOUGHT)])
        found: dict[Key, Listed] = {}
        if touched:
            found |= popular_lists()
        if bought:
            since_then = Order.objects.bought().filter(paid_at__gt=count.whole_at).count()
            found |= partner_lists(bought, orders=count.orders + since_then)
        changed = _store(found, count)
        count.counted_until = now
        count.save()
    return changed


def count_again(together: Mapping[Key, Listed], *, orders: int) -> int:
    """Everything anew, lists of segments too. `together`: products bought together, over so many orders.

    How many lists there are. Waits for its turn.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            cursor.execute("SELECT LEAST(max(occurred_at), clock_timestamp()) FROM catalog_interaction")
            (newest,) = cursor.fetchone()
        now = timezone.now()
        newest = newest or now
        since = newest - timedelta(days=DAYS_KEPT)
        ItemDay.objects.all().delete()
        _count_days(since=since, until=now)
        found = popular_lists() | segment_lists(since=since) | dict(together)
        count, _is_new = ListCount.objects.get_or_create(pk=1, defaults={"counted_until": now, "whole_at": now})
        _store(found, count)
        gone = [row.pk for row in ServedList.objects.only("kind", "key") if (row.kind, row.key) not in found]
        ServedList.objects.filter(pk__in=gone).delete()
        count.version += 1
        count.orders, count.whole_version = orders, count.version
        count.counted_until = count.whole_at = now
        count.save()
    return len(found)


def popular_lists() -> dict[Key, Listed]:
    """Popular of late, rising, and popular in every category with all below it, from the days that are counted."""
    newest = ItemDay.objects.order_by("-day").values_list("day", flat=True).first()
    found: dict[Key, Listed] = {(Kind.TRENDING, ""): Listed([]), (Kind.RISING, ""): Listed([])}
    if newest is None:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            SUMS,
            {
                "today": newest, "days": DAYS_KEPT, "lately": RISING_DAYS, "half_life": shelves.HALF_LIFE_DAYS,
                "past_half_life": PAST_HALF_LIFE_DAYS,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    if not rows:
        return found
    ids = np.array([row[0] for row in rows], np.int64)
    score, now, past = (np.array([row[column] for row in rows]) for column in (2, 3, 4))
    rising = shelves.rising(now, past)
    found[Kind.TRENDING, ""] = Listed(ids[shelves.head(score, LONGEST)].tolist())
    found[Kind.RISING, ""] = Listed(ids[shelves.head(rising, LONGEST)].tolist())
    return found | _by_category(ids, score, [row[1] for row in rows])


def _by_category(ids: np.ndarray, score: np.ndarray, paths: Sequence[str | None]) -> dict[Key, Listed]:
    """A product counts in its category and in all above it."""
    keys = dict(Category.objects.values_list("path", "pk"))
    step = Category.steplen
    inside = [
        (at, keys[path[:end]])
        for at, path in enumerate(paths)
        if path
        for end in range(step, len(path) + 1, step)
        if path[:end] in keys
    ]
    if not inside:
        return {}
    at = np.array([one for one, _category in inside], np.int64)
    categories, number = np.unique([category for _one, category in inside], return_inverse=True)
    best = shelves.popular_in_category(score[at], number, count=len(categories), longest=LONGEST)
    return {
        (Kind.CATEGORY.value, str(category)): Listed(ids[at[best.of(place)]].tolist())
        for place, category in enumerate(categories.tolist())
    }


def segment_lists(*, since: datetime) -> dict[Key, Listed]:
    """What the customers of each segment choose; none while nobody is in a segment."""
    found: dict[Key, Listed] = {}
    with connection.cursor() as cursor:
        cursor.execute(SEGMENTS, {"since": since, "kinds": KINDS, "liked": LIKED_FROM_STARS})
        for segment, product_id, _people in cursor.fetchall():
            own = found.setdefault((Kind.SEGMENT.value, segment[:200]), Listed([]))
            if len(own.product_ids) < LONGEST:
                own.product_ids.append(product_id)
    return found


def partner_lists(product_ids: Sequence[int], *, orders: int) -> dict[Key, Listed]:
    """What lies in one order with each of these products more often than chance would have it, surest first.

    `orders`: how many of the last year there are.
    """
    since = timezone.now() - timedelta(days=ORDER_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(BASKETS, {"touched": list(product_ids), "bought": list(Order.BOUGHT), "since": since})
        rows = cursor.fetchall()
    pairs: dict[int, dict[int, int]] = {}
    for own, other, both in rows:
        pairs.setdefault(own, {})[other] = both
    totals = {own: met[own] for own, met in pairs.items()}
    strange = {str(other) for met in pairs.values() for other in met if other not in totals}
    known = ServedList.objects.filter(kind=Kind.TOGETHER, key__in=strange).values_list("key", "total")
    totals |= {int(key): total for key, total in known}
    return {(Kind.TOGETHER.value, str(own)): _partners(own, met, totals, orders) for own, met in pairs.items()}


def _partners(own: int, met: Mapping[int, int], totals: Mapping[int, int], orders: int) -> Listed:
    others = np.array([other for other, both in met.items() if other != own and both >= SUPPORT], np.int64)
    both = np.array([met[other] for other in others.tolist()], np.float64)
    alone = np.array([max(totals.get(other, 0), met[other]) for other in others.tolist()], np.float64)
    baskets = float(max(orders, totals[own], *alone.tolist(), 1))
    more = lift(both, totals[own], alone, baskets)
    sure = log_likelihood(both, totals[own], alone, baskets)
    kept = np.flatnonzero(more > 1.0)
    order = kept[np.lexsort((others[kept], -sure[kept]))][:PARTNERS]
    return Listed(others[order].tolist(), np.round(more[order], 3).tolist(), totals[own])


# --- rows -----------------------------------------------------------------------------------------------------------


def _my_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _column(sql: str, params: Sequence[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]


def _count_days(*, since: datetime, until: datetime, touched: Iterable[int] | None = None) -> None:
    """People per product and day; days that an act touched are replaced."""
    only = "" if touched is None else "AND i.product_id = ANY(%(touched)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT_DAYS.format(touched=only),
            {"since": since, "until": until, "kinds": KINDS, "liked": LIKED_FROM_STARS, "touched": list(touched or ())},
        )


def _store(found: Mapping[Key, Listed], count: ListCount) -> bool:
    """Write the lists that differ from what is there, as the next version. Whether one did."""
    kinds, keys = {kind for kind, _key in found}, {key for _kind, key in found}
    rows = ServedList.objects.filter(kind__in=kinds, key__in=keys)
    there = {(row.kind, row.key): Listed(row.product_ids, row.lifts, row.total) for row in rows}
    changed = {key: listed for key, listed in found.items() if there.get(key) != listed}
    if not changed:
        return False
    count.version += 1
    ServedList.objects.bulk_create(
        [
            ServedList(kind=kind, key=key, version=count.version, **one._asdict())
            for (kind, key), one in changed.items()
        ],
        update_conflicts=True,
        unique_fields=["kind", "key"],
        update_fields=["product_ids", "lifts", "total", "version"],
        batch_size=2_000,
    )
    return True
