"""Lists for everybody: what rises, what leads its category, what is new."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ml.base import order_by
from recommender.ml.interactions import Interactions

DAY = 86_400.0


def trending(
    interactions: Interactions, *, window_days: float = 7.0, half_life_days: float = 60.0
) -> NDArray[np.float64]:
    """How far the customers of the last days exceed what the item's own past leads to expect, in standard deviations:
    `(now − expected) / √(expected + 1)`, 0 where nothing rises.

    A customer counts once per item and day. The past fades by half every `half_life_days` and is put to the length of
    the window; all items together set how busy the window was, so that a busy season lifts nobody.
    """
    size = interactions.item_count
    if len(interactions) == 0:
        return np.zeros(size)
    age = (interactions.times.max() - interactions.times) / DAY
    key = np.stack([interactions.customers.astype(np.int64), interactions.items, np.floor(age).astype(np.int64)])
    _seen, first = np.unique(key, axis=1, return_index=True)
    items, age = interactions.items[first], age[first]
    now = np.bincount(items[age < window_days], minlength=size).astype(np.float64)
    old = age >= window_days
    past = np.bincount(items[old], 0.5 ** ((age[old] - window_days) / half_life_days), minlength=size)
    if past.sum() == 0:
        return now
    expected = past * (now.sum() / past.sum())
    return np.maximum(now - expected, 0.0) / np.sqrt(expected + 1.0)


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
    """The `longest` best items of each of `count` categories by `score`; `categories` has the number of every item's
    category, −1 for none. Equal scores by item number."""
    order = np.lexsort((np.arange(len(score)), -score, categories))
    order = order[categories[order] >= 0]
    lengths = np.bincount(categories[order], minlength=count)
    place = np.arange(len(order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    kept = order[place < longest]
    return CategoryShelves(np.r_[0, np.cumsum(np.minimum(lengths, longest))].astype(np.int64), kept.astype(np.int64))


def new_arrivals(
    published_at: NDArray[np.floating], popularity: NDArray[np.floating], *, now: float, max_age_days: float = 30.0
) -> NDArray[np.intp]:
    """Items published (seconds since 1970) within the last days, newest first; equal ones by popularity. Items to come
    are not new yet."""
    age = (now - published_at) / DAY
    fresh = np.flatnonzero((age >= 0) & (age <= max_age_days))
    return fresh[order_by(published_at[fresh], popularity[fresh])]
