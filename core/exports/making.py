"""The job: the list as its person sees it now, row by row into a file."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from core import ledger
from core.exceptions import DomainError
from core.exports.files import KEEP_DAYS, path_of, root, write_file
from core.exports.tables import CHUNK, Table
from core.jobs import progress
from core.models import Export, LedgerEntry, StaffUser

MOST_TRIES = 5
"""So often a file is written anew because somebody was erased while it was written."""


class ExportRefused(DomainError):
    """The list is gone, or the person may no longer take it out."""

    code = "export_refused"


def make(export_id: int) -> dict[str, Any]:
    """Write the file of an Export. One that has its file is not made again."""
    export = Export.objects.select_related("created_by").get(pk=export_id)
    if path_of(export) is not None:
        return {"rows": export.rows}
    with translation.override(export.query.get("language") or "en"):
        table, queryset = open_list(export)
        name, counter = f"{export.public_id}.{export.format}", _Counter()
        for _try in range(MOST_TRIES):
            erased = _erasures()
            # One transaction holds the cursor, so that every row is of the same moment.
            with transaction.atomic():
                _allow_long_reading()
                total = queryset.order_by().count()
                rows = counter.count(table.rows(queryset), total)
                size = write_file(name, export.format, table.titles(), rows)
            # Whoever was erased meanwhile may stand in this file, which the erasure did not see.
            if _erasures() == erased:
                break
            counter.rows = 0
        else:
            (root() / name).unlink(missing_ok=True)
            raise ExportRefused(gettext_noop("People are being erased. Ask for this list again later."))
    _finish(export, name, rows=counter.rows, size=size)
    return {"rows": counter.rows}


def _erasures() -> int:
    """How many people were erased so far. Only grows."""
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.RIGHTS, body__contains='"act": "erased"').count()


def open_list(export: Export) -> tuple[Table, QuerySet[Any]]:
    """Columns and rows of the stored list for its person. Raises ExportRefused."""
    model_admin = model_admin_of(export.source)
    person = StaffUser.objects.get(pk=export.created_by_id)  # rights as they are now
    if model_admin is None:
        raise ExportRefused(gettext_noop("This list does not exist any more."))
    request = _request(person, export.query.get("params", ""))
    if not may_export(model_admin, request):
        raise ExportRefused(gettext_noop("You may no longer export this list. Nothing was made."))
    try:
        queryset = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters as error:
        raise ExportRefused(gettext_noop("The filters of this list do not exist any more. Ask again.")) from error
    if (ids := export.query.get("ids")) is not None:
        queryset = queryset.filter(pk__in=ids)
    return Table(model_admin, request), queryset


def model_admin_of(label: str) -> Any:
    """The page of a model in the staff site; None when there is none."""
    try:
        return admin.site._registry.get(apps.get_model(label))
    except (LookupError, ValueError):
        return None


def may_export(model_admin: Any, request: HttpRequest) -> bool:
    """Whether the person of this request may take the list out of the house now."""
    user = request.user
    return bool(
        user.is_active
        and user.is_staff
        and model_admin.has_view_or_change_permission(request)
        and model_admin.has_export_permission(request)
    )


class _Counter:
    """Counts rows while they pass, and says how far the job is."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, rows: Iterator[list[Any]], total: int) -> Iterator[list[Any]]:
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
