"""Writing events into the table: any number at once, each of them once, whoever else writes at the same time.

Rows go into a temporary table first, then one statement judges and moves them. An id names one event: what comes again
within two days of the first is not stored. Writers take turns (an advisory lock), so that two of them never look for
the same id at once.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction

from catalog.buffer.rows import EventRow
from catalog.partitions import ensure_months

LOCK = 7_340_022  # advisory lock of whoever writes events
STAGE = "zg_event_stage"

# What is written here has just arrived; what an import writes is old, and not late.
PREPARE = f"""
SELECT pg_advisory_xact_lock(%s), set_config('zhanggui.arriving', 'on', true);
CREATE TEMP TABLE IF NOT EXISTS {STAGE} (
    place int NOT NULL, event_id uuid NOT NULL, occurred_at timestamptz NOT NULL, kind varchar(16) NOT NULL,
    product_id bigint, customer_id bigint, visitor varchar(64) NOT NULL, is_visitor_known boolean NOT NULL,
    value float8, context jsonb NOT NULL
) ON COMMIT DELETE ROWS;
DELETE FROM {STAGE}
"""  # noqa: S608
COPY = f"COPY {STAGE} FROM STDIN"
FILL = f"""
INSERT INTO {STAGE} SELECT * FROM unnest(%s::int[], %s::uuid[], %s::timestamptz[], %s::varchar[], %s::bigint[],
    %s::bigint[], %s::varchar[], %s::boolean[], %s::float8[], %s::text[]::jsonb[])
"""  # noqa: S608
NEW_VISITORS = f"""
INSERT INTO catalog_visitor (key) SELECT DISTINCT visitor FROM {STAGE} s WHERE visitor <> '' AND NOT is_visitor_known
    AND (customer_id IS NULL OR EXISTS (
        SELECT 1 FROM catalog_customer c WHERE c.id = s.customer_id AND c.erased_at IS NULL))
ORDER BY visitor ON CONFLICT (key) DO NOTHING
"""  # noqa: S608
# Every look-up has a limit: it stays a look into an index for each row, however wrong the planner's guesses are.
MOVE = f"""
WITH judged AS MATERIALIZED (
    SELECT s.*, v.id AS visitor_id, c.id AS person_id,
        row_number() OVER (PARTITION BY s.event_id ORDER BY s.place) AS turn,
        CASE
            WHEN s.visitor <> '' AND v.id IS NULL THEN 'gone'
            WHEN s.visitor <> '' AND NOT v.may_track THEN 'ignored'
            WHEN s.customer_id IS NOT NULL AND c.id IS NULL THEN 'gone'
            WHEN s.product_id IS NOT NULL AND p.id IS NULL THEN 'gone'
            WHEN k.there THEN 'repeated'
            ELSE 'stored'
        END AS outcome
    FROM {STAGE} s
    LEFT JOIN LATERAL (SELECT id, may_track FROM catalog_visitor WHERE key = s.visitor LIMIT 1) v ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(merged_into_id, id) AS id FROM catalog_customer
        WHERE id = s.customer_id AND erased_at IS NULL LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT id FROM catalog_product WHERE id = s.product_id LIMIT 1) p ON true
    LEFT JOIN LATERAL (
        SELECT true AS there FROM catalog_interaction i WHERE i.event_id = s.event_id
            AND i.occurred_at >= s.occurred_at - interval '2 days'
            AND i.occurred_at <= s.occurred_at + interval '2 days' LIMIT 1) k ON true
), written AS (
    INSERT INTO catalog_interaction
        (event_id, occurred_at, kind, product_id, customer_id, visitor_id, value, context)
    SELECT event_id, occurred_at, kind, product_id, person_id, visitor_id, value, context FROM judged
    WHERE outcome = 'stored' AND turn = 1 ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING 1
), joined AS (
    UPDATE catalog_visitor SET customer_id = j.person_id FROM (
        SELECT DISTINCT ON (visitor_id) visitor_id, person_id FROM judged
        WHERE outcome IN ('stored', 'repeated') AND visitor_id IS NOT NULL AND person_id IS NOT NULL
        ORDER BY visitor_id, place) j
    WHERE catalog_visitor.id = j.visitor_id AND catalog_visitor.customer_id IS NULL RETURNING 1
)
SELECT count(*) FILTER (WHERE outcome = 'ignored'), count(*) FILTER (WHERE outcome = 'gone'),
    (SELECT count(*) FROM written), (SELECT count(*) FROM joined) FROM judged
"""  # noqa: S608


@dataclass(frozen=True)
class Stored:
    """`gone` are acts of people, or on products, that were erased while the act waited."""

    stored: int = 0
    repeated: int = 0
    ignored: int = 0
    gone: int = 0


def store(rows: Sequence[EventRow]) -> Stored:
    """Write them in one transaction, with the visitors that are new and those who turned out to be a customer.

    Safe to repeat. Raises DatabaseError when one of them cannot be stored; then none is.
    """
    if not rows:
        return Stored()
    _months_for(rows)
    try:
        return _store(rows)
    except IntegrityError:  # a month that was there a moment ago: it was dropped
        _known_months.clear()
        if not _months_for(rows):
            raise
    return _store(rows)


def _store(rows: Sequence[EventRow]) -> Stored:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PREPARE, [LOCK])
        _fill(cursor, rows)
        if any(row.visitor and not row.is_visitor_known for row in rows):
            cursor.execute(NEW_VISITORS)
        cursor.execute(MOVE)
        ignored, gone, stored, _joined = cursor.fetchone()
    return Stored(stored, len(rows) - ignored - gone - stored, ignored, gone)


def _fill(cursor: Any, rows: Sequence[EventRow]) -> None:
    """By COPY, which pages cannot use: it waits for a server that is away, and they must not."""
    if not getattr(connection, "is_impatient", False):
        lines = "".join([_line(place, row) for place, row in enumerate(rows)])
        with connection.wrap_database_errors:  # which Django does not do for this one
            cursor.copy_expert(COPY, io.StringIO(lines))
        return
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    columns[0] = [str(event_id) for event_id in columns[0]]
    columns[-1] = [orjson.dumps(context).decode() for context in columns[-1]]
    cursor.execute(FILL, [list(range(len(rows))), *columns])


def _line(place: int, row: EventRow) -> str:
    """A row as COPY reads it: tabs between columns, \\N for nothing."""
    cells = (
        str(place),
        row.event_id.hex,
        row.occurred_at.isoformat(),
        _text(row.kind),
        _number(row.product_id),
        _number(row.customer_id),
        _text(row.visitor),
        "t" if row.is_visitor_known else "f",
        _number(row.value),
        _text(orjson.dumps(row.context).decode()) if row.context else "{}",
    )
    return "\t".join(cells) + "\n"


def _number(value: float | None) -> str:
    return "\\N" if value is None else repr(value)


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


_known_months: set[date] = set()


def _months_for(rows: Sequence[EventRow]) -> list[str]:
    """Partitions exist before rows of them are written. Names of the new ones."""
    wanted = {row.occurred_at.date().replace(day=1) for row in rows} - _known_months
    made = ensure_months(wanted) if wanted else []
    if not connection.in_atomic_block:  # what a transaction made may be undone with it
        _known_months.update(wanted)
    return made
