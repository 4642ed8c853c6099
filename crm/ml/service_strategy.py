"""How each group of customers should be served, proposed from how they were served.

k-means over first response time, satisfaction and complaints, each brought to mean 0 and standard deviation 1, so that
minutes do not drown stars. Each cluster's means come with 95 % ranges (Student's t); a proposal leaves the middle only
where a range lies wholly on one side of the mean of all customers. A person accepts it.

Groups parted by a measure differ in that measure whatever the truth is. So `find`, which the shop uses, judges them by
later cases: customers are put into groups by their earlier cases alone, and what counts is how they fared afterwards.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from analytics.ml import choosing_k, kmeans
from analytics.ml.preparation import ColumnPlan, Preparation

Array = NDArray[np.float64]
Level = Literal["normal", "high", "urgent"]
SHORTEST = 5.0
"""Minutes: no target is shorter."""
SATISFIED = 4.0
FEATURES = ("response", "satisfaction", "complaints")
MOST_GROUPS = 6
FEWEST_FOLLOWED = 20
"""Customers with earlier and later cases that a group needs before anything is said of it."""
LEVEL = 0.95


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


@dataclass(frozen=True)
class Measures:
    """One row for each customer: minutes until the first answer, satisfaction 1 to 5 (NaN where unknown), complaints,
    and how many cases they come from."""

    response: Array
    satisfaction: Array
    complaints: Array
    cases: Array

    def columns(self) -> dict[str, Array]:
        return {name: np.asarray(getattr(self, name), np.float64) for name in FEATURES}


@dataclass(frozen=True)
class Group:
    """One cluster of `find`. `means` are of all days, `later` of the later part over the `followed` customers who had
    been in the group by their earlier cases alone: what the proposal and its `reasons` stand on."""

    size: int
    share: float
    means: dict[str, Mean]
    later: dict[str, Mean]
    followed: int
    priority: Level
    target_minutes: float | None
    programme: str
    reasons: list[str]

    @property
    def strength(self) -> Literal["clear", "none", "too_few"]:
        if self.followed < FEWEST_FOLLOWED:
            return "too_few"
        return "clear" if self.reasons else "none"


@dataclass(frozen=True)
class Found:
    """Groups, the largest first; the group of each customer; means of everybody over all days and over the later part;
    `stability` as `choosing_k` tells it, and whether any number of groups was stable."""

    groups: list[Group]
    labels: NDArray[np.int64]
    overall: dict[str, float]
    overall_later: dict[str, float]
    stability: float
    is_stable: bool


def find(whole: Measures, early: Measures, later: Measures, *, seed: int = 0) -> Found:
    """Groups over `whole`, their number chosen by stability (at most six), each judged by `later` cases of customers
    whose `early` cases lay nearest to it. Times and counts are compared as logarithms. The ranges of all groups and
    measures hold together with 95 % (Bonferroni). The same customers in the same order; raises ValueError without any.
    """
    columns = whole.columns()
    preparation = Preparation(
        {
            "response": ColumnPlan(log=True, scale="standard"), "satisfaction": ColumnPlan(scale="standard"),
            "complaints": ColumnPlan(log=True, scale="standard"),
        }
    )  # fmt: skip
    prepared, _kept = preparation.fit_apply(columns)
    chosen = choosing_k.choose(prepared, most=MOST_GROUPS, seed=seed)
    labels = chosen.clustering.labels
    was, _kept = preparation.apply(early.columns())
    before = kmeans.assign(was, chosen.clustering.centres)
    is_followed = (np.asarray(early.cases) > 0) & (np.asarray(later.cases) > 0)
    after = later.columns()
    overall = {name: _known_mean(values) for name, values in columns.items()}
    overall_later = {name: _known_mean(values[is_followed]) for name, values in after.items()}
    level = 1 - (1 - LEVEL) / (len(FEATURES) * chosen.clustering.k)
    satisfied = columns["satisfaction"] >= SATISFIED
    groups = []
    for cluster in range(chosen.clustering.k):
        inside, followed = labels == cluster, is_followed & (before == cluster)
        means = {name: mean_of(values[inside], level) for name, values in columns.items()}
        evidence = {name: mean_of(values[followed], level) for name, values in after.items()}
        count = int(followed.sum())
        reasons = _reasons(evidence, overall_later) if count >= FEWEST_FOLLOWED else []
        step = _step(reasons)
        times = columns["response"][inside & satisfied]
        groups.append(
            Group(
                size=int(inside.sum()), share=float(inside.mean()), means=means, later=evidence, followed=count,
                priority=step.level, target_minutes=_target(times, step.count, overall["response"]),
                programme=step.programme, reasons=reasons,
            )
        )  # fmt: skip
    return Found(groups, labels, overall, overall_later, chosen.trial.ari, chosen.is_stable)


def mean_of(values: Array, level: float = LEVEL) -> Mean:
    """`x̄ ± t(1 − (1 − level) / 2, n − 1) · s / √n` over known values (Student 1908)."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Mean(float("nan"), None, None)
    value = float(known.mean())
    if len(known) < 2:
        return Mean(value, None, None)
    reach = float(student.ppf(1 - (1 - level) / 2, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
    return Mean(value, value - reach, value + reach)


def _proposal(
    columns: dict[str, Array], satisfied: NDArray[np.bool_], total: int, overall: tuple[float, ...]
) -> Proposal:
    """One step up for each of: less satisfied than all, more complaints than all. Slower than all, together with one of
    them, has its own reason. The target is the time within which half of those who were satisfied got their answer."""
    means = {name: mean_of(values) for name, values in columns.items()}
    reasons = _reasons(means, dict(zip(FEATURES, overall, strict=True)))
    step = _step(reasons)
    size = len(columns["response"])
    return Proposal(
        size=size, share=size / total, response=means["response"], satisfaction=means["satisfaction"],
        complaints=means["complaints"], priority=step.level,
        target_minutes=_target(columns["response"][satisfied], step.count, overall[0]), programme=step.programme,
        reasons=reasons,
    )  # fmt: skip


def _reasons(means: dict[str, Mean], overall: dict[str, float]) -> list[str]:
    """Names of the ranges that lie wholly on the worse side of the mean of all."""
    return [
        name
        for name, is_worse in (
            ("less_satisfied", means["satisfaction"].is_below(overall["satisfaction"])),
            ("more_complaints", means["complaints"].is_above(overall["complaints"])),
            ("slower", means["response"].is_above(overall["response"])),
        )
        if is_worse
    ]


@dataclass(frozen=True)
class _Step:
    count: int
    level: Level
    programme: str


def _step(reasons: list[str]) -> _Step:
    count = sum(one in reasons for one in ("less_satisfied", "more_complaints"))
    level: Level = ("normal", "high", "urgent")[count]  # type: ignore[assignment]
    return _Step(count, level, "bad_review" if count else "")


def _target(times: Array, steps: int, overall: float) -> float | None:
    """`times`: of the customers of the group who were satisfied."""
    known = times[np.isfinite(times)]
    if len(known):
        half = float(np.median(known))
        return max(SHORTEST, half if steps == 0 else min(half, overall))
    return max(SHORTEST, overall) if np.isfinite(overall) and steps else None


def _known_mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
