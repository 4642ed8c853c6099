"""k-means: groups of customers who are alike, and names that stay with them from run to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

LARGE = 50_000
"""Above so many rows, centres are found on a sample of this size and then moved on all rows."""
BLOCK = 65_536
APART = 0.5
"""A feature sets a cluster apart when its mean lies this many standard deviations from that of all."""
SAME = 0.5
"""A cluster of a new run is an old one when they share at least half of the members that both runs know (Jaccard)."""


@dataclass(frozen=True)
class Clustering:
    """Centres [k × features], the cluster of each row, and `inertia`, the sum of squared distances to the centres.

    Clusters are numbered by size, largest first; equal sizes by their centres.
    """

    centres: Array
    labels: Labels
    inertia: float
    steps: int

    @property
    def k(self) -> int:
        return len(self.centres)

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.bincount(self.labels, minlength=self.k)


def fit(
    rows: Array, k: int, *, seed: int = 0, starts: int = 8, epsilon: float = 1e-4, most_steps: int = 300
) -> Clustering:
    """`min Σ_k Σ_{x∈C_k} ‖x − μ_k‖²`, `μ_k` the mean of cluster k: Lloyd's algorithm (1982) with the k-means++ start of
    Arthur & Vassilvitskii (2007), best of `starts`. It ends when no centre moves by more than `epsilon` times the root
    mean square spread of the rows, or after `most_steps`. A cluster that runs empty takes the row farthest from its
    centre. `rows` [n × features] must be finite; k is cut to the number of different rows.

    Raises ValueError without rows or with k below 1.
    """
    rows = np.ascontiguousarray(rows, np.float64)
    if len(rows) == 0 or k < 1:
        raise ValueError("k-means needs at least one row and one cluster.")
    k = min(k, _different(rows, k))
    rng = np.random.default_rng(seed)
    still = epsilon * float(np.sqrt(rows.var(axis=0).mean()))
    with threadpool_limits(1):  # products are narrow: threads would only wait for each other
        part = rows if len(rows) <= LARGE else rows[np.sort(rng.choice(len(rows), LARGE, replace=False))]
        best: tuple[float, Array] | None = None
        for _start in range(starts if k > 1 else 1):
            centres, _labels, inertia, steps = _moved(part, _plus_plus(part, k, rng), still, most_steps)
            if best is None or inertia < best[0]:
                best = inertia, centres
        assert best is not None
        centres, labels, inertia, steps = _moved(rows, best[1], still, most_steps)
    sizes = np.bincount(labels, minlength=k)
    order = np.lexsort((*centres.T[::-1], -sizes))
    place = np.empty(k, np.int64)
    place[order] = np.arange(k)
    return Clustering(centres[order], place[labels], inertia, steps)


def assign(rows: Array, centres: Array) -> Labels:
    """The nearest centre of each row."""
    return _nearest(np.ascontiguousarray(rows, np.float64), centres)[0]


def adjusted_rand(one: Labels, other: Labels) -> float:
    """How far two groupings of the same rows agree: 1 for the same groups, 0 on average by chance (Hubert & Arabie
    1985)."""
    if len(one) != len(other):
        raise ValueError("Both groupings must be of the same rows.")
    table = overlap(one, other).astype(np.float64)
    pairs = (table * (table - 1)).sum() / 2
    first, second = table.sum(axis=1), table.sum(axis=0)
    in_first, in_second = (first * (first - 1)).sum() / 2, (second * (second - 1)).sum() / 2
    total = len(one) * (len(one) - 1) / 2
    expected = in_first * in_second / total if total else 0.0
    highest = (in_first + in_second) / 2
    return 1.0 if highest == expected else float((pairs - expected) / (highest - expected))


def overlap(one: Labels, other: Labels) -> NDArray[np.int64]:
    """Rows in cluster i of `one` and j of `other`."""
    width = int(other.max(initial=0)) + 1
    height = int(one.max(initial=0)) + 1
    return np.bincount(one * width + other, minlength=height * width).reshape(height, width)


def silhouette(rows: Array, labels: Labels, *, seed: int = 0, most: int = 2_000) -> float:
    """Mean of (b − a) / max(a, b), a the mean distance to the own cluster and b to the nearest other one (Rousseeuw
    1987), on at most `most` rows drawn with `seed`. 0 when there is only one cluster."""
    if len(rows) > most:
        drawn = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
        rows, labels = rows[drawn], labels[drawn]
    present, labels = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return 0.0
    squares = (rows**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] - 2 * rows @ rows.T + squares[None, :], 0.0))
    np.fill_diagonal(distances, 0.0)
    members = np.eye(len(present))[labels]
    counts = members.sum(axis=0)
    sums = distances @ members
    own = sums[np.arange(len(rows)), labels] / np.maximum(counts[labels] - 1, 1)
    means = sums / counts
    means[np.arange(len(rows)), labels] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(own, nearest)
    worth = np.where((counts[labels] > 1) & (larger > 0), (nearest - own) / np.where(larger > 0, larger, 1.0), 0.0)
    return float(worth.mean())


@dataclass(frozen=True)
class Profile:
    """One cluster in the units of its features. `apart` holds (feature, distance of its mean from that of all
    customers in standard deviations of the prepared feature), the farthest first, those beyond 0.5 only."""

    size: int
    share: float
    means: dict[str, float]
    medians: dict[str, float]
    apart: list[tuple[str, float]]

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "apart": [{"feature": name, "deviations": gap} for name, gap in self.apart]}


def profiles(clustering: Clustering, columns: Mapping[str, NDArray[Any]], prepared: Array) -> list[Profile]:
    """Every feature of every cluster: mean and median of `columns` as they were, and what sets the cluster apart.
    `prepared` has the same columns first, in the same order."""
    names = list(columns)
    centre, spread = prepared.mean(axis=0), prepared.std(axis=0)
    found = []
    for cluster in range(clustering.k):
        inside = clustering.labels == cluster
        gaps = (prepared[inside].mean(axis=0) - centre) / np.where(spread > 0, spread, 1.0)
        ranked = sorted(zip(names, gaps[: len(names)].tolist(), strict=True), key=lambda pair: -abs(pair[1]))
        found.append(
            Profile(
                size=int(inside.sum()),
                share=float(inside.mean()),
                means={name: float(np.mean(columns[name][inside])) for name in names},
                medians={name: float(np.median(columns[name][inside])) for name in names},
                apart=[(name, gap) for name, gap in ranked if abs(gap) >= APART],
            )
        )
    return found


def keep_names(labels: Labels, before: Sequence[str], ever: Sequence[str]) -> dict[int, str]:
    """The lasting name of each cluster of a new run.

    Clusters are matched so that the sum of their Jaccard overlaps is largest (Kuhn's assignment); a pair below 0.5 is
    no match. `before` is the name of each row's cluster in the last run, empty for rows that were not there: who came
    or left since says nothing about whether a cluster is the same. What has no match gets a name nobody ever had ("c"
    and the next free number); `ever` are all names ever given.
    """
    count = int(labels.max(initial=-1)) + 1
    old, codes = np.unique(np.asarray(before, dtype=np.str_), return_inverse=True)
    there = np.asarray(before, dtype=np.str_) != ""
    shared = overlap(labels[there], codes[there].astype(np.int64)) if there.any() else np.zeros((0, 0), np.int64)
    table = np.zeros((count, len(old)))
    table[: shared.shape[0], : shared.shape[1]] = shared
    together = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    likeness = np.divide(table, together, out=np.zeros_like(table), where=together > 0)
    kept = {
        int(cluster): str(old[place])
        for cluster, place in zip(*linear_sum_assignment(-likeness), strict=True)
        if likeness[cluster, place] >= SAME and old[place]
    }
    numbers = [int(name[1:]) for name in ever if name[:1] == "c" and name[1:].isdigit()]
    free = max(numbers, default=0) + 1
    for cluster in range(count):
        if cluster not in kept:
            kept[cluster] = f"c{free}"
            free += 1
    return dict(sorted(kept.items()))


# --- Lloyd --------------------------------------------------------------------------------------------------------


def _plus_plus(rows: Array, k: int, rng: np.random.Generator) -> Array:
    """First centres: each further one is a row drawn by its squared distance to those there are."""
    centres = [rows[rng.integers(len(rows))]]
    far = ((rows - centres[0]) ** 2).sum(axis=1)
    while len(centres) < k:
        total = far.sum()
        at = int(np.searchsorted(np.cumsum(far), rng.random() * total)) if total > 0 else int(rng.integers(len(rows)))
        centres.append(rows[min(at, len(rows) - 1)])
        far = np.minimum(far, ((rows - centres[-1]) ** 2).sum(axis=1))
    return np.array(centres)


def _moved(rows: Array, centres: Array, still: float, most_steps: int) -> tuple[Array, Labels, float, int]:
    k = len(centres)
    labels, distances = _nearest(rows, centres)
    steps, shift = 0, np.inf
    while shift > still and steps < most_steps:
        counts = np.bincount(labels, minlength=k)
        sums = np.column_stack([np.bincount(labels, weights=column, minlength=k) for column in rows.T])
        moved = sums / np.maximum(counts, 1)[:, None]
        for empty in np.flatnonzero(counts == 0):
            at = int(distances.argmax())
            moved[empty], distances[at] = rows[at], 0.0
        shift = float(np.sqrt(((moved - centres) ** 2).sum(axis=1)).max())
        centres, steps = moved, steps + 1
        labels, distances = _nearest(rows, centres)
    return centres, labels, float(distances.sum()), steps


def _nearest(rows: Array, centres: Array) -> tuple[Labels, Array]:
    """Nearest centre and the squared distance to it, block by block; ties go to the first centre."""
    labels, distances = np.empty(len(rows), np.int64), np.empty(len(rows))
    norms = (centres**2).sum(axis=1)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        gaps = norms - 2.0 * (part @ centres.T)
        own = gaps.argmin(axis=1)
        labels[start : start + BLOCK] = own
        nearest = gaps[np.arange(len(part)), own] + (part**2).sum(axis=1)
        distances[start : start + BLOCK] = np.maximum(nearest, 0.0)
    return labels, distances


def _different(rows: Array, k: int) -> int:
    """The number of different rows, counted no further than needed."""
    if len(np.unique(rows[: 10 * k], axis=0)) >= k:
        return k
    return min(k, len(np.unique(rows, axis=0)))
