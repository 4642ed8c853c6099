"""Lists for everybody: what is popular of late, what rises, what leads its category. numpy only: light jobs use it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF_LIFE_DAYS = 14.0
"""Of what is popular of late. Of 3, 7, 14, 30 and 60 days the one whose first ten products the customers of the next
week bought most often in a year of a gift shop's orders; docs/adr/0042 has the figures."""


def rising(now: NDArray[np.floating], past: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the people of the last days exceed what the item's own past leads to expect, in standard deviations:
    `(now − expected) / √(expected + 1)`, 0 where nothing rises.

    All items together set how busy the days were, so that a busy season lifts nobody. Without a past: `now`.
    """
    if past.sum() == 0:
        return np.asarray(now, np.float64)
    expected = past * (now.sum() / past.sum())
    return np.asarray(np.maximum(now - expected, 0.0) / np.sqrt(expected + 1.0), np.float64)


def head(score: NDArray[np.floating], longest: int) -> NDArray[np.intp]:
    """The items with the highest scores above 0, best first; equal ones by number."""
    order = np.lexsort((np.arange(len(score)), -score))[:longest]
    return order[score[order] > 0]


@dataclass(frozen=True)
class CategoryShelves:
    """Items of every category, best first: those of category c are `items[indptr[c]:indptr[c + 1]]`."""

    indptr: NDArray[np.int64]
    items: NDArray[np.int64]

    def of(self, category: int) -> NDArray[np.int64]:
        """Empty for a category that is not there."""
        if not 0 <= category < len(self.indptr) - 1:
            return np.empty(0, np.int64)
        return self.items[self.indptr[category] : self.indptr[category + 1]]


def popular_in_category(
    score: NDArray[np.floating], categories: NDArray[np.integer], *, count: int, longest: int = 200
) -> CategoryShelves:
    """The `longest` best entries of each of `count` categories by `score`; `categories` has the number of every
    entry's category, −1 for none. Equal scores by position."""
    order = np.lexsort((np.arange(len(score)), -score, categories))
    order = order[categories[order] >= 0]
    lengths = np.bincount(categories[order], minlength=count)
    place = np.arange(len(order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    kept = order[place < longest]
    return CategoryShelves(np.r_[0, np.cumsum(np.minimum(lengths, longest))].astype(np.int64), kept.astype(np.int64))
