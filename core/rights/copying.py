"""The copy: everything the tables hold about one person, as a zip that people and programs can read."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import ForeignKey, Model
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.exports import safe_cell
from core.rights.holdings import Holding, holdings, subject

HIDDEN = ("key_hash",)


def folder() -> Path:
    return Path(settings.VAR_DIR) / "rights" / "copies"


def write_copy(label: str, pk: int, name: str) -> tuple[str, dict[str, int]]:
    """Write `<name>.zip` with `data.json`, a CSV for each table and a page that explains them; rows per table.

    Written aside and renamed, so a file that is there is whole.
    """
    target = folder() / f"{name}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o700)
    aside = target.with_suffix(".writing")
    counts: dict[str, int] = {}
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            everything: dict[str, list[dict[str, Any]]] = {}
            for one in reversed(holdings(label)):
                rows = [row for person in (pk, *subject(label).others(pk)) for row in _rows(one, person)]
                counts[one.label] = len(rows)
                everything[one.label] = rows
                if rows:
                    archive.writestr(f"{one.label}.csv", _csv(rows))
            archive.writestr("data.json", json.dumps(everything, ensure_ascii=False, indent=1, default=_plain))
            with translation.override(subject(label).language(pk) or settings.LANGUAGE_CODE):
                archive.writestr("README.txt", _explained(counts))
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    return target.name, counts


def _rows(one: Holding, pk: int) -> Iterator[dict[str, Any]]:
    columns = [column for column in one.model._meta.concrete_fields if column.name not in HIDDEN]
    for row in one.rows_of(pk).iterator(chunk_size=1000):
        yield {column.name: _value(row, column) for column in columns}


def _value(row: Model, column: Any) -> Any:
    return getattr(row, column.attname if isinstance(column, ForeignKey) else column.name)


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    out.write("\ufeff")  # spreadsheets take it as the mark of UTF-8
    writer = csv.writer(out)
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(safe_cell(_plain(value)) for value in row.values())
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value.normalize())
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value if value is None or isinstance(value, int | float | str | bool) else str(value)


def _explained(counts: dict[str, int]) -> str:
    lines = [
        _("Everything this shop stores about you."),
        _("Made on %(date)s.") % {"date": timezone.localdate().isoformat()},
        "",
        _("data.json holds all of it for programs. The other files are tables for a spreadsheet:"),
        *(f"  {label}.csv  ({count})" for label, count in counts.items() if count),
    ]
    return "\r\n".join(lines) + "\r\n"
