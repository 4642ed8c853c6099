"""A list as a table: its columns, its rows one by one, and the answer that sends them while they are read."""

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.text import capfirst

from core.exports.cells import safe_cell
from core.lists import MoreColumn

CHUNK = 2_000


class Table:
    """The columns of a list for one person: what the model's page says they may take out."""

    def __init__(self, model_admin: Any, request: HttpRequest) -> None:
        self.model_admin, self.model, self.request = model_admin, model_admin.model, request
        self.fields: list[str] = list(model_admin.get_export_fields(request))
        self._getters = [self._getter(name) for name in self.fields]
        self._more = [name for name in self.fields if isinstance(name, MoreColumn)]

    def titles(self) -> list[str]:
        """Names of the columns in the active language."""
        return [self._title(name) for name in self.fields]

    def file_name(self, extension: str) -> str:
        """What the file is called where it is saved."""
        return file_name(str(self.model._meta.verbose_name_plural), extension)

    def rows(self, queryset: QuerySet[Any]) -> Iterator[list[Any]]:
        """Values row by row, in one query, and one more for a chunk where columns are read by others; never more than a
        few thousand rows are in memory."""
        related = [name for name in map(self._relation, self.fields) if name]
        found = queryset.select_related(*related) if related else queryset
        if all(self._is_plain(name) for name in self.fields):
            found = found.prefetch_related(None)
        for rows in self._chunks(found.iterator(chunk_size=CHUNK)):
            for row in rows:
                yield [get(row) for get in self._getters]

    def _chunks(self, rows: Iterator[Any]) -> Iterator[Iterable[Any]]:
        """The rows together with what others know about them."""
        if not self._more:
            yield rows
            return
        while chunk := list(islice(rows, CHUNK)):
            self.model_admin.fill_more_columns(self.request, chunk, self._more)
            yield chunk

    # --- columns ------------------------------------------------------------------------------------------------

    def _field(self, name: str) -> Any:
        try:
            return self.model._meta.get_field(name)
        except FieldDoesNotExist:
            return None

    def _is_plain(self, name: str) -> bool:
        return isinstance(name, MoreColumn) or LOOKUP_SEP in name or self._field(name) is not None

    def _relation(self, name: str) -> str:
        """What has to be read together with the row."""
        if LOOKUP_SEP in name:
            return name.rpartition(LOOKUP_SEP)[0]
        field = self._field(name)
        return name if field is not None and (field.many_to_one or field.one_to_one) else ""

    def _getter(self, name: str) -> Callable[[Model], Any]:
        if isinstance(name, MoreColumn):
            return name.value
        if LOOKUP_SEP in name:
            return lambda row: _along(row, name.split(LOOKUP_SEP))
        return attrgetter(name) if self._field(name) is not None else lambda row: self._shown(row, name)

    def _shown(self, row: Model, name: str) -> Any:
        """What a method of the page says about the row."""
        try:
            _field, _attribute, value = lookup_field(name, row, self.model_admin)
        except ObjectDoesNotExist:
            return None
        return strip_tags(value) if hasattr(value, "__html__") else value

    def _title(self, name: str) -> str:
        if LOOKUP_SEP not in name:
            return capfirst(strip_tags(str(label_for_field(name, self.model, self.model_admin))))
        model, titles = self.model, []
        for part in name.split(LOOKUP_SEP):
            try:
                field = model._meta.get_field(part)
            except FieldDoesNotExist:
                titles.append(part.replace("_", " "))
                continue
            titles.append(str(getattr(field, "verbose_name", part)))
            model = getattr(field, "related_model", None) or model
        return capfirst(" · ".join(titles))


def _along(row: Any, parts: list[str]) -> Any:
    value = row
    for part in parts:
        value = getattr(value, part, None)
        if value is None:
            return None
    return value


# --- answers ------------------------------------------------------------------------------------------------------


def csv_response(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> StreamingHttpResponse:
    """The rows of `queryset` as CSV, sent while they are read. The first row names the columns in the reader's
    language."""
    table = Table(model_admin, request)
    titles = table.titles()
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def lines() -> Iterator[list[str]]:
        # Rows are read after the request's language and time zone have ended.
        yield [safe_cell(title) for title in titles]
        rows = table.rows(queryset)
        while True:
            with translation.override(language), timezone.override(zone):
                row = next(rows, None)
                cells = None if row is None else [safe_cell(value) for value in row]
            if cells is None:
                return
            yield cells

    response = StreamingHttpResponse(csv_lines(lines()), content_type="text/csv; charset=utf-8")
    for name, value in private_headers(table.file_name("csv")).items():
        response.headers[name] = value
    return response


def file_name(title: str, extension: str) -> str:
    """What a file is called where it is saved: its title and today."""
    return f"{title.replace(',', '')}-{timezone.localdate():%Y-%m-%d}.{extension}".replace(" ", "-")


def private_headers(file_name: str) -> dict[str, str]:
    """For a file with rows of the shop: saved, not shown, kept by nobody on the way."""
    return {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=file_name) or "attachment",
        "Cache-Control": "no-store, private",
        "X-Content-Type-Options": "nosniff",
    }


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """Rows of safe cells as bytes, with the mark that lets spreadsheets see UTF-8."""
    writer = csv.writer(_Echo())
    first = True
    for row in rows:
        line = str(writer.writerow(row))
        yield (("\ufeff" if first else "") + line).encode(errors="replace")
        first = False


class _Echo:
    """A file that gives back what is written, so that rows can be sent one by one."""

    def write(self, text: str) -> str:
        return text
