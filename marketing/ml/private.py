"""A response or churn model that says next to nothing about any one customer: ε-differential privacy.

Output perturbation of Chaudhuri, Monteleoni & Sarwate (2011, algorithm 1): the weights of a logistic regression with a
strong enough penalty hang little on one row, and noise of that size is added before anybody sees them. No weights
become more than e^ε times as likely, or as unlikely, by what is in any one row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from analytics.ml import logistic
from analytics.ml.serving import LinearScorer, probability

Array = NDArray[np.float64]
Range = tuple[float, float]
STRENGTH = 15.0
"""The penalty is this over n·ε, so that the length of the noise is the same whatever n and ε are: 2·d / STRENGTH on
average. Chosen on an earlier period of a gift shop's churn; 10 to 25 differ by less than 0.001 of AUC there."""
WEAKEST = 1e-3
EPSILONS = (0.1, 0.3, 1.0, 3.0, 10.0)
DRAWS = 200


class BudgetSpent(ValueError):
    """A release would take more of ε than is left. The message is one line for people."""


@dataclass(frozen=True)
class Budget:
    """What may be told about the customers of one data set, and what was: ε of releases add up (Dwork, McSherry, Nissim
    & Smith 2006)."""

    total: float
    spent: tuple[tuple[str, float], ...] = field(default=())

    @property
    def left(self) -> float:
        return max(0.0, self.total - sum(epsilon for _what, epsilon in self.spent))

    def after(self, what: str, epsilon: float) -> "Budget":
        """The budget after a release. Raises BudgetSpent when it does not fit, ValueError unless ε > 0."""
        if not (np.isfinite(epsilon) and epsilon > 0):
            raise ValueError("Epsilon must be a number above 0.")
        if epsilon > self.left + 1e-12:
            raise BudgetSpent(f"{what} would take {epsilon:g} of a privacy budget of which {self.left:g} is left.")
        return replace(self, spent=(*self.spent, (what, epsilon)))


@dataclass(frozen=True)
class Exact:
    """The model before any noise, of rows in the unit ball: it must not leave the house."""

    weights: Array
    customers: int
    penalty: float
    features: tuple[str, ...]
    middle: Array
    reach: Array

    def released(self, epsilon: float, rng: np.random.Generator) -> LinearScorer:
        """Weights with noise of density ∝ exp(−n·Λ·ε/2·‖b‖): an ε-private release each time it is called."""
        direction = rng.standard_normal(len(self.weights))
        length = rng.gamma(len(self.weights), 2 / (self.customers * self.penalty * epsilon))
        return self._scorer(self.weights + direction / np.linalg.norm(direction) * length)

    def without_noise(self) -> LinearScorer:
        """To know what the noise costs."""
        return self._scorer(self.weights)

    def _scorer(self, weights: Array) -> LinearScorer:
        size = np.sqrt(len(weights))
        empty = np.empty(0)
        return LinearScorer(
            self.features, weights[1:] / size, self.middle, self.reach, float(weights[0] / size), empty, empty
        )


def fit(
    rows: Array, outcomes: NDArray[np.int64], ranges: Mapping[str, Range], features: Sequence[str], epsilon: float
) -> Exact:
    """`min 1/n Σ log(1 + e^(−y·w·x)) + Λ/2·‖w‖²` over rows [n × d] brought into the unit ball.

    `ranges` say what each feature can be, from knowledge of the trade and never from these rows: what lies beyond is
    cut off, and the range becomes −1 … 1. The intercept is a feature, too, and is penalised as the others. Λ is
    STRENGTH/(n·ε), at least WEAKEST. Raises ValueError without rows or for a range without width, KeyError for a
    feature without a range.
    """
    if not len(rows):
        raise ValueError("There is no customer to learn from.")
    low, high = np.array([ranges[name] for name in features], np.float64).T
    if not (high > low).all():
        raise ValueError("Every range must have some width.")
    middle, reach = (low + high) / 2, (high - low) / 2
    unit = in_unit_ball(rows, middle, reach)
    penalty = max(WEAKEST, STRENGTH / (len(rows) * epsilon))
    sign = 2.0 * outcomes - 1.0

    def loss(weights: Array) -> tuple[float, Array]:
        score = sign * (unit @ weights)
        value = float(np.logaddexp(0.0, -score).mean() + penalty / 2 * weights @ weights)
        slope = -(unit * (sign * probability(-score))[:, None]).mean(axis=0) + penalty * weights
        return value, slope

    with threadpool_limits(1):
        found = minimize(
            loss, np.zeros(unit.shape[1]), jac=True, method="L-BFGS-B",
            options={"maxiter": 5_000, "ftol": 1e-15, "gtol": 1e-10},
        )  # fmt: skip
    return Exact(found.x, len(rows), penalty, tuple(features), middle, reach)


def in_unit_ball(rows: Array, middle: Array, reach: Array) -> Array:
    """A column of ones and the features cut to −1 … 1, all over √(1 + d): no row is longer than 1."""
    inside = np.clip((rows - middle) / reach, -1.0, 1.0)
    return np.column_stack([np.ones(len(rows)), inside]) / np.sqrt(1 + inside.shape[1])


def cut(rows: Array, ranges: Mapping[str, Range], features: Sequence[str]) -> Array:
    """Rows as the released model must be asked: within the ranges."""
    low, high = np.array([ranges[name] for name in features], np.float64).T
    return np.clip(rows, low, high)


@dataclass(frozen=True)
class Cost:
    """What one ε costs: mean AUC over draws of the noise and its 5th and 95th percentile; `without_noise` has the same
    penalty and no noise, so that what the penalty takes and what the noise takes can be told apart."""

    epsilon: float
    auc: float
    low: float
    high: float
    without_noise: float


def budget_table(
    learn: tuple[Array, NDArray[np.int64]],
    later: tuple[Array, NDArray[np.int64]],
    ranges: Mapping[str, Range],
    features: Sequence[str],
    *,
    epsilons: Sequence[float] = EPSILONS,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Cost]:
    """The AUC on `later` of models learned on `learn`, for each ε. The table itself is made of the rows and is for
    those who may see them. Raises ValueError when all of `later` ended alike."""
    rng = np.random.default_rng(seed)
    rows = cut(later[0], ranges, features)
    found = []
    for epsilon in epsilons:
        exact = fit(*learn, ranges, features, epsilon)
        plain = logistic.auc(exact.without_noise().log_odds(rows), later[1])
        if plain is None:
            raise ValueError("All customers ended alike: there is no AUC.")
        noisy = [logistic.auc(exact.released(epsilon, rng).log_odds(rows), later[1]) or 0.0 for _draw in range(draws)]
        low, high = np.percentile(noisy, [5, 95])
        found.append(Cost(epsilon, float(np.mean(noisy)), float(low), float(high), plain))
    return found
