"""Staff page "Recommendations: what they bring"."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.admin.experiment_forms import start_address
from core.alerts.rules import threshold_of
from core.components import Range, percent, range_chart
from core.components.words import day_text, money_about
from core.experiments import reading
from core.exports import PageTable
from core.ml.experiments import Interval
from core.reports import Chart, Line, Period, line_chart
from core.shop import current_shop
from recommender import trials
from recommender.choices import BESIDE
from recommender.models import RefusedCredit
from recommender.online import reports, shown
from recommender.online.reports import ArmFigures, Counts, PlacementFigures, Rate, Report

MOST_LINES = 5
LEAST_IN_POINT = 20
"""With fewer lists the share of a day swings by ten points and more by chance alone."""


@dataclass(frozen=True)
class Cell:
    """A figure with its likely range below it."""

    text: str
    hint: str


def share_cell(rate: Rate) -> Cell:
    if rate.value is None:
        return Cell("–", "")
    if rate.low is None or rate.high is None:
        return Cell(percent(rate.value), _("too few for a range"))
    return Cell(percent(rate.value), _("%(low)s to %(high)s") % {"low": percent(rate.low), "high": percent(rate.high)})


def money_cell(rate: Rate) -> Cell:
    """An estimate: without decimals that nobody knows."""
    if rate.value is None:
        return Cell("–", "")
    if rate.low is None or rate.high is None:
        return Cell(money_about(rate.value), _("too few for a range"))
    span = {"low": money_about(rate.low), "high": money_about(rate.high)}
    return Cell(money_about(rate.value), _("%(low)s to %(high)s") % span)


@dataclass(frozen=True)
class Row:
    """One line of a table: a placement or an arm."""

    counts: Counts
    coverage: float | None

    @property
    def cells(self) -> list[Cell]:
        own = self.counts
        return [
            share_cell(own.ctr), share_cell(own.cart_rate), share_cell(own.conversion), money_cell(own.per_thousand),
            Cell(percent(self.coverage), ""),
        ]  # fmt: skip


@dataclass(frozen=True)
class ArmRow(Row):
    arm: Any
    sentence: str


@dataclass(frozen=True)
class Against:
    """A placement beside its control, or what to do while there is none."""

    figures: PlacementFigures
    rows: list[ArmRow]
    chart: Any
    experiment_url: str
    start_url: str


def titles() -> list[str]:
    """Heads of the columns of `Row.cells`."""
    return [
        _("Clicked"), _("Into the basket"), _("Bought"), _("Revenue per 1,000 lists"), _("Products shown"),
    ]  # fmt: skip


def online(request: HttpRequest) -> HttpResponse:
    """`?placement=…&within=…&from=…&to=…`; the address bar carries the whole state. `part=shown` is the part
    below the figures."""
    period = Period.of(request)
    wanted = request.GET.get("placement", "")[:40]
    hours = current_shop().credit_hours
    if request.GET.get("part") == "shown":
        return render(request, "admin/recommender/online_shown.html", _shown(period, wanted))
    found = reports.report(period.first, period.last, hours=hours, placement=wanted)
    beside_control = [against(request, one, found) for one in found.placements if one.key not in BESIDE]
    context = {
        **admin.site.each_context(request),
        "title": _("Recommendations: what they bring"),
        "period": period,
        "kept": [("placement", wanted)] if wanted else [],
        "wanted": wanted,
        "found": found,
        "window": dict(type(current_shop()).CreditHours.choices).get(found.hours, ""),
        "rows": [
            (one, Row(one.counts, found.coverage_of(one.shown)), _address(period, one.key)) for one in found.placements
        ],
        "heads": titles(),
        "shown_url": f"{_address(period, wanted)}&part=shown",
        "all_url": _address(period, ""),
        "against": [one for one in beside_control if one.rows],
        "unmeasured": [one for one in beside_control if not one.rows],
        "chart": click_chart(period, found),
        "refused": _refused(period) if found.placements or not wanted else [],
        "shop_url": reverse("admin:core_shopprofile_change", args=[1])
        if request.user.has_perm("core.change_shopprofile")
        else "",
        "placements_url": reverse("admin:recommender_placement_changelist"),
    }
    return render(request, "admin/recommender/online.html", context)


def _shown(period: Period, placement: str) -> dict[str, Any]:
    """What is read once the page is there."""
    return {
        "exposure": shown.exposure(period.first, period.last, placement),
        "nights": shown.nights(),
        "drift": shown.drift(),
        "limit": threshold_of("recommender_data_changed"),
    }


def _address(period: Period, placement: str) -> str:
    query = {**period.query, **({"placement": placement} if placement else {})}
    return f"{reverse('admin:recommender_online')}?{urlencode(query)}"


def against(request: HttpRequest, one: PlacementFigures, found: Report) -> Against:
    """What the experiment of a placement says, in words; without one, where to start it."""
    user = request.user
    rows = [
        ArmRow(arm.counts, found.coverage_of(arm.shown), arm.arm, arm_sentence(arm, is_broken=one.broken is not None))
        for arm in one.arms
    ]
    drawn = [
        Range(arm.arm.title, arm.lift or 0.0, *arm.interval, arm_sentence(arm, is_broken=False))
        for arm in one.arms
        if arm.interval is not None and one.broken is None
    ]
    sees = one.experiment is not None and user.has_perm("core.view_experiment")
    return Against(
        one,
        rows,
        range_chart(drawn, _("Change of the click rate against the control")) if drawn else "",
        reverse("admin:core_experiment_change", args=[one.experiment.pk]) if one.experiment and sees else "",
        start_url(one.key, one.title, one.strategy) if user.has_perm("core.add_experiment") else "",
    )


def start_url(key: str, title: str, strategy: str) -> str:
    """The form of an experiment at this placement: the popularity list as control, against what it shows now."""
    way = trials.against_control(strategy)
    name = _("%(placement)s: do recommendations bring more than the popularity list?") % {"placement": title}
    return start_address(kind=trials.KIND, target=key, name=name[:120], ways=[trials.POPULAR, way], metric="clicks")


def arm_sentence(arm: ArmFigures, *, is_broken: bool) -> str:
    if arm.arm.is_control:
        return _("the control")
    if is_broken:
        return _("do not use")
    return lift_sentence(arm.interval)


def lift_sentence(interval: Interval | None) -> str:
    """What a relative change of the click rate says. One look: the experiment itself holds at every look."""
    if interval is None:
        return _("Not yet: too few people or clicks")
    low, high = interval
    if low > 0 or high < 0:
        near, far = sorted((abs(low), abs(high)))
        span = _("%(low)s to %(high)s") % {"low": reading.share_text(near), "high": reading.share_text(far)}
        text = _("Likely %(range)s more clicks") if low > 0 else _("Likely %(range)s fewer clicks")
        return text % {"range": span}
    return _("Too early to tell: anywhere from %(low)s to %(high)s.") % {
        "low": reading.signed_share(low), "high": reading.signed_share(high),
    }  # fmt: skip


def _refused(period: Period) -> list[tuple[str, int]]:
    found = reports.refused(period.first, period.last)
    return [(str(RefusedCredit.Reason(reason).label), acts) for reason, acts in sorted(found.items())]


# --- chart --------------------------------------------------------------------------------------------------------


def click_chart(period: Period, found: Report) -> Chart | None:
    """Click rates by day of the placements with most lists: those where most days hold enough lists to say something.
    The table has them all."""
    days = _days(period, found)
    some = found.placements[:MOST_LINES]
    if not some or not days:
        return None
    rates = [reports.daily(days, one) for one in some]
    steady = [sum(rate.base >= LEAST_IN_POINT for rate in line) * 2 > len(days) for line in rates]
    lines = [
        Line(
            one.title, [rate.value if rate.base >= LEAST_IN_POINT else None for rate in line], "share",
            is_open=True, texts=[_with_base(rate) for rate in line], is_drawn=is_steady,
        )
        for one, line, is_steady in zip(some, rates, steady, strict=True)
    ]  # fmt: skip
    return line_chart(
        _("%(rate)s of the lists that were seen were clicked") % {"rate": percent(found.everything.ctr.value)},
        [day_text(day) for day in days], lines, first_head=_("Day"), enough=any(steady),
        note=_("Share of the lists seen that were clicked, by day; days with fewer than %(least)d lists stand only in "
               "the table. Today is not over.") % {"least": LEAST_IN_POINT},
    )  # fmt: skip


def _with_base(rate: Rate) -> str:
    return percent(rate.value, rate.base) if rate.value is not None else "–"


def _days(period: Period, found: Report) -> list[date]:
    """Every day of the period from the first one with a list on; gaps stay gaps."""
    known = [day for one in found.placements for day in one.daily]
    if not known:
        return []
    first, last = max(period.first, min(known)), max(known)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


# --- file ---------------------------------------------------------------------------------------------------------


def table(request: HttpRequest) -> PageTable:
    """One line for each placement and each arm of its experiment."""
    period, wanted = Period.of(request), request.GET.get("placement", "")[:40]
    heads = [
        _("Placement"), _("Experiment"), _("Arm"), _("Lists seen"), _("People and days"), _("Clicked lists"),
        _("Click rate"), _("from"), _("to"), _("Lists put into the basket"), _("Lists bought from"), _("Revenue"),
        _("Revenue per 1,000 lists"), _("from"), _("to"), _("Products shown"), _("Change of the click rate"),
        _("from"), _("to"),
    ]  # fmt: skip

    def cells(key: str, counts: Counts, shown: int, arm: ArmFigures | None, experiment: str) -> list[Any]:
        ctr, revenue = counts.ctr, counts.per_thousand
        ends = arm.interval if arm is not None and arm.interval else (None, None)
        return [
            key, experiment, arm.arm.title if arm else "", counts.lists, counts.people, int(counts.sums["clicked"]),
            ctr.value, ctr.low, ctr.high, int(counts.sums["carted"]), int(counts.sums["bought"]), counts.revenue,
            revenue.value, revenue.low, revenue.high, shown, arm.lift if arm else None, *ends,
        ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        found = reports.report(period.first, period.last, hours=current_shop().credit_hours, placement=wanted)
        for one in found.placements:
            yield cells(one.key, one.counts, one.shown, None, "")
            name = one.experiment.title if one.experiment else ""
            for arm in one.arms:
                yield cells(one.key, arm.counts, arm.shown, arm, name)

    return PageTable(f"{_('Recommendations: what they bring')} {period.words}", heads, rows())
