"""Which subject or offer to show to whom while it is being found out: Thompson sampling with guard-rails."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from threadpoolctl import threadpool_limits

from analytics.ml.serving import probability

Array = NDArray[np.float64]
DRAWS = 200
STEPS = 25


@dataclass(frozen=True)
class Rails:
    """What no arm may do whatever the model hopes for.

    Every arm that runs is shown with at least the chance `floor`, so that each stays measurable; nobody is steered
    before all arms were shown `fewest` times; an arm is stopped once its complaints exceed the rate `most_complaints`
    with the certainty `certainty` (from a Beta prior worth half a complaint, at that rate). The first arm is the usual
    one and is never stopped: with all others gone it is what everybody gets.
    """

    floor: float = 0.05
    fewest: int = 100
    most_complaints: float = 0.003
    certainty: float = 0.95


@dataclass(frozen=True)
class Arm:
    """What is known of one arm: the normal posterior of its weights (mean [d], precision [d × d]), how often it was
    shown, and complaints (or unsubscriptions) after that."""

    mean: Array
    precision: Array
    shown: int = 0
    complaints: int = 0


@dataclass(frozen=True)
class Choice:
    """For each customer the arm, and the chances that each arm had [n × arms]: what an unbiased look back needs."""

    arms: NDArray[np.int64]
    chances: Array


@dataclass(frozen=True)
class Bandit:
    """A Bayesian logistic regression for each arm over the same context (Chapelle & Li 2011; here with the whole
    covariance), updated in batches. The context is [n × d]; an intercept is added."""

    names: tuple[str, ...]
    arms: tuple[Arm, ...]
    rails: Rails = field(default_factory=Rails)

    @classmethod
    def start(cls, names: Sequence[str], width: int, *, rails: Rails | None = None, prior: float | Array = 1.0,
              centre: float = 0.0) -> Self:  # fmt: skip
        """Nothing known: weights around 0, the intercept around `centre`, with precision `prior` (of all, or of
        each). The first name is the usual arm. Raises ValueError for fewer than two arms, or a floor that leaves no
        room to choose."""
        rails = rails or Rails()
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError("A bandit needs two or more arms with different names.")
        if not 0 <= rails.floor * len(names) < 1:
            raise ValueError("The floor of all arms together must stay below 1.")
        empty = Arm(np.append(centre, np.zeros(width)), prior * np.eye(width + 1))
        return cls(tuple(names), (empty,) * len(names), rails)

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which arms may still be shown."""
        most = self.rails.most_complaints
        silent = 0.5 * (1 - most) / most
        over = [float(beta.sf(most, 0.5 + arm.complaints, silent + arm.shown - arm.complaints)) for arm in self.arms]
        return np.array([at == 0 or chance <= self.rails.certainty for at, chance in enumerate(over)])

    @property
    def is_warming_up(self) -> bool:
        """Whether a running arm was shown too seldom to steer anybody."""
        pairs = zip(self.arms, self.running, strict=True)
        return any(arm.shown < self.rails.fewest for arm, runs in pairs if runs)

    def choose(self, context: Array, rng: np.random.Generator) -> Choice:
        """An arm for each row. A running arm's chance is that of being best in draws from the posterior, mixed with the
        floor; the arm is then drawn by these chances, so they are exact."""
        running = self.running
        k = int(running.sum())
        best = np.zeros((len(context), len(self.arms)))
        if self.is_warming_up or k == 1:
            best[:, running] = 1 / k
        else:
            best = self._chance_of_best(context, running, rng)
        floor = np.where(running, self.rails.floor, 0.0)
        chances = floor + (1 - floor.sum()) * best
        cut = np.cumsum(chances, axis=1)
        cut[:, -1] = np.inf
        arms = (rng.random(len(context))[:, None] >= cut).sum(axis=1)
        # Rounding may point at a stopped arm beyond the last running one.
        return Choice(np.where(running[arms], arms, int(np.flatnonzero(running)[-1])), chances)

    def learn(self, context: Array, arms: NDArray[np.int64], outcome: NDArray[np.int64],
              complaints: NDArray[np.int64] | None = None) -> "Bandit":  # fmt: skip
        """The bandit after a batch: arms that were shown, whether the outcome came, and who complained (0 or 1)."""
        rows = _with_intercept(context)
        after = []
        for at, arm in enumerate(self.arms):
            inside = arms == at
            if not inside.any():
                after.append(arm)
                continue
            mean, precision = _posterior(arm, rows[inside], outcome[inside].astype(np.float64))
            more = 0 if complaints is None else int(complaints[inside].sum())
            after.append(Arm(mean, precision, arm.shown + int(inside.sum()), arm.complaints + more))
        return replace(self, arms=tuple(after))

    def expected(self, context: Array) -> Array:
        """Chance of the outcome under each arm at the posterior means [n × arms]."""
        rows = _with_intercept(context)
        return np.column_stack([probability(rows @ arm.mean) for arm in self.arms])

    def _chance_of_best(self, context: Array, running: NDArray[np.bool_], rng: np.random.Generator) -> Array:
        rows = _with_intercept(context)
        places = np.flatnonzero(running)
        with threadpool_limits(1):
            drawn = []
            for at in places:
                root = np.linalg.cholesky(np.linalg.inv(self.arms[at].precision))
                weights = self.arms[at].mean[:, None] + root @ rng.standard_normal((rows.shape[1], DRAWS))
                drawn.append(rows @ weights)
        winner = np.argmax(np.stack(drawn), axis=0)
        found = np.zeros((len(rows), len(self.arms)))
        for index, at in enumerate(places):
            found[:, at] = (winner == index).mean(axis=1)
        return found


def _with_intercept(context: Array) -> Array:
    return np.column_stack([np.ones(len(context)), context])


def _posterior(arm: Arm, rows: Array, outcome: Array) -> tuple[Array, Array]:
    """Laplace's approximation around the mode: Newton's steps, halved until the posterior grows."""

    def worth(at: Array) -> float:
        score = rows @ at
        away = at - arm.mean
        return float(outcome @ score - np.logaddexp(0.0, score).sum() - 0.5 * away @ arm.precision @ away)

    place, best = arm.mean, worth(arm.mean)
    with threadpool_limits(1):
        for _step in range(STEPS):
            chance = probability(rows @ place)
            slope = rows.T @ (outcome - chance) - arm.precision @ (place - arm.mean)
            curve = arm.precision + (rows * (chance * (1 - chance))[:, None]).T @ rows
            move = np.linalg.solve(curve, slope)
            while (now := worth(place + move)) < best and np.abs(move).max() > 1e-10:
                move = move / 2
            gain, best, place = now - best, now, place + move
            if gain < 1e-9:
                break
        chance = probability(rows @ place)
        return place, arm.precision + (rows * (chance * (1 - chance))[:, None]).T @ rows
