"""Orders and what belongs to them: undone together or not at all, so that totals always add up."""

from collections.abc import Mapping, Sequence

from catalog.importing import changes
from catalog.importing.native import settle
from catalog.importing.native.orders import TOUCHED
from catalog.importing.staging import execute
from catalog.importing.undo import rows
from catalog.importing.undo.rows import LEFT, ROWS
from catalog.models import ImportBatch

ORDER = "catalog_order"


def bind(tables: Sequence[str], marks: Mapping[str, int]) -> None:
    """An order of which any part was changed since stays as it is, with all its parts.

    Parts that are newer than `marks` were added since.
    """
    execute(f"UPDATE {ROWS} SET owner = row_id WHERE table_name = '{ORDER}'")  # noqa: S608
    for table in changes.ORDER_PARTS:
        if table in tables:
            execute(
                f"UPDATE {ROWS} u SET owner = coalesce((before ->> 'order_id')::bigint,"  # noqa: S608
                f" (SELECT t.order_id FROM {table} t WHERE t.id = u.row_id)) WHERE table_name = %s",
                [table],
            )
    execute("DROP TABLE IF EXISTS undo_orders")
    execute(
        f"CREATE TEMPORARY TABLE undo_orders ON COMMIT DROP AS SELECT owner AS id, bool_or(reason <> '') AS is_kept"  # noqa: S608
        f" FROM {ROWS} WHERE owner IS NOT NULL GROUP BY owner"
    )
    for table in changes.ORDER_PARTS:
        execute(
            f"UPDATE undo_orders o SET is_kept = true WHERE EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {table} t WHERE t.order_id = o.id AND t.id > %s)",
            [marks.get(table, 0)],
        )
    execute(
        f"UPDATE {ROWS} u SET reason = 'order' FROM undo_orders o"  # noqa: S608
        f" WHERE o.id = u.owner AND o.is_kept AND u.reason = '' AND u.outcome = ''"
    )


def undo(batch: ImportBatch, tables: Sequence[str]) -> None:
    """Events go; new orders go with all their parts; others get back the parts and totals they had."""
    _remove_events(batch)
    execute(f"DROP TABLE IF EXISTS {TOUCHED}")
    execute(f"CREATE TEMPORARY TABLE {TOUCHED} (id bigint, is_new boolean) ON COMMIT DROP")
    execute(
        f"INSERT INTO {TOUCHED} SELECT u.owner, bool_or(u.table_name = '{ORDER}' AND u.is_new) FROM {ROWS} u"  # noqa: S608
        f" WHERE u.owner IS NOT NULL AND {LEFT} GROUP BY u.owner"
    )
    settle.remove_purchases(TOUCHED)
    if ORDER in tables:
        execute(
            f"UPDATE {ROWS} u SET outcome = 'removed' FROM {TOUCHED} t"  # noqa: S608
            f" WHERE t.id = u.owner AND t.is_new AND u.table_name <> '{ORDER}' AND {LEFT}"
        )
        rows.remove(ORDER)
    for table in reversed(changes.ORDER_PARTS):
        if table in tables:
            rows.remove(table)
    for table in (ORDER, *changes.ORDER_PARTS):
        if table in tables:
            rows.bring_back(table)
            rows.restore(table)
    execute(f"DELETE FROM {TOUCHED} t WHERE t.is_new")  # noqa: S608
    settle.write_purchases()
    execute(f"DROP TABLE {TOUCHED}")


def _remove_events(batch: ImportBatch) -> None:
    execute(
        """
        DELETE FROM catalog_interaction i USING (
            SELECT unnest(event_ids) AS event_id, since, until FROM catalog_importedevents WHERE batch_id = %s
        ) e
        WHERE i.event_id = e.event_id AND i.occurred_at >= e.since AND i.occurred_at <= e.until
        """,
        [batch.pk],
    )
