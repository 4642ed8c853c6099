"""Staff page "Cohorts": who came back after the first order, and what each was worth; and the people of one cell."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.models import CohortCell
from analytics.reports import cohorts, kept
from analytics.reports.asof import as_of
from analytics.reports.cohorts import Cell, Cohort, Triangle
from analytics.reports.empty import import_address
from analytics.reports.pages import listed
from analytics.reports.people import may_save, of_cohort
from analytics.roles import PEOPLE
from core.components import HeatCell, HeatRow, figure, money, percent
from core.components.words import base_currency, compact, day_text, money_cell
from core.exports import PageTable
from core.reports import Choice
from core.reports.periods import parse_day

GRAINS: dict[str, Any] = {"month": gettext_lazy("By month"), "week": gettext_lazy("By week")}
MEASURES: dict[str, Any] = {
    "kept": gettext_lazy("Share that bought"), "value": gettext_lazy("Revenue per customer so far"),
}  # fmt: skip


def page(request: HttpRequest) -> HttpResponse:
    """`?by=month|week&show=kept|value`; anything else is what is usual."""
    clock = as_of()
    grain = _known(request.GET.get("by"), GRAINS, "month")
    measure = _known(request.GET.get("show"), MEASURES, "kept")
    found = cohorts.triangle(grain, clock.today)
    sees_people = request.user.has_perm(PEOPLE)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Cohorts"),
        "page_title": answer(found) if found.cohorts else _("Cohorts"),
        "crumbs": [{"title": _("Cohorts"), "url": reverse("admin:analytics_cohorts")}],
        "clock": clock,
        "found": found,
        "choices": [
            Choice("by", _("First order"), grain, list(GRAINS.items())),
            Choice("show", _("Shown"), measure, list(MEASURES.items())),
        ],
        "rows": _rows(found, measure, sees_people=sees_people),
        "heads": [figure(offset) for offset in range(found.width)],
        "corner": _("First order in"),
        "lead_heads": [_("Customers")],
        "note": _note(grain, measure),
        "import_url": import_address(request),
    }
    return render(request, "admin/analytics/cohorts.html", context)


def _known(value: str | None, choices: dict[str, Any], usual: str) -> str:
    return value if value in choices else usual


# --- the answer ---------------------------------------------------------------------------------------------------


def answer(found: Triangle) -> str:
    """How many come back in the period after the first order, on average."""
    share = found.average[1] if len(found.average) > 1 else None
    if share is None:
        return _("Too few new customers yet to say how many come back")
    words = {"share": percent(share)}
    if found.grain == CohortCell.Grain.WEEK:
        return _("%(share)s of new customers buy again in the week after") % words
    return _("%(share)s of new customers buy again in the month after") % words


def _note(grain: str, measure: str) -> str:
    if measure == "value":
        text = _(
            "In %(currency)s: paid less refunds from the first order to the end of each period, divided by the"
            " customers of the row."
        )
        return text % {"currency": base_currency()}
    return (
        _("Customers of the cohort with a paid order so many weeks after the week of their first order.")
        if grain == "week"
        else _("Customers of the cohort with a paid order so many months after the month of their first order.")
    )


def name_of(grain: str, start: date) -> str:
    """ "Aug 2026" or "week from 3 Aug 2026"."""
    if grain == CohortCell.Grain.WEEK:
        return day_text(start)
    return formats.date_format(start, "YEAR_MONTH_FORMAT")


def _rows(found: Triangle, measure: str, *, sees_people: bool) -> list[HeatRow]:
    """The average first, then the cohorts, the newest first. The first period is everybody and has no colour."""
    later = [cell for cohort in found.cohorts for cell in cohort.cells if cell.offset]
    most = max((_strength(cell, measure) for cell in later), default=0.0)
    # The same for some four hundred cells.
    words = _("%(customers)s of %(size)s customers, %(orders)s orders, %(revenue)s; per customer so far %(value)s")
    page = reverse("admin:analytics_cohort_people") if sees_people else ""
    rows = []
    if measure == "kept" and any(share is not None for share in found.average[1:]):
        cells = [
            HeatCell(percent(share), share / most if offset and share is not None and most else None)
            for offset, share in enumerate(found.average)
        ]
        rows.append(HeatRow(_("All cohorts"), cells, [figure(sum(cohort.size for cohort in found.cohorts))]))
    for cohort in found.cohorts:
        cells = [_heat_cell(found.grain, cohort, cell, measure, most, words, page) for cell in cohort.cells]
        rows.append(HeatRow(name_of(found.grain, cohort.start), cells, [figure(cohort.size)]))
    return rows


def _strength(cell: Cell, measure: str) -> float:
    return cell.share if measure == "kept" else max(float(cell.value), 0.0)


def _heat_cell(
    grain: str, cohort: Cohort, cell: Cell, measure: str, most: float, words: str, page: str
) -> HeatCell:  # fmt: skip
    """`words` describe it, `page` shows its people; "" for those who may not see them."""
    strength = _strength(cell, measure)
    is_coloured = bool(most) and (cell.offset > 0 or measure == "value")
    title = words % {
        "customers": figure(cell.customers), "size": figure(cohort.size), "orders": figure(cell.orders),
        "revenue": money(cell.revenue), "value": money(cell.value),
    }  # fmt: skip
    if cell.is_open:
        title = _("%(text)s. Not over yet.") % {"text": title}
    return HeatCell(
        percent(cell.share) if measure == "kept" else _amount(cell.value),
        min(strength / most, 1.0) if is_coloured else None, title,
        _of_people(page, grain, cohort.start, cell.offset) if page and cell.customers else "", cell.is_open,
    )  # fmt: skip


def _amount(value: Decimal) -> str:
    """Whole units of the shop's currency, whose name stands above the table."""
    return compact(value) if abs(value) >= 10_000 else figure(round(value))


