"""Bringing files in on a page: file, columns, preview, import. Nothing is written before the last step."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from catalog.admin.customers import may_see_people
from catalog.admin.notices import acting
from catalog.extensions import import_sections
from catalog.importing import differences
from catalog.importing import uploads as files
from catalog.importing.inspection import InspectedFile, Inspection
from catalog.importing.report import in_order, words
from catalog.models import ImportBatch
from catalog.services import uploads
from core.admin.widgets import Radios
from core.components import figure, toast
from core.components.progress import job_progress
from core.exceptions import DomainError

ADD = "catalog.add_importbatch"
FORMATS = (
    (uploads.NATIVE, gettext_lazy("My own tables: products, customers, orders …")),
    ("olist", gettext_lazy("Olist data set")),
    ("online-retail", gettext_lazy("Online Retail data set")),
)
FORMAT_NAMES = {
    uploads.NATIVE: gettext_lazy("own tables"),
    "olist": gettext_lazy("Olist data set"),
    "online-retail": gettext_lazy("Online Retail data set"),
}
STEPS = (gettext_lazy("Files"), gettext_lazy("Columns"), gettext_lazy("Preview"), gettext_lazy("Import"))
SECTION_NAMES = {
    "categories": gettext_lazy("Categories"),
    "brands": gettext_lazy("Brands"),
    "products": gettext_lazy("Products"),
    "variants": gettext_lazy("Variants"),
    "images": gettext_lazy("Pictures"),
    "customers": gettext_lazy("Customers"),
    "orders": gettext_lazy("Orders"),
    "order_lines": gettext_lazy("Order lines"),
    "payments": gettext_lazy("Payments"),
    "interactions": gettext_lazy("Interactions"),
}


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """A list of files, empty ones too: why one cannot be used is said by the service."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        return list(data) if isinstance(data, list | tuple) else []


class UploadForm(forms.Form):
    """Files are checked by the service; the form only collects them."""

    format = forms.ChoiceField(
        label=gettext_lazy("What the files are"), choices=FORMATS, initial=uploads.NATIVE, widget=Radios()
    )
    tables = ManyFilesField(
        label=gettext_lazy("Files"),
        widget=ManyFiles(attrs={"multiple": True, "class": "zg-input", "accept": ".csv,.tsv,.gz,.xlsx"}),
        help_text=gettext_lazy("CSV, TSV or Excel (.xlsx), also packed with gzip. Separators and encoding are found."),
        required=False,
    )


def format_name(key: str) -> str:
    """A format in few words, for lists."""
    return str(FORMAT_NAMES.get(key, key))


def section_name(name: str) -> str:
    if name in SECTION_NAMES or name not in import_sections:
        return str(SECTION_NAMES.get(name, name))
    return str(import_sections.get(name).meta.get("title", name))


