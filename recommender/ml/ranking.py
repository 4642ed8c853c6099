"""Cutting scores to short lists, with one rule for ties everywhere. numpy only: serving uses it too."""

import numpy as np
from numpy.typing import NDArray

NOTHING = -1
"""Stands in ranked arrays where a list is shorter than wanted."""


def best(
    items: NDArray[np.integer], scores: NDArray[np.floating], k: int, tie_break: NDArray[np.floating]
) -> NDArray[np.intp]:
    """Positions of the k highest scores, best first; equal scores by higher `tie_break[item]`, then by lower item.

    `items` and `scores` have one entry per candidate; the result has min(k, len(items)) entries. O(n + k log k)
    apart from ties at the border.
    """
    if k <= 0 or len(items) == 0:
        return np.empty(0, np.intp)
    if len(items) > k:
        border = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = np.flatnonzero(scores >= border)
    else:
        kept = np.arange(len(items))
    order = np.lexsort((items[kept], -tie_break[items[kept]], -scores[kept]))
    return kept[order[:k]]
