"""Shares of the versions of a message for the next batch, from what earlier batches brought.

Each version is an arm of the bandit (marketing.ml.bandit): a Bayesian logistic regression over the customer's language.
Its intercept is drawn to the rate of all versions together, and what a language differs by to nothing, as strongly as
its prior says, so that few results of a small language count little. The bandit is fitted anew to all results whenever
it is asked, by draws from a given seed: the same results give the same shares.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from threadpoolctl import threadpool_limits

from analytics.ml.serving import probability
from marketing.ml.bandit import Arm, Bandit, Rails

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
FLOOR = 0.1
"""No version that runs gets less of those who are shifted."""
FEWEST_SHOWN, FEWEST_RESULTS = 100, 20
"""Nobody is shifted before each version was sent so often, and so many acted on any."""
MOST_COMPLAINTS = 0.01
"""Complaints and unsubscriptions together that no version is stopped for, whatever the usual one has."""
CERTAINTY = 0.95
ALIKE, LANGUAGES_ALIKE = 1.0, 4.0
"""Precisions in logits: rates of versions differ by a factor of e, those of languages within one by half of that."""
DRAWS = 4_000
FEW, SHIFTED, ALONE = "few", "shifted", "alone"


@dataclass(frozen=True)
class Seen:
    """What came of messages, [versions × contexts]: how many were sent, acted on, and complained about."""

    shown: Counts
    yes: Counts
    complaints: Counts


@dataclass(frozen=True)
class Shares:
    """`shares` [contexts × versions]; the mean rate of each version with its 90 % range, over the contexts as they were
    seen; which versions are stopped, and why the shares are these."""

    shares: Array
    mean: Array
    low: Array
    high: Array
    stopped: NDArray[np.bool_]
    reason: str


def decide(seen: Seen, *, weights: Array, stopped: NDArray[np.bool_], seed: int) -> Shares:
    """`weights`: the fixed shares, which hold until enough is known. `stopped`: versions that were stopped before and
    stay so. The first version is the usual one and is never stopped."""
    k, contexts = seen.shown.shape
    most = usual_at_most(int(seen.shown[0].sum()), int(seen.complaints[0].sum()))
    bandit = _fitted(seen, most)
    stopped = stopped | ~bandit.running
    stopped[0] = False
    mean, low, high = _rates(bandit, seen, np.random.default_rng(seed))
    running = np.flatnonzero(~stopped)
    fixed = np.where(stopped, 0.0, weights)
    shares = np.tile(fixed / fixed.sum(), (contexts, 1))
    reason = FEW
    if len(running) == 1:
        reason = ALONE
    elif seen.shown[running].sum(axis=1).min() >= FEWEST_SHOWN and seen.yes.sum() >= FEWEST_RESULTS:
        reason, shares = SHIFTED, np.zeros((contexts, k))
        chosen = _only(bandit, running).choose(_rows(contexts), np.random.default_rng(seed))
        shares[:, running] = chosen.chances
    return Shares(shares, mean, low, high, stopped, reason)


def usual_at_most(shown: int, complaints: int) -> float:
    """A rate of complaints that the usual version passes with a chance of 5 % only, and at least MOST_COMPLAINTS: what
    another version certainly exceeds is worse than the usual one."""
    silent = 0.5 * (1 - MOST_COMPLAINTS) / MOST_COMPLAINTS
    upper = float(beta.ppf(CERTAINTY, 0.5 + complaints, silent + shown - complaints))
    return max(MOST_COMPLAINTS, upper)


def _rows(contexts: int) -> Array:
    """The first context is the intercept alone."""
    return np.eye(contexts)[:, 1:]


def _fitted(seen: Seen, most: float) -> Bandit:
    k, contexts = seen.shown.shape
    rate = (seen.yes.sum() + 0.5) / (seen.shown.sum() + 1.0)
    rails = Rails(FLOOR, FEWEST_SHOWN, most, CERTAINTY)
    names = [str(at) for at in range(k)]
    prior = np.append(ALIKE, np.full(contexts - 1, LANGUAGES_ALIKE))
    bandit = Bandit.start(names, contexts - 1, rails=rails, prior=prior, centre=float(np.log(rate / (1 - rate))))
    arms, where, outcome, complaint = [], [], [], []
    for at in range(k):
        for context in range(contexts):
            n = int(seen.shown[at, context])
            arms.append(np.full(n, at))
            where.append(np.full(n, context))
            outcome.append(np.arange(n) < seen.yes[at, context])
            complaint.append(np.arange(n) < seen.complaints[at, context])
    rows = _rows(contexts)[np.concatenate(where)]
    return bandit.learn(
        rows, np.concatenate(arms), np.concatenate(outcome).astype(np.int64),
        np.concatenate(complaint).astype(np.int64),
    )  # fmt: skip


def _only(bandit: Bandit, running: NDArray[np.int64]) -> Bandit:
    """Without those that are stopped; complaints were asked about already."""
    kept = tuple(_calm(bandit.arms[at]) for at in running)
    return Bandit(tuple(bandit.names[at] for at in running), kept, bandit.rails)


def _calm(arm: Arm) -> Arm:
    return Arm(arm.mean, arm.precision, arm.shown, 0)


def _rates(bandit: Bandit, seen: Seen, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Posterior means and 90 % ranges of the rates, each context as heavy as it was seen."""
    contexts = seen.shown.shape[1]
    heavy = seen.shown.sum(axis=0) + 1.0
    heavy = heavy / heavy.sum()
    rows = np.column_stack([np.ones(contexts), _rows(contexts)])
    found = np.zeros((len(bandit.arms), 3))
    with threadpool_limits(1):
        for at, arm in enumerate(bandit.arms):
            root = np.linalg.cholesky(np.linalg.inv(arm.precision))
            drawn = arm.mean[:, None] + root @ rng.standard_normal((contexts, DRAWS))
            rates = heavy @ probability(rows @ drawn)
            found[at] = rates.mean(), *np.quantile(rates, [0.05, 0.95])
    return found[:, 0], found[:, 1], found[:, 2]
