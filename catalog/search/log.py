"""What people looked for: kept in Redis for a moment, written in batches by a job, so that no answer waits for it.

While Redis is away searches are answered and not noted; `search_log_dropped` counts them.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog.models import SearchQuery, Visitor
from catalog.search import ids, tokens
from core import redis_client
from core.breaker import Breaker
from core.local_services import LocalServiceError
from core.metrics import count
from core.models import Job

TIDY = "catalog.search.tidy"
LIST, WORK = "zg:searches", "zg:searches:work"
MOST_WAITING = 200_000
BATCH = 1_000
LOCK = 7_340_033
REFINED_WITHIN_MINUTES = 10
KNOWN_WITHIN_SECONDS = 60
"""So long a search waits for its browser to be known: the first events of one are on the way when it searches."""
CREDITED_DAYS = 3
"""Clicks come late: from phones without a net, and after a pause of the workers."""
LONGEST_TEXT = 200
AWAY = (redis.RedisError, LocalServiceError, OSError)
breaker = Breaker()


@dataclass(frozen=True)
class Searched:
    """One answered search. Ids of people are left out when they do not allow it. `visitor` is the browser's own id: it
    may have no row yet."""

    key: str
    text: str
    language: str
    results: int
    matched: str
    searched_at: str
    filters: dict[str, Any] = field(default_factory=dict)
    visitor: str = ""
    customer_id: int | None = None


def note(searched: Searched) -> None:
    """Costs one command of Redis; never raises."""
    if not breaker.allows():
        return count("search_log_dropped")
    try:
        pipe = redis_client.client().pipeline(transaction=False)
        pipe.rpush(LIST, orjson.dumps(asdict(searched)))
        pipe.ltrim(LIST, -MOST_WAITING, -1)
        pipe.execute()
    except AWAY:
        breaker.failed()
        return count("search_log_dropped")
    breaker.succeeded()
    return None


# --- writing ------------------------------------------------------------------------------------------------------

WRITE = """
INSERT INTO catalog_searchquery (key, text, normalised, language, results, matched, filters, searched_at, visitor_id,
    customer_id)
SELECT n.key::uuid, n.text, n.normalised, n.language, n.results, n.matched, n.filters, n.searched_at, v.id, c.id
FROM jsonb_to_recordset(%s::jsonb) n (key text, text text, normalised text, language text, results int, matched text,
    filters jsonb, searched_at timestamptz, visitor text, customer_id bigint)
LEFT JOIN catalog_visitor v ON v.key = n.visitor AND v.may_track
LEFT JOIN catalog_customer c ON c.id = n.customer_id AND c.is_personalised
ORDER BY n.searched_at
ON CONFLICT (key) DO NOTHING RETURNING id
"""
REFINE = """
UPDATE catalog_searchquery q SET refined_from_id = b.id
FROM catalog_searchquery n CROSS JOIN LATERAL (
    SELECT p.id, p.normalised FROM catalog_searchquery p
    WHERE p.{person}_id = n.{person}_id AND p.searched_at < n.searched_at
        AND p.searched_at > n.searched_at - make_interval(mins => %(within)s)
    ORDER BY p.searched_at DESC LIMIT 1
) b
WHERE n.id = ANY(%(ids)s) AND q.id = n.id AND n.{person}_id IS NOT NULL AND n.refined_from_id IS NULL
    AND b.normalised <> n.normalised
