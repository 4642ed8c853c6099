"""How many clusters there are: as many as come again when the customers are drawn anew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.ml import kmeans
from analytics.ml.kmeans import Clustering

STABLE = 0.85
"""Mean ARI from which a number of clusters counts as stable."""
SMALLEST_SHARE = 0.03
WORTH = 0.05
"""Share of all variance that the last cluster must explain: the elbow. Below it, splits only follow the grain."""
MOST_ROWS = 10_000
"""Stability and silhouette are told on at most so many rows."""
RESAMPLES = 20


@dataclass(frozen=True)
class Trial:
    """One k: `ari` (mean over resamples), `silhouette`, `inertia`, what the last cluster explains of all variance
    (`gain`, the elbow), and the smallest cluster's share."""

    k: int
    ari: float
    silhouette: float
    inertia: float
    gain: float
    smallest: float

    @property
    def is_allowed(self) -> bool:
        return self.smallest >= SMALLEST_SHARE and self.gain >= WORTH


@dataclass(frozen=True)
class ChosenK:
    """The clustering of all rows with the chosen k and every k tried. `is_stable` is False when no k was."""

    clustering: Clustering
    trials: list[Trial]
    is_stable: bool

    @property
    def trial(self) -> Trial:
        return next(trial for trial in self.trials if trial.k == self.clustering.k)


def choose(rows: NDArray[np.float64], *, most: int = 8, seed: int = 0, resamples: int = RESAMPLES) -> ChosenK:
    """The largest k of 2 to `most` that is stable (mean ARI of 0.85 or more), whose smallest cluster holds 3 % or more
    and whose last cluster explains 5 % of the variance; without a stable one the most stable of the others; a single
    cluster when rows cannot be parted that way.

    Stability (Hennig 2007; Ben-Hur, Elisseeff & Guyon 2002): the rows are drawn anew with replacement, clustered, and
    the clusters of all rows found so are compared with those of the original rows. Raises ValueError without rows.
    """
    rng = np.random.default_rng(seed)
    part = rows if len(rows) <= MOST_ROWS else rows[np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))]
    draws = [rng.integers(len(part), size=len(part)) for _again in range(resamples)]
    whole = kmeans.fit(part, 1, seed=seed).inertia
    trials: list[Trial] = []
    for k in range(2, min(most, len(rows)) + 1):
        base = kmeans.fit(part, k, seed=seed)
        if base.k < k:
            break
        again = [kmeans.assign(part, kmeans.fit(part[drawn], k, seed=seed, starts=4).centres) for drawn in draws]
        trials.append(
            Trial(
                k=k,
                ari=float(np.mean([kmeans.adjusted_rand(base.labels, labels) for labels in again])),
                silhouette=kmeans.silhouette(part, base.labels, seed=seed),
                inertia=base.inertia,
                gain=((trials[-1].inertia if trials else whole) - base.inertia) / whole,
                smallest=float(base.sizes.min() / len(part)),
            )
        )
    allowed = [trial for trial in trials if trial.is_allowed]
    stable = [trial for trial in allowed if trial.ari >= STABLE]
    if stable:
        k = max(stable, key=lambda trial: trial.k).k
    elif allowed:
        k = max(allowed, key=lambda trial: trial.ari).k
    else:
        k = 1
        trials.insert(0, Trial(k=1, ari=1.0, silhouette=0.0, inertia=whole, gain=0.0, smallest=1.0))
    return ChosenK(kmeans.fit(rows, k, seed=seed), trials, is_stable=bool(stable))
