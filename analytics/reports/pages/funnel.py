"""Staff page "Funnel": from a look to a basket to an order, where people stop, and who they are."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.models import FunnelCustomer, FunnelDay
from analytics.reports import funnel, kept
from analytics.reports.asof import as_of
from analytics.reports.funnel import Funnel, Steps
from analytics.reports.pages import listed
from analytics.reports.people import days_words
from analytics.roles import PEOPLE
from catalog.devices import COMPUTER, PHONE, TABLET
from core.components import figure, percent
from core.components.figures import SMALLEST_BASE
from core.components.words import day_text
from core.exports import PageTable
from core.reports import Chart, Line, Period, line_chart

DEVICES: dict[str, Any] = {
    PHONE: gettext_lazy("Phone"), TABLET: gettext_lazy("Tablet"), COMPUTER: gettext_lazy("Computer"),
    "": gettext_lazy("not known"),
}  # fmt: skip
WAYS: dict[str, Any] = dict(FunnelDay.Way.choices)
MOST_DAYS = 400


def page(request: HttpRequest) -> HttpResponse:
    """`?within=…&against=…`"""
    clock = as_of()
    period = Period.of(request, against="previous")
    found = funnel.funnel(period)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Funnel"),
        "page_title": answer(found),
        "crumbs": [{"title": _("Funnel"), "url": reverse("admin:analytics_funnel")}],
        "clock": {"counted_at": clock.counted_at},
        "period": period,
        "found": found,
        "steps": _steps(period, found, sees_people=request.user.has_perm(PEOPLE)),
        "groups": [
            ("devices", _("By device"), _("Device"), _by_size(found.devices, DEVICES)),
            ("ways", _("By what led to a product"), _("Found through"), _by_size(found.ways, WAYS)),
        ],
        "chart": chart(period, found),
        "searches_url": reverse("admin:catalog_search_quality") + "?show=failing"
        if request.user.has_perm("catalog.view_searchquery")
        else "",
        "events_url": reverse("admin:catalog_deadevent_changelist")
        if request.user.has_perm("catalog.view_deadevent")
        else "",
    }  # fmt: skip
    return render(request, "admin/analytics/funnel.html", context)


def answer(found: Funnel) -> str:
    """The share of those who looked that ordered on the same day, with its base."""
    if not found.now.viewed:
        return _("Nobody was seen looking at a product in these days")
    if found.now.viewed < SMALLEST_BASE:
        text = ngettext(
            "%(count)d person looked at a product", "%(count)d people looked at a product", found.now.viewed
        )
        return text % {"count": found.now.viewed}
    return _("%(share)s of those who look order the same day") % {"share": percent(found.now.conversion)}


def _steps(period: Period, found: Funnel, *, sees_people: bool) -> list[dict[str, Any]]:
    """One row a step: people, share of the step before, how that compares, how many stopped and where they are."""
    now, before = found.now, found.before
    rows: list[dict[str, Any]] = []
    for name, people, share, was, base in (
        (_("Looked at a product"), now.viewed, None, None, 0),
        (_("Put something in the basket"), now.carted, now.cart_share, before.cart_share if before else None,
         before.viewed if before else 0),
        (_("Ordered"), now.bought, now.order_share, before.order_share if before else None,
         before.carted if before else 0),
    ):  # fmt: skip
        change = "–"
        if share is not None and was is not None and base >= SMALLEST_BASE:
            points = (share - was) * 100
            arrow = "▲" if points > 0 else "▼" if points < 0 else "＝"
            change = _("%(arrow)s %(points)s points") % {"arrow": arrow, "points": f"{abs(points):.1f}"}
        rows.append(
            {
                "name": name, "people": people, "share": share, "change": change,
                "lost": None, "url": "", "width": round(people / now.viewed * 100, 1) if now.viewed else 0,
            }
        )  # fmt: skip
    stopped = (FunnelCustomer.Step.VIEWED, FunnelCustomer.Step.CARTED)
    for row, after, step in zip(rows[:2], rows[1:], stopped, strict=True):
        row["lost"] = row["people"] - after["people"]
        row["url"] = _people_address(period, step) if sees_people and row["lost"] else ""
    return rows


def _people_address(period: Period, step: int) -> str:
    days = {"within": "between", "from": period.first.isoformat(), "to": period.last.isoformat()}
    return f"{reverse('admin:analytics_funnel_people')}?{urlencode({**days, 'step': int(step)})}"


def _by_size(groups: dict[str, Steps], names: dict[str, Any]) -> list[tuple[Any, Steps]]:
    """The largest first; none where all are in one group."""
    if len(groups) < 2:
        return []
    return [(names.get(key, key), groups[key]) for key in sorted(groups, key=lambda key: (-groups[key].viewed, key))]


def chart(period: Period, found: Funnel) -> Chart | None:
    """The share that ordered, day by day; days nobody looked are gaps."""
    if not found.daily or len(found.daily) > MOST_DAYS:
        return None
    first, last = min(found.daily), max(found.daily)
    days = [first + timedelta(days=n) for n in range(min((last - first).days + 1, MOST_DAYS))]
    steps = [found.daily.get(day, Steps()) for day in days]
    line = Line(
        _("Ordered"), [one.conversion for one in steps], "share", is_open=days[-1] == timezone.localdate(),
        texts=[percent(one.conversion, one.viewed) if one.viewed else "–" for one in steps],
    )  # fmt: skip
    return line_chart(
        _("%(bought)s of %(viewed)s ordered")
        % {"bought": figure(found.now.bought), "viewed": figure(found.now.viewed)},
        [day_text(day) for day in days], [line], first_head=_("Day"), enough=found.now.viewed >= SMALLEST_BASE,
        note=_("Share of those who looked that put something in the basket and ordered on the same day."),
    )  # fmt: skip


# --- people -------------------------------------------------------------------------------------------------------


def people(request: HttpRequest) -> HttpResponse:
    """`?step=1|2&within=…`: known customers who looked and filled no basket, or filled one and did not order."""
    step = request.GET.get("step", "")
    if step not in ("1", "2"):
        raise Http404
    period = Period.of(request)
    if kept.is_asked(request):
        stopped = (
            _("Looked and filled no basket, %(days)s")
            if step == "1"
            else _("Filled a basket and did not order, %(days)s")
        )
        source = {"kind": "funnel", "step": int(step), **kept.days_of(period)}
        return kept.keep(request, source, stopped % {"days": days_words(period.first, period.last)})
    found = listed.look_for(lambda: funnel.who_stopped(period, int(step)))
    if step == "1":
        answer = ngettext(
            "%(count)s customer looked and filled no basket",
            "%(count)s customers looked and filled no basket",
            found.everybody,
        )
    else:
        answer = ngettext(
            "%(count)s customer filled a basket and did not order",
            "%(count)s customers filled a basket and did not order",
            found.everybody,
        )
    return listed.show(
        request, found, title=_("Who stopped"), answer=answer % {"count": figure(found.everybody)},
        crumb=(_("Funnel"), f"{reverse('admin:analytics_funnel')}?{urlencode(period.query)}"),
        cut_note=_("The %(most)s who came last are shown.") % {"most": funnel.MOST_PEOPLE},
    )  # fmt: skip


# --- file ---------------------------------------------------------------------------------------------------------


def table(request: HttpRequest) -> PageTable:
    """One line for each day."""
    period = Period.of(request, against="none")
    heads = [
        _("Day"), _("Looked at a product"), _("Put something in the basket"), _("Ordered"), _("Share"),
        _("Ordered otherwise"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        for day, one in funnel.funnel(period).daily.items():
            conversion = round(one.conversion, 4) if one.conversion is not None else None
            yield [day, one.viewed, one.carted, one.bought, conversion, one.skipped]

    return PageTable(f"{_('Funnel')} {period.words}", heads, rows())
