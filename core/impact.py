"""What each capability brought against its control, as the impact page tells it.

An app that owns a capability registers it in `core.extensions.impact_measures`: what the control is, which experiments
measure it and by which metrics. Whether more of a metric is good says the metric itself. What a look says of a
capability's metrics is in `claims`, in the words of `core.experiments.reading`: the ranges hold at every look, and a
change is claimed only of what the experiment is judged by, and when it also stands after Holm's correction over that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.experiments import kinds, reading
from core.experiments.reading import Reading
from core.extensions import impact_measures
from core.models import Experiment, ExperimentLook


@dataclass(frozen=True)
class Start:
    """The experiment that would measure a capability: how its form is filled in, the control's way first."""

    name: Any
    target: str
    ways: tuple[str, ...]
    metric: str


@dataclass(frozen=True)
class Elsewhere:
    """What leaves people out by chance without an experiment that somebody starts: in a sentence, and the page on which
    it is set up (label, name of the admin's address, right)."""

    sentence: Any
    label: Any
    page: str
    permission: str


@dataclass(frozen=True)
class Capability:
    """What is registered. `control` completes "compared with …".

    `kind` is the kind of experiments that measure it; one counts when its control is the kind's control, and an arm
    counts when its way is among `ways`. `measures` are metrics that the capability is for, the first its own;
    `guardrails` those that it must not harm. Without `start` nobody starts one by hand; `elsewhere` says what begins
    one. `page` is a staff page (`core.extensions.staff_pages`) that says more.
    """

    title: Any
    control: Any
    kind: str
    ways: frozenset[str]
    measures: tuple[str, ...]
    guardrails: tuple[str, ...] = ()
    start: Start | None = None
    elsewhere: Elsewhere | None = None
    page: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """All metrics, those of the capability first."""
        return (*self.measures, *self.guardrails)

    def arms_of(self, experiment: Experiment) -> list[str]:
        """Keys of the arms in which the capability is at work; none when this experiment says nothing about it."""
        kind = kinds.known(self.kind)
        if kind is None or experiment.kind != self.kind:
            return []
        found = []
        for arm in experiment.arms.all():
            choice = kind.choice_of(arm.settings)
            way = choice.key if choice else ""
            if arm.is_control and way != kind.control:
                return []
            if not arm.is_control and way in self.ways:
                found.append(arm.key)
        return found


def known() -> list[tuple[str, Capability]]:
    """Every capability that this installation has, in order."""
    return [(entry.key, entry.resolve()) for entry in impact_measures]


@dataclass(frozen=True)
class Claim:
    """What one metric of one arm says, with the numbers behind it."""

    reading: Reading
    is_guardrail: bool
    people: int
    people_control: int
    value: float | None
    value_control: float | None
    removed: float
    """Share of the variance that CUPED took away."""

    @property
    def p(self) -> float | None:
        return self.reading.p

    @property
    def p_holm(self) -> float | None:
        return self.reading.p_holm


def claims(capability: Capability, experiment: Experiment, look: ExperimentLook) -> list[Claim]:
    """What the look says of the capability's metrics, in their order. Empty when the split is broken."""
    if reading.mismatch(experiment, look) is not None:
        return []
    arms = capability.arms_of(experiment)
    said = {(one.metric, one.arm): one for one in reading.readings(experiment, look)}
    rows = {(result["metric"], row["arm"]): (result, row) for result in look.results for row in result["comparisons"]}
    asked = [(key, arm) for key in capability.asked for arm in arms if (key, arm) in rows and (key, arm) in said]
    found = []
    for one in asked:
        result, row = rows[one]
        found.append(
            Claim(
                reading=said[one], is_guardrail=one[0] in capability.guardrails, people=row["n"],
                people_control=row["n_control"], value=row["mean"] if row["n"] else None,
                value_control=row["mean_control"] if row["n_control"] else None, removed=result["removed"],
            )
        )  # fmt: skip
    return found


def verdict(found: Sequence[Claim]) -> Reading | None:
    """What to say of a capability in one sentence: harm first, then what works, then its own measure."""
    for kind in ("hurts", "works"):
        for one in found:
            if one.reading.kind == kind:
                return one.reading
    judged = (one.reading for one in found if one.reading.kind != "shown")
    return next(judged, found[0].reading) if found else None
