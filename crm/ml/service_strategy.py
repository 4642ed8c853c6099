"""How each group of customers should be served, proposed from how they were served.

k-means over first response time, satisfaction and complaints, each brought to mean 0 and standard deviation 1, so that
minutes do not drown stars. Each cluster's means come with 95 % ranges (Student's t); a proposal leaves the middle only
where a range lies wholly on one side of the mean of all customers. A person accepts it.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from analytics.ml import kmeans
from analytics.ml.preparation import ColumnPlan, Preparation

Array = NDArray[np.float64]
Level = Literal["normal", "high", "urgent"]
SHORTEST = 5.0
"""Minutes: no target is shorter."""
SATISFIED = 4.0
FEATURES = ("response", "satisfaction", "complaints")


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % range; without a range (one customer only) both ends are None."""

    value: float
    low: float | None
    high: float | None

    def is_above(self, level: float) -> bool:
        return self.low is not None and self.low > level

    def is_below(self, level: float) -> bool:
        return self.high is not None and self.high < level


@dataclass(frozen=True)
class Proposal:
    """One cluster. `priority`, `target_minutes` (first answer) and `programme` (a trigger of care programmes, or "")
    are what is proposed; `reasons` name the ranges that lie on one side of the mean of all. `is_sure`: at least one
    does. `target_minutes` is None where nobody in the cluster was satisfied and no cluster tells a shorter time."""

    size: int
    share: float
    response: Mean
    satisfaction: Mean
    complaints: Mean
    priority: Level
    target_minutes: float | None
    programme: str
    reasons: list[str]

    @property
    def is_sure(self) -> bool:
        return bool(self.reasons)


@dataclass(frozen=True)
class Strategy:
    """Proposals, the largest cluster first; the cluster of each customer; means of all (response, satisfaction,
    complaints)."""

    proposals: list[Proposal]
    labels: NDArray[np.int64]
    overall: tuple[float, float, float]


def propose(response: Any, satisfaction: Any, complaints: Any, *, k: int = 3, seed: int = 0) -> Strategy:
    """`response` in minutes of business time, `satisfaction` 1 to 5, `complaints` a count; one value for each customer,
    NaN where unknown (the median stands in for the clustering; means and ranges are of what is known).

    Raises ValueError for columns of different length or without rows.
    """
    columns = {
        name: np.asarray(values, np.float64)
        for name, values in zip(FEATURES, (response, satisfaction, complaints), strict=True)
    }
    sizes = {len(values) for values in columns.values()}
    if len(sizes) != 1 or sizes == {0}:
        raise ValueError("Give the same number of values for each, at least one.")
    prepared, _kept = Preparation({name: ColumnPlan(scale="standard") for name in FEATURES}).fit_apply(columns)
    found = kmeans.fit(prepared, k, seed=seed)
    overall = tuple(_known_mean(columns[name]) for name in FEATURES)
    satisfied = columns["satisfaction"] >= SATISFIED
    proposals = [
        _proposal({name: values[found.labels == cluster] for name, values in columns.items()},
                  satisfied[found.labels == cluster], len(found.labels), overall)
        for cluster in range(found.k)
    ]  # fmt: skip
    return Strategy(proposals, found.labels, (overall[0], overall[1], overall[2]))


def mean_of(values: Array) -> Mean:
    """`x̄ ± t(0.975, n − 1) · s / √n` over known values (Student 1908)."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Mean(float("nan"), None, None)
    value = float(known.mean())
    if len(known) < 2:
        return Mean(value, None, None)
    reach = float(student.ppf(0.975, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
    return Mean(value, value - reach, value + reach)


def _proposal(
    columns: dict[str, Array], satisfied: NDArray[np.bool_], total: int, overall: tuple[float, ...]
) -> Proposal:
    """One step up for each of: less satisfied than all, more complaints than all. Slower than all, together with one of
    them, has its own reason. The target is the time within which half of those who were satisfied got their answer."""
    means = {name: mean_of(values) for name, values in columns.items()}
    reasons = []
    if means["satisfaction"].is_below(overall[1]):
        reasons.append("less_satisfied")
    if means["complaints"].is_above(overall[2]):
        reasons.append("more_complaints")
    steps = len(reasons)
    if means["response"].is_above(overall[0]):
        reasons.append("slower")
    level: Level = ("normal", "high", "urgent")[steps]  # type: ignore[assignment]
    times = columns["response"][satisfied & np.isfinite(columns["response"])]
    target: float | None = None
    if len(times):
        half = float(np.median(times))
        target = max(SHORTEST, half if steps == 0 else min(half, overall[0]))
    elif np.isfinite(overall[0]) and steps:
        target = max(SHORTEST, overall[0])
    size = len(columns["response"])
    return Proposal(
        size=size, share=size / total, response=means["response"], satisfaction=means["satisfaction"],
        complaints=means["complaints"], priority=level, target_minutes=target,
        programme="bad_review" if steps else "", reasons=reasons,
    )  # fmt: skip


def _known_mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
