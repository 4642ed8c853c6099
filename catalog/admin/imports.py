"""Imports: what was brought in from files, row by row accounted for."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin import cells, filters
from catalog.admin.customers import PERSONAL_PERMISSION
from catalog.admin.import_undo import ImportUndo
from catalog.admin.import_wizard import ImportWizard, format_name, section_name
from catalog.admin.listing import ListingMixin
from catalog.extensions import import_panels
from catalog.importing.report import in_order, rule_label, total_label, words
from catalog.models import ImportBatch
from core.admin.base import EXPORT_PERMISSION, LedgerAdmin
from core.components import ago, figure, money
from core.components.progress import job_progress
from core.components.words import duration
from core.filters import DaysFilter
from core.panels import collect, panel_html

COUNTS = ("read", "new", "changed", "same", "refused")


@dataclass(frozen=True)
class SectionRow:
    """One section of the report."""

    name: str
    file: str
    counts: list[str]
    refused: str
    has_refused: bool
    seconds: str


@admin.register(ImportBatch)
class ImportBatchAdmin(ImportWizard, ImportUndo, ListingMixin, LedgerAdmin):
    add_title = gettext_lazy("Import files")
    list_display = (
        "source_cell",
        "state_cell",
        "new_cell",
        "changed_cell",
        "refused_cell",
        "took_cell",
        "started_cell",
    )
    list_filter = (("state", filters.ChoiceFilter), ("started_at", DaysFilter))
    list_select_related = ("created_by",)
    search_fields = ("source",)
    search_help_text = gettext_lazy("Folder or file")
    ordering = ("-id",)
    actions = ()
    number_columns = ("new_cell", "changed_cell", "refused_cell", "took_cell")
    compact_columns = ("state_cell", "new_cell", "refused_cell")
    empty_title = gettext_lazy("No imports yet")
    empty_text = gettext_lazy("Bring in your products, customers and orders from tables, or by the command line.")
    fields = ()

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    @admin.display(description=gettext_lazy("Import"))
    def source_cell(self, batch: ImportBatch) -> SafeString:
        name = format_name(batch.format)
        hint = f"{name} · {_('dry run')}" if batch.is_dry_run else name
        return cells.two_lines(title_of(batch), hint)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, batch: ImportBatch) -> SafeString:
        return cells.import_state(batch)

    @admin.display(description=gettext_lazy("New"))
    def new_cell(self, batch: ImportBatch) -> SafeString:
        return cells.number(figure(_sum(batch, "new")))

    @admin.display(description=gettext_lazy("Changed"))
    def changed_cell(self, batch: ImportBatch) -> SafeString:
        return cells.number(figure(_sum(batch, "changed")))

    @admin.display(description=gettext_lazy("Refused"))
    def refused_cell(self, batch: ImportBatch) -> SafeString:
        return cells.number(figure(_sum(batch, "refused")))

    @admin.display(description=gettext_lazy("Took"))
    def took_cell(self, batch: ImportBatch) -> SafeString:
        return cells.number(duration(batch.report.get("seconds")) if batch.report else "–")

    @admin.display(description=gettext_lazy("Started"), ordering="started_at")
    def started_cell(self, batch: ImportBatch) -> Any:
        return ago(batch.started_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"page_title": _("Imports"), **(extra_context or {})})

    # --- page ---------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, unquote(object_id))
        if batch is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if self.may_continue(request, batch):
            step = "preview" if batch.job_id else "columns"
            return HttpResponseRedirect(reverse(f"admin:catalog_importbatch_{step}", args=[batch.pk]))
        is_active = batch.job is not None and batch.job.is_active
        if request.headers.get("HX-Request") and not is_active:
            return HttpResponse(headers={"HX-Refresh": "true"})
        report = in_order(batch.report or {})
        context = {
            **self.admin_site.each_context(request),
            "title": title_of(batch),
            "head_pill": cells.import_state(batch),
            "opts": self.opts,
            "crumbs": [{"title": _("Imports"), "url": reverse("admin:catalog_importbatch_changelist")}],
            "original": batch,
            "batch": batch,
            "format_name": format_name(batch.format),
            "sections": [_section(name, row) for name, row in report.get("sections", {}).items()],
            "rules": [
                (rule_label(code), figure(row.get("count")), _amount(row.get("amount")))
                for code, row in report.get("rules", {}).items()
            ],
            "totals": [(total_label(name), _amount(value)) for name, value in report.get("totals", {}).items()],
            "notes": [words(note) for note in report.get("notes", [])],
            "sample": [{**row, "reason": words(row["reason"])} for row in report.get("refused_sample", [])],
            "refused": report.get("refused", 0),
            "may_download": self._may_download(request) and refused_path(batch) is not None,
            "progress": job_progress(batch.job) if is_active and batch.job else "",
            "job_url": self._job_url(request, batch),
            "took": duration(report.get("seconds")) if report else "–",
            "panels": [panel_html(request, panel, batch) for panel in collect(import_panels, request, batch)],
            **self.undo_context(request, batch),
            "media": self.media,
            "is_popup": False,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/importbatch/page.html", context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.refused_view)
        refused = path("<int:pk>/refused/", view, name="catalog_importbatch_refused")
        return [refused, *self.wizard_urls(), *self.undo_urls(), *super().get_urls()]

    def refused_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The refused rows as they came, which may hold e-mails and telephone numbers."""
        if not self._may_download(request):
            raise PermissionDenied
        batch = get_object_or_404(ImportBatch, pk=pk)
        found = refused_path(batch)
        if found is None:
            raise Http404
        response = FileResponse(
            found.open("rb"),
            as_attachment=True,
            filename=f"refused-{batch.pk}.csv",
            content_type="text/csv; charset=utf-8",
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def _may_download(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perms((EXPORT_PERMISSION, PERSONAL_PERMISSION))

    def _job_url(self, request: HttpRequest, batch: ImportBatch) -> str:
        if batch.job_id is None or not request.user.has_perm("core.view_job"):
            return ""
        return reverse("admin:core_job_change", args=[batch.job_id])


def title_of(batch: ImportBatch) -> str:
    """What uploaded files were called; of a folder its name: the whole path stands on the page."""
    return batch.title or Path(batch.source).name or batch.source


def refused_path(batch: ImportBatch) -> Path | None:
    """The file of refused rows, when it is there and lies where imports keep their files."""
    if not batch.refused_file:
        return None
    root = (Path(settings.VAR_DIR) / "imports").resolve()
    found = (Path(settings.VAR_DIR) / batch.refused_file).resolve()
    return found if found.is_relative_to(root) and found.is_file() else None


def _sum(batch: ImportBatch, column: str) -> int | None:
    sections = (batch.report or {}).get("sections")
    return None if sections is None else sum(int(row.get(column) or 0) for row in sections.values())


def _section(name: str, row: dict[str, Any]) -> SectionRow:
    return SectionRow(
        name=section_name(name),
        file=row.get("file") or "",
        counts=[figure(row.get(column)) for column in COUNTS[:-1]],
        refused=figure(row.get("refused")),
        has_refused=bool(row.get("refused")),
        seconds=duration(row.get("seconds")),
    )


def _amount(text: Any) -> str:
    try:
        return "" if text is None else money(Decimal(str(text)))
    except InvalidOperation:
        return ""
