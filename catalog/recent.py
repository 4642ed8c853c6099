"""The last acts of a person, those included that are still on their way into the table.

The API writes each act it takes into a short list in Redis in the very step that takes it, so the next answer knows of
it, however long the table waits. While Redis is away events go straight into the table, and the table alone is right.

What the table says stands ready in one row for each person (`catalog.kept`). A page asks for several placements at
once, so a web process remembers it for a second. What comes into the table by other ways than Redis (orders, imports)
counts after that second; a no and a reset are in Redis too, and count at once.

What a person bought counts longer than the newest acts: behind these the row says what was bought before, so that fifty
looks later a purchase is still known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

import orjson
import redis
from django.conf import settings
from django.db import connection

from catalog.buffer import keys, known
from core import redis_client
from core.breaker import Breaker
from core.local_services import LocalServiceError

MOST = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HISTORY = "SELECT * FROM catalog_past(%s, %s, %s)"
REMEMBER_SECONDS = 1.0
RENEWED_SECONDS = 30
"""So long nothing that processes remember of somebody counts whose lists were dropped: longer than any of it lives."""
PURCHASE = "purchase"
ORDERED = "ordered"
"""What orders say of purchases whose month of events has ended: never recommended again, and nothing about taste."""
MOST_REMEMBERED = 250
"""People; up to 12 kB each."""
AWAY = (redis.RedisError, LocalServiceError, OSError)
breaker = Breaker()


class RecentAct(NamedTuple):
    """One act on one product. `micros`: when, in microseconds since 1970. `value`: stars of a rating, pieces of a
    purchase."""

    product_id: int
    kind: str
    micros: int
    value: float | None


@dataclass(frozen=True)
class Browser:
    """A visitor as answers need it. `pk` is None for one that has no row, because nothing of it was written yet."""

    key: str
    pk: int | None = None
    may_track: bool = True


@dataclass(frozen=True)
class History:
    """Who asks, as far as a browser says it, and what they did, newest first. `bought`: products of their purchases, of
    those before these acts too; the thousand bought last where it is more."""

    browser: Browser | None
    acts: list[RecentAct]
    bought: frozenset[int] = frozenset()


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(micros: int) -> datetime:
    return EPOCH + micros * MICROSECOND


def history_of(*, customer_id: int | None = None, visitor: str = "", limit: int = MOST) -> History:
    """The last acts of a customer and of a browser: one round trip to Redis and meanwhile one query, whose plan is
    kept.

    Of a browser only those acts count that named no customer, and none when it may not be followed. Consent of the
    customer is the caller's matter.
    """
    if customer_id is None and not visitor:
        return History(None, [])
    errand = _sent(customer_id, visitor, limit)
    try:
        remembered = _remembered(customer_id, visitor, limit) if errand is not None else None
        told = remembered or _in_table(customer_id, visitor, limit)
        lists = _brought(errand, customer_id, visitor)
    finally:
        if errand is not None:
            errand.close()
    if remembered is not None and (lists is None or lists.is_newer):  # what is remembered may be older than a no
        told = _in_table(customer_id, visitor, limit)
    browser, acts, bought = told
    kept = list(lists.of_customer) if lists is not None else []
    if lists is not None and (browser is None or browser.may_track):
        kept += lists.of_visitor
    if kept or customer_id is not None:
        acts = sorted(dict.fromkeys([*kept, *acts]), key=itemgetter(2), reverse=True)[:limit]
    return History(browser, acts, bought | _bought(kept))


def recent_acts(*, customer_id: int | None = None, visitor: str = "", limit: int = MOST) -> list[RecentAct]:
    """Newest first, at most `limit`, as `history_of`."""
    return history_of(customer_id=customer_id, visitor=visitor, limit=limit).acts


def forget(*visitors: str, customer_id: int | None = None) -> None:
    """Drop the lists of these browsers and of this customer, and what any process remembers of them. Nothing happens
    while Redis is away: lists end by themselves within hours, and of who said no nobody reads them."""
    tables.clear()
    names = [keys.recent_of_visitor(visitor) for visitor in visitors]
    marks = [keys.renewed_visitor(visitor) for visitor in visitors]
    if customer_id is not None:
        names.append(keys.recent_of_customer(customer_id))
        marks.append(keys.renewed_customer(customer_id))
    if names and breaker.allows():
        try:
            with redis_client.client().pipeline() as line:
                line.delete(*names)
                for mark in marks:
                    line.set(mark, 1, ex=RENEWED_SECONDS)
                line.execute()
        except AWAY:
            breaker.failed()


def as_text(product_id: int, kind: str, occurred_at: datetime, value: float | None) -> bytes:
    """An act as it stands in the lists: JSON of a `RecentAct`."""
    return orjson.dumps((product_id, kind, micros_of(occurred_at), value))


def _from_texts(texts: Sequence[bytes]) -> list[RecentAct]:
    return [RecentAct._make(act) for act in orjson.loads(b"[%b]" % b",".join(texts))]


class _Lists(NamedTuple):
    """`is_newer`: the browser said no within the last hour, or a profile was reset a moment ago, so that the table may
    say something else than what was remembered of it."""

    of_customer: list[RecentAct]
    of_visitor: list[RecentAct]
    is_newer: bool


def _sent(customer_id: int | None, visitor: str, limit: int) -> redis_client.Errand | None:
    """For the lists of the customer and of the browser. None while Redis is away, at once while the breaker is open."""
    if not breaker.allows():
        return None
    commands: list[tuple[str | int, ...]] = []
    marks: list[str] = []
    if customer_id is not None:
        commands.append(("LRANGE", keys.recent_of_customer(customer_id), 0, limit - 1))
        marks.append(keys.renewed_customer(customer_id))
    if visitor:
        commands.append(("LRANGE", keys.recent_of_visitor(visitor), 0, limit - 1))
        marks += [keys.refuses(visitor), keys.renewed_visitor(visitor)]
    commands.append(("EXISTS", *marks))
    try:
        return redis_client.Errand(*commands)
    except AWAY:
        breaker.failed()
        return None


def _brought(errand: redis_client.Errand | None, customer_id: int | None, visitor: str) -> _Lists | None:
    """None while Redis is away. Waits 50 ms at most."""
    if errand is None:
        return None
    try:
        answers = errand.answers()
    except AWAY:
        breaker.failed()
        return None
    breaker.succeeded()
    is_newer = bool(answers.pop())
    of_visitor = _from_texts(answers.pop()) if visitor else []
    return _Lists(_from_texts(answers.pop()) if customer_id is not None else [], of_visitor, is_newer)


Told = tuple[Browser | None, list[RecentAct], frozenset[int]]
"""Who the browser is, None when there is none, what both did, and the products that both bought."""
tables: known.Remembered[Told] = known.Remembered(seconds=REMEMBER_SECONDS, most=MOST_REMEMBERED)
"""What the table said, by who was asked for."""


def _name(customer_id: int | None, visitor: str, limit: int) -> str:
    return f"{limit} {customer_id} {visitor}"


def _remembers() -> bool:
    """As `catalog.showcase`: whoever is inside a transaction sees what may be taken back."""
    return bool(settings.WEB_PROCESS) and not connection.in_atomic_block


def _remembered(customer_id: int | None, visitor: str, limit: int) -> Told | None:
    return tables.get(_name(customer_id, visitor, limit)) if _remembers() else None


def _in_table(customer_id: int | None, visitor: str, limit: int) -> Told:
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, [customer_id, visitor or None, limit])
        rows = cursor.fetchall()
    browser = Browser(visitor) if visitor else None
    acts: list[RecentAct] = []
    bought: frozenset[int] = frozenset()
    for visitor_id, may_track, told in rows:
        if visitor_id is not None:
            browser = Browser(visitor, visitor_id, may_track)
        own = list(map(RecentAct._make, orjson.loads(told)))  # the newest, and behind them what was bought before
        bought |= _bought(own)
        acts += [act for act in own[:limit] if act.kind != ORDERED]
    found = browser, acts, bought
    if _remembers():
        tables.keep(_name(customer_id, visitor, limit), found)
    return found


def _bought(acts: Iterable[RecentAct]) -> frozenset[int]:
    return frozenset([act.product_id for act in acts if act.kind in (PURCHASE, ORDERED)])
