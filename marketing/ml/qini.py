"""How well a ranking of customers finds those whom a message moves, judged on a randomised campaign.

`outcome` and `treated` are 0 or 1 [n]; `score` is higher for those who should get the message first [n].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
REDRAWS = 500
BLOCK_CELLS = 1_000_000


@dataclass(frozen=True)
class Interval:
    """A value, and the middle 90 % of what other samples of the same size would show."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Incremental outcomes (of the treated, against as many controls) among the first `share` of the customers."""

    share: Array
    incremental: Array


class Ranking:
    """Customers in the order of a score, ready to be counted again with other weights."""

    def __init__(self, score: Array, outcome: Flags, treated: Flags) -> None:
        if len(score) == 0 or not (len(score) == len(outcome) == len(treated)):
            raise ValueError("Score, outcome and arm must be of the same customers, at least one.")
        self.order = np.argsort(-score, kind="stable")
        ordered = score[self.order]
        self.ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
        self.outcome, self.treated = outcome[self.order].astype(np.float64), treated[self.order].astype(np.float64)

    def counts(self, weights: Array) -> tuple[Array, Array, Array, Array]:
        """Treated, controls and the outcomes of both among the first ones [draws × ends]; weights [draws × n] are in
        the order of the customers as they came."""
        at = weights[:, self.order]
        treated = at * self.treated
        parts = (treated, at - treated, treated * self.outcome, (at - treated) * self.outcome)
        return tuple(np.cumsum(part, axis=1)[:, self.ends] for part in parts)  # type: ignore[return-value]

    def qini(self, weights: Array) -> Array:
        """Area between curve and diagonal over that of the perfect order, for each row of weights."""
        treated, controls, bought, unmoved = self.counts(weights)
        gained = bought - unmoved * np.divide(treated, controls, out=np.zeros_like(treated), where=controls > 0)
        reach = treated + controls
        area = _area(reach, gained)
        total, gain = reach[:, -1], gained[:, -1]
        chance = total * gain / 2
        # The perfect order: treated who came, controls who did not, treated who did not, controls who came.
        best = bought[:, -1]
        came, silent = unmoved[:, -1], controls[:, -1] - unmoved[:, -1]
        flat = silent + treated[:, -1] - best
        perfect = best * best / 2 + best * flat + came * (best + gain) / 2
        room = perfect - chance
        return np.divide(area - chance, room, out=np.zeros_like(area), where=np.abs(room) > 1e-12)

    def uplift_at(self, share: float, weights: Array) -> Array:
        """Outcome rate of the treated less that of controls among the first `share` of the customers, for each row of
        weights. NaN where one arm is not there."""
        at = weights[:, self.order]
        first = (np.cumsum(at, axis=1) <= share * at.sum(axis=1, keepdims=True) + 1e-9) * at
        treated, controls = first * self.treated, first * (1 - self.treated)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(
                (treated @ self.outcome) / treated.sum(axis=1) - (controls @ self.outcome) / controls.sum(axis=1)
            )


def _area(x: Array, y: Array) -> Array:
    """Trapezoids from the origin, for each row."""
    width = np.diff(x, axis=1, prepend=0.0)
    before = np.concatenate([np.zeros((len(y), 1)), y[:, :-1]], axis=1)
    return np.asarray((width * (y + before) / 2).sum(axis=1))


def curve(score: Array, outcome: Flags, treated: Flags) -> Curve:
    """The Qini curve (Radcliffe 2007): `Y_t(k) − Y_c(k)·N_t(k)/N_c(k)` at each k where the score changes."""
    ranking = Ranking(score, outcome, treated)
    people, controls, bought, unmoved = (row[0] for row in ranking.counts(np.ones((1, len(score)))))
    gained = bought - unmoved * np.divide(people, controls, out=np.zeros_like(people), where=controls > 0)
    reach = (people + controls) / len(score)
    return Curve(np.append(0.0, reach), np.append(0.0, gained))


def qini(score: Array, outcome: Flags, treated: Flags) -> float:
    """Qini coefficient: area between the curve and the straight line of a random order, over the same area of the
    order that knows every outcome (Radcliffe 2007, with the ideal curve that allows for harm). 0: no better than
    chance; 1 cannot be reached by anybody who does not know the outcomes. Tied customers share a straight piece."""
    return float(Ranking(score, outcome, treated).qini(np.ones((1, len(score))))[0])


def uplift_at(score: Array, outcome: Flags, treated: Flags, share: float = 0.3) -> float | None:
    """By how much the message lifts the rate of the outcome among the first `share` of the customers. None where one
    of the arms has nobody there."""
    found = float(Ranking(score, outcome, treated).uplift_at(share, np.ones((1, len(score))))[0])
    return found if np.isfinite(found) else None


def resampled(
    rankings: dict[str, Array], outcome: Flags, treated: Flags, *, seed: int = 0, redraws: int = REDRAWS
) -> dict[str, Array]:
    """Qini of each ranking on the same `redraws` bootstrap samples of the customers (Efron 1979): paired."""
    ready = {name: Ranking(score, outcome, treated) for name, score in rankings.items()}
    found: dict[str, list[Array]] = {name: [] for name in ready}
    n, rng = len(outcome), np.random.default_rng(seed)
    block = max(1, BLOCK_CELLS // n)
    for first in range(0, redraws, block):
        size = min(block, redraws - first)
        weights = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _draw in range(size)])
        for name, ranking in ready.items():
            found[name].append(ranking.qini(weights.astype(np.float64)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def interval(value: float, draws: Array) -> Interval:
    """The value with the 5th and 95th percentile of its draws."""
    low, high = np.percentile(draws, [5, 95])
    return Interval(value, float(low), float(high))
