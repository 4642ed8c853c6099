"""Whether something changed in what people do with what they are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.ml.experiments import Sums, ratio_of

LEAST_EVENTS = 30
LEAST_WEEKS = 2
CERTAIN = 3.5
"""Standard errors below the expectation before a fall is called one: about once in 4,000 looks at nothing."""


def gini(times: ArrayLike) -> float:
    """How unevenly exposures are spread over products, zeros included: 0 all the same, near 1 all on one."""
    values = np.sort(np.asarray(times, np.float64))
    total = values.sum()
    if not total or not len(values):
        return 0.0
    ranks = np.arange(1, len(values) + 1)
    return float((2 * ranks - len(values) - 1) @ values / (len(values) * total))


def novelty(times: ArrayLike, sold: ArrayLike) -> float:
    """Mean surprise of what was shown, in bits: −log2 of a product's share of all pieces sold (one added to each).

    Self-information as in Castells, Vargas and Wang (2011), "Novelty and diversity metrics for recommender systems".
    """
    shown, popularity = np.asarray(times, np.float64), np.asarray(sold, np.float64) + 1.0
    if not shown.sum():
        return 0.0
    return float(shown @ -np.log2(popularity / popularity.sum()) / shown.sum())


@dataclass(frozen=True)
class Fall:
    """A rate that is lower than it was. `errors`: so many standard errors lie between the two."""

    now: float
    before: float
    errors: float

    @property
    def relative(self) -> float:
        return self.now / self.before - 1


def fall(now: Sums, weeks: Sequence[Sums], *, smallest: float = 0.1) -> Fall | None:
    """Whether a rate fell against its own previous weeks by more than `smallest` of it, and by more than chance.

    Weeks differ by more than their people explain (holidays, campaigns), so how much the previous ones differ among
    themselves counts as noise too (DerSimonian and Laird 1986). None with too few weeks or events to say anything.
    """
    usable = [week for week in weeks if week.d and week.y >= LEAST_EVENTS]
    if len(usable) < LEAST_WEEKS or not now.d or now.n < LEAST_EVENTS:
        return None
    told = [ratio_of(week) for week in usable]
    values = np.asarray([one.value for one in told])
    noise = np.asarray([one.variance for one in told])
    centre = float((values / noise).sum() / (1 / noise).sum())
    weights = 1 / noise
    spread = float((weights * (values - centre) ** 2).sum()) - (len(values) - 1)
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    between = max(0.0, spread / scale) if scale > 0 else 0.0
    weights = 1 / (noise + between)
    before = float((weights * values).sum() / weights.sum())
    latest = ratio_of(now)
    # With nothing clicked the sample says that its own variance is 0; that of the expectation is the honest one.
    variance = max(latest.variance, before * (1 - min(before, 1.0)) / now.d)
    error = math.sqrt(variance + between + float(1 / weights.sum()))
    found = Fall(latest.value, before, (before - latest.value) / error)
    return found if found.errors > CERTAIN and -found.relative > smallest else None
