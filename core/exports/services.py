"""Asking for a list as a file."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import translation

from core import ledger
from core.exports.tables import csv_response
from core.jobs import enqueue
from core.models import Export, LedgerEntry, StaffUser

SMALL = 1_000  # so many rows are sent while the person waits
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


@transaction.atomic
def ask(model_admin: Any, request: HttpRequest, file_format: str, *, ids: list[str] | None = None) -> Export:
    """Let a job make the file. What is in it is decided when it runs: the filters of the list as it is shown, the
    rights the person has then. `ids`: these rows only."""
    person: StaffUser = request.user  # type: ignore[assignment]
    query: dict[str, Any] = {"params": filters_of(request.GET), "language": translation.get_language()}
    if ids is not None:
        query["ids"] = ids
    export = Export.objects.create(
        source=model_admin.model._meta.label_lower, query=query, format=Export.Format(file_format), created_by=person
    )
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
