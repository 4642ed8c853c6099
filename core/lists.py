"""What a list of staff pages does beside showing rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import OrderBy, QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from core.saved_views import OWN


class MoreColumn(str):
    """A column that a list shows when somebody asks for it: a name that Django's lists can also call for a cell.

    `show` makes the cell of a value. Values are read for all rows of a page at once and stand in `row.more_values`
    by the name of the column; a row without one has a dash.
    """

    __name__: str
    short_description: Any
    show: Callable[[Any], Any]
    is_number: bool

    def __new__(cls, name: str, title: Any, show: Callable[[Any], Any] = str, *, is_number: bool = False) -> Self:
        made = super().__new__(cls, name)
        made.__name__ = name
        made.short_description = title
        made.show, made.is_number = show, is_number
        return made

    def value(self, row: Any) -> Any:
        """What the row has; None for nothing."""
        return getattr(row, "more_values", {}).get(str(self))

    def __call__(self, row: Any) -> Any:
        value = self.value(row)
        return "–" if value is None else self.show(value)


@dataclass(frozen=True)
class MoreColumns:
    """Columns of one owner, and how their values are read for some rows: {key of the row: {name: value}}."""

    columns: Sequence[MoreColumn]
    read: Callable[[Sequence[int], Sequence[MoreColumn]], dict[int, dict[str, Any]]]


class StaffChangeList(ChangeList):
    """Sorts so that an index can do it: after the column somebody chose, rows stand in the list's own order, with all
    columns in one direction, forwards or backwards."""

    _row_pattern: list[str] | None = None

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Without what is no filter: the view that was opened, the columns, an empty tab."""
        found: dict[str, Any] = super().get_filters_params(params)
        for name in OWN:
            found.pop(name, None)
        if not getattr(self.model_admin, "view_keys", ()):
            found.pop("view", None)
        return found

    def url_for_result(self, result: Any) -> str:
        """Addresses of rows differ by the key alone, so that one is looked up for all of them."""
        key = str(quote(getattr(result, self.pk_attname)))
        if not key.isdecimal():
            return str(super().url_for_result(result))
        if self._row_pattern is None:
            self._row_pattern = str(super().url_for_result(result)).rsplit(f"/{key}/", 1)
        before, after = self._row_pattern
        return f"{before}/{key}/{after}"

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if getattr(request, "counts_only", False):
            self.result_list: list[Any] = []

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        found = super().get_ordering(request, queryset.order_by())
        if not self.params.get(ORDER_VAR):
            return found
        # Django ends with the key where the order would leave rows open; here the list's own order says more.
        chosen = found[:-1] if found and found[-1] == "-pk" else found
        if not chosen:
            return super().get_ordering(request, queryset)
        own: Sequence[Any] = self.model_admin.get_ordering(request) or self._get_default_ordering() or ("-pk",)
        turned = _is_descending(chosen[-1]) != _is_descending(own[0])
        rest = [_turned(one) if turned else one for one in own]
        known = {_name(one) for one in chosen}
        return self._get_deterministic_ordering([*chosen, *(one for one in rest if _name(one) not in known)])


def _name(one: Any) -> str:
    """The column of an ordering; expressions are told apart by themselves."""
    if isinstance(one, OrderBy):
        return str(getattr(one.expression, "name", repr(one.expression)))
    return str(one).lstrip("-")


def _is_descending(one: Any) -> bool:
    return one.descending if isinstance(one, OrderBy) else str(one).startswith("-")


def _turned(one: Any) -> Any:
    if isinstance(one, OrderBy):
        return one.copy().reverse_ordering()
    return one.lstrip("-") if one.startswith("-") else f"-{one}"
