"""Bases of every staff page about a model.

`StaffModelAdmin` for what staff edit, `LedgerAdmin` for what is only read. Rights come from Django's permissions
alone; actions call services.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from core.components import toast
from core.exceptions import DomainError
from core.extensions import Registry
from core.lists import StaffChangeList
from core.paginator import StaffPaginator
from core.panels import MAIN, SIDE, collect

__all__ = ["LedgerAdmin", "StackedInline", "StaffModelAdmin", "TabularInline"]

PLAIN_LOOKUPS = frozenset({"id", "pk", "exact", "in", "isnull", "gt", "gte", "lt", "lte", "date"})
EXPORT_PERMISSION = "core.export_data"


class StaffModelAdmin(ModelAdmin):
    """List and page of a model for staff.

    `export_fields` turns the export on: names of fields, of relations with `__`, or of admin methods; the action
    appears for people with `core.export_data`. `panel_registry` names the registry whose panels stand beside the
    form. `number_columns` names columns to align right (number fields are by themselves), `compact_columns` those
    that stay in the two-line rows of a small screen (else the first three after the name). `empty_title`,
    `empty_text` and `empty_action` (label, URL name) say what an empty list is waiting for.
    """

    paginator = StaffPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200
    list_filter_submit = True
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True
    actions_on_top = True
    actions: Any = ("export_as_csv", "export_as_xlsx")

    export_fields: ClassVar[list[str] | tuple[str, ...]] = ()
    panel_registry: ClassVar[Registry | None] = None
    number_columns: ClassVar[tuple[str, ...]] = ()
    compact_columns: ClassVar[tuple[str, ...]] = ()
    empty_title: Any = ""
    empty_text: Any = ""
    empty_action: tuple[Any, str] | None = None

    # --- rights -----------------------------------------------------------------------------------------------

    def has_export_permission(self, request: HttpRequest) -> bool:
        """May take rows out of the house. Without `export_fields` nobody may."""
        return bool(self.export_fields) and request.user.has_perm(EXPORT_PERMISSION)

    # --- the list ---------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StaffChangeList]:
        return StaffChangeList

    # --- addresses --------------------------------------------------------------------------------------------

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what a filter of this list asks for. Django would allow every field of the table, so that whoever may
        see a list could guess what it does not show, such as the hash of a key, letter by letter."""
        try:
            self.opts.get_field(lookup.split(LOOKUP_SEP)[0])
        except FieldDoesNotExist:
            return True  # the list then says that it knows no such field
        for spec in self.get_list_filter(request) if request is not None else self.list_filter:
            name = spec if isinstance(spec, str) else spec[0] if isinstance(spec, tuple) else spec.parameter_name
            if lookup == name:
                return True
            if lookup.startswith(f"{name}{LOOKUP_SEP}"):
                return PLAIN_LOOKUPS.issuperset(lookup.removeprefix(f"{name}{LOOKUP_SEP}").split(LOOKUP_SEP))
        return False

    # --- export -----------------------------------------------------------------------------------------------

    def get_export_fields(self, request: HttpRequest) -> Sequence[str]:
        """The columns that this person may take out."""
        return self.export_fields

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_as_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        """Sends a few rows at once and lets a job write many; cells that a spreadsheet would run are made harmless."""
        return self._export(request, queryset, "csv", chosen=True)

    @admin.action(description=_("Export as Excel"), permissions=["export"])
    def export_as_xlsx(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        return self._export(request, queryset, "xlsx", chosen=True)

    def get_urls(self) -> list[URLPattern]:
        found: list[URLPattern] = super().get_urls()
        if not self.export_fields:
            return found
        view = self.admin_site.admin_view(require_POST(self.export_view))
        return [path("export/", view, name=f"{self.opts.app_label}_{self.opts.model_name}_export"), *found]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The whole list as it is filtered: its filters stand in the address."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        return self._export(request, rows, request.POST.get("format", ""), chosen=False)

    def _export(
        self, request: HttpRequest, queryset: QuerySet[Any], file_format: str, *, chosen: bool
    ) -> HttpResponseBase:
        from core import exports

        if not self.has_export_permission(request):
            raise PermissionDenied
        answer = exports.export_now(self, request, queryset) if file_format != "xlsx" else None
        if answer is not None:
            return answer
        some = chosen and request.POST.get("select_across") != "1"
        ids = request.POST.getlist(ACTION_CHECKBOX_NAME) if some else None
        exports.ask(self, request, "xlsx" if file_format == "xlsx" else "csv", ids=ids)
        toast(request, _("Your file is being made"))
        return HttpResponseRedirect(reverse("admin:core_export_changelist"))

    # --- acting through services ------------------------------------------------------------------------------

    def refuse(self, request: HttpRequest, error: DomainError) -> None:
        """Show why the shop said no."""
        self.message_user(request, str(error.message), messages.ERROR)

    # --- panels -----------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = dict(extra_context or {})
        if self.panel_registry is not None and request.method in ("GET", "HEAD"):
            obj = self.get_object(request, object_id)
            if obj is not None and self.has_view_or_change_permission(request, obj):
                panels = collect(self.panel_registry, request, obj)
                context["main_panels"] = [panel for panel in panels if panel.place == MAIN]
                context["side_panels"] = [panel for panel in panels if panel.place == SIDE]
        return super().change_view(request, object_id, form_url, context)


class LedgerAdmin(StaffModelAdmin):
    """For rows that services write and people only read: no adding, changing or deleting here."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
