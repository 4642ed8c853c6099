"""The last acts of a person, those included that are still on their way into the table.

The API writes each act it takes into a short list in Redis in the very step that takes it, so the next answer knows of
it, however long the table waits. While Redis is away events go straight into the table, and the table alone is right.
"""

from dataclasses import dataclass
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
HISTORY = "SELECT * FROM catalog_history(%s, %s, %s)"
breaker = Breaker()


class RecentAct(NamedTuple):
    """One act on one product. `value`: stars of a rating, pieces of a purchase."""

    product_id: int
    kind: str
    occurred_at: datetime
    value: float | None


@dataclass(frozen=True)
class Browser:
    """A visitor as answers need it. `pk` is None for one that has no row, because nothing of it was written yet."""

    key: str
    pk: int | None = None
    may_track: bool = True


@dataclass(frozen=True)
class History:
    """Who asks, as far as a browser says it, and what they did, newest first."""

    browser: Browser | None
    acts: list[RecentAct]


def history_of(*, customer_id: int | None = None, visitor: str = "", limit: int = MOST) -> History:
    """The last acts of a customer and of a browser: one round trip to Redis and one query, whose plan is kept.

    Of a browser only those acts count that named no customer, and none when it may not be followed. Consent of the
    customer is the caller's matter.
    """
    if customer_id is None and not visitor:
        return History(None, [])
    of_customer, of_visitor = _in_redis(customer_id, visitor, limit)
    browser, acts = _in_table(customer_id, visitor, limit)
    kept = of_customer if browser is not None and not browser.may_track else [*of_customer, *of_visitor]
    if kept or customer_id is not None:
        acts = sorted(dict.fromkeys([*kept, *acts]), key=lambda act: act.occurred_at, reverse=True)[:limit]
    return History(browser, acts)


def recent_acts(*, customer_id: int | None = None, visitor: str = "", limit: int = MOST) -> list[RecentAct]:
    """Newest first, at most `limit`, as `history_of`."""
    return history_of(customer_id=customer_id, visitor=visitor, limit=limit).acts


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


def _in_redis(customer_id: int | None, visitor: str, limit: int) -> tuple[list[RecentAct], list[RecentAct]]:
    """Of the customer, and of the browser. Empty while Redis is away. Waits 50 ms at most, and not at all while the
    breaker is open."""
    if not breaker.allows():
        return [], []
    names = [keys.recent_of_customer(customer_id)] if customer_id is not None else []
    names += [keys.recent_of_visitor(visitor)] if visitor else []
    try:
        client = redis_client.client()
        if len(names) == 1:
            lists = [cast(list[bytes], client.lrange(names[0], 0, limit - 1))]
        else:
            pipe = client.pipeline(transaction=False)
            for name in names:
                pipe.lrange(name, 0, limit - 1)
            lists = cast(list[list[bytes]], pipe.execute())
    except (redis.RedisError, LocalServiceError, OSError):
        breaker.failed()
        return [], []
    breaker.succeeded()
    acts = [[_from_text(text) for text in one] for one in lists]
    return (acts[0] if customer_id is not None else []), (acts[-1] if visitor else [])


def _in_table(customer_id: int | None, visitor: str, limit: int) -> tuple[Browser | None, list[RecentAct]]:
    """Who the browser is, None when there is none, and what both did."""
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, [customer_id, visitor or None, limit])
        rows = cursor.fetchall()
    browser = Browser(visitor) if visitor else None
    acts = []
    for visitor_id, may_track, *act in rows:
        if visitor_id is not None:
            browser = Browser(visitor, visitor_id, may_track)
        if act[0] is not None:
            acts.append(RecentAct._make(act))
    return browser, acts
