"""Search quality: what people look for, what they do not find, what they try next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.search import reports
from catalog.search.reports import QueryRow
from core.exports import PageTable
from core.reports import Period


@dataclass(frozen=True)
class Shown:
    """What the address asks for."""

    report: str
    period: Period

    @classmethod
    def of(cls, request: HttpRequest) -> "Shown":
        """Anything that is not understood is what is usual."""
        report = request.GET.get("show", "top")
        return cls(report if report in reports.REPORTS else "top", Period.of(request))

    def address(self, **changes: str) -> str:
        return f"?{urlencode({'show': self.report, **self.period.query, **changes})}"


def quality(request: HttpRequest) -> HttpResponse:
    """`?show=top|failing|refined&within=…&from=…&to=…`; the address bar carries the whole state."""
    shown = Shown.of(request)
    since, until = shown.period.moments
    rows = reports.REPORTS[shown.report](since, until)
    totals = reports.totals(since, until)
    may_add = request.user.has_perm("catalog.add_searchsynonym")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Search quality"),
        "shown": shown,
        "tabs": [(name, title, shown.address(show=name)) for name, title in _titles().items()],
        "kept": [("show", shown.report)],
        "rows": [(row, _synonym_page(row) if may_add else "") for row in rows],
        "is_refined": shown.report == "refined",
        "is_failing": shown.report == "failing",
        "totals": totals,
        "most": reports.MOST if len(rows) == reports.MOST else 0,
        "synonyms_page": reverse("admin:catalog_searchsynonym_changelist")
        if request.user.has_perm("catalog.view_searchsynonym")
        else "",
    }
    return render(request, "admin/catalog/search/quality.html", context)


def _titles() -> dict[str, str]:
    return {"top": _("Most common"), "failing": _("Without results"), "refined": _("Tried again")}


def _synonym_page(row: QueryRow) -> str:
    words = f"{row.text}\n{row.next_text}" if row.next_text else f"{row.text}\n"
    return f"{reverse('admin:catalog_searchsynonym_add')}?{urlencode({'words': words})}"


def table(request: HttpRequest) -> PageTable:
    """The table as shown."""
    shown = Shown.of(request)
    heads = [_("Query"), *([_("Next query")] if shown.report == "refined" else [])]
    heads += [_("Searches"), _("Products found"), _("Without results"), _("Clicks"), _("Click rate")]

    def rows() -> Iterator[list[Any]]:
        for row in reports.REPORTS[shown.report](*shown.period.moments):
            words = [row.text, *([row.next_text] if shown.report == "refined" else [])]
            yield [*words, row.searches, row.results, row.without_result, row.clicks, round(row.ctr, 4)]

    return PageTable(f"{_('Searches')}: {_titles()[shown.report]} {shown.period.words}", heads, rows())
