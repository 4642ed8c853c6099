"""Exports: the files that one asked for, until they are removed."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.views import ChangeList

from core import exports, ledger
from core.admin.base import EXPORT_PERMISSION, LedgerAdmin
from core.components import Meaning, ago, figure, pill, toast, when
from core.components.progress import job_progress
from core.exports.files import path_of
from core.exports.sources import source_of
from core.exports.tables import file_name, private_headers
from core.models import Export, Job, LedgerEntry

TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def list_title(export: Export) -> str:
    """What the list or table is called; its key when it is gone."""
    source = source_of(export.source)
    return export.query.get("title") or (source.title() if source else export.source)


def export_page(request: HttpRequest, *, key: str) -> HttpResponseBase:
    """The table of a staff page as the file that the form asks for; the page's state stands in the address. A small CSV
    comes at once, what is larger by a job."""
    source = exports.page_source(key)
    if source is None:
        raise Http404
    if not source.is_allowed(request):
        raise PermissionDenied
    table = source.table(request)
    file_format = Export.Format.XLSX if request.POST.get("format") == "xlsx" else Export.Format.CSV
    answer = exports.export_page_now(source, table) if file_format == Export.Format.CSV else None
    if answer is not None:
        return answer
    exports.ask_page(source, table, request, file_format)
    toast(request, _("Your file is being made"))
    return HttpResponseRedirect(reverse("admin:core_export_changelist"))


class FileList(ChangeList):
    """A row leads to its file."""

    def url_for_result(self, result: Export) -> str:
        if result.finished_at is not None:
            return reverse("admin:core_export_download", args=[result.pk])
        return str(reverse("admin:core_job_change", args=[result.job_id])) if result.job_id else ""


@admin.register(Export)
class ExportAdmin(LedgerAdmin):
    """Everybody sees their own: a file holds what its person may see, which is not what another may see."""

    list_display = ("title", "state", "row_count", "size", "asked", "removed")
    list_select_related = ("job",)
    number_columns = ("row_count", "size")
    compact_columns = ("state", "row_count", "removed")
    actions = ()
    empty_title = gettext_lazy("No exports")
    empty_text = gettext_lazy(
        "Every list and report has “Export” above it. Large files are made in the background and wait here for a week."
    )

    # --- rights -------------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(EXPORT_PERMISSION))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(EXPORT_PERMISSION))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        return super().get_queryset(request).filter(created_by=request.user.pk)

    # --- list ---------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FileList

    @display(description=gettext_lazy("Export"))
    def title(self, export: Export) -> str:
        return f"{list_title(export)} · {export.get_format_display()}"

    @display(description=gettext_lazy("State"))
    def state(self, export: Export) -> SafeString | str:
        if export.finished_at is not None:
            return pill(Meaning.GOOD, _("ready")) if path_of(export) else pill(Meaning.IDLE, _("removed"))
        job = export.job
        if job is None:
            return pill(Meaning.STOPPED, _("not made"))
        if job.state == Job.State.FAILED and job.message:
            return format_html("{} {}", pill(Meaning.STOPPED, _("not made")), job.message_text)
        return job_progress(job)

    @display(description=gettext_lazy("Rows"), ordering="rows")
    def row_count(self, export: Export) -> str:
        return figure(export.rows)

    @display(description=gettext_lazy("Size"), ordering="bytes")
    def size(self, export: Export) -> str:
        return filesizeformat(export.bytes) if export.bytes is not None else "–"

    @display(description=gettext_lazy("Asked for"), ordering="created_at")
    def asked(self, export: Export) -> SafeString | str:
        return ago(export.created_at)

    @display(description=gettext_lazy("Removed on"), ordering="expires_at")
    def removed(self, export: Export) -> str:
        return when(export.expires_at)

    # --- pages --------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_view)
        return [path("<int:pk>/download/", view, name="core_export_download"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """There is nothing more to see than the list says."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:core_export_changelist"))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        return self.change_view(request, object_id)

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Only to the person who asked, while they may still take this list out. Noted in the ledger."""
        if not request.user.has_perm(EXPORT_PERMISSION):
            raise PermissionDenied
        export = get_object_or_404(Export, pk=pk, created_by=request.user.pk)
        source, file = source_of(export.source), path_of(export)
        if source is None or file is None:
            raise Http404
        if not source.is_allowed(request):
            raise PermissionDenied
        opened = file.open("rb")
        with transaction.atomic():
            ledger.record(
                LedgerEntry.Kind.EXPORT,
                f"core.export:{export.pk}",
                actor=f"staff:{request.user.pk}",
                list=export.source,
                rows=export.rows,
                format=str(export.format),
                act="fetched",
            )
        response = FileResponse(opened, content_type=TYPES[Export.Format(export.format)])
        for name, value in private_headers(file_name(list_title(export), export.format)).items():
            response.headers[name] = value
        return response
