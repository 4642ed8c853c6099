"""What an import changes, noted while it writes: enough to undo it, and no more than that.

Every statement that writes rows of the shop goes through `written` or `sql.upsert`, which note in the same statement
which rows were made and what the others were before: parts of one statement see the tables as they were before it.
`seal` moves the notes of a group into ImportChange at the end of its transaction. Rows of an order that the same
import made are not noted, because they go with their order; so an order of a hundred lines costs one note.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from catalog.importing.staging import execute, fetch_one, stream

NOTES = "import_changes"
NEW_ORDERS = "import_touched"
ORDER_PARTS = ("catalog_orderline", "catalog_orderevent", "catalog_payment", "catalog_refund")
MARKED = (*ORDER_PARTS, "catalog_stockmovement")
EVENTS_IN_A_ROW = 5_000

# Columns that the database or the tree keeps: they move without anybody changing the row.
_KEPT = {"catalog_product": ("is_in_stock", "is_low"), "catalog_category": ("path", "depth", "numchild")}


def begin() -> None:
    """Ready to note, for this transaction."""
    execute(f"DROP TABLE IF EXISTS {NOTES}")
    execute(
        f"CREATE TEMPORARY TABLE {NOTES} (place bigint GENERATED ALWAYS AS IDENTITY, table_name text, row_id bigint,"
        " before jsonb) ON COMMIT DROP"
    )


def notes(table: str, *, of_order: bool = False) -> str:
    """CTEs that note the rows of the CTE `written` (row_id, owner, is_new).

    `of_order`: `owner` is the order of the row, and rows of orders that this import made are passed over.
    """
    wanted = f"NOT EXISTS (SELECT 1 FROM {NEW_ORDERS} n WHERE n.id = w.owner AND n.is_new)" if of_order else "true"  # noqa: S608
    return f"""
        noted_new AS (
            INSERT INTO {NOTES} (table_name, row_id) SELECT '{table}', w.row_id FROM written w
            WHERE w.is_new AND {wanted}
        ), noted_old AS (
            INSERT INTO {NOTES} (table_name, row_id, before) SELECT '{table}', t.id, to_jsonb(t)
            FROM written w JOIN {table} t ON t.id = w.row_id WHERE NOT w.is_new AND {wanted}
        )
    """  # noqa: S608 names come from the code of the sections, never from a file


def written(
    table: str, statement: str, parameters: Sequence[Any] = (), *, is_new: bool = False, id: str = "id", order: str = ""
) -> int:
    """Run an INSERT (`is_new`), UPDATE or DELETE and note its rows. How many there were.

    `id` is the SQL of the row's id as RETURNING sees it, `order` that of the order that the row belongs to.
    """
    owner = order or "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH written AS ({statement} RETURNING {id} AS row_id, {owner}::bigint AS owner,"  # noqa: S608
            f" {is_new}::boolean AS is_new), {notes(table, of_order=bool(order))} SELECT count(*) FROM written",
            list(parameters) or None,
        )
        return int(cursor.fetchone()[0])


def note_before(table: str, ids: Sequence[int]) -> None:
    """Note rows that are about to be changed one by one."""
    execute(
        f"INSERT INTO {NOTES} (table_name, row_id, before)"  # noqa: S608
        f" SELECT '{table}', t.id, to_jsonb(t) FROM {table} t WHERE t.id = ANY(%s)",
        [list(ids)],
    )


def note_new(table: str, ids: Sequence[int]) -> None:
    execute(f"INSERT INTO {NOTES} (table_name, row_id) SELECT '{table}', unnest(%s::bigint[])", [list(ids)])


def note_later(batch_id: int, table: str, row_id: int) -> None:
    """Note a row that was made because of an import after it had ended, so that its undo takes the row, too."""
    execute(
        "INSERT INTO catalog_importchange (batch_id, table_name, row_id, after)"  # noqa: S608
        f" SELECT %s, %s, t.id, {state_of(table)} FROM {table} t WHERE t.id = %s ON CONFLICT DO NOTHING",
        [batch_id, table, row_id],
    )


def written_events(batch_id: int | None, statement: str) -> int:
    """Run an INSERT of interactions and keep the ids of those it made. How many there were."""
    if batch_id is None:
        return execute(statement)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH written AS ({statement} RETURNING event_id, occurred_at), kept AS (
                INSERT INTO catalog_importedevents (batch_id, since, until, event_ids)
                SELECT %s, min(occurred_at), max(occurred_at), array_agg(event_id)
                FROM (SELECT *, row_number() OVER (ORDER BY occurred_at) / {EVENTS_IN_A_ROW} AS part FROM written) w
                GROUP BY part
            ) SELECT count(*) FROM written
            """,  # noqa: S608
            [batch_id],
        )
        return int(cursor.fetchone()[0])


def seal(batch_id: int) -> dict[str, int]:
    """Keep what this transaction noted. The newest ids of the tables in which later acts on an order would show."""
    execute(f"ANALYZE {NOTES}")
    for (table,) in list(stream(f"SELECT DISTINCT table_name FROM {NOTES}")):  # noqa: S608
        execute(
            f"""
            INSERT INTO catalog_importchange (batch_id, table_name, row_id, before, after, person)
            SELECT %s, %s, c.row_id, c.before, CASE WHEN t.id IS NOT NULL THEN {state_of(table)} END,
                   {_person(table)}
            FROM (
                SELECT DISTINCT ON (row_id) row_id, before FROM {NOTES} WHERE table_name = %s ORDER BY row_id, place
            ) c LEFT JOIN {table} t ON t.id = c.row_id
            WHERE c.before IS NOT NULL OR t.id IS NOT NULL
            ON CONFLICT (table_name, row_id, batch_id) DO UPDATE SET after = EXCLUDED.after
            """,  # noqa: S608
            [batch_id, table, table],
        )
    execute(f"DROP TABLE {NOTES}")
    return {table: int(fetch_one(f"SELECT coalesce(max(id), 0) FROM {table}")[0]) for table in MARKED}  # noqa: S608


def state_of(table: str) -> str:
    """SQL of a hash of row `t` without what changes by itself. A column that comes later and is empty is no change."""
    ignored = ", ".join(f"'{name}'" for name in ("updated_at", *_KEPT.get(table, ())))
    return f"hashtextextended(jsonb_strip_nulls(to_jsonb(t) - ARRAY[{ignored}])::text, 0)"


def _person(table: str) -> str:
    if table == "catalog_customer":
        return "CASE WHEN c.before IS NOT NULL THEN c.row_id END"
    return "(c.before ->> 'customer_id')::bigint"