"""
DONE_WITH = """
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
for i = 2, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
return redis.call('DEL', KEYS[1])
"""
"""Takes away the batch that begins with this entry, and no other: the lock ends with the commit, so by now the next one
may lie there."""


def write() -> int:
    """Move what waits into the table. Safe to run twice and to stop anywhere: each search is written once."""
    client = redis_client.client()
    written = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0] or not _take(client):
                return written
            lines = cast(list[bytes], client.lrange(WORK, 0, -1))
            early = _too_early(lines)
            good = [row for line in lines if line not in early and (row := _row(line)) is not None]
            for at in range(0, len(good), BATCH):
                cursor.execute(WRITE, [orjson.dumps(good[at : at + BATCH]).decode()])
                new = [found[0] for found in cursor.fetchall()]
                for person in ("customer", "visitor"):
                    cursor.execute(REFINE.format(person=person), {"within": REFINED_WITHIN_MINUTES, "ids": new})
                written += len(new)
        if lines:
            client.eval(DONE_WITH, 2, WORK, LIST, lines[0], *early)
        if early:
            return written


def _too_early(lines: Sequence[bytes]) -> set[bytes]:
    """Searches of a moment ago by browsers that have no row yet."""
    since = timezone.now() - timedelta(seconds=KNOWN_WITHIN_SECONDS)
    young: dict[bytes, str] = {}
    for line in lines:
        row = _row(line)
        if row is not None and row.get("visitor") and datetime.fromisoformat(row["searched_at"]) > since:
            young[line] = row["visitor"]
    known = set(Visitor.objects.filter(key__in=set(young.values())).values_list("key", flat=True)) if young else set()
    return {line for line, key in young.items() if key not in known}


def _take(client: redis.Redis) -> bool:
    """Whether there is work: what an earlier run left, or what has come since."""
    if client.exists(WORK):
        return True
    try:
        return bool(client.renamenx(LIST, WORK))
    except redis.ResponseError:  # nothing has come
        return False


def _row(raw: bytes) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = orjson.loads(raw)
        uuid.UUID(row["key"])
        if datetime.fromisoformat(row["searched_at"]).tzinfo is None:
            return None
        text = " ".join(str(row["text"]).split())[:LONGEST_TEXT]
        return {**row, "text": text, "normalised": " ".join(tokens.normalise(text).split())[:LONGEST_TEXT]}
    except (orjson.JSONDecodeError, KeyError, ValueError, TypeError):
        return None


# --- clicks and keeping -------------------------------------------------------------------------------------------

CLICKS = """
SELECT context ->> 'search', product_id, occurred_at FROM catalog_interaction
WHERE context ? 'search' AND kind <> 'impression' AND product_id IS NOT NULL AND occurred_at > %s
    AND occurred_at <= now()
"""
CREDIT = """
UPDATE catalog_searchquery q SET clicked_at = c.at, clicked_product_id = c.product
FROM (SELECT key::uuid AS key, (array_agg(product ORDER BY at))[1] AS product, min(at) AS at
      FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[]) n (key, product, at) GROUP BY 1) c
WHERE q.key = c.key AND (q.clicked_at IS NULL OR q.clicked_at > c.at) RETURNING q.id
"""
NARROWED = """
UPDATE catalog_searchquery q SET clicked_at = n.clicked_at, clicked_product_id = n.clicked_product_id
FROM catalog_searchquery n
WHERE n.id = ANY(%(ids)s) AND q.{person}_id = n.{person}_id AND q.normalised = n.normalised AND q.clicked_at IS NULL
    AND q.searched_at < n.searched_at AND q.searched_at > n.searched_at - make_interval(mins => %(within)s)
"""
"""Who narrows or sorts what was found and then opens a product was led there by the words, too."""


def credit(*, since: datetime | None = None) -> int:
    """Searches that led to a product: events carry the signed id. Number of searches that were credited.

    Goes back three days before the last run that came to its end, so that nothing is lost to a pause.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLICKS, [since or _last_credited() - timedelta(days=CREDITED_DAYS)])
        found = [(ids.read(token), product, at) for token, product, at in cursor.fetchall()]
        known: Sequence[tuple[uuid.UUID, int, datetime]] = [(k, p, at) for k, p, at in found if k is not None]
        if not known:
            return 0
        keys, products, moments = zip(*known, strict=True)
        cursor.execute(CREDIT, [[key.hex for key in keys], list(products), list(moments)])
        new = [row[0] for row in cursor.fetchall()]
        for person in ("customer", "visitor"):
            cursor.execute(NARROWED.format(person=person), {"within": REFINED_WITHIN_MINUTES, "ids": new})
        return len(new)


def _last_credited() -> datetime:
    done = Job.objects.filter(kind=TIDY, state=Job.State.DONE).order_by("-id").values_list("started_at", flat=True)
    return done.first() or timezone.now()


def forget_old() -> int:
    """Searches are kept as long as events."""
    oldest = timezone.now() - timedelta(days=31 * settings.EVENT_RETENTION_MONTHS)
    removed = 0
    while True:
        some = list(SearchQuery.objects.filter(searched_at__lt=oldest).values_list("pk", flat=True)[:5_000])
        if not some:
            return removed
        SearchQuery.objects.filter(refined_from__in=some).update(refined_from=None)
        removed += int(SearchQuery.objects.filter(pk__in=some)._raw_delete("default"))
