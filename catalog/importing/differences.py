"""What a rehearsed import would change, field by field: a sample for the preview.

Only rows of the catalogue: what would change about people is counted and not written down a second time.
"""

import json
from decimal import Decimal
from itertools import islice
from typing import Any

from django.apps import apps
from django.db import connection, models

from catalog.importing.changes import NOTES
from catalog.models import Brand, Category, Product, Variant
from core.money import amount_text

SAMPLE = 30
"""Fields shown at the most."""
LONGEST = 160
TABLES: tuple[type[models.Model], ...] = (Product, Variant, Category, Brand)
_BY_ITSELF = ("updated_at", "is_in_stock", "is_low", "path", "depth", "numchild")


def sample(already: int = 0) -> list[dict[str, str]]:
    """Changed fields of rows that were there before, read inside the rehearsal: model, name, field, old, new.

    At most SAMPLE together with the `already` known ones. Tables in the order of TABLES, rows by age.
    """
    left = SAMPLE - already
    every = (
        _said(model, column, before, after)
        for model in TABLES
        for before, after in _changed_rows(model._meta.db_table, left)
        for column in after
        if column not in _BY_ITSELF and before.get(column) != after[column]
    )
    return list(islice(every, max(left, 0)))


def _changed_rows(table: str, most: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    if most <= 0:
        return []
    ignored = ", ".join(f"'{name}'" for name in _BY_ITSELF)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.before::text, to_jsonb(t)::text FROM (
                SELECT DISTINCT ON (row_id) row_id, before FROM {NOTES} WHERE table_name = %s ORDER BY row_id, place
            ) c JOIN {table} t ON t.id = c.row_id
            WHERE c.before IS NOT NULL AND c.before - ARRAY[{ignored}] <> to_jsonb(t) - ARRAY[{ignored}]
            ORDER BY c.row_id LIMIT %s
            """,  # noqa: S608 names come from the models
            [table, most],
        )
        return [(_parsed(before), _parsed(after)) for before, after in cursor.fetchall()]


def _parsed(row: str) -> dict[str, Any]:
    """Amounts keep their digits: 25.00 is no 25.0."""
    parsed: dict[str, Any] = json.loads(row, parse_float=str)
    return parsed


def _said(model: type[models.Model], column: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    field = next(field for field in model._meta.concrete_fields if field.column == column)
    old, new = (_in_words(field, row.get(column)) for row in (before, after))
    name = str(before.get("name") or before.get("sku") or before["id"])
    return {"model": model._meta.label_lower, "name": name[:LONGEST], "field": field.name, "old": old, "new": new}


def _in_words(field: Any, value: Any) -> str:
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(field, models.ForeignKey):
        thing = field.related_model._base_manager.filter(pk=value).first()
        return str(thing or value)[:LONGEST]
    if isinstance(field, models.DecimalField):
        return amount_text(Decimal(str(value)))
    if isinstance(value, dict):
        return " · ".join(f"{key}: {part}" for key, part in value.items())[:LONGEST]
    return str(value)[:LONGEST]


def labelled(change: dict[str, str]) -> dict[str, str]:
    """The same with what people call the model and the field, in the language of the reader."""
    model = apps.get_model(change["model"])
    return {
        **change,
        "kind": str(model._meta.verbose_name),
        "label": str(model._meta.get_field(change["field"]).verbose_name),
    }
