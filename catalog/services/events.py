"""Writing what people did: many rows with one statement, each of them once."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Interaction, Order, Visitor
from catalog.partitions import ensure_months
from core.api import ids

DAYS_PER_MONTH = 30.44
REPEATED_WITHIN = timedelta(days=2)

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


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    index: int
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Recorded:
    """`ignored` are acts of visitors who do not want to be followed."""

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


def record_events(events: Sequence[NewEvent]) -> Recorded:
    """Store acts whose product and customer exist; unknown visitors are made.

    One statement looks up, one stores; new visitors and times of our own cost up to three more.
    The same event id is stored once. An act without a time of its own gets the present one, so its id is looked up
    among the last two days first.
    """
    known = _look_up(events)
    good, refused = _split(events, known)
    _make_visitors(known, {e.visitor for e in good if e.visitor})
    now = timezone.now()
    ignored = 0
    rows: list[_Row] = []
    joined: dict[int, int] = {}
    repeated_ids = _already_there([e.event_id for e in good if e.event_id and e.occurred_at is None], now)
    repeated = 0
    for event in good:
        visitor = known.visitors.get(event.visitor) if event.visitor else None
        if visitor is not None and not visitor.may_track:
            ignored += 1
            continue
        if event.occurred_at is None and event.event_id in repeated_ids:
            repeated += 1
            continue
        customer_id = known.customers[event.customer] if event.customer else None
        if visitor is not None and customer_id is not None and visitor.customer_id is None:
            joined[visitor.pk] = customer_id
        rows.append(
            _Row(
                event.event_id or uuid.uuid4(),
                event.occurred_at or now,
                event.kind,
                known.products[event.product] if event.product else None,
                customer_id,
                visitor.pk if visitor else None,
                event.value,
                event.context,
            )
        )
    stored = _insert(rows)
    _join(joined)
    return Recorded(stored, repeated + len(rows) - stored, ignored, refused)


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
                None,
                float(line.quantity),
                {},
            )
            for line in lines
        ]
    )


def purchase_event_id(order_number: str, line: int) -> uuid.UUID:
    """The id of the `purchase` of this order line, however often it is written. Imports make the same one in SQL."""
    return _uuid_of(f"purchase:{order_number}:{line}")


def _uuid_of(text: str) -> uuid.UUID:
    """MD5, because PostgreSQL can make the same: `md5(text)::uuid`. It guards nothing."""
    return uuid.UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


# --- helpers ------------------------------------------------------------------------------------------------------


LOOK_UP = """
SELECT 'product', id, public_id, external_id, NULL::bigint, NULL::boolean FROM catalog_product
WHERE deleted_at IS NULL AND (public_id = ANY(%(products)s) OR external_id = ANY(%(own_products)s))
UNION ALL
SELECT 'customer', id, public_id, external_id, NULL, NULL FROM catalog_customer
WHERE erased_at IS NULL AND (public_id = ANY(%(customers)s) OR external_id = ANY(%(own_customers)s))
UNION ALL
SELECT 'visitor', id, key, NULL, customer_id, may_track FROM catalog_visitor WHERE key = ANY(%(visitors)s)
"""


@dataclass
class _Known:
    """What the ids of a batch stand for."""

    products: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)


def _look_up(events: Sequence[NewEvent]) -> _Known:
    """Products, customers and visitors of a batch in one statement: most calls bring a single event."""
    visitors = {event.visitor for event in events if event.visitor}
    named = {
        "products": {event.product for event in events if event.product},
        "customers": {event.customer for event in events if event.customer},
    }
    wanted: dict[str, list[str]] = {"visitors": sorted(visitors)}
    for kind, idents in named.items():
        wanted[kind] = [ident for ident in idents if ids.external_part(ident) is None]
        wanted[f"own_{kind}"] = [own for ident in idents if (own := ids.external_part(ident)) is not None]
    known = _Known()
    if not any(wanted.values()):
        return known
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP, {kind: values or [""] for kind, values in wanted.items()})
        for kind, pk, public_id, own, customer_id, may_track in cursor.fetchall():
            if kind == "visitor":
                known.visitors[public_id] = Visitor(pk=pk, key=public_id, customer_id=customer_id, may_track=may_track)
                continue
            found = known.products if kind == "product" else known.customers
            found[public_id] = pk
            if own is not None:
                found[ids.EXTERNAL + own] = pk
    return known


def _split(events: Sequence[NewEvent], known: _Known) -> tuple[list[NewEvent], list[RefusedEvent]]:
    good, refused = [], []
    for event in events:
        if event.product and event.product not in known.products:
            refused.append(RefusedEvent(event.index, "product", "unknown_product", _("No product has this ID.")))
        elif event.customer and event.customer not in known.customers:
            refused.append(RefusedEvent(event.index, "customer", "unknown_customer", _("No customer has this ID.")))
        else:
            good.append(event)
    return good, refused


def _make_visitors(known: _Known, keys: Iterable[str]) -> None:
    """The browsers that are new. Sorted, so that two batches cannot block each other."""
    missing = sorted(set(keys) - known.visitors.keys())
    if missing:
        Visitor.objects.bulk_create([Visitor(key=key) for key in missing], ignore_conflicts=True)
        known.visitors |= {v.key: v for v in Visitor.objects.filter(key__in=missing)}


def _already_there(event_ids: Sequence[uuid.UUID], now: datetime) -> set[uuid.UUID]:
    if not event_ids:
        return set()
    rows = Interaction.objects.filter(event_id__in=event_ids, occurred_at__gte=now - REPEATED_WITHIN)
    return set(rows.values_list("event_id", flat=True))


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


def _join(visitors: dict[int, int]) -> None:
    """These browsers belong to these customers now, unless they belong to somebody already."""
    by_customer: dict[int, list[int]] = {}
    for visitor_id, customer_id in visitors.items():
        by_customer.setdefault(customer_id, []).append(visitor_id)
    for customer_id, visitor_ids in sorted(by_customer.items()):
        Visitor.objects.filter(pk__in=visitor_ids, customer=None).update(customer=customer_id)
