"""Logistic regression with its calibration, and how good probabilities are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, isotonic_regression
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from analytics.ml.serving import LinearScorer, probability

Array = NDArray[np.float64]
Calibration = Literal["none", "platt", "isotonic"]
STEPS = 50
PLATT_KNOTS = 61
NEAREST = 1e-6
"""Probabilities are kept this far from 0 and 1 where their log-odds are asked for."""
WIDEST_GAP = 40.0


def fit(rows: Array, outcomes: NDArray[Any], features: Sequence[str], *, ridge: float = 1.0) -> LinearScorer:
    """`max Σ log P(y|x) − ridge/2·‖w‖²` over standardised features by Newton's method; the intercept is free.

    Outcomes are 0 or 1. With a single kind of outcome the weights are 0 and the intercept is that of one more of each.
    """
    y = np.asarray(outcomes, np.float64)
    centre = rows.mean(axis=0)
    spread = rows.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1.0), spread, 1.0)
    z = np.column_stack([np.ones(len(rows)), (rows - centre) / spread])
    share = (y.sum() + 1) / (len(y) + 2)
    place = np.zeros(z.shape[1])
    place[0] = np.log(share / (1 - share))
    if 0 < y.sum() < len(y):
        penalty = np.full(z.shape[1], ridge)
        penalty[0] = 0.0
        with threadpool_limits(1):
            place = _newton(z, y, place, penalty)
    empty = np.empty(0)
    return LinearScorer(tuple(features), place[1:], centre, spread, float(place[0]), empty, empty)


def _newton(z: Array, y: Array, place: Array, penalty: Array) -> Array:
    """Steps are halved until the penalised likelihood grows."""

    def worth(at: Array) -> float:
        score = z @ at
        return float(y @ score - np.logaddexp(0.0, score).sum() - 0.5 * (penalty * at) @ at)

    best = worth(place)
    for _step in range(STEPS):
        chance = probability(z @ place)
        slope = z.T @ (y - chance) - penalty * place
        curve = (z * np.maximum(chance * (1 - chance), 1e-10)[:, None]).T @ z + np.diag(penalty + 1e-9)
        move = np.linalg.solve(curve, slope)
        while (now := worth(place + move)) < best and np.abs(move).max() > 1e-10:
            move /= 2
        gain, best, place = now - best, now, place + move
        if gain < 1e-9 * len(y):
            break
    return place


def calibrated(model: LinearScorer, log_odds: Array, outcomes: NDArray[Any], how: Calibration) -> LinearScorer:
    """The model with a calibration learned from scores of rows that it did not learn from.

    `platt`: a logistic curve over the log-odds (Platt 1999). `isotonic`: the rising steps of least squares (Zadrozny &
    Elkan 2002), joined by straight lines through their middles and kept off 0 and 1 by one outcome of each kind.
    """
    if how == "none":
        return replace(model, knots=np.empty(0), levels=np.empty(0))
    y = np.asarray(outcomes, np.float64)
    if how == "platt":
        curve = fit(log_odds[:, None], y, ["log_odds"], ridge=1e-3)
        knots = np.linspace(min(-8.0, float(log_odds.min())), max(8.0, float(log_odds.max())), PLATT_KNOTS)
        levels = curve.score(knots[:, None])
        if curve.weights[0] <= 0:  # the scores say nothing here: everybody gets the share
            levels = np.full(PLATT_KNOTS, y.mean())
        return replace(model, knots=knots, levels=levels)
    order = np.argsort(log_odds, kind="stable")
    steps = isotonic_regression(y[order]).x
    _values, starts, counts = np.unique(steps, return_index=True, return_counts=True)
    sums = np.add.reduceat(y[order], starts)
    levels = (sums + y.mean()) / (counts + 1)
    knots = np.add.reduceat(log_odds[order], starts) / counts
    return replace(model, knots=knots, levels=np.maximum.accumulate(levels))


def shifted(model: LinearScorer, by: float) -> LinearScorer:
    """The model with every probability's log-odds moved by the same amount: another level, the same order."""
    if not len(model.knots):
        return replace(model, intercept=model.intercept + by)
    inside = np.clip(model.levels, NEAREST, 1 - NEAREST)
    return replace(model, levels=probability(np.log(inside / (1 - inside)) + by))


