"""What the lists of the catalogue share: tabs of views with counts, cells filled once per page, search by index."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.lists import StaffChangeList
from core.paginator import bounded_counts
from core.saved_views import SAVED

VIEW_PARAMETER = "view"


@dataclass(frozen=True)
class ListView:
    """One tab above a list, and the rows it counts. `is_optional`: there only while it holds any."""

    key: str
    label: Any
    rows: QuerySet[Any]
    is_optional: bool = False


class FilledChangeList(StaffChangeList):
    """Hands the rows of the page to the admin class, which reads what their cells need in one query per kind."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if getattr(request, "counts_only", False):
            return
        self.result_list: list[Any] = list(self.result_list)  # type: ignore[has-type]
        self.model_admin.fill_page(request, self.result_list)

    def url_for_result(self, result: Any) -> str:
        """Where a row leads: its own page, or what the admin class says."""
        return self.model_admin.row_address(result) or super().url_for_result(result)


class ViewFilter(admin.SimpleListFilter):
    """Reads the chosen tab from the address; draws nothing, the tabs do."""

    title = _("view")
    parameter_name = VIEW_PARAMETER
    template = "admin/catalog/no_filter.html"
    is_tab = True

    def __init__(self, request: HttpRequest, params: Any, model: type[Model], model_admin: Any) -> None:
        self.model_admin = model_admin
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, key) for key in model_admin.view_keys]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        key = self.value()
        return self.model_admin.in_view(queryset, key if key in self.model_admin.view_keys else "")

    def choices(self, changelist: Any) -> Iterator[Any]:
        return iter(())


class ListingMixin:
    """For StaffModelAdmin classes. `view_keys` names the tabs; `in_view` says what is in one ("" is the first)."""

    view_keys: Sequence[str] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StaffChangeList]:
        return FilledChangeList

    def get_list_filter(self, request: HttpRequest) -> Any:
        found = super().get_list_filter(request)  # type: ignore[misc]
        return (ViewFilter, *found) if self.view_keys else found

    def fill_page(self, request: HttpRequest, rows: list[Any]) -> None:
        """Read what the cells of these rows show."""

    def row_address(self, row: Any) -> str:
        """Another page than the row's own, when that one says more."""
        return ""

    def in_view(self, rows: QuerySet[Any], key: str) -> QuerySet[Any]:
        return rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        return []

    def list_note(self, request: HttpRequest) -> Any:
        """A quiet line about the whole list, such as the date of its figures; asked for after `fill_page`."""
        return ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)  # type: ignore[misc]
        context = getattr(response, "context_data", None)
        if context is not None and "cl" in context:
            context["list_views"] = self._tabs(request, context["cl"])
            context["list_note"] = self.list_note(request)
        return response

    def _tabs(self, request: HttpRequest, changelist: Any) -> list[dict[str, Any]]:
        """The tabs with their counts, asked for together with the count of the list itself."""
        views = self.list_views(request)
        if not views:
            return []
        count, *counts = bounded_counts([changelist.queryset, *(view.rows for view in views)])
        changelist.paginator.bounded_count = count
        chosen = request.GET.get(VIEW_PARAMETER, "")
        current = None if SAVED in request.GET else chosen if chosen in self.view_keys else ""
        return [
            {
                "label": view.label,
                "count": number,
                "url": f"?{VIEW_PARAMETER}={view.key}",
                "is_current": view.key == current,
            }
            for view, number in zip(views, counts, strict=True)
            if number.number or not view.is_optional
        ]
