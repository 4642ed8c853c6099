"""Staff page "Service report": were targets kept, how fast came the first answer, how content were customers. Every
number leads to the tickets behind it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.components import Column, Figure, TableCard, TableRow, figure, linked, percent
from core.components.words import day_text, duration
from core.exports import PageTable
from core.reports import Line, Period, line_chart
from core.reports.periods import ONE_DAY, midnight
from core.shop import shop_zone
from crm.admin.desk_cells import names
from crm.roles import INBOX_SEEN
from crm.selectors_desk_report import Part, Report, desk_report, desk_total

LEAST_DAYS = 8
NOTHING = (0, 0, 0, 0, 0)


def _asked(request: HttpRequest) -> tuple[Period, Report, Part | None]:
    """The days asked for, what happened in them, and in all of the days compared with."""
    period = Period.of(request, against="previous")
    zone = str(shop_zone())
    first, last = period.moments
    before = period.comparison
    earlier = None
    if before is not None:
        earlier = desk_total(midnight(before.first), midnight(before.last + ONE_DAY))
    return period, desk_report(first, last, zone), earlier


class _Behind:
    """Addresses of the tickets that were opened in these days, or rated in them: what the figures count."""

    def __init__(self, request: HttpRequest, period: Period) -> None:
        self.may_see = request.user.has_perm(INBOX_SEEN)
        self.first, self.last = period.first.isoformat(), period.last.isoformat()

    def __call__(self, **filters: object) -> str:
        """Empty for whoever may not open the list."""
        return self._address("created_at", filters)

    def rated(self, **filters: object) -> str:
        return self._address("conversation__satisfaction__at", filters)

    def _address(self, day: str, filters: dict[str, object]) -> str:
        asked = filters | {f"{day}_from": self.first, f"{day}_to": self.last}
        return f"{reverse('admin:crm_ticket_changelist')}?{urlencode(asked)}" if self.may_see else ""


def page(request: HttpRequest) -> HttpResponse:
    """`?within=…&against=…` as every report."""
    period, found, earlier = _asked(request)
    named = names()
    behind = _Behind(request, period)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Service report"),
        "period": period,
        "is_empty": not found.whole.tickets and not found.whole.scores,
        "sentence": _sentence(found.whole, period),
        "beside": _beside(found.whole, behind),
        "figures": _figures(found.whole, earlier, period, behind),
        "chart": _chart(found, period),
        "agents": _table(_("By agent"), _("Agent"), found.agents, named.staff, behind, ("agent", "resolver")),
        "teams": _table(_("By team"), _("Team"), found.teams, named.teams, behind, ("team__id__exact",) * 2),
        "as_of": timezone.now(),
        "inbox_url": reverse("admin:crm_inbox") if behind.may_see else "",
    }
    return render(request, "admin/crm/desk_report.html", context)


def _sentence(whole: Part, period: Period) -> str:
    if not whole.judged:
        return _("No target was due in these days")
    return ngettext(
        "%(share)s of %(count)s ticket with a target kept it",
        "%(share)s of %(count)s tickets with a target kept it",
        whole.judged,
    ) % {"share": percent(whole.kept_share), "count": figure(whole.judged)}  # fmt: skip


def _beside(whole: Part, behind: _Behind) -> list[tuple[str, str]]:
    """What the share leaves out or hides: sentence and address."""
    rows = [
        (whole.missed, "missed", ngettext("%(count)s missed it", "%(count)s missed it", whole.missed)),
        (whole.without, "without", ngettext("%(count)s has no target", "%(count)s have no target", whole.without)),
    ]  # fmt: skip
    return [(words % {"count": figure(count)}, behind(target=target)) for count, target, words in rows if count]


def _figures(whole: Part, before: Part | None, period: Period, behind: _Behind) -> list[Figure]:
    versus = period.comparison.words if period.comparison else ""

    return [
        Figure(
            _("Within target"), whole.kept_share, before.kept_share if before else None, versus, kind="share",
            base=whole.judged, url=behind(target="kept"), missing=_("No target was due in these days"),
            note=_("of %(count)s with a target; any clock counts") % {"count": figure(whole.judged)},
        ),
        Figure(
            _("Median first answer, minutes"), None if whole.median is None else round(whole.median / 60),
            None if before is None or before.median is None else round(before.median / 60), versus, more_is="bad",
            base=whole.answered, url=behind(answer="given"), missing=_("No ticket was answered in these days"),
            note=_("minutes of business time; 9 of 10 within %(time)s") % {"time": duration(whole.slow)},
        ),
        Figure(
            _("Satisfied customers"), whole.happy_share, before.happy_share if before else None, versus, kind="share",
            base=whole.scores, url=behind.rated(satisfaction="happy"),
            missing=_("Nobody rated in these days"),
            note=_("4 or 5 of 5; %(count)s ratings") % {"count": figure(whole.scores)},
        ),
        Figure(
            _("Opened again"), whole.reopened_share, before.reopened_share if before else None, versus, kind="share",
            more_is="bad", base=whole.tickets, url=behind(target="reopened"),
            missing=_("No ticket was opened in these days"),
            note=_("%(count)s tickets") % {"count": figure(whole.reopened)},
        ),
    ]  # fmt: skip


def _chart(found: Report, period: Period) -> Any:
    """Each day from the first with a ticket on, also those without one; the day that is not over is dotted."""
    if not found.days:
        return None
    opened = {row[0]: row[1:] for row in found.days}
    last = min(period.last, timezone.localdate(timezone=shop_zone()))
    first = min(min(opened), last)
    days = [first + ONE_DAY * number for number in range((last - first).days + 1)]
    if len(days) < LEAST_DAYS:
        return None
    rows = [opened.get(day, NOTHING) for day in days]
    is_open = last == timezone.localdate(timezone=shop_zone())
    count = sum(row[0] for row in rows)
    return line_chart(
        ngettext("%(count)s ticket was opened", "%(count)s tickets were opened", count) % {"count": figure(count)},
        [day_text(day) for day in days],
        [
            Line(label, [row[place] for row in rows], is_open=is_open)
            for label, place in ((pgettext("tickets", "Opened"), 0), (_("Missed"), 3), (_("Within target"), 2))
        ],
        first_head=_("Day"),
        note=_("By the day on which they were opened; those that still wait are neither kept nor missed."),
    )  # fmt: skip


def _table(
    title: str, first: str, parts: list[Part], named: dict[int, str], behind: _Behind, parameters: tuple[str, str]
) -> TableCard | None:
    """Each figure leads to what it counts. `parameters`: filters that say whose a ticket is, and whose a rating."""
    if not parts:
        return None
    columns = [
        Column(_("Tickets")), Column(_("Within target")), Column(_("Missed")), Column(_("Median first answer")),
        Column(_("Opened again")), Column(_("Ratings")), Column(_("Average of 5")),
    ]  # fmt: skip
    return TableCard(title, first, columns, [_row(part, named, behind, *parameters) for part in parts])


def _row(part: Part, named: dict[int, str], behind: _Behind, whose: str, whose_rating: str) -> TableRow:
    def tickets(text: str, count: int, **filters: object) -> Any:
        return linked(text, behind(**{whose: part.pk}, **filters) if count else "")

    def ratings(text: str) -> Any:
        return linked(text, behind.rated(**{whose_rating: part.pk}, satisfaction="rated") if part.scores else "")

    cells = [
        tickets(figure(part.tickets), part.tickets),
        tickets(percent(part.kept_share), part.kept, target="kept"),
        tickets(figure(part.missed), part.missed, target="missed"),
        tickets(_time(part.median), part.answered, answer="given"),
        tickets(percent(part.reopened_share), part.reopened, target="reopened"),
        ratings(figure(part.scores)), ratings(_mean(part.mean)),
    ]  # fmt: skip
    return TableRow(named.get(part.pk or 0, _("somebody who left")), cells, url=behind(**{whose: part.pk}))


def _time(seconds: float | None) -> str:
    return duration(seconds) if seconds is not None else "–"


def _mean(score: float | None) -> str:
    return f"{score:.1f}" if score is not None else "–"


def table(request: HttpRequest) -> PageTable:
    """Agents and teams; times in seconds of business time."""
    _period, found, _earlier = _asked(request)
    named = names()

    def rows() -> Iterator[list[Any]]:
        for kind, parts, known in (
            (_("Agent"), found.agents, named.staff), (_("Team"), found.teams, named.teams),
        ):  # fmt: skip
            for part in parts:
                yield [
                    kind, known.get(part.pk or 0, _("somebody who left")), part.tickets, part.answered,
                    part.kept, part.missed, part.without, part.median, part.slow, part.reopened,
                    part.scores, round(part.mean, 2) if part.mean is not None else None,
                ]  # fmt: skip

    heads = [
        _("Kind"), _("Name"), _("Tickets"), _("Answered"), _("Within target"), _("Missed"), _("No target"),
        _("Median first answer"), _("9 of 10 within"), _("Opened again"), _("Ratings"), _("Average of 5"),
    ]  # fmt: skip
    return PageTable(_("Service report"), heads, rows())
