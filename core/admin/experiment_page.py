"""The page of one experiment: what came of it, who took part, how it was counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.components import Range, figure, money, percent, range_chart
from core.components.bands import Point, band_chart
from core.components.words import listed, money_about, run_on
from core.experiments import kinds, metrics, reading
from core.exports.cells import safe_cell
from core.exports.tables import csv_lines
from core.ml import experiments as ml
from core.models import Experiment, ExperimentArm, ExperimentLook, Job

MOST_POINTS = 60


@dataclass(frozen=True)
class ArmRow:
    """An arm with the people it got."""

    arm: ExperimentArm
    shows: str
    people: int
    share: str


@dataclass(frozen=True)
class MetricRow:
    """One metric: its value in each arm, and what each comparison says."""

    title: str
    help: str
    values: list[tuple[str, str]]
    readings: list[reading.Reading]
    chances: list[tuple[str, str]]
    """p for one look and after Holm, for each arm; of what is only shown none."""
    is_judged: bool


def context_of(experiment: Experiment) -> dict[str, Any]:
    """All that the page shows: four queries, however many looks there were."""
    arms = list(experiment.arms.all())
    look = experiment.looks.first()
    kind = kinds.known(experiment.kind)
    names = {arm.key: arm.title for arm in arms}
    active = Job.objects.active().filter(dedupe_key=f"experiment:{experiment.pk}").first()
    context: dict[str, Any] = {
        "look": look,
        "kind_title": str(kind.title) if kind else experiment.kind,
        "target_title": kind.target_title(experiment.target) if kind else experiment.target,
        "arms": _arm_rows(arms, kind, look),
        "verdict": reading.verdict(experiment, look),
        "counting": active,
        "standing_in": standing_in(experiment),
        "stop_question": _stop_question(look.people if look else 0),
        "primary_title": metrics.title(experiment.primary_metric),
        "guardrail_titles": listed(metrics.title(key) for key in experiment.guardrails),
        "smallest": percent(experiment.smallest_effect),
        "has_numbers": False,
    }
    if look is None:
        return context
    broken = reading.mismatch(experiment, look)
    rows = _metric_rows(experiment, look, names)
    people = [row["n"] for result in look.results[:1] for row in result["arms"].values()]
    context |= {
        "broken": broken,
        "has_numbers": broken is None,
        "sample_ratio": _chance(look.sample_ratio_p),
        "metrics": rows if any(people) else [],
        "chart": "" if broken else _chart(experiment, rows, names),
        "waiting": [] if broken else _waiting(rows, names),
        "history": "" if broken else _history(experiment, names),
        "removed": max((result["removed"] for result in look.results), default=0.0),
        "removed_text": percent(max((result["removed"] for result in look.results), default=0.0)),
        "capped": [
            (metrics.title(result["metric"]), money(result["cap"]), figure(result["capped"]))
            for result in look.results
            if result["cap"] is not None
        ],
        "counted": figure(min(people, default=0)),
        "minimum": figure(ml.MINIMUM_PER_ARM),
    }
    return context


def standing_in(experiment: Experiment) -> list[str]:
    """What is said of arms that show something else for now, of an experiment that people take part in or will."""
    kind = kinds.known(experiment.kind)
    if kind is None or not (experiment.is_draft or experiment.is_running):
        return []
    told = [(arm, kind.why_something_else(arm.settings)) for arm in experiment.arms.all()]
    said = _("“%(arm)s” shows something else for now: its people would blur the result.")
    return [run_on([said % {"arm": arm.title}, why]) for arm, why in told if why]


def _stop_question(people: int) -> str:
    return ngettext("Stop for %(people)s person?", "Stop for %(people)s people?", people) % {"people": figure(people)}


def results_csv(experiment: Experiment, look: ExperimentLook) -> Iterator[bytes]:
    """The newest look as a table: one line for each metric and arm."""
    titles = [
        _("Metric"), _("Arm"), pgettext("taking part", "People"), _("People in the control"), _("Value"),
        _("Value of the control"),
        _("Difference"), _("From"), _("To"), _("From (any look)"), _("To (any look)"), _("Relative"),
        _("Relative from (any look)"), _("Relative to (any look)"), _("p value"), _("p value (Holm)"), _("Looked at"),
    ]  # fmt: skip
    names = {arm.key: arm.title for arm in experiment.arms.all()}

    def lines() -> Iterator[list[str]]:
        yield [safe_cell(title) for title in titles]
        for result in look.results:
            metric = metrics.known(result["metric"])
            scale = metric.scale if metric else 1.0
            for row in result["comparisons"]:
                ends = [*_ends(row["interval"], scale), *_ends(row["always_valid_interval"], scale)]
                cells = [
                    metrics.title(result["metric"]), names.get(row["arm"], row["arm"]), row["n"], row["n_control"],
                    row["mean"] * scale, row["mean_control"] * scale, row["difference"] * scale, *ends, row["relative"],
                    *_ends(row["always_valid_relative_interval"], 1.0), row["p_value"],
                    row["p_value_holm"] if result["metric"] in experiment.metrics else None,
                    look.looked_at.isoformat(timespec="seconds"),
                ]  # fmt: skip
                yield [safe_cell(cell) for cell in cells]

    return csv_lines(lines())


def _ends(interval: list[float] | None, scale: float) -> list[float | None]:
    return [end * scale for end in interval] if interval else [None, None]


def _arm_rows(
    arms: list[ExperimentArm], kind: kinds.ExperimentKind | None, look: ExperimentLook | None
) -> list[ArmRow]:
    found = []
    for arm in arms:
        choice = kind.choice_of(arm.settings) if kind else None
        people = look.exposed.get(arm.key, 0) if look else 0
        share = percent(people / look.people) if look and look.people else "–"
        found.append(ArmRow(arm, str(choice.title) if choice else "–", people, share))
    return found


def _metric_rows(experiment: Experiment, look: ExperimentLook, names: dict[str, str]) -> list[MetricRow]:
    said = reading.readings(experiment, look)
    found = []
    for result in look.results:
        metric = metrics.known(result["metric"])
        if metric is None:
            continue
        is_judged = result["metric"] in experiment.metrics
        found.append(
            MetricRow(
                title=str(metric.title),
                help=str(metric.help),
                values=[(names[key], _value(metric, result["arms"][key])) for key in names if key in result["arms"]],
                readings=[one for one in said if one.metric == result["metric"]],
                chances=[
                    (_chance(row["p_value"]), _chance(row["p_value_holm"]))
                    if is_judged and row["n"] and row["n_control"]
                    else ("–", "–")
                    for row in result["comparisons"]
                ],
                is_judged=is_judged,
            )
        )
    return found


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _value(metric: metrics.OutcomeMetric, arm: dict[str, Any]) -> str:
    value = arm["value"]
    if not arm["n"] or (metric.is_ratio and not value):
        return "–"
    if metric.is_amount:
        return money_about(value * metric.scale)
    if metric.is_share:
        return percent(value)
    shown = value * metric.scale
    return f"{shown:.{2 if shown >= 1 else 4}f}".rstrip("0").rstrip(".") if value else "0"


def _label(row: MetricRow, one: reading.Reading, names: dict[str, str]) -> str:
    return f"{row.title} · {names.get(one.arm, one.arm)}" if len(row.readings) > 1 else row.title


def _chart(experiment: Experiment, rows: list[MetricRow], names: dict[str, str]) -> Any:
    """Every metric that has a range, on one axis. Those that are far off come last, so the axis stays readable."""
    drawn = [
        Range(_label(row, one, names), one.estimate or 0.0, one.low, one.high, one.sentence, is_claimed=one.is_claimed)
        for row in rows
        for one in row.readings
        if one.low is not None and one.high is not None
    ]
    return range_chart(drawn, _("Change against the control")) if drawn else ""


def _waiting(rows: list[MetricRow], names: dict[str, str]) -> list[tuple[str, str]]:
    """What has no range yet, and why; the same sentence once. Of several arms those that wait are named, and the
    metrics only where it is not all of them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        for one in row.readings:
            if one.low is None:
                found.setdefault(one.sentence, []).append((row.title, names.get(one.arm, one.arm)))
    has_several = max((len(row.readings) for row in rows), default=0) > 1
    told = []
    for sentence, waiting in found.items():
        titles, arms = (list(dict.fromkeys(column)) for column in zip(*waiting, strict=True))
        parts = ([listed(arms)] if has_several else []) + (
            [listed(titles)] if not has_several or len(waiting) < len(arms) * len(rows) else []
        )
        told.append((" · ".join(parts), sentence))
    return told