def level_gap(chances: Array, outcomes: NDArray[Any]) -> float:
    """By how much the log-odds have to move for the mean probability to be the share of outcomes, one more of each kind
    added. 0 for no rows."""
    if not len(chances):
        return 0.0
    y = np.asarray(outcomes, np.float64)
    share = (y.sum() + 1) / (len(y) + 2)
    inside = np.clip(chances, NEAREST, 1 - NEAREST)
    odds = np.log(inside / (1 - inside))
    return float(brentq(lambda by: float(probability(odds + by).mean()) - share, -WIDEST_GAP, WIDEST_GAP))


# --- how good probabilities are -----------------------------------------------------------------------------------


def auc(scores: Array, outcomes: NDArray[Any]) -> float | None:
    """Chance that one with the outcome scores above one without; ties count half. None with one kind of outcome."""
    y = np.asarray(outcomes, bool)
    ones, zeros = int(y.sum()), int((~y).sum())
    if not ones or not zeros:
        return None
    return float((rankdata(scores)[y].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def brier(chances: Array, outcomes: NDArray[Any]) -> float:
    """Mean squared distance of probability and outcome (Brier 1950)."""
    return float(((chances - np.asarray(outcomes, np.float64)) ** 2).mean())


def confusion(chances: Array, outcomes: NDArray[Any], *, threshold: float = 0.5) -> dict[str, int]:
    """Counts of right and wrong answers when everybody from `threshold` on is named."""
    named, y = chances >= threshold, np.asarray(outcomes, bool)
    return {
        "true_positive": int((named & y).sum()),
        "false_positive": int((named & ~y).sum()),
        "false_negative": int((~named & y).sum()),
        "true_negative": int((~named & ~y).sum()),
    }


@dataclass(frozen=True)
class Bin:
    """A tenth of the customers by probability: how many, mean probability, share with the outcome and its 95 % Wilson
    range (1927)."""

    customers: int
    predicted: float
    observed: float
    low: float
    high: float


def calibration_table(chances: Array, outcomes: NDArray[Any], *, bins: int = 10) -> list[Bin]:
    """Bins of equal size from the lowest probability to the highest."""
    y = np.asarray(outcomes, np.float64)
    order = np.argsort(chances, kind="stable")
    table = []
    for part in np.array_split(order, min(bins, len(order))):
        share = float(y[part].mean())
        table.append(Bin(len(part), float(chances[part].mean()), share, *share_range(share, len(part))))
    return table


def share_range(share: float, n: float) -> tuple[float, float]:
    """95 % range of a share of `n` (Wilson 1927)."""
    z2 = 1.96**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = 1.96 * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def calibration_error(table: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of probability and share, weighed by customers."""
    total = sum(row.customers for row in table)
    return sum(row.customers * abs(row.predicted - row.observed) for row in table) / total if total else 0.0


def calibration_slope(chances: Array, outcomes: NDArray[Any]) -> float | None:
    """Weight of the log-odds in a logistic regression on them (Cox 1958): 1 when differences between customers are as
    large as said, less when they are overstated; a wrong level does not touch it. None with one kind of outcome."""
    y = np.asarray(outcomes, np.float64)
    inside = np.clip(chances, 1e-6, 1 - 1e-6)
    odds = np.log(inside / (1 - inside))
    if y.min(initial=1.0) == y.max(initial=0.0) or np.ptp(odds) < 1e-9:
        return None
    curve = fit(odds[:, None], y, ["log_odds"], ridge=1e-6)
    return float(curve.weights[0] / curve.spread[0])
