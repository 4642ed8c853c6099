"""What an export takes its rows from: a list of the staff site, or the table of a page of figures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_noop

from core.exceptions import DomainError
from core.exports.tables import Table
from core.extensions import Entry, staff_pages

EXPORT_PERMISSION = "core.export_data"
"""To take rows out of the house in a file."""


class ExportRefused(DomainError):
    """The list is gone, or the person may no longer take it out."""

    code = "export_refused"


@dataclass(frozen=True)
class PageTable:
    """The table of a page of figures, in the active language. `title`: what it is and of which days. `rows` are read
    when somebody asks for them, all of them; their values keep their kinds."""

    title: str
    heads: Sequence[Any]
    rows: Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Opened:
    """Names of the columns and the rows as one person may see them now; `total` counts them where that is cheap."""

    titles: list[str]
    rows: Callable[[], Iterator[list[Any]]]
    total: Callable[[], int | None]


class Source(Protocol):
    """One of them."""

    @property
    def key(self) -> str:
        """What stands in `Export.source`."""

    def title(self) -> str:
        """What the list is called, in the active language."""

    def is_allowed(self, request: HttpRequest) -> bool:
        """Whether the person of this request may take it out of the house now."""

    def open(self, request: HttpRequest, ids: list[str] | None) -> Opened:
        """Rows for the filters in the request. Raises ExportRefused."""


@dataclass(frozen=True)
class ListSource:
    """The list of a model as its page shows it."""

    key: str
    model_admin: Any

    def title(self) -> str:
        return capfirst(str(self.model_admin.opts.verbose_name_plural))

    def is_allowed(self, request: HttpRequest) -> bool:
        return bool(
            _is_staff(request)
            and self.model_admin.has_view_or_change_permission(request)
            and self.model_admin.has_export_permission(request)
        )

    def open(self, request: HttpRequest, ids: list[str] | None) -> Opened:
        try:
            queryset = self.model_admin.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise ExportRefused(gettext_noop("The filters of this list do not exist any more. Ask again.")) from error
        if ids is not None:
            queryset = queryset.filter(pk__in=ids)
        table = Table(self.model_admin, request)
        return Opened(table.titles(), lambda: table.rows(queryset), lambda: queryset.order_by().count())


@dataclass(frozen=True)
class PageSource:
    """The table of a staff page: what its `table` says (core.extensions.staff_pages)."""

    entry: Entry

    @property
    def key(self) -> str:
        return self.entry.key

    def title(self) -> str:
        return str(self.entry.meta["title"])

    def is_allowed(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(_is_staff(request) and user.has_perm(self.entry.meta["permission"]) and may_take_out(request))

    def table(self, request: HttpRequest) -> PageTable:
        """For the address of the request."""
        made: PageTable = Entry(self.key, self.entry.meta["table"]).resolve()(request)
        return made

    def open(self, request: HttpRequest, ids: list[str] | None) -> Opened:
        table = self.table(request)
        return Opened([str(head) for head in table.heads], lambda: map(list, table.rows), lambda: None)


def source_of(key: str) -> Source | None:
    """The list of a model by its label, or the table of a page by its name; None when there is none (any more)."""
    if (model_admin := model_admin_of(key)) is not None:
        return ListSource(key, model_admin)
    return page_source(key)


def page_source(key: str) -> PageSource | None:
    """The table of a staff page; None for a page without one."""
    entry = staff_pages.get(key) if key in staff_pages else None
    return PageSource(entry) if entry is not None and "table" in entry.meta else None


def model_admin_of(label: str) -> Any:
    """The page of a model in the staff site; None when there is none."""
    try:
        return admin.site._registry.get(apps.get_model(label))
    except (LookupError, ValueError):
        return None


def may_take_out(request: HttpRequest) -> bool:
    """Whether the person may take rows out of the house at all."""
    return request.user.has_perm(EXPORT_PERMISSION)


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_staff)
