"""What became of every row of an undo: kept with the change, told in the report."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from catalog.importing.staging import execute, stream
from catalog.importing.undo.rows import ROWS
from catalog.models import ImportBatch

SAMPLE = 100
_NAMES = {
    "catalog_category": "name", "catalog_brand": "name", "catalog_product": "coalesce(external_id, id::text)",
    "catalog_variant": "sku", "catalog_order": "number", "catalog_productimage": "source_name",
}  # fmt: skip


def write(batch: ImportBatch, seconds: float) -> dict[str, Any]:
    """Close the rows of the undo. Counts per table and what stayed, for ImportBatch.report."""
    execute(
        f"UPDATE catalog_importchange c SET outcome = CASE WHEN u.reason <> '' THEN 'kept_' || u.reason"  # noqa: S608
        f" WHEN u.outcome <> '' THEN u.outcome ELSE 'gone' END FROM {ROWS} u WHERE u.id = c.id"
    )
    tables: dict[str, dict[str, int]] = {}
    counted = stream(
        f"SELECT table_name, CASE WHEN reason <> '' THEN 'kept' WHEN outcome <> '' THEN outcome ELSE 'gone' END,"  # noqa: S608
        f" count(*) FROM {ROWS} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    for table, outcome, count in counted:
        tables.setdefault(table, {})[outcome] = count
    kept = [
        {"table": table, "row": row, "name": _name(table, row), "reason": reason}
        for table, row, reason in list(
            stream(
                f"SELECT table_name, row_id, reason FROM {ROWS} WHERE reason <> ''"  # noqa: S608
                f" ORDER BY reason = 'order', table_name, row_id LIMIT {SAMPLE}"
            )
        )
    ]
    execute("DELETE FROM catalog_importedevents WHERE batch_id = %s", [batch.pk])
    return {"tables": tables, "kept": kept, "seconds": round(seconds, 2)}


def _name(table: str, row: int) -> str:
    """What people know it by; customers only by their number."""
    if table not in _NAMES:
        return f"#{row}"
    found = next(stream(f"SELECT {_NAMES[table]} FROM {table} WHERE id = {int(row)}"), None)  # noqa: S608
    return str(found[0]) if found and found[0] else f"#{row}"


def reason_label(code: str) -> str:
    """Why a row stayed, in words."""
    return {
        "changed": _("somebody changed it since"),
        "import": _("a later import changed it"),
        "order": _("its order was changed since, by somebody or by a later import"),
        "in_use": _("something that came later needs it"),
        "product": _("its product stays"),
        "tree": _("the categories were rearranged since"),
    }.get(code, code)


def table_label(table: str) -> str:
    """What people call the rows of a table. Tables of other apps by the name of their model."""
    from catalog.importing.undo.rows import models_by_table

    model = models_by_table().get(table)
    return str(model._meta.verbose_name_plural) if model else table


def lines(told: dict[str, Any]) -> Iterator[str]:
    """The result as lines of text for a terminal."""
    columns = ("removed", "restored", "archived", "kept", "gone")
    titles = [_("removed"), _("put back"), _("archived"), _("stayed"), _("gone before")]
    yield f"{_('rows of'):<24}" + "".join(f"{title:>12}" for title in titles)
    for table, counts in told["tables"].items():
        yield f"{table_label(table):<24}" + "".join(f"{counts.get(column, 0):>12,}" for column in columns)
    for row in told["kept"]:
        yield f"  {table_label(row['table'])} {row['name']}: {reason_label(row['reason'])}"