class ImportWizard:
    """Mixed into the admin of ImportBatch."""

    admin_site: Any
    opts: Any

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(ADD))

    def may_continue(self, request: HttpRequest, batch: ImportBatch) -> bool:
        """Whether the batch is still only looked at, and this person may go on with it."""
        return batch.is_dry_run and self.has_add_permission(request) and files.folder_of(batch).is_dir()

    def wizard_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/columns/", wrap(self.columns_view), name="catalog_importbatch_columns"),
            path("<int:pk>/section/", wrap(require_POST(self.section_view)), name="catalog_importbatch_section"),
            path("<int:pk>/preview/", wrap(self.preview_view), name="catalog_importbatch_preview"),
            path("<int:pk>/start/", wrap(require_POST(self.start_view)), name="catalog_importbatch_start"),
            path("<int:pk>/discard/", wrap(require_POST(self.discard_view)), name="catalog_importbatch_discard"),
        ]

    # --- 1: files -----------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                batch = uploads.receive(form.cleaned_data["format"], form.cleaned_data["tables"], by=acting(request))
            except DomainError as error:
                form.add_error("tables", str(error.message))
            else:
                return HttpResponseRedirect(reverse("admin:catalog_importbatch_columns", args=[batch.pk]))
        return self._page(request, "files", 0, {"form": form, "title": _("Import files")})

    # --- 2: columns ---------------------------------------------------------------------------------------------

    def columns_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        batch = self._batch(request, pk)
        found = uploads.look_at(batch)
        if request.method == "POST":
            mapping = {**batch.mapping, **_mapping(request, found)}
            found = uploads.look_at(batch, mapping)
            if found.is_ready:
                try:
                    uploads.rehearse(batch, mapping, by=acting(request))
                except DomainError as error:
                    toast(request, str(error.message))
                return _to("preview", batch)
        unknown = uploads.unknown_files(batch)
        context = {
            "title": batch.title,
            "batch": batch,
            "inspection": found,
            # Cells may name people: for those who may see them, and for who brought the file in.
            "shows_values": may_see_people(request) or batch.created_by_id == request.user.pk,
            "cards": [_card(one, uploads.may_hold_something_else(batch, one.name)) for one in found.files],
            "unknown": unknown,
            "sections": [(entry.key, section_name(entry.key)) for entry in import_sections],
            "is_native": batch.format == uploads.NATIVE,
            "is_ready": found.is_ready and bool(found.files) and not unknown,
            "problem": found.problem if not unknown else "",
        }
        return self._page(request, "columns", 1, context)

    def section_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        batch = self._batch(request, pk)
        try:
            uploads.say_section(batch, request.POST.get("file", ""), request.POST.get("section", ""))
        except DomainError as error:
            toast(request, str(error.message))
        return _to("columns", batch)

    # --- 3: preview ---------------------------------------------------------------------------------------------

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Asks itself again while the job counts; then the whole page is shown anew."""
        batch = self._batch(request, pk)
        if batch.job is None:
            return _to("columns", batch)
        if request.headers.get("HX-Request") and not batch.job.is_active:
            return HttpResponse(headers={"HX-Refresh": "true"})
        report = in_order(batch.report or {})
        rows = report.get("sections", {})
        total = {name: sum(int(row.get(name) or 0) for row in rows.values()) for name in ("new", "changed", "refused")}
        count = total["new"] + total["changed"]
        is_done = batch.state == ImportBatch.State.DONE
        context = {
            "title": batch.title,
            "batch": batch,
            "progress": job_progress(batch.job) if batch.job.is_active else "",
            "is_done": is_done,
            "failed": batch.error or (batch.job.message_text if not is_done and not batch.job.is_active else ""),
            "sections": [
                (section_name(name), [figure(row.get(part)) for part in ("read", "new", "changed", "same", "refused")])
                for name, row in rows.items()
            ],
            "sample": [{**row, "reason": words(row["reason"])} for row in report.get("refused_sample", [])],
            "refused": total["refused"],
            "changes": [differences.labelled(change) for change in report.get("changed_sample", [])],
            "changed": total["changed"],
            "notes": [words(note) for note in report.get("notes", [])],
            "count": count,
            "button": ngettext("Import %(count)s row", "Import %(count)s rows", count) % {"count": figure(count)},
            "refused_url": self._refused_url(request, batch),
        }
        return self._page(request, "preview", 2, context)

    def _refused_url(self, request: HttpRequest, batch: ImportBatch) -> str:
        may = getattr(self, "_may_download", lambda _request: False)
        return (
            reverse("admin:catalog_importbatch_refused", args=[batch.pk]) if batch.refused_file and may(request) else ""
        )

    # --- 4: import ----------------------------------------------------------------------------------------------

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        batch = self._batch(request, pk)
        try:
            uploads.start(batch, by=acting(request))
        except DomainError as error:
            toast(request, str(error.message))
            return _to("preview", batch)
        return HttpResponseRedirect(reverse("admin:catalog_importbatch_change", args=[batch.pk]))

    def discard_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        batch = self._batch(request, pk)
        try:
            uploads.discard(batch)
        except DomainError as error:
            toast(request, str(error.message))
        else:
            toast(request, _("Files discarded"))
        return HttpResponseRedirect(reverse("admin:catalog_importbatch_changelist"))

    # --- all steps ----------------------------------------------------------------------------------------------

    def _batch(self, request: HttpRequest, pk: int) -> ImportBatch:
        """A batch that is still only looked at; one that was started has its own page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        batch = get_object_or_404(ImportBatch.objects.select_related("job"), pk=pk)
        if not self.may_continue(request, batch):
            raise Http404
        return batch

    def _page(self, request: HttpRequest, template: str, step: int, context: dict[str, Any]) -> HttpResponseBase:
        everything = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "crumbs": [{"title": _("Imports"), "url": reverse("admin:catalog_importbatch_changelist")}],
            "steps": [(label, "done" if i < step else "now" if i == step else "next") for i, label in enumerate(STEPS)],
            "media": self.media,  # type: ignore[attr-defined]
            "is_popup": False,
            **context,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/catalog/importbatch/{template}.html", everything)


def _to(step: str, batch: ImportBatch) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:catalog_importbatch_{step}", args=[batch.pk]))


def _card(file: InspectedFile, may_be_other: bool) -> dict[str, Any]:
    """What the template needs to draw one file."""
    options = [(column.name, column.name, column.is_required) for column in file.format_columns]
    return {
        "file": file,
        "title": section_name(file.section),
        "may_be_other": may_be_other,
        "options": options,
        "rows": figure(file.row_count),
        "columns": [(f"column-{file.section}-{at}", column) for at, column in enumerate(file.columns)],
        "missing": ", ".join(file.missing),
        "separator": {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": "|"}.get(file.delimiter, ""),
    }


def _mapping(request: HttpRequest, found: Inspection) -> dict[str, dict[str, str]]:
    """What was chosen for the columns that have a title, per section; nothing for files left as they were found."""
    mapping = {}
    for file in found.files:
        titled = [(at, column) for at, column in enumerate(file.columns) if column.title]
        chosen = {
            column.title: request.POST.get(f"column-{file.section}-{at}", column.becomes)[:80] for at, column in titled
        }
        if chosen != {column.title: column.becomes for _at, column in titled}:
            mapping[file.section] = chosen
    return mapping