def _history(experiment: Experiment, names: dict[str, str]) -> list[tuple[str, Any]]:
    """How the primary metric's range narrowed, for each arm. At most sixty looks, evenly taken, the newest always."""
    looks = list(experiment.looks.order_by("looked_at").values_list("looked_at", "results"))
    step = max(1, -(-len(looks) // MOST_POINTS))
    taken = looks[::-1][::step][::-1]
    points: dict[str, list[Point]] = {}
    for at, results in taken:
        for result in results:
            if result["metric"] != experiment.primary_metric:
                continue
            for row in result["comparisons"]:
                ends = row["always_valid_relative_interval"]
                if ends:
                    points.setdefault(row["arm"], []).append(Point(at, ends[0], ends[1], row["relative"] or 0.0))
    title = metrics.title(experiment.primary_metric)
    drawn = []
    for arm, own in points.items():
        if len(own) < 2:
            continue
        name = names.get(arm, arm)
        label = _("%(metric)s, %(arm)s: likely %(low)s to %(high)s at the newest of %(looks)d looks") % {
            "metric": title, "arm": name, "low": percent(own[-1].low), "high": percent(own[-1].high),
            "looks": len(looks),
        }  # fmt: skip
        drawn.append((name, band_chart(own, label=label)))
    return drawn