def people_address(grain: str, start: date, offset: int) -> str:
    return _of_people(reverse("admin:analytics_cohort_people"), grain, start, offset)


def _of_people(page: str, grain: str, start: date, offset: int) -> str:
    """None of the three holds anything that an address would have to escape."""
    return f"{page}?by={grain}&cohort={start.isoformat()}&offset={offset}"


# --- people -------------------------------------------------------------------------------------------------------


def people(request: HttpRequest) -> HttpResponse:
    """`?by=month|week&cohort=YYYY-MM-DD&offset=N`: who of a cohort bought then; 404 for what is no cell."""
    grain = _known(request.GET.get("by"), GRAINS, "month")
    start, offset = parse_day(request.GET.get("cohort")), request.GET.get("offset", "")
    if start is None or not offset.isascii() or not offset.isdigit() or int(offset) > cohorts.MOST_OFFSETS:
        raise Http404
    after = int(offset)
    begin = cohorts.period_start(grain, start, after)
    if kept.is_asked(request):
        words = {"cohort": name_of(grain, start), "period": name_of(grain, begin)}
        source = {"kind": "cohort", "grain": grain, "start": start.isoformat(), "offset": after}
        return kept.keep(request, source, _("First order in %(cohort)s, bought in %(period)s") % words)
    found = listed.look_for(lambda: cohorts.people(grain, start, after))
    answer = ngettext(
        "%(count)s customer of %(cohort)s bought in %(period)s",
        "%(count)s customers of %(cohort)s bought in %(period)s",
        found.everybody,
    ) % {"count": figure(found.everybody), "cohort": name_of(grain, start), "period": name_of(grain, begin)}
    whole = _("First order in %(period)s") % {"period": name_of(grain, start)}
    return listed.show(
        request, found, title=_("People of a cohort"), answer=answer,
        crumb=(_("Cohorts"), f"{reverse('admin:analytics_cohorts')}?by={grain}"),
        cut_note=_("The %(most)s with most revenue are shown.") % {"most": cohorts.MOST_PEOPLE}, keeps=after > 0,
        save_url=of_cohort(grain, start, whole) if may_save(request) else "",
        save_label=_("Save the whole cohort as a segment"),
    )  # fmt: skip


# --- file ---------------------------------------------------------------------------------------------------------


def table(request: HttpRequest) -> PageTable:
    """One line for each cell."""
    grain = _known(request.GET.get("by"), GRAINS, "month")
    today = as_of().today
    title = _("Cohorts by week") if grain == CohortCell.Grain.WEEK else _("Cohorts by month")
    heads = [
        _("First order in"), _("Customers"), _("Periods later"), _("Customers who bought"), _("Share"), _("Orders"),
        _("Revenue"), _("Revenue per customer so far"), _("Not over yet"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        for cohort in cohorts.triangle(grain, today).cohorts:
            for cell in cohort.cells:
                yield [
                    cohort.start, cohort.size, cell.offset, cell.customers, round(cell.share, 4), cell.orders,
                    money_cell(cell.revenue), money_cell(cell.value), cell.is_open,
                ]  # fmt: skip

    return PageTable(title, heads, rows())
