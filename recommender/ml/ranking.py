"""Cutting scores to short lists, with one rule for ties everywhere. numpy only: serving uses it too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLED, LEAST_SAMPLED = 8, 2_000
"""Every which score is looked at first, where there are so many."""
NOTHING = -1
"""Stands in ranked arrays where a list is shorter than wanted."""


def best(
    items: NDArray[np.integer], scores: NDArray[np.floating], k: int, tie_break: NDArray[np.floating]
) -> NDArray[np.intp]:
    """Positions of the k highest scores, best first; equal scores by higher `tie_break[item]`, then by lower item.

    `items` and `scores` have one entry per candidate; the result has min(k, len(items)) entries. O(n + k log k)
    apart from ties at the border.
    """
    kept = _with_ties(scores, k)
    falling = -scores[kept]
    order = falling.argsort(kind="stable")
    ranked = falling[order]
    if bool((ranked[1:] == ranked[:-1]).any()):  # rare, and three sorts cost three times as much as one
        order = np.lexsort((items[kept], -tie_break[items[kept]], falling))
    return kept[order[:k]]


def among_best(
    items: NDArray[np.integer], scores: NDArray[np.floating], k: int, tie_break: NDArray[np.floating]
) -> NDArray[np.intp]:
    """The same positions as `best`, in rising order: cheaper where nobody asks for the ranks."""
    kept = _with_ties(scores, k)
    return kept if len(kept) <= k else np.sort(best(items, scores, k, tie_break))


def _with_ties(scores: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """Positions, rising, of the k highest scores and of all that equal the lowest of them."""
    if k <= 0:
        return np.empty(0, np.intp)
    if len(scores) <= k:
        return np.arange(len(scores))
    high = _surely_higher(scores, k) if len(scores) >= max(LEAST_SAMPLED, 4 * k) else None
    if high is None:
        return (scores >= _kth(scores, k)).nonzero()[0]
    own = scores.take(high)
    return high[own >= _kth(own, k)]


def _kth(scores: NDArray[np.floating], k: int) -> np.floating[Any]:
    found: np.floating[Any] = np.partition(scores, len(scores) - k)[len(scores) - k]
    return found


def _surely_higher(scores: NDArray[np.floating], k: int) -> NDArray[np.intp] | None:
    """Positions, rising, of a few more than the k highest scores, as every eighth score promises; None when it did not
    keep that. Half the price of dividing all of them."""
    sample = scores[::SAMPLED]
    high: NDArray[np.intp] = (scores >= _kth(sample, min(len(sample), k // SAMPLED * 5 // 4 + 8))).nonzero()[0]
    return high if len(high) >= k else None
