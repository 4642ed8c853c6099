"""Whether the hour and the season help to foretell what people choose, and how much they should count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.base import Recommender
from recommender.ml.context import NO_GROUP, Context, Lifts, learn, moments_of
from recommender.ml.interactions import Interactions
from recommender.ml.metrics import interval
from recommender.ml.session_voice import SHOWN, Moment

EXPONENTS = (0.25, 0.5, 1.0, 2.0)
DEPTH = 200
"""So many of the best items are weighed anew: factors are mild, nothing climbs from further below."""
FEWEST = 50
"""With fewer moments in either half nothing is decided."""


@dataclass(frozen=True)
class Weighing:
    """`exponent` of the lifts, 0: moments do not count. `report` for the model card."""

    exponent: float
    report: dict[str, Any]


NOT_MEASURED = Weighing(0.0, {"exponent": 0.0, "moments": 0})


def learned(interactions: Interactions, groups: NDArray[np.integer], zone: str) -> Lifts:
    """Lifts of the categories from these acts."""
    count = int(groups.max(initial=NO_GROUP)) + 1
    return learn(interactions.customers, groups[interactions.items], interactions.times, count, zone)


def weigh(
    personal: Recommender,
    past: Interactions,
    asked: Sequence[Moment],
    groups: NDArray[np.integer],
    *,
    zone: str,
    seed: int = 0,
) -> Weighing:
    """The exponent with the best mean reciprocal rank on the moments of half of the later sessions, if the interval of
    its gain (95 %) on the other half lies above 0; else none. `past` is what `personal` learned from."""
    chosen_on = np.array([moment.session % 2 == 0 for moment in asked], bool)
    halves = int(chosen_on.sum()), int((~chosen_on).sum())
    if not past.has_times or min(halves, default=0) < FEWEST or int(np.unique(groups[groups >= 0]).size) < 2:
        return NOT_MEASURED
    lifts = learned(past, groups, zone)
    ranks = _reciprocal(personal, asked, groups, lifts, zone)
    gains = ranks[1:] - ranks[0]
    means = gains[:, chosen_on].mean(axis=1)
    best = int(means.argmax())
    tried = EXPONENTS[best] if means[best] > 0 else 0.0
    report: dict[str, Any] = {"exponent": 0.0, "tried": tried, "moments": len(asked)}
    if not tried:
        return Weighing(0.0, report)
    told = gains[best, ~chosen_on]
    low, high = interval(told, seed=seed)
    exponent = tried if low > 0 else 0.0
    return Weighing(
        exponent,
        report | {
            "exponent": exponent, "judged_moments": len(told), "gain_low": low, "gain_high": high,
            "mrr@20_with": float(ranks[best + 1, ~chosen_on].mean()),
            "mrr@20_without": float(ranks[0, ~chosen_on].mean()),
        },
    )  # fmt: skip


def published(
    interactions: Interactions, groups: NDArray[np.integer], weighing: Weighing, zone: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and meta for the artifact; nothing where moments do not count."""
    if not weighing.exponent:
        return {}, {}
    return Context(groups, learned(interactions, groups, zone), weighing.exponent, zone).to_arrays()


def _reciprocal(
    personal: Recommender, asked: Sequence[Moment], groups: NDArray[np.integer], lifts: Lifts, zone: str
) -> NDArray[np.float64]:
    """[1 + exponents, moments]: one over the place of what came next, 0 beyond SHOWN; the first row without lifts."""
    found = np.zeros((1 + len(EXPONENTS), len(asked)))
    when = moments_of(np.array([moment.at for moment in asked]), zone)
    for row, moment in enumerate(asked):
        ranked = personal.recommend(moment.history, DEPTH, [item for item, _weight in moment.history])
        hit = np.flatnonzero(ranked.items == moment.target)
        if len(hit) == 0:
            continue
        factor = lifts.of(int(when.parts[row]), int(when.seasons[row]))[groups[ranked.items]].astype(np.float64)
        for at, exponent in enumerate((0.0, *EXPONENTS)):
            scores = ranked.scores * factor**exponent
            own = scores[hit[0]]
            place = int((scores > own).sum() + (scores[: hit[0]] == own).sum())
            if place < SHOWN:
                found[at, row] = 1.0 / (place + 1)
    return found
