"""Whether the hour, the season and the device help to foretell what people choose, and how much they should count."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.base import Recommender
from recommender.ml.context import NO_DEVICE, NO_GROUP, Context, Lifts, learn, moments_of
from recommender.ml.interactions import Interactions
from recommender.ml.metrics import interval
from recommender.ml.session_voice import SHOWN, Moment

EXPONENTS = (0.25, 0.5, 1.0, 2.0)
DEPTH = 200
"""So many of the best items are weighed anew: factors are mild, nothing climbs from further below."""
FEWEST = 50
"""With fewer moments in either half nothing is decided."""


SILENT: dict[str, Any] = {"exponent": 0.0, "moments": 0}


@dataclass(frozen=True)
class Weighing:
    """Exponents of the lifts of the time and of the device, 0: it does not count. Reports are for the model card."""

    exponent: float
    report: dict[str, Any]
    device_exponent: float = 0.0
    device_report: dict[str, Any] = field(default_factory=lambda: dict(SILENT))

    def __bool__(self) -> bool:
        """Anything counts."""
        return bool(self.exponent or self.device_exponent)


NOT_MEASURED = Weighing(0.0, SILENT)


@dataclass(frozen=True)
class _Listed:
    """The candidates of one moment, best first, with factors for each (1 without); `hit` is the place of what came
    next among them."""

    scores: NDArray[np.float64]
    hit: int
    by_time: NDArray[np.float64]
    by_device: NDArray[np.float64]


def learned(interactions: Interactions, groups: NDArray[np.integer], zone: str) -> Lifts:
    """Lifts of the categories from these acts."""
    count = int(groups.max(initial=NO_GROUP)) + 1
    own = groups[interactions.items]
    return learn(interactions.customers, own, interactions.times, count, zone, interactions.devices)


def weigh(
    personal: Recommender,
    past: Interactions,
    asked: Sequence[Moment],
    groups: NDArray[np.integer],
    *,
    zone: str,
    seed: int = 0,
) -> Weighing:
    """For the time, and then for the device on top of it: the exponent with the best mean reciprocal rank on the
    moments of half of the later sessions, if the interval of its gain (95 %) on the other half lies above 0; else none.
    `past` is what `personal` learned from."""
    if not past.has_times or len(asked) == 0 or int(np.unique(groups[groups >= 0]).size) < 2:
        return NOT_MEASURED
    lists = _lists(personal, asked, groups, learned(past, groups, zone), zone)
    chosen_on = np.array([moment.session % 2 == 0 for moment in asked], bool)
    plain = [None if one is None else np.ones(len(one.scores)) for one in lists]
    exponent, report = _decided(lists, plain, "by_time", chosen_on, seed)
    known = np.array([moment.device != NO_DEVICE for moment in asked], bool)
    there = [one for one, is_known in zip(lists, known, strict=True) if is_known]
    before = [None if one is None else one.by_time**exponent for one in there]
    device_exponent, device_report = _decided(there, before, "by_device", chosen_on[known], seed)
    return Weighing(exponent, report, device_exponent, device_report)


def published(
    interactions: Interactions, groups: NDArray[np.integer], weighing: Weighing, zone: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and meta for the artifact; nothing where neither time nor device count."""
    if not weighing:
        return {}, {}
    lifts = learned(interactions, groups, zone)
    return Context(groups, lifts, weighing.exponent, zone, weighing.device_exponent).to_arrays()


def _lists(
    personal: Recommender, asked: Sequence[Moment], groups: NDArray[np.integer], lifts: Lifts, zone: str
) -> list[_Listed | None]:
    """What each moment would be shown; None where what came next is not among it."""
    when = moments_of(np.array([moment.at for moment in asked]), zone)
    found: list[_Listed | None] = []
    for row, moment in enumerate(asked):
        ranked = personal.recommend(moment.history, DEPTH, [item for item, _weight in moment.history])
        hit = np.flatnonzero(ranked.items == moment.target)
        own = groups[ranked.items]
        now, here = lifts.of(int(when.parts[row]), int(when.seasons[row])), lifts.on(moment.device)
        found.append(
            _Listed(ranked.scores, int(hit[0]), now[own].astype(np.float64), here[own].astype(np.float64))
            if len(hit)
            else None
        )
    return found


def _decided(
    lists: Sequence[_Listed | None],
    before: Sequence[NDArray[np.float64] | None],
    name: str,
    chosen_on: NDArray[np.bool_],
    seed: int,
) -> tuple[float, dict[str, Any]]:
    """The exponent of the factors `name` on top of those `before`, and its report."""
    if min(int(chosen_on.sum()), int((~chosen_on).sum())) < FEWEST:
        return 0.0, dict(SILENT)
    ranks = np.zeros((1 + len(EXPONENTS), len(lists)))
    for row, (one, earlier) in enumerate(zip(lists, before, strict=True)):
        if one is not None and earlier is not None:
            for at, exponent in enumerate((0.0, *EXPONENTS)):
                ranks[at, row] = _reciprocal(one.scores * earlier * getattr(one, name) ** exponent, one.hit)
    gains = ranks[1:] - ranks[0]
    means = gains[:, chosen_on].mean(axis=1)
    best = int(means.argmax())
    tried = EXPONENTS[best] if means[best] > 0 else 0.0
    report: dict[str, Any] = {"exponent": 0.0, "tried": tried, "moments": len(lists)}
    if not tried:
        return 0.0, report
    told = gains[best, ~chosen_on]
    low, high = interval(told, seed=seed)
    exponent = tried if low > 0 else 0.0
    return exponent, report | {
        "exponent": exponent, "judged_moments": len(told), "gain_low": low, "gain_high": high,
        "mrr@20_with": float(ranks[best + 1, ~chosen_on].mean()),
        "mrr@20_without": float(ranks[0, ~chosen_on].mean()),
    }  # fmt: skip


def _reciprocal(scores: NDArray[np.float64], hit: int) -> float:
    """One over the place of what came next, 0 beyond SHOWN."""
    place = int((scores > scores[hit]).sum() + (scores[:hit] == scores[hit]).sum())
    return 1.0 / (place + 1) if place < SHOWN else 0.0
