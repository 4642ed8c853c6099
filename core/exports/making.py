"""The job: a list or table as its person sees it now, row by row into a file."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from core import ledger
from core.exports.files import KEEP_DAYS, path_of, root, write_file
from core.exports.sources import ExportRefused, Opened, source_of
from core.exports.tables import CHUNK
from core.jobs import progress
from core.models import Export, LedgerEntry, StaffUser

MOST_TRIES = 5
"""So often a file is written anew because somebody was erased while it was written."""


def make(export_id: int) -> dict[str, Any]:
    """Write the file of an Export. One that has its file is not made again."""
    export = Export.objects.select_related("created_by").get(pk=export_id)
    if path_of(export) is not None:
        return {"rows": export.rows}
    with translation.override(export.query.get("language") or "en"):
        opened = open_export(export)
        name, counter = f"{export.public_id}.{export.format}", _Counter()
        for _try in range(MOST_TRIES):
            erased = _erasures()
            # One transaction holds the cursor, so that every row is of the same moment.
            with transaction.atomic():
                _allow_long_reading()
                rows = counter.count(opened.rows(), opened.total())
                size = write_file(name, export.format, opened.titles, rows)
            # Whoever was erased meanwhile may stand in this file, which the erasure did not see.
            if _erasures() == erased:
                break
            counter.rows = 0
            opened = open_export(export)
        else:
            (root() / name).unlink(missing_ok=True)
            raise ExportRefused(gettext_noop("People are being erased. Ask for this list again later."))
    _finish(export, name, rows=counter.rows, size=size)
    return {"rows": counter.rows}


def _erasures() -> int:
    """How many people were erased so far. Only grows."""
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.RIGHTS, body__contains='"act": "erased"').count()


def open_export(export: Export) -> Opened:
    """Columns and rows of what was asked for, for its person. Raises ExportRefused."""
    source = source_of(export.source)
    person = StaffUser.objects.get(pk=export.created_by_id)  # rights as they are now
    if source is None:
        raise ExportRefused(gettext_noop("This list does not exist any more."))
    request = _request(person, export.query.get("params", ""))
    if not source.is_allowed(request):
        raise ExportRefused(gettext_noop("You may no longer export this list. Nothing was made."))
    return source.open(request, export.query.get("ids"))


class _Counter:
    """Counts rows while they pass, and says how far the job is."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, rows: Iterator[list[Any]], total: int | None) -> Iterator[list[Any]]:
        for row in rows:
            self.rows += 1
            if self.rows % CHUNK == 0:
                progress(self.rows, total)
            yield row
        progress(self.rows, total)


def _finish(export: Export, name: str, *, rows: int, size: int) -> None:
    """Twins may both get here with the same file: one writes it down."""
    now = timezone.now()
    with transaction.atomic():
        written = Export.objects.filter(pk=export.pk, finished_at=None).update(
            file=name, rows=rows, bytes=size, finished_at=now, expires_at=now + timedelta(days=KEEP_DAYS)
        )
        if written:
            ledger.record(
                LedgerEntry.Kind.EXPORT,
                f"core.export:{export.pk}",
                actor=f"staff:{export.created_by_id}",
                list=export.source,
                rows=rows,
                format=str(export.format),
                act="made",
            )


def _allow_long_reading() -> None:
    """For this transaction: sorting a large list may take as long as the job may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")


def _request(person: StaffUser, params: str) -> HttpRequest:
    request = HttpRequest()
    request.method, request.GET, request.user = "GET", QueryDict(params), person
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "QUERY_STRING": params}
    return request
