"""Counting the last hour, in two statements that read nothing older."""

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from analytics.live.trending import Rising, rising
from analytics.models import LiveSnapshot
from catalog.buffer.figures import MINUTES, event_figures

LOCK = 7_340_062
"""Advisory lock of whoever counts."""
HALF = 30
"""Minutes of the sliding window; what rises is compared with as many before it."""
SOON = 5
MOST_RISING = 10
LEAST_PEOPLE = 3
"""Words that fewer people looked for are not shown: somebody may have typed a name. Who is not followed does not count:
they may all be one."""
TIMEOUT_MS = 5_000

# A person is a customer where the event or its browser says so, else the browser; who bought as a guest in no known
# browser is nobody here, and the purchase counts among the events.
ACTS = """
WITH acts AS MATERIALIZED (
    SELECT i.occurred_at AS at, i.kind, i.product_id, coalesce(i.customer_id, v.customer_id, -i.visitor_id) AS who
    FROM catalog_interaction i LEFT JOIN catalog_visitor v ON v.id = i.visitor_id
    WHERE i.occurred_at >= %(since)s AND i.occurred_at < %(until)s
), people AS (
    SELECT who, max(at) AS last, bool_or(kind = 'cart') AS carted, bool_or(kind = 'purchase') AS bought
    FROM acts WHERE at >= %(half)s AND who IS NOT NULL GROUP BY who
), minutes AS (
    SELECT floor(date_part('epoch', %(until)s - at) / 60)::int AS back, kind, count(*) AS n FROM acts GROUP BY 1, 2
), products AS (
    SELECT product_id, count(DISTINCT who) FILTER (WHERE at >= %(half)s) AS now,
        count(DISTINCT who) FILTER (WHERE at < %(half)s) AS before
    FROM acts WHERE product_id IS NOT NULL GROUP BY product_id
)
SELECT
    (SELECT coalesce(jsonb_agg(jsonb_build_array(back, kind, n)), '[]') FROM minutes),
    (SELECT jsonb_build_array(count(*) FILTER (WHERE last >= %(soon)s), count(*), count(*) FILTER (WHERE carted),
        count(*) FILTER (WHERE bought)) FROM people),
    (SELECT coalesce(jsonb_agg(jsonb_build_array(product_id, now, before)), '[]') FROM products WHERE now >= %(least)s)
"""
SEARCHES = """
SELECT min(text), count(DISTINCT who) FILTER (WHERE searched_at >= %(half)s) AS now,
    count(DISTINCT who) FILTER (WHERE searched_at < %(half)s), count(*) FILTER (WHERE results = 0) * 2 > count(*)
FROM (
    SELECT text, normalised, searched_at, results, coalesce(customer_id, -visitor_id) AS who
    FROM catalog_searchquery WHERE searched_at >= %(since)s AND searched_at < %(until)s AND normalised <> ''
) s GROUP BY normalised HAVING count(DISTINCT who) FILTER (WHERE searched_at >= %(half)s) >= %(least)s
"""


@dataclass(frozen=True)
class Figures:
    """`minutes`: events of each of the last 60 minutes by kind, the newest last; all but `bots` and what waits follow
    from rows alone. `waiting` is None while Redis is away."""

    until: str
    minutes: list[dict[str, int]]
    active_soon: int
    active: int
    carted: int
    bought: int
    products: list[Rising]
    searches: list[Rising]
    bots: int | None = None
    waiting: int | None = None
    waiting_seconds: float = 0.0
    empty_searches: list[str] = field(default_factory=list)
    """Of `searches`: those that mostly found nothing."""


def count(until: datetime) -> Figures:
    """Figures of the hour before `until`. The same rows give the same figures, in whatever order they came."""
    asked: dict[str, Any] = {
        "until": until, "since": until - timedelta(minutes=MINUTES), "half": until - timedelta(minutes=HALF),
        "soon": until - timedelta(minutes=SOON), "least": 1,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(ACTS, asked)
        minutes, (soon, active, carted, bought), products = (_json(cell) for cell in cursor.fetchone())
        cursor.execute(SEARCHES, asked | {"least": LEAST_PEOPLE})
        searches = cursor.fetchall()
    by_minute: list[dict[str, int]] = [{} for _minute in range(MINUTES)]
    for back, kind, number in minutes:
        # What happened exactly an hour ago belongs to the oldest minute.
        by_minute[MINUTES - 1 - min(back, MINUTES - 1)][kind] = int(number)
    words = rising(((text, now, before) for text, now, before, _empty in searches), most=MOST_RISING)
    shown = {one.key for one in words}
    return Figures(
        until=until.isoformat(), minutes=[dict(sorted(one.items())) for one in by_minute], active_soon=soon,
        active=active, carted=carted, bought=bought, products=rising(products, most=MOST_RISING), searches=words,
        empty_searches=sorted(text for text, _now, _before, is_empty in searches if is_empty and text in shown),
    )  # fmt: skip


def refresh(*, younger_than: float) -> float | None:
    """Count again and keep the result, unless somebody counts right now or the row is younger than so many seconds.

    Seconds it took; None when nothing was counted. Raises DatabaseError, also when it took longer than TIMEOUT_MS.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        now = timezone.now()
        known = LiveSnapshot.objects.filter(pk=1).values_list("made_at", flat=True).first()
        if known is not None and (now - known).total_seconds() < younger_than:
            return None
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(TIMEOUT_MS)])
        started = time.perf_counter()
        figures = asdict(count(now)) | _from_redis()
        seconds = time.perf_counter() - started
        LiveSnapshot.objects.update_or_create(
            pk=1, defaults={"made_at": now, "seconds": seconds, "figures": figures}
        )  # fmt: skip
    return seconds


def _from_redis() -> dict[str, Any]:
    """Bots of the hour, which leave no row, and what is still on its way into the table."""
    found = event_figures()
    if found is None:
        return {}
    waits = found.waiting
    return {"bots": found.bots_of_the_hour, "waiting": waits.events, "waiting_seconds": waits.seconds}


def _json(cell: Any) -> Any:
    return json.loads(cell) if isinstance(cell, str) else cell


def newest() -> LiveSnapshot | None:
    """The row that everybody reads. One query; None before the first and while the database is away."""
    try:
        return LiveSnapshot.objects.filter(pk=1).first()
    except DatabaseError:
        return None
