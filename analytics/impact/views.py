"""Staff page "Impact": did it pay?"""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.impact import results
from analytics.impact.results import Measured, Row
from core.admin.experiment_acts import page_of, plan
from core.admin.experiment_forms import start_address
from core.components import Axis, Range, axis_of, figure, money, percent, pill, range_chart
from core.components.words import day_text, listed
from core.experiments import metrics
from core.experiments.metrics import OutcomeMetric
from core.extensions import staff_pages
from core.impact import Capability, Claim
from core.models import Experiment
from core.shop import current_shop

ADD = "core.add_experiment"
MOST_LIFT = 1.0
"""The common axis ends at ±100% unless an estimate lies beyond: wider ranges fade at its end, their sentence tells."""


@dataclass(frozen=True)
class Line:
    """One metric in words: what it was in both groups, and what is said of the difference."""

    title: str
    sentence: str
    value: str
    value_control: str
    people: str
    chance: str
    is_guardrail: bool


@dataclass(frozen=True)
class Block:
    """One experiment below its capability."""

    measured: Measured
    pill: Any
    url: str
    chart: Any
    lines: list[Line]
    waiting: list[tuple[str, str]]
    notes: list[str]


@dataclass(frozen=True)
class Card:
    """A capability with its blocks."""

    row: Row
    pill: Any
    blocks: list[Block]
    earlier: list[Block]
    start_url: str
    elsewhere: tuple[Any, Any, str] | None
    """Where nobody starts an experiment: what begins one, label and address of that page, empty without the right."""
    more: tuple[Any, str] | None
    """Title and address of the page that says more."""

    @property
    def is_single(self) -> bool:
        """The pill of the card is that of its only experiment."""
        return len(self.blocks) == 1


def page(request: HttpRequest) -> HttpResponse:
    """One row per capability, then what each experiment says."""
    rows = results.report()
    axis = axis_of(_ranges(rows), most=MOST_LIFT)
    cards = [_card(request, row, axis) for row in rows]
    base, daily = _shop_so_far(rows)
    context = {
        **admin.site.each_context(request),
        "title": _("Impact"),
        "answer": _answer(rows),
        "cards": cards,
        "chart": _overview(rows, axis),
        "unmeasured": listed([str(row.capability.title) for row in rows if not row.is_measured]),
        "as_of": results.as_of(rows),
        "may_start": request.user.has_perm(ADD),
        "experiments_url": reverse("admin:core_experiment_changelist"),
        "holdout_percent": current_shop().holdout_percent,
        "shop_url": reverse("admin:core_shopprofile_change", args=[1])
        if request.user.has_perm("core.change_shopprofile")
        else "",
        "plan": plan(request, base=base, daily=daily),
    }
    return render(request, "admin/analytics/impact.html", context)


def _answer(rows: list[Row]) -> str:
    """The page in one sentence."""
    said: dict[str, list[str]] = {}
    for row in rows:
        kind = row.verdict.kind if row.is_measured else results.NOT_MEASURED
        said.setdefault(kind, []).append(str(row.capability.title))
    found = []
    if "works" in said:
        found.append(_("Pays: %(names)s") % {"names": listed(said["works"])})
    if "hurts" in said:
        found.append(_("Does harm: %(names)s") % {"names": listed(said["hurts"])})
    if "broken" in said:
        found.append(_("Do not use the result of: %(names)s") % {"names": listed(said["broken"])})
    if found:
        return " · ".join(found)
    if len(said.get(results.NOT_MEASURED, [])) == len(rows):
        return _("Nothing is measured yet")
    return _("No clear difference yet")


def _ranges(rows: list[Row]) -> list[Range]:
    return [
        drawn
        for row in rows
        for measured in row.current
        for claim in measured.claims
        if (drawn := _range("", claim)) is not None
    ]


def _range(label: Any, claim: Claim) -> Range | None:
    said = claim.reading
    if said.low is None or said.high is None:
        return None
    return Range(label, said.estimate or 0.0, said.low, said.high, said.sentence, is_claimed=said.is_claimed)


def _overview(rows: list[Row], axis: Axis) -> Any:
    """One row per capability and experiment that runs, or ran last: what its verdict is about; the sentence alone where
    there is no range. What nobody measured has a card below and no row."""
    drawn = []
    for row in rows:
        title = str(row.capability.title)
        against = _("compared with %(control)s") % {"control": row.capability.control}
        for measured in row.current:
            said = measured.verdict
            label = f"{title} · {measured.where}" if len(row.current) > 1 else title
            since = _("%(people)s people since %(day)s") % {
                "people": figure(measured.people), "day": day_text(measured.experiment.started_at),
            }  # fmt: skip
            one = measured.own if said.kind != "broken" else None
            drawn.append(
                Range(
                    label, said.estimate or 0.0, said.low if one else None, said.high if one else None, said.sentence,
                    is_claimed=said.is_claimed, badge=pill(said.meaning, said.word), hint=f"{against} · {since}",
                )
            )  # fmt: skip
    return range_chart(drawn, _("Change against the control"), axis=axis) if drawn else ""


