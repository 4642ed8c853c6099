"""Undoing an import from its page: what it would do, the question, and what became of it."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.admin.notices import acting
from catalog.importing import undo
from catalog.importing.errors import ImportRefused
from catalog.importing.undo.outcome import reason_label, table_label
from catalog.models import ImportBatch, ImportChange
from core.components import figure, toast

UNDO_PERMISSION = "catalog.undo_importbatch"
UNDO_KIND = "catalog.import.undo"


@dataclass(frozen=True)
class UndoneTable:
    """Rows of one table of an undo, as text."""

    label: str
    removed: str
    restored: str
    archived: str
    kept: str


class ImportUndo:
    """The part of the admin of imports that takes them back."""

    def undo_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)  # type: ignore[attr-defined]
        return [path("<int:pk>/undo/", view, name="catalog_importbatch_undo")]

    def may_undo(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(UNDO_PERMISSION)  # type: ignore[attr-defined]

    def undo_context(self, request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
        """What the page of an import shows about undoing it."""
        told = (batch.report or {}).get("undo", {})
        return {
            "can_undo": self.may_undo(request) and _hindrance(batch) == "",
            "is_undoing": batch.job is not None and batch.job.kind == UNDO_KIND,
            "undone": [_table(table, counts) for table, counts in told.get("tables", {}).items()],
            "stayed": [
                {"what": f"{capfirst(table_label(row['table']))} {row['name']}", "why": reason_label(row["reason"])}
                for row in told.get("kept", [])
            ],
            "stayed_count": sum(counts.get("kept", 0) for counts in told.get("tables", {}).values()),
        }

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Ask (GET), then queue the undo (POST)."""
        if not self.may_undo(request):
            raise PermissionDenied
        batch = get_object_or_404(ImportBatch, pk=pk)
        page = reverse("admin:catalog_importbatch_change", args=[batch.pk])
        if request.method == "POST":
            try:
                undo.request(batch, acting(request))
            except ImportRefused as refusal:
                toast(request, str(refusal))
            else:
                toast(request, _("The import is being undone"))
            return HttpResponseRedirect(page)
        hindrance = _hindrance(batch)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Undo import #%(number)d?") % {"number": batch.pk},
            "opts": self.opts,  # type: ignore[attr-defined]
            "crumbs": [
                {"title": _("Imports"), "url": reverse("admin:catalog_importbatch_changelist")},
                {"title": _("Import #%(number)d") % {"number": batch.pk}, "url": page},
            ],
            "batch": batch,
            "page_url": page,
            "hindrance": hindrance,
            "expected": [] if hindrance else [_expected(row) for row in undo.expect(batch)],
            "later": _later(batch),
            "media": self.media,  # type: ignore[attr-defined]
            "is_popup": False,
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/catalog/importbatch/undo.html", context)


def _later(batch: ImportBatch) -> int:
    """Newer imports that wrote something and were not undone."""
    newer = ImportChange.objects.filter(batch__gt=batch.pk, outcome="")
    return ImportBatch.objects.filter(pk__in=newer.values("batch")).count()


def _hindrance(batch: ImportBatch) -> str:
    try:
        undo.check(batch)
    except ImportRefused as refusal:
        return str(refusal)
    return ""


def _expected(row: undo.Expected) -> UndoneTable:
    return UndoneTable(capfirst(table_label(row.table)), figure(row.removed), figure(row.restored), "", "")


def _table(table: str, counts: dict[str, int]) -> UndoneTable:
    numbers = (figure(counts.get(name, 0)) for name in ("removed", "restored", "archived", "kept"))
    return UndoneTable(capfirst(table_label(table)), *numbers)
