"""Lists as CSV files that no spreadsheet can be tricked with.

A cell whose text a spreadsheet would run as a formula gets a leading apostrophe; reading the file back with
`restore_cell` gives the text as it was, for every text. Numbers stay numbers.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.html import strip_tags
from django.utils.text import capfirst

CHUNK = 2_000
_BLANK = r"[\s\u200b-\u200f\u2060\ufeff]*"
_RISKY = re.compile(rf"'*(?:{_BLANK}[=+\-@|＝＋－＠｜]|[ \u3000]*[\t\r\n])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def is_risky(text: str) -> bool:
    """True for text that a spreadsheet may run: starts with = + - @ | tab or line break, their full-width forms, or
    blanks before them. A plain number is not."""
    return bool(_RISKY.match(text)) and not _NUMBER.fullmatch(text)


def safe_cell(value: Any) -> str:
    """What stands in the file for a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if is_risky(text) else text


def restore_cell(text: str) -> str:
    """The text as it was before `safe_cell`; every other cell comes back unchanged."""
    return text[1:] if text.startswith("'") and is_risky(text[1:]) else text


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """Rows of safe cells as bytes, with the mark that lets spreadsheets see UTF-8."""
    writer = csv.writer(_Echo())
    first = True
    for row in rows:
        line = str(writer.writerow(row))
        yield (("\ufeff" if first else "") + line).encode()
        first = False


def csv_response(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> StreamingHttpResponse:
    """The rows of `queryset` in the columns `export_fields` of the model's page, sent while they are read.

    The first row names the columns in the reader's language.
    """
    fields = list(model_admin.export_fields)
    related = [name.rpartition(LOOKUP_SEP)[0] for name in fields if LOOKUP_SEP in name]
    rows = queryset.select_related(*related) if related else queryset
    name = f"{model_admin.model._meta.verbose_name_plural}-{timezone.localdate():%Y-%m-%d}.csv".replace(" ", "-")

    titles = [_title(model_admin, field) for field in fields]
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def table() -> Iterator[list[Any]]:
        # Rows are read after the request's language and time zone have ended.
        yield titles
        for row in rows.iterator(chunk_size=CHUNK):
            with translation.override(language), timezone.override(zone):
                cells = [safe_cell(_value(model_admin, row, field)) for field in fields]
            yield cells

    response = StreamingHttpResponse(csv_lines(table()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = _disposition(name)
    response.headers["Cache-Control"] = "no-store"
    return response


class _Echo:
    """A file that gives back what is written, so that rows can be sent one by one."""

    def write(self, text: str) -> str:
        return text


def _title(model_admin: Any, name: str) -> str:
    if LOOKUP_SEP in name:
        model, titles = model_admin.model, []
        for part in name.split(LOOKUP_SEP):
            try:
                field = model._meta.get_field(part)
            except FieldDoesNotExist:
                titles.append(part.replace("_", " "))
                continue
            titles.append(str(getattr(field, "verbose_name", part)))
            model = getattr(field, "related_model", None) or model
        return capfirst(" · ".join(titles))
    return capfirst(strip_tags(str(label_for_field(name, model_admin.model, model_admin))))


def _value(model_admin: Any, row: Model, name: str) -> Any:
    if LOOKUP_SEP in name:
        value: Any = row
        for part in name.split(LOOKUP_SEP):
            value = getattr(value, part, None)
            if value is None:
                return None
        return value
    try:
        _field, _attribute, value = lookup_field(name, row, model_admin)
    except ObjectDoesNotExist:
        return None
    return strip_tags(value) if hasattr(value, "__html__") else value


def _disposition(name: str) -> str:
    from django.utils.http import content_disposition_header

    return content_disposition_header(as_attachment=True, filename=name) or "attachment"
