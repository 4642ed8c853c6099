"""One response or churn model over several shops whose customers' rows never leave them.

`FedAvg` of McMahan, Moore, Ramage, Hampson & Agüera y Arcas (2017). What travels is counts, sums of features and
weights: that keeps rows at home, but hides nobody from one who looks hard at them; `marketing.ml.private` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analytics.ml.serving import LinearScorer, probability

Array = NDArray[np.float64]
ROUNDS = 40
LOCAL_STEPS = 5
RIDGE = 1.0


@dataclass(frozen=True)
class Moments:
    """Customers of a shop, the sums and the sums of squares of their features [d], and how many had the outcome."""

    customers: int
    sums: Array
    squares: Array
    outcomes: int


class Party(Protocol):
    """A shop as the one who averages sees it. In one process it is a `Shop`; over a network (with Flower, say) it is a
    client that passes these two calls on."""

    def moments(self) -> Moments:
        """What the common scale of the features is made of."""

    def learn(self, weights: Array, centre: Array, spread: Array, rate: float, ridge: float, steps: int) -> Array:
        """The weights [1 + d] after `steps` steps of gradient descent on the shop's own customers."""


@dataclass(frozen=True)
class Shop:
    """Features [n × d] and outcomes (0 or 1) of one shop."""

    rows: Array
    outcomes: NDArray[np.int64]

    def moments(self) -> Moments:
        return Moments(len(self.rows), self.rows.sum(axis=0), (self.rows**2).sum(axis=0), int(self.outcomes.sum()))

    def learn(self, weights: Array, centre: Array, spread: Array, rate: float, ridge: float, steps: int) -> Array:
        """`ridge` is the penalty for each customer; the intercept has none."""
        z = np.column_stack([np.ones(len(self.rows)), (self.rows - centre) / spread])
        penalty = np.full(len(weights), ridge)
        penalty[0] = 0.0
        for _step in range(steps):
            slope = z.T @ (probability(z @ weights) - self.outcomes) / max(len(z), 1) + penalty * weights
            weights = weights - rate * slope
        return weights


def average(
    parties: Sequence[Party],
    features: Sequence[str],
    *,
    rounds: int = ROUNDS,
    local_steps: int = LOCAL_STEPS,
    ridge: float = RIDGE,
) -> LinearScorer:
    """`w = Σ n_k·w_k / Σ n_k`, round after round: logistic regression over the customers of all parties.

    Features are standardised by the moments of all shops together. The step is 4 / (1 + d), which no logistic loss over
    standardised features overshoots on average. Raises ValueError without customers.
    """
    told = [party.moments() for party in parties]
    counts = np.array([each.customers for each in told], np.float64)
    total = float(counts.sum())
    if total == 0:
        raise ValueError("No party has a customer.")
    centre = sum((each.sums for each in told), np.zeros(len(features))) / total
    variance = sum((each.squares for each in told), np.zeros(len(features))) / total - centre**2
    spread = np.sqrt(np.maximum(variance, 0.0))
    spread = np.where(spread > 1e-6 * np.maximum(np.abs(centre), 1.0), spread, 1.0)
    share = (sum(each.outcomes for each in told) + 1) / (total + 2)
    weights = np.zeros(len(features) + 1)
    weights[0] = np.log(share / (1 - share))
    rate = 4.0 / (1 + len(features))
    with threadpool_limits(1):
        for _round in range(rounds):
            found = [
                party.learn(weights, centre, spread, rate, ridge / total, local_steps)
                for party, count in zip(parties, counts, strict=True)
                if count
            ]
            weights = np.average(found, axis=0, weights=counts[counts > 0])
    empty = np.empty(0)
    return LinearScorer(tuple(features), weights[1:], centre, spread, float(weights[0]), empty, empty)
