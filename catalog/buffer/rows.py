"""One event with its ids looked up: as the writer wants it, and as text in the stream."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from catalog.recent import EPOCH, MICROSECOND


class EventRow(NamedTuple):
    """`visitor` is the browser's own id, empty for none. `is_visitor_known`: it had a row when the event came; if that
    is gone when the event is written, somebody was erased meanwhile."""

    event_id: uuid.UUID
    occurred_at: datetime
    kind: str
    product_id: int | None
    customer_id: int | None
    visitor: str
    is_visitor_known: bool
    value: float | None
    context: dict[str, Any]

    def encode(self) -> bytes:
        """One line without a line break."""
        return orjson.dumps(
            [
                self.event_id.hex,
                (self.occurred_at - EPOCH) // MICROSECOND,
                self.kind,
                self.product_id,
                self.customer_id,
                self.visitor,
                self.is_visitor_known,
                self.value,
                self.context,
            ]
        )


def decode(line: bytes | str) -> EventRow:
    """Raises ValueError for what `encode` did not make."""
    try:
        event_id, micros, kind, product_id, customer_id, visitor, is_known, value, context = orjson.loads(line)
        row = EventRow(
            uuid.UUID(hex=event_id),
            EPOCH + micros * MICROSECOND,
            kind,
            product_id,
            customer_id,
            visitor,
            is_known,
            value,
            context,
        )
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"This is no event: {error}") from error
    if not _fits(row):
        raise ValueError("This is no event: a part of it has the wrong type.")
    return row


def _fits(row: EventRow) -> bool:
    ids: Iterable[Any] = (row.product_id, row.customer_id)
    return (
        isinstance(row.kind, str)
        and isinstance(row.visitor, str)
        and isinstance(row.is_visitor_known, bool)
        and isinstance(row.context, dict)
        and all(one is None or (isinstance(one, int) and not isinstance(one, bool)) for one in ids)
        and (row.value is None or isinstance(row.value, int | float))
    )
