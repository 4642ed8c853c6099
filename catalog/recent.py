"""The last acts of a person, those included that are still on their way into the table.

The API writes each act it takes into a short list in Redis in the very step that takes it, so the next answer knows of
it, however long the table waits. While Redis is away events go straight into the table, and the table alone is right.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

import redis
from django.db import connection

from catalog.buffer import keys
from core import redis_client
from core.breaker import Breaker
from core.local_services import LocalServiceError

MOST = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
breaker = Breaker()

OF_CUSTOMER = """(SELECT product_id, kind, occurred_at, value FROM catalog_interaction
WHERE customer_id = %(customer)s AND product_id IS NOT NULL ORDER BY occurred_at DESC LIMIT %(limit)s)"""
OF_VISITOR = """(SELECT product_id, kind, occurred_at, value FROM catalog_interaction
WHERE visitor_id = %(visitor)s AND customer_id IS NULL AND product_id IS NOT NULL
ORDER BY occurred_at DESC LIMIT %(limit)s)"""


class RecentAct(NamedTuple):
    """One act on one product. `value`: stars of a rating, pieces of a purchase."""

    product_id: int
    kind: str
    occurred_at: datetime
    value: float | None


def recent_acts(
    *, customer_id: int | None = None, visitor: str = "", visitor_id: int | None = None, limit: int = MOST
) -> list[RecentAct]:
    """Newest first, at most `limit`: one round trip to Redis and one query.

    `visitor` is the browser's own id, `visitor_id` its row: one that came a moment ago has none yet. Of a browser only
    those acts count that named no customer. Consent is the caller's matter; of who said no nothing is kept.
    """
    acts = [*_in_redis(customer_id, visitor, limit), *_in_table(customer_id, visitor_id, limit)]
    return sorted(dict.fromkeys(acts), key=lambda act: act.occurred_at, reverse=True)[:limit]


def forget(*visitors: str, customer_id: int | None = None) -> None:
    """Drop the lists of these browsers and of this customer. Nothing happens while Redis is away: lists end by
    themselves within hours, and of who said no nobody reads them."""
    names = [keys.recent_of_visitor(visitor) for visitor in visitors]
    if customer_id is not None:
        names.append(keys.recent_of_customer(customer_id))
    if names and breaker.allows():
        try:
            redis_client.client().delete(*names)
        except (redis.RedisError, LocalServiceError, OSError):
            breaker.failed()


def as_text(product_id: int, kind: str, occurred_at: datetime, value: float | None) -> str:
    """An act as it stands in the lists."""
    return f"{product_id} {kind} {(occurred_at - EPOCH) // MICROSECOND} {'' if value is None else value}"


def _from_text(text: bytes) -> RecentAct:
    product_id, kind, micros, value = text.decode().split(" ")
    moment = EPOCH + int(micros) * MICROSECOND
    return RecentAct(int(product_id), kind, moment, float(value) if value else None)


def _in_redis(customer_id: int | None, visitor: str, limit: int) -> list[RecentAct]:
    """Empty while Redis is away. Waits 50 ms at most, and not at all while the breaker is open."""
    names = [keys.recent_of_customer(customer_id)] if customer_id is not None else []
    names += [keys.recent_of_visitor(visitor)] if visitor else []
    if not names or not breaker.allows():
        return []
    try:
        pipe = redis_client.client().pipeline(transaction=False)
        for name in names:
            pipe.lrange(name, 0, limit - 1)
        lists = cast(list[list[bytes]], pipe.execute())
    except (redis.RedisError, LocalServiceError, OSError):
        breaker.failed()
        return []
    breaker.succeeded()
    return [_from_text(text) for one in lists for text in one]


def _in_table(customer_id: int | None, visitor_id: int | None, limit: int) -> list[RecentAct]:
    parts = [OF_CUSTOMER] if customer_id is not None else []
    parts += [OF_VISITOR] if visitor_id is not None else []
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(parts), {"customer": customer_id, "visitor": visitor_id, "limit": limit}
        )  # fmt: skip
        return [RecentAct._make(row) for row in cursor.fetchall()]
