"""Staff page "Live": what happens in the shop right now. The part with figures is asked for again every few seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from analytics.live import counting, loop
from analytics.live.trending import Rising
from analytics.models import LiveSnapshot
from catalog.buffer.watching import LATE_SECONDS
from catalog.models import Interaction, Product
from core.components import Figure, figure
from core.components.words import duration

POLL_SECONDS = 3
OLD_SECONDS = 90
"""An older row says that nobody counts: the loop makes one a minute at least."""
WAITING_SECONDS = 10
"""Events that wait longer than that are missing from what is shown."""
LEAST_FOR_SHARE = 30


@dataclass(frozen=True)
class Riser:
    """A line of a list of what rises."""

    label: str
    url: str
    now: int
    before: int
    hint: str = ""


def page(request: HttpRequest) -> HttpResponse:
    """`?part=figures` is the part that changes."""
    loop.watch()
    context = _figures(request, counting.newest())
    if request.GET.get("part") == "figures":
        return render(request, "admin/analytics/live_figures.html", context)
    return render(
        request,
        "admin/analytics/live.html",
        {
            **admin.site.each_context(request),
            "title": pgettext("what happens now", "Live"),
            "poll_url": f"{reverse('admin:analytics_live')}?part=figures",
            "poll_seconds": POLL_SECONDS,
            **context,
        },
    )


def _figures(request: HttpRequest, row: LiveSnapshot | None) -> dict[str, Any]:
    if row is None:
        return {"row": None}
    found = row.figures
    age = (timezone.now() - row.made_at).total_seconds()
    totals = [sum(minute.values()) for minute in found["minutes"]]
    events = sum(totals)
    highest = max([*totals, 1])
    return {
        "row": row,
        "cards": _cards(found, totals),
        "title_of_chart": ngettext("%(count)s event in the last hour", "%(count)s events in the last hour", events)
        % {"count": figure(events)},
        "bars": [
            (round(100 * count / highest), _bar_title(row.made_at, len(totals) - 1 - place, count))
            for place, count in enumerate(totals)
        ],
        "highest": figure(highest),
        "minutes": _minutes(row.made_at, found["minutes"]),
        "products": _products(request, [Rising(**one) for one in found["products"]]),
        "searches": _searches([Rising(**one) for one in found["searches"]], found.get("empty_searches", [])),
        "least": counting.LEAST_PEOPLE,
        "is_quiet": not events and not found.get("waiting"),
        "state": _state(found, age),
        "said": _("%(active)s people active, %(events)s events in the last minute")
        % {"active": figure(found["active_soon"]), "events": figure(totals[-1])},
    }


def _bar_title(until: datetime, ago: int, count: int) -> str:
    """ "Until 14:05: 12 events"."""
    ends = time_format(timezone.localtime(until - timedelta(minutes=ago)), "H:i")
    text = ngettext("Until %(time)s: %(count)s event", "Until %(time)s: %(count)s events", count)
    return text % {"time": ends, "count": figure(count)}


def _cards(found: dict[str, Any], totals: list[int]) -> list[Figure]:
    active, bought = found["active"], found["bought"]
    enough = active >= LEAST_FOR_SHARE
    few = ngettext("%(bought)s of %(active)s person", "%(bought)s of %(active)s people", active)
    bots = found.get("bots")
    last = _("%(count)s in the 5 minutes before") % {"count": figure(sum(totals[-6:-1]))}
    return [
        Figure(_("Active, last 5 minutes"), found["active_soon"], note=pgettext("below a number", "people")),
        Figure(_("Active, last 30 minutes"), active, note=_("%(count)s put something into the basket") % {
            "count": figure(found["carted"]),
        }),
        Figure(
            _("Bought, last 30 minutes"), bought / active if enough else bought, kind="share" if enough else "count",
            note=few % {"bought": figure(bought), "active": figure(active)},
        ),
        Figure(_("Events, last minute"), totals[-1], note=last),
        Figure(
            _("Left out as bots, last hour"), bots, missing="" if bots is not None else _("Redis does not answer"),
            note=_("events, counted nowhere else"),
        ),
    ]  # fmt: skip


def _minutes(until: datetime, minutes: Sequence[dict[str, int]]) -> list[tuple[str, str, str]]:
    """The newest first: when, how many, of which kinds."""
    names = dict(Interaction.Kind.choices)
    found = []
    for place, kinds in enumerate(minutes):
        if kinds:
            ends = timezone.localtime(until - timedelta(minutes=len(minutes) - 1 - place))
            told = ", ".join(f"{names.get(kind, kind)} {figure(count)}" for kind, count in kinds.items())
            found.append((time_format(ends, "H:i"), figure(sum(kinds.values())), told))
    return found[::-1]


def _products(request: HttpRequest, some: list[Rising]) -> list[Riser]:
    """One query. A product that is gone since is left out."""
    rows = Product.objects.in_bulk([one.key for one in some]) if some else {}
    sees = request.user.has_perm("catalog.view_product")
    return [
        Riser(
            rows[one.key].localised("name"),
            reverse("admin:catalog_product_change", args=[one.key]) if sees else "", one.now, one.before,
        )
        for one in some if one.key in rows
    ]  # fmt: skip


def _searches(some: list[Rising], empty: list[str]) -> list[Riser]:
    nothing = _("mostly finds nothing")
    return [Riser(one.key, "", one.now, one.before, nothing if one.key in empty else "") for one in some]


def _state(found: dict[str, Any], age: float) -> tuple[str, str] | None:
    """What makes these figures less than live, and what to do; None when nothing does."""
    if age > OLD_SECONDS:
        return _("These figures are %(time)s old") % {"time": duration(age)}, _(
            "Nobody counts: look whether the scheduler runs. Events are kept and will be counted."
        )
    waits, seconds = found.get("waiting"), found.get("waiting_seconds", 0.0)
    if waits is None:
        return _("Redis does not answer"), _(
            "Events are stored at once and counted here; how many bots there were is not known."
        )
    if waits and seconds > WAITING_SECONDS:
        head = ngettext(
            "%(count)s event is late by %(time)s", "%(count)s events are late by %(time)s", waits
        ) % {"count": figure(waits), "time": duration(seconds)}  # fmt: skip
        more = _("They wait for the database and are missing here. Nothing is lost; figures catch up by themselves.")
        if seconds > LATE_SECONDS:
            more = _(
                "They wait for the database and are missing here. Nothing is lost: look whether the scheduler runs."
            )
        return head, more
    return None
