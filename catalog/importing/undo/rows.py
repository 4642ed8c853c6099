"""The rows of one undo in a temporary table, and set-based SQL that removes them or puts them back.

`undo_rows` has a row per ImportChange that is still to be undone. `reason` says why a row stays; `outcome` what became
of it. Rows with neither are the ones to work on.
"""

from django.apps import apps
from django.db import models

from catalog.importing import changes
from catalog.importing.staging import analyse, execute, fetch_one, stream

ROWS = "undo_rows"
LEFT = "u.reason = '' AND u.outcome = ''"
_NOT_RESTORED = {
    "catalog_product": {"is_in_stock", "is_low"},
    "catalog_category": {"path", "depth", "numchild"},
}


def gather(batch_id: int) -> list[str]:
    """Fill the table. Names of the tables that the import wrote to, as far as they still exist."""
    execute(f"DROP TABLE IF EXISTS {ROWS}")
    execute(
        f"CREATE TEMPORARY TABLE {ROWS} ON COMMIT DROP AS SELECT id, table_name, row_id, before IS NULL AS is_new,"  # noqa: S608
        " before, after, NULL::bigint AS owner, ''::text AS reason, ''::text AS outcome"
        " FROM catalog_importchange WHERE batch_id = %s AND outcome = ''",
        [batch_id],
    )
    execute(f"CREATE INDEX ON {ROWS} (table_name, row_id)")
    analyse(ROWS)
    known = models_by_table()
    found = [table for (table,) in list(stream(f"SELECT DISTINCT table_name FROM {ROWS} ORDER BY 1"))]  # noqa: S608
    return [table for table in found if table in known]


def models_by_table() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def keep_changed(table: str, batch_id: int) -> None:
    """Rows that are not any more what the import made of them stay; rows that are gone already need nothing."""
    execute(
        f"UPDATE {ROWS} u SET outcome = 'gone' WHERE table_name = %s AND after IS NOT NULL"  # noqa: S608
        f" AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = u.row_id)",
        [table],
    )
    execute(
        f"""
        UPDATE {ROWS} u SET reason = CASE WHEN EXISTS (
            SELECT 1 FROM catalog_importchange l
            WHERE l.table_name = u.table_name AND l.row_id = u.row_id AND l.batch_id > %s AND l.outcome = ''
        ) THEN 'import' ELSE 'changed' END
        FROM {table} t
        WHERE u.table_name = %s AND t.id = u.row_id AND u.after IS DISTINCT FROM {changes.state_of(table)}
        """,  # noqa: S608
        [batch_id, table],
    )


def keep(table: str, where: str, reason: str) -> int:
    """Rows `u` of a table that match stay for this reason. How many."""
    return execute(
        f"UPDATE {ROWS} u SET reason = %s WHERE u.table_name = %s AND {LEFT} AND {where}",  # noqa: S608
        [reason, table],
    )


def restore(table: str) -> int:
    """Rows that the import changed become what they were. How many."""
    model = models_by_table()[table]
    passed_over = {"id", "updated_at", "public_id", *_NOT_RESTORED.get(table, ())}
    assignments = []
    for column in model._meta.concrete_fields:
        if column.column in passed_over:
            continue
        value = f"r.{column.column}"
        if isinstance(column, models.ForeignKey) and column.null and column.db_constraint:  # type: ignore[attr-defined]
            target = column.related_model._meta.db_table
            value = f"CASE WHEN EXISTS (SELECT 1 FROM {target} x WHERE x.id = {value}) THEN {value} END"  # noqa: S608
        assignments.append(f"{column.column} = {value}")
    if any(column.column == "updated_at" for column in model._meta.concrete_fields):
        assignments.append("updated_at = now()")
    execute(
        f"UPDATE {table} t SET {', '.join(assignments)}"  # noqa: S608
        f" FROM {ROWS} u, jsonb_populate_record(NULL::{table}, u.before) r"
        f" WHERE u.table_name = %s AND NOT u.is_new AND u.after IS NOT NULL AND {LEFT} AND t.id = u.row_id",
        [table],
    )
    return mark(table, "NOT u.is_new AND u.after IS NOT NULL", "restored")


def bring_back(table: str) -> int:
    """Rows that the import removed stand there again. How many."""
    execute(
        f"INSERT INTO {table} SELECT r.* FROM {ROWS} u, jsonb_populate_record(NULL::{table}, u.before) r"  # noqa: S608
        f" WHERE u.table_name = %s AND u.after IS NULL AND {LEFT} ON CONFLICT DO NOTHING",
        [table],
    )
    return mark(table, "u.after IS NULL", "restored")


def remove(table: str) -> int:
    """Rows that the import made go, with what hangs on them. How many."""
    execute("DROP TABLE IF EXISTS undo_gone")
    execute(
        f"CREATE TEMPORARY TABLE undo_gone ON COMMIT DROP AS SELECT u.row_id AS id FROM {ROWS} u"  # noqa: S608
        f" WHERE u.table_name = %s AND u.is_new AND {LEFT}",
        [table],
    )
    analyse("undo_gone")
    if fetch_one("SELECT count(*) FROM undo_gone")[0]:
        _delete(models_by_table()[table], "undo_gone", 0)
    execute("DROP TABLE undo_gone")
    return mark(table, "u.is_new", "removed")


def mark(table: str, where: str, outcome: str) -> int:
    """Write down what became of the rows that match and were still to be worked on. How many."""
    return execute(
        f"UPDATE {ROWS} u SET outcome = %s WHERE u.table_name = %s AND {LEFT} AND {where}",  # noqa: S608
        [outcome, table],
    )


def _delete(model: type[models.Model], ids: str, depth: int) -> None:
    """Rows of a model and, as their foreign keys say, those that hang on them: removed too, or pointing nowhere."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)):
            continue
        child, column = relation.related_model, relation.field.column  # type: ignore[union-attr]
        table = child._meta.db_table  # type: ignore[union-attr]
        if relation.on_delete is models.SET_NULL:  # type: ignore[union-attr]
            execute(f"UPDATE {table} SET {column} = NULL WHERE {column} IN (SELECT id FROM {ids})")  # noqa: S608
        elif relation.on_delete is models.CASCADE:  # type: ignore[union-attr]
            gone = f"{column} IN (SELECT id FROM {ids})"  # noqa: S608
            if isinstance(child._meta.pk, models.CompositePrimaryKey):  # type: ignore[union-attr]
                execute(f"DELETE FROM {table} WHERE {gone}")  # noqa: S608  # nothing can hang on such a row
                continue
            below = f"undo_below_{depth}"
            key = child._meta.pk.column  # type: ignore[union-attr]
            execute(f"DROP TABLE IF EXISTS {below}")
            execute(
                f"CREATE TEMPORARY TABLE {below} ON COMMIT DROP AS SELECT {key} AS id FROM {table} WHERE {gone}"  # noqa: S608
            )
            analyse(below)
            if fetch_one(f"SELECT count(*) FROM {below}")[0]:  # noqa: S608
                _delete(child, below, depth + 1)  # type: ignore[arg-type]
            execute(f"DROP TABLE {below}")
    key = model._meta.pk.column
    execute(f"DELETE FROM {model._meta.db_table} WHERE {key} IN (SELECT id FROM {ids})")  # noqa: S608