def _card(request: HttpRequest, row: Row, axis: Axis) -> Card:
    start = row.capability.start
    is_free = start is not None and not any(
        not one.is_over and one.experiment.target == start.target for one in row.current
    )
    return Card(
        row=row,
        pill=pill(row.meaning, row.verdict.word),
        blocks=[_block(request, row.capability, one, axis) for one in row.current],
        earlier=[_block(request, row.capability, one, axis) for one in row.earlier],
        start_url=start_url(row.capability) if is_free and request.user.has_perm(ADD) else "",
        elsewhere=_elsewhere(request, row.capability),
        more=_more(request, row.capability),
    )


def _elsewhere(request: HttpRequest, capability: Capability) -> tuple[Any, Any, str] | None:
    told = capability.elsewhere
    if told is None:
        return None
    url = reverse(f"admin:{told.page}") if request.user.has_perm(told.permission) else ""
    return told.sentence, told.label, url


def _more(request: HttpRequest, capability: Capability) -> tuple[Any, str] | None:
    if not capability.page or capability.page not in staff_pages:
        return None
    told = staff_pages.get(capability.page).meta
    if not request.user.has_perm(told["permission"]):
        return None
    return told["title"], reverse(f"admin:{capability.page}")


def start_url(capability: Capability) -> str:
    """The form of the experiment that would measure it; empty for what nobody starts by hand."""
    start = capability.start
    if start is None:
        return ""
    return start_address(
        kind=capability.kind, target=start.target, name=str(start.name), ways=start.ways, metric=start.metric,
        guardrails=capability.guardrails,
    )  # fmt: skip


def _block(request: HttpRequest, capability: Capability, one: Measured, axis: Axis) -> Block:
    arms = {arm.key: arm.name for arm in one.experiment.arms.all()}
    several = len(capability.arms_of(one.experiment)) > 1
    ranges, lines = [], []
    waiting: dict[str, list[str]] = {}
    for claim in one.claims:
        metric = metrics.known(claim.reading.metric)
        assert metric is not None
        title = str(metric.title)
        if several:
            title = f"{title} · {arms.get(claim.reading.arm, claim.reading.arm)}"
        drawn = _range(title, claim)
        if drawn is not None:
            ranges.append(drawn)
        else:
            waiting.setdefault(claim.reading.sentence, []).append(title)
        lines.append(_line(title, metric, claim))
    may_open = request.user.has_perm("core.view_experiment")
    return Block(
        measured=one,
        pill=pill(one.verdict.meaning, one.verdict.word),
        url=page_of(one.experiment.pk) if may_open else "",
        chart=range_chart(ranges, _("Change against the control"), axis=axis) if ranges else "",
        lines=lines,
        waiting=[(listed(titles), sentence) for sentence, titles in waiting.items()],
        notes=notes(one),
    )


def _line(title: str, metric: OutcomeMetric, claim: Claim) -> Line:
    return Line(
        title=title,
        sentence=claim.reading.sentence,
        value=_value(metric, claim.value),
        value_control=_value(metric, claim.value_control),
        people=_("%(treated)s and %(control)s") % {
            "treated": figure(claim.people), "control": figure(claim.people_control),
        },
        chance="–" if claim.p_holm is None else "< 0.001" if claim.p_holm < 0.001 else f"{claim.p_holm:.3f}",
        is_guardrail=claim.is_guardrail,
    )  # fmt: skip


def _value(metric: OutcomeMetric, value: float | None) -> str:
    if value is None:
        return "–"
    if metric.is_amount:
        return money(value * metric.scale)
    if metric.is_share:
        return percent(value)
    return f"{value * metric.scale:.4f}".rstrip("0").rstrip(".") if value else "0"


def notes(one: Measured) -> list[str]:
    """How this experiment was counted, in short."""
    experiment, look = one.experiment, one.look
    unit = Experiment.Unit(experiment.unit).label
    found = [
        _("Divided by %(unit)s; everybody counts in the group they were given, for %(days)d days after the first time.")
        % {"unit": unit, "days": experiment.outcome_days}
    ]
    removed = max((claim.removed for claim in one.claims), default=0.0)
    if removed >= results.LEAST_REMOVED:
        found.append(
            _(
                "What people did in the 28 days before explains %(share)s of how much they differ. With that taken out "
                "the range is narrower (CUPED)."
            )
            % {"share": percent(removed)}
        )
    if look is not None and one.verdict.kind != "broken":
        chance = "< 0.001" if look.sample_ratio_p < 0.001 else f"{look.sample_ratio_p:.3f}"
        found.append(_("The split is as planned (p %(chance)s).") % {"chance": chance})
    return found


def _shop_so_far(rows: list[Row]) -> tuple[str, str]:
    """Share of people who buy, in percent, and people a day, as the holdout's experiment saw them: the numbers that the
    sample size is worked out from. Empty where nothing is known yet."""
    for row in rows:
        for one in row.current:
            started = one.experiment.started_at
            if row.key != "everything" or one.look is None or started is None:
                continue
            days = max((one.look.looked_at - started).total_seconds() / 86_400, 1.0)
            bought = next((c.value for c in one.claims if c.reading.metric == "conversion"), None)
            base = f"{bought * 100:.2f}" if bought else ""
            return base, f"{one.people / days:.0f}" if one.people else ""
    return "", ""
