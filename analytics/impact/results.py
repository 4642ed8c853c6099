"""Reads: every capability with the experiments that measure it and what their newest looks say. One query."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, OuterRef, Subquery, Value, When, Window
from django.db.models.functions import JSONObject, RowNumber
from django.utils.translation import gettext as _

from core import impact
from core.components.pills import Meaning
from core.experiments import kinds, reading
from core.experiments.reading import Reading
from core.impact import Capability, Claim
from core.models import Experiment, ExperimentArm, ExperimentLook

MOST_OF_A_KIND = 40
"""So many of each kind are read, those that run first: many campaigns do not push out the one holdout of the year."""
NOT_MEASURED = "not_measured"
LEAST_REMOVED = 0.01
"""Less noise than this taken away by CUPED is not told."""


@dataclass(frozen=True)
class Measured:
    """One experiment as the evidence about a capability. `look` is None before the first."""

    experiment: Experiment
    look: ExperimentLook | None
    claims: list[Claim]
    verdict: Reading

    @property
    def people(self) -> int:
        return self.look.people if self.look else 0

    @property
    def is_over(self) -> bool:
        return not self.experiment.is_running

    @property
    def where(self) -> str:
        kind = kinds.known(self.experiment.kind)
        return kind.target_title(self.experiment.target) if kind else self.experiment.target

    @property
    def own(self) -> Claim | None:
        """The claim that the verdict is about."""
        return next(
            (one for one in self.claims if one.reading == self.verdict), self.claims[0] if self.claims else None
        )


@dataclass(frozen=True)
class Row:
    """A capability. `current` are the experiments that say how it does now (those that run; when none does, the one
    that ended last), `earlier` all others, the newest first."""

    key: str
    capability: Capability
    current: list[Measured] = field(default_factory=list)
    earlier: list[Measured] = field(default_factory=list)

    @property
    def is_measured(self) -> bool:
        return bool(self.current)

    @property
    def verdict(self) -> Reading:
        """Harm first, then what works, then what is broken, then the newest."""
        rank = {"hurts": 0, "works": 1, "broken": 2}
        said = [one.verdict for one in self.current]
        return min(said, key=lambda one: rank.get(one.kind, 3), default=_not_measured())

    @property
    def meaning(self) -> Meaning:
        return self.verdict.meaning if self.is_measured else Meaning.IDLE

    @property
    def first(self) -> Measured | None:
        """The experiment that the verdict is from."""
        return next((one for one in self.current if one.verdict == self.verdict), None)


def report() -> list[Row]:
    """All capabilities of this installation, in their order."""
    known = impact.known()
    experiments = _experiments([capability.kind for _key, capability in known])
    return [_row(key, capability, experiments) for key, capability in known]


def as_of(rows: Sequence[Row]) -> datetime | None:
    """When the newest look was."""
    looks = [one.look.looked_at for row in rows for one in row.current if one.look]
    return max(looks, default=None)


def _row(key: str, capability: Capability, experiments: Sequence[tuple[Experiment, ExperimentLook | None]]) -> Row:
    found = [
        _measured(capability, experiment, look) for experiment, look in experiments if capability.arms_of(experiment)
    ]
    running = [one for one in found if not one.is_over]
    # An experiment that was stopped before anybody was counted says nothing.
    ended = sorted(
        (one for one in found if one.is_over and one.look is not None),
        key=lambda one: one.experiment.stopped_at or one.experiment.started_at, reverse=True,  # type: ignore[arg-type,return-value]
    )  # fmt: skip
    current = running or ended[:1]
    return Row(key, capability, current, [one for one in ended if one not in current])


def _measured(capability: Capability, experiment: Experiment, look: ExperimentLook | None) -> Measured:
    found = impact.claims(capability, experiment, look) if look is not None else []
    broken = reading.mismatch(experiment, look) if look is not None else None
    said = broken or impact.verdict(found)
    if said is None:
        said = Reading("waiting", _("waits for people"), _("Nothing counted yet."), capability.measures[0])
    return Measured(experiment, look, found, said)


def _not_measured() -> Reading:
    text = _("Not measured: without a control nobody can say what it brings.")
    return Reading(NOT_MEASURED, _("not measured"), text, "")


def _experiments(of_kinds: Sequence[str]) -> list[tuple[Experiment, ExperimentLook | None]]:
    """Started experiments of these kinds with their arms at hand and their newest look, the newest first."""
    arms = ExperimentArm.objects.filter(experiment=OuterRef("pk")).order_by("-is_control", "pk")
    looks = ExperimentLook.objects.filter(experiment=OuterRef("pk")).order_by("-looked_at", "-pk")
    names = ("id", "key", "name", "weight", "settings", "is_control")
    told = ("id", "looked_at", "exposed", "sample_ratio_p", "results")
    running = Case(When(state=Experiment.State.RUNNING, then=Value(0)), default=Value(1))
    place = Window(
        RowNumber(), partition_by="kind", order_by=[running, F("started_at").desc(nulls_last=True), F("pk").desc()]
    )
    started = Experiment.objects.filter(kind__in=of_kinds).exclude(state=Experiment.State.DRAFT)
    read = started.annotate(place=place).filter(place__lte=MOST_OF_A_KIND).values("pk")
    rows = (
        Experiment.objects.filter(pk__in=read)
        .order_by("-started_at", "-pk")
        .annotate(
            own_arms=ArraySubquery(arms.values(json=JSONObject(**{name: name for name in names}))),
            newest=Subquery(looks.values(json=JSONObject(**{name: name for name in told}))[:1]),
        )
    )
    found = []
    row: Any
    for row in rows:
        own = [ExperimentArm(experiment=row, **arm) for arm in row.own_arms]
        row._prefetched_objects_cache = {"arms": own}
        look = None
        if row.newest is not None:
            at = datetime.fromisoformat(row.newest.pop("looked_at"))
            look = ExperimentLook(experiment=row, looked_at=at, **row.newest)
        found.append((row, look))
    return found
