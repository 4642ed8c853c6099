"""Bases of every staff page about a model.

`StaffModelAdmin` for what staff edit, `SettingsAdmin` for the one row of settings, `LedgerAdmin` for what is only read.
Rights come from Django's permissions alone; actions call services.
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from core import history, saved_views
from core.components import toast
from core.exceptions import DomainError
from core.exports.sources import EXPORT_PERMISSION
from core.extensions import Registry
from core.lists import MoreColumn, StaffChangeList
from core.paginator import StaffPaginator
from core.panels import MAIN, SIDE, collect, make, panel_html
from core.saved_views import COLUMNS

__all__ = ["EXPORT_PERMISSION", "LedgerAdmin", "SettingsAdmin", "StackedInline", "StaffModelAdmin", "TabularInline"]

PLAIN_LOOKUPS = frozenset({"id", "pk", "exact", "in", "isnull", "gt", "gte", "lt", "lte", "date"})


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

    list_before_template = "core/lists/views.html"

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """All columns, or those that the address names: the first always, in the order of the list."""
        shown = super().get_list_display(request)
        wanted = set(request.GET.get(COLUMNS, "").split(",")) - {""}
        if not wanted:
            return shown
        every = [*shown, *self.more_columns(request)]
        kept = [name for place, name in enumerate(every) if place == 0 or str(name) in wanted]
        return kept if len(kept) > 1 else shown

    def more_columns(self, request: HttpRequest) -> Sequence[MoreColumn]:
        """Columns that stand in the list only when somebody asks for them."""
        return ()

    def fill_more_columns(self, request: HttpRequest, rows: Sequence[Any], columns: Sequence[MoreColumn]) -> None:
        """Read what these columns say about these rows, in one query for each owner."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Opens with the view that the person chose for it."""
        if request.method == "GET" and not request.GET and self.has_view_or_change_permission(request):
            views = saved_views.visible_on(request, self.opts.label_lower)
            view = next((view for view in views if view.is_default), None)  # type: ignore[attr-defined]
            if view is not None:
                columns = saved_views.columns_of(self, request.user)  # type: ignore[arg-type]
                return HttpResponseRedirect(f"?{saved_views.address_of(view, columns)}")
        return super().changelist_view(request, extra_context)

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
        if self.panel_registry is not None:
            panel = self.admin_site.admin_view(self.panel_view)
            name = f"{self.opts.app_label}_{self.opts.model_name}_panel"
            found = [path("<path:object_id>/panel/<str:key>/", panel, name=name), *found]
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

    # --- rows edited on the page of another -------------------------------------------------------------------

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Django begins the name in "Add another variant" with a capital letter."""
        found = super().get_inline_formsets(*args, **kwargs)
        for one in found:
            data, name = json.loads(one.inline_formset_data()), str(one.opts.verbose_name)
            data["options"]["addText"] = data["options"]["addText"].replace(capfirst(name), name)
            one.inline_formset_data = json.dumps(data)
        return found

    # --- acting through services ------------------------------------------------------------------------------

    def refuse(self, request: HttpRequest, error: DomainError) -> None:
        """Show why the shop said no."""
        self.message_user(request, str(error.message), messages.ERROR)

    # --- history ----------------------------------------------------------------------------------------------

    def history_subjects(self, obj: Any) -> list[str]:
        """What the history of this row is about: itself, and parts of it that have entries of their own."""
        return [history.subject_of(obj)]

    def history_entries(self, obj: Any, *, may_undo: bool) -> list[history.Entry]:
        """Newest first. A model whose story is told elsewhere says so here."""
        return history.entries(obj, self.history_subjects(obj), may_undo=may_undo)

    def after_undo(self, request: HttpRequest, obj: Any) -> None:
        """Tell whoever has to hear that a change of this row was taken back."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Who changed what, from what to what; a POST takes one change back."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        may_undo = self.has_change_permission(request, obj)
        if request.method == "POST":
            if not may_undo:
                raise PermissionDenied
            try:
                history.undo(obj, request.POST.get("undo", ""))
            except DomainError as error:
                self.refuse(request, error)
            else:
                self.after_undo(request, obj)
                toast(request, gettext("Put back"))
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History of %(name)s") % {"name": obj},
            "opts": self.opts,
            "crumbs": [
                {"title": capfirst(str(self.opts.verbose_name_plural)), "url": self._address("changelist")},
                {"title": str(obj), "url": self._address("change", quote(obj.pk))},
            ],
            "entries": self.history_entries(obj, may_undo=may_undo),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/object_history.html", context)

    # --- actions ----------------------------------------------------------------------------------------------

    def ask_first(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """What an action asks about the chosen rows before it acts: a page that extends `core/act_on_chosen.html` and
        comes back to the same action with `confirmed`."""
        about = {
            **self.admin_site.each_context(request), "opts": self.opts, "media": self.media,
            "checkbox": ACTION_CHECKBOX_NAME, "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"), "action": request.get_full_path(),
        }  # fmt: skip
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, {**about, **context})

    # --- addresses of pages -----------------------------------------------------------------------------------

    def _address(self, name: str, *arguments: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=arguments)

    # --- panels -----------------------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Read once per request that only shows it."""
        if request.method not in ("GET", "HEAD"):
            return super().get_object(request, object_id, from_field)
        known: dict[Any, Any] = request.__dict__.setdefault("_objects", {})
        key = (self.model, str(object_id), from_field)
        if key not in known:
            known[key] = super().get_object(request, object_id, from_field)
        return known[key]

    def panel_view(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """One panel, for a page that is there already."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        registry = self.panel_registry
        obj = self.get_object(request, unquote(object_id))
        if obj is None or registry is None or key not in registry:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        panel = make(registry, registry.get(key), request, obj)
        return HttpResponse("" if panel is None else panel_html(request, panel, obj))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = dict(extra_context or {})
        if self.panel_registry is not None and request.method in ("GET", "HEAD"):
            obj = self.get_object(request, unquote(object_id))
            if obj is not None and self.has_view_or_change_permission(request, obj):
                name = f"admin:{self.opts.app_label}_{self.opts.model_name}_panel"
                panels = collect(
                    self.panel_registry, request, obj, later=lambda key: reverse(name, args=[quote(obj.pk), key])
                )
                context["main_panels"] = [panel for panel in panels if panel.place == MAIN]
                context["side_panels"] = [panel for panel in panels if panel.place == SIDE]
        return super().change_view(request, object_id, form_url, context)


class SettingsAdmin(StaffModelAdmin):
    """The one row that holds settings: no list, only its form, which stays open after it was saved.

    The model has `current()`, which makes the row where there is none. `settings_title` stands above the form.
    """

    actions = ()
    settings_title: Any = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return self._to_the_form(self.model.current())

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._to_the_form(obj)

    def _to_the_form(self, row: Model) -> HttpResponseRedirect:
        return HttpResponseRedirect(self._address("change", row.pk))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["page_title"] = str(self.settings_title)
        context["hide_crumbs"] = True
        context["show_save_and_continue"] = context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)


class LedgerAdmin(StaffModelAdmin):
    """For rows that services write and people only read: no adding, changing or deleting here."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
