"""The one shape of writing: insert what is new, change what differs, leave what is the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.importing import changes


@dataclass(frozen=True)
class Value:
    """How a column of a table gets its value.

    `insert` is SQL over the staged row `s` and its joins. `needs` names columns of the file: a row that exists is
    changed only when the file has one of them (none: always). `update` replaces what a changed row gets (default:
    the inserted value); `once` means that a row keeps what it was made with.
    """

    insert: str
    needs: tuple[str, ...] = ()
    update: str = ""
    once: bool = False


@dataclass(frozen=True)
class Written:
    new: int
    changed: int


def upsert(
    table: str, *, key: Sequence[str], values: Mapping[str, Value], source: str, present: frozenset[str],
    touched: str = "", touched_id: str = "id", touched_new: str = "bool_and(is_new)", of_order: bool = False,
) -> Written:  # fmt: skip
    """Write the rows of `source` (FROM clause over staged rows) into `table`.

    Rows whose values are all the same are not written, so a second import changes nothing, not even `updated_at`.
    `touched` is a table (id, is_new) that receives `touched_id` and `touched_new` of every row written. What was
    written is noted for undo, with `of_order` (then `touched_id` is the order) unless the order is new itself.
    """
    columns = [*key, *(name for name in values if name not in key)]
    updates = {
        name: value.update or f"EXCLUDED.{name}"
        for name, value in values.items()
        if name not in key and not value.once and (not value.needs or present & set(value.needs))
    }
    conflict = "DO NOTHING"
    if updates:
        old = ", ".join(f"{table}.{name}" for name in updates)
        new = ", ".join(updates.values())
        stamp = ", updated_at = now()" if "updated_at" in values else ""
        assignments = ", ".join(f"{name} = {expression}" for name, expression in updates.items())
        conflict = f"DO UPDATE SET {assignments}{stamp} WHERE ({old}) IS DISTINCT FROM ({new})"
    tell = f"INSERT INTO {touched} SELECT owner, {touched_new} FROM written GROUP BY owner"  # noqa: S608
    told = f", told AS ({tell})" if touched else ""
    statement = f"""
        WITH written AS (
            INSERT INTO {table} ({", ".join(columns)})
            SELECT {", ".join(values[name].insert for name in columns)}
            FROM {source}
            ON CONFLICT ({", ".join(key)}) {conflict}
            RETURNING id AS row_id, {touched_id} AS owner, xmax = 0 AS is_new
        ), {changes.notes(table, of_order=of_order)}{told}
        SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
    """  # noqa: S608 names come from the code of the sections, never from a file
    with connection.cursor() as cursor:
        cursor.execute(statement)
        new_rows, changed_rows = cursor.fetchone()
    return Written(new_rows, changed_rows)


TIMESTAMPS = {"created_at": Value("now()", once=True), "updated_at": Value("now()", once=True)}
"""Columns of TimestampedModel; `updated_at` moves with every change."""


def translations(table: str, column: str, fields: Mapping[str, str], present: frozenset[str]) -> Value:
    """A JSON object of languages from columns of the file: `fields` is language → column. Other languages stay."""
    pairs = ", ".join(f"'{language}', s.{name}" for language, name in fields.items())
    given = [language for language, name in fields.items() if name in present]
    removed = " ".join(f"- '{language}'" for language in given)
    return Value(
        f"jsonb_strip_nulls(jsonb_build_object({pairs}))",
        needs=tuple(fields.values()),
        update=f"({table}.{column} {removed}) || EXCLUDED.{column}",
    )
