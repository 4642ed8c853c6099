"""Writing what people did: many rows with one statement, each of them once."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.buffer.known import Known, KnownVisitor, look_up
from catalog.buffer.rows import EventRow
from catalog.buffer.stream import REFUSING, REPEATED, TAKEN, TOO_FAST, Incoming, append
from catalog.buffer.writing import store
from catalog.models import Interaction, Order
from catalog.partitions import ensure_months
from core.metrics import count

DAYS_PER_MONTH = 30.44

INSERT = """
INSERT INTO catalog_interaction (event_id, occurred_at, kind, product_id, customer_id, visitor_id, value, context)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::varchar[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::float8[], %s::text[]::jsonb[])
ON CONFLICT DO NOTHING RETURNING event_id
"""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One act as it was sent. Ids are still those of the outside; `index` is its place in the batch.

    Without `occurred_at` it happens now.
    """

    index: int
    kind: str
    event_id: uuid.UUID | None = None
    occurred_at: datetime | None = None
    product: str | None = None
    customer: str | None = None
    visitor: str | None = None
    value: float | None = None
    context: dict[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    """Products of the list that an impression was of; those that nobody knows are passed over."""


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    index: int
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Recorded:
    """`stored`: taken for good. `ignored` are acts of visitors who do not want to be followed, and of bots."""

    stored: int
    repeated: int
    ignored: int
    refused: list[RefusedEvent]


@dataclass(frozen=True, slots=True)
class _Row:
    event_id: uuid.UUID
    occurred_at: datetime
    kind: str
    product_id: int | None
    customer_id: int | None
    visitor_id: int | None
    value: float | None
    context: dict[str, Any]


def oldest_moment() -> datetime:
    """Acts before this are no longer kept."""
    return timezone.now() - timedelta(days=settings.EVENT_RETENTION_MONTHS * DAYS_PER_MONTH)


def event_id_of(text: str) -> uuid.UUID:
    """The id itself when it is a UUID, else one made from it: storefronts may use ids of their own.

    Imports make the same one, so that an event sent and imported is stored once.
    """
    try:
        return uuid.UUID(text)
    except ValueError:
        return _uuid_of(f"event:{text}")


def record_events(
    events: Sequence[NewEvent], *, refused: Sequence[RefusedEvent] = (), from_browser: bool = False
) -> Recorded:
    """Take acts whose product and customer exist; unknown visitors are made. `refused` were so before, and are counted.

    They wait in Redis for the table (catalog.buffer) and already count in the next answer; while Redis is away they
    are written at once. Of browsers, more acts in a minute than a person can do are ignored.
    The same event id is stored once. An act without a time of its own gets the present one.
    """
    known = look_up(
        {name for event in events for name in (event.product, *event.shown) if name},
        {event.customer for event in events if event.customer},
        {event.visitor for event in events if event.visitor},
    )
    good, unknown = _split(events, known)
    everything_refused = [*refused, *unknown]
    now = timezone.now()
    incoming: list[Incoming] = []
    unwanted = 0
    for event in good:
        visitor = known.visitors[event.visitor] if event.visitor else None
        if visitor is not None and not visitor.may_track:
            unwanted += 1
        else:
            incoming.append(_incoming(event, known, visitor, now, is_hurried=from_browser))
    counts = Counter(f"x:{one.code}" for one in everything_refused)
    if unwanted:
        counts[REFUSING] = unwanted
    outcomes = append(incoming, counts=counts)
    if outcomes is not None:
        taken, repeated = outcomes.count(TAKEN), outcomes.count(REPEATED)
    else:
        stored = store([one.row for one in incoming])
        taken, repeated = stored.stored, stored.repeated
    ignored = unwanted + len(incoming) - taken - repeated
    _measure(taken=taken, repeated=repeated, ignored=ignored, refused=len(everything_refused))
    return Recorded(taken, repeated, ignored, everything_refused)


def ignore_bot(events: int, *, refused: Sequence[RefusedEvent]) -> Recorded:
    """A crawler that runs the storefront's scripts: its acts are counted and forgotten."""
    counts = Counter(f"x:{one.code}" for one in refused)
    if events:
        counts[TOO_FAST] = events
    append([], counts=counts)
    _measure(taken=0, repeated=0, ignored=events, refused=len(refused))
    return Recorded(0, 0, events, list(refused))


def record_purchases(order: Order) -> int:
    """One `purchase` for each line of a paid order. Safe to repeat: the ids follow from the order and its lines."""
    if order.paid_at is None or order.paid_at < oldest_moment():
        return 0
    lines = order.lines.exclude(product=None)
    return _insert(
        [
            _Row(
                purchase_event_id(order.number, line.line),
                order.paid_at,
                Interaction.Kind.PURCHASE,
                line.product_id,
                order.customer_id,
                order.visitor_id,
                float(line.quantity),
                {},
            )
            for line in lines
        ]
    )


def purchase_event_id(order_number: str, line: int) -> uuid.UUID:
    """The id of the `purchase` of this order line, however often it is written. Imports make the same one in SQL."""
    return _uuid_of(f"purchase:{order_number}:{line}")


def record_rating(*, key: str, product_id: int, customer_id: int, stars: int, at: datetime) -> int:
    """What a customer thinks of a product. `key` tells it from others; the same key and time again changes nothing."""
    if at < oldest_moment():
        return 0
    row = _Row(_uuid_of(f"rating:{key}"), at, Interaction.Kind.RATING, product_id, customer_id, None, float(stars), {})
    return _insert([row])


def remove_rating(*, key: str, at: datetime) -> int:
    """It does not count any more."""
    return Interaction.objects.filter(event_id=_uuid_of(f"rating:{key}"), occurred_at=at).delete()[0]


def _uuid_of(text: str) -> uuid.UUID:
    """MD5, because PostgreSQL can make the same: `md5(text)::uuid`. It guards nothing."""
    return uuid.UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


# --- helpers ------------------------------------------------------------------------------------------------------


def _incoming(
    event: NewEvent, known: Known, visitor: KnownVisitor | None, now: datetime, *, is_hurried: bool
) -> Incoming:
    context = event.context
    if shown := [known.products[name] for name in event.shown if name in known.products]:
        context = {**context, "shown": shown}
    row = EventRow(
        event.event_id or uuid.uuid4(),
        event.occurred_at or now,
        event.kind,
        known.products[event.product] if event.product else None,
        known.customers[event.customer] if event.customer else None,
        event.visitor or "",
        visitor is not None and visitor.is_known,
        event.value,
        context,
    )
    return Incoming(row, event.event_id is not None, visitor is None or visitor.is_sure, is_hurried)


def _split(events: Sequence[NewEvent], known: Known) -> tuple[list[NewEvent], list[RefusedEvent]]:
    good, refused = [], []
    for event in events:
        if event.product and event.product not in known.products:
            refused.append(RefusedEvent(event.index, "product", "unknown_product", _("No product has this ID.")))
        elif event.customer and event.customer not in known.customers:
            refused.append(RefusedEvent(event.index, "customer", "unknown_customer", _("No customer has this ID.")))
        else:
            good.append(event)
    return good, refused


def _measure(**amounts: int) -> None:
    for outcome, amount in amounts.items():
        if amount:
            count("events", amount, outcome=outcome)


def _insert(rows: Sequence[_Row]) -> int:
    """How many were new. A month without a partition is made, then the statement is repeated once."""
    if not rows:
        return 0
    unique = {(row.event_id, row.occurred_at): row for row in rows}
    in_order = [unique[key] for key in sorted(unique)]
    try:
        # Inside a transaction a refused statement needs a savepoint; alone it undoes itself.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return _insert_now(in_order)
    except IntegrityError:
        if not ensure_months({row.occurred_at.date() for row in in_order}):
            raise
    return _insert_now(in_order)


def _insert_now(rows: Sequence[_Row]) -> int:
    columns: list[list[Any]] = [
        [str(row.event_id) for row in rows],
        [row.occurred_at for row in rows],
        [row.kind for row in rows],
        [row.product_id for row in rows],
        [row.customer_id for row in rows],
        [row.visitor_id for row in rows],
        [row.value for row in rows],
        [orjson.dumps(row.context).decode() if row.context else "{}" for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
        return len(cursor.fetchall())
