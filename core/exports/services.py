"""Asking for a list, or the table of a page, as a file."""

from itertools import islice
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import translation

from core import ledger
from core.exports.cells import safe_cell
from core.exports.sources import PageSource, PageTable
from core.exports.tables import csv_lines, csv_response, file_name, private_headers
from core.jobs import enqueue
from core.models import Export, LedgerEntry, StaffUser

SMALL = 1_000  # so many rows are sent while the person waits
SECONDS = 4  # so long they are read for while the person waits
TASK = "core.tasks.make_export"
WAITING = "exports_waiting"
"""Key in the session: exports whose end the person has not been told of."""

NOT_FILTERS = ("p", "all", "e", "_changelist_filters", "_popup", "_to_field")


def export_now(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> StreamingHttpResponse | None:
    """The rows as CSV at once, noted in the ledger; None when there are too many for that."""
    count = queryset.order_by().values("pk")[: SMALL + 1].count()
    if count > SMALL:
        return None
    label = model_admin.model._meta.label_lower
    ledger.record(LedgerEntry.Kind.EXPORT, label, list=label, rows=count, format=Export.Format.CSV.value, act="sent")
    return csv_response(model_admin, request, queryset)


def export_page_now(source: PageSource, table: PageTable) -> StreamingHttpResponse | None:
    """The table of a page as CSV at once, noted in the ledger; None when it is too large or too slow for that."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            rows = [[safe_cell(cell) for cell in row] for row in islice(table.rows, SMALL + 1)]
    except OperationalError:
        return None
    if len(rows) > SMALL:
        return None
    ledger.record(
        LedgerEntry.Kind.EXPORT, source.key, list=source.key, rows=len(rows), format=Export.Format.CSV.value, act="sent"
    )
    heads = [safe_cell(str(head)) for head in table.heads]
    response = StreamingHttpResponse(csv_lines([heads, *rows]), content_type="text/csv; charset=utf-8")
    for name, value in private_headers(file_name(table.title, "csv")).items():
        response.headers[name] = value
    return response


def ask(model_admin: Any, request: HttpRequest, file_format: str, *, ids: list[str] | None = None) -> Export:
    """Let a job make the file of a list. What is in it is decided when it runs: the filters of the list as it is shown,
    the rights the person has then. `ids`: these rows only."""
    query: dict[str, Any] = {} if ids is None else {"ids": ids}
    return _ask(model_admin.model._meta.label_lower, request, file_format, query)


def ask_page(source: PageSource, table: PageTable, request: HttpRequest, file_format: str) -> Export:
    """Let a job make the file of a page's table, for the address of the request."""
    return _ask(source.key, request, file_format, {"title": table.title})


@transaction.atomic
def _ask(source: str, request: HttpRequest, file_format: str, more: dict[str, Any]) -> Export:
    person: StaffUser = request.user  # type: ignore[assignment]
    query = {"params": filters_of(request.GET), "language": translation.get_language(), **more}
    export = Export.objects.create(source=source, query=query, format=Export.Format(file_format), created_by=person)
    export.job = enqueue(TASK, dedupe_key=f"export:{export.pk}", created_by=person, export_id=export.pk)
    export.save(update_fields=["job"])
    request.session[WAITING] = [*request.session.get(WAITING, [])[-20:], export.pk]
    return export


def filters_of(params: QueryDict) -> str:
    """The search, the filters and the order of a list, without the page somebody was on."""
    kept = params.copy()
    for name in NOT_FILTERS:
        kept.pop(name, None)
    return kept.urlencode()
