"""The table of the impact page as a file, each line with how it was counted."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from analytics.impact import results
from analytics.impact.results import LEAST_REMOVED, Measured, Row
from core.components import figure, percent
from core.experiments import metrics
from core.exports import PageTable
from core.impact import Claim


def table(_request: HttpRequest) -> PageTable:
    """One line for each metric of each experiment; one for each capability that is not measured."""
    return PageTable(_("Impact"), heads(), lines(results.report()))


def heads() -> list[str]:
    return [
        _("Capability"), _("Control"), _("Experiment"), _("Where"), _("State"), _("Since"), _("Looked at"), _("Metric"),
        _("Guardrail"), _("Arm"), _("People"), _("People in the control"), _("Value"), _("Value of the control"),
        _("Relative change"), _("From (any look)"), _("To (any look)"), _("p value (any look)"), _("p value (Holm)"),
        _("p value of the split"), _("Noise removed by CUPED"), _("What it says"), _("How it was counted"),
    ]  # fmt: skip


def lines(rows: Sequence[Row]) -> Iterator[list[Any]]:
    for row in rows:
        start = [str(row.capability.title), str(row.capability.control)]
        for one in (*row.current, *row.earlier):
            yield from _lines(start, one)
        if not row.is_measured:
            yield [*start, *[""] * 19, row.verdict.sentence, ""]


def _lines(start: list[str], one: Measured) -> Iterator[list[Any]]:
    experiment, look = one.experiment, one.look
    shared = [
        experiment.key, one.where, experiment.get_state_display(),
        experiment.started_at, look.looked_at if look else None,
    ]  # fmt: skip
    ratio = look.sample_ratio_p if look else ""
    for claim in one.claims:
        yield [*start, *shared, *_numbers(claim), ratio, claim.removed, claim.reading.sentence,
               method(one, claim.removed)]  # fmt: skip
    if not one.claims:
        people = look.people if look else ""
        yield [*start, *shared, "", "", "", people, *[""] * 8, ratio, "", one.verdict.sentence, method(one)]


def _numbers(claim: Claim) -> list[Any]:
    said, metric = claim.reading, metrics.known(claim.reading.metric)
    scale = metric.scale if metric else 1.0
    values = [None if value is None else value * scale for value in (claim.value, claim.value_control)]
    return [
        metrics.title(said.metric), _("yes") if claim.is_guardrail else _("no"), said.arm, claim.people,
        claim.people_control, *values, said.estimate, said.low, said.high, claim.p, claim.p_holm,
    ]  # fmt: skip


def method(one: Measured, removed: float | None = None) -> str:
    """How a line was counted, for who has only the file. `removed`: the share of the noise that was taken away, of the
    line's metric or at most."""
    if removed is None:
        removed = max((claim.removed for claim in one.claims), default=0.0)
    experiment = one.experiment
    text = _(
        "Intention to treat: everybody exposed counts in the arm they were given, divided by %(unit)s, with what they "
        "did in the %(days)d days after the first exposure. Relative range: Fieller, at any look (asymptotic "
        "confidence sequence, tuned for %(people)s people). p values at any look, after Holm over the primary "
        "metric and guardrails of this experiment; other metrics are only shown. Split checked by χ²."
    )
    said = text % {
        "unit": experiment.get_unit_display(), "days": experiment.outcome_days,
        "people": figure(experiment.planned_people),
    }  # fmt: skip
    if removed < LEAST_REMOVED:
        return said
    reduced = _("Noise reduced by %(share)s by the 28 days before (CUPED).") % {"share": percent(removed)}
    return f"{said} {reduced}"
