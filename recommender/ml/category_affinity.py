"""Ranking by the affinity of customers to categories: what somebody prefers against what each item belongs to."""

from collections.abc import Collection, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.affinity import affinity
from recommender.ml.base import History, Ranked, Recommender, cut_dense
from recommender.ml.interactions import Interactions
from recommender.ml.ranking import best
from recommender.ml.scoring import named

CATEGORY = "category="
BLOCK_NUMBERS = 4_000_000
LARGEST = 20_000_000
"""Items times categories up to which the table of both is held."""


class CategoryAffinity(Recommender):
    """`r̂(u,i)` of `affinity.affinity`: r(u,j) adds up the values of what the customer chose in category j, r(i,j) is 1
    where item i belongs to it, its own category and those above. Items of equal affinity, most of a category, come by
    popularity. A reference to compare with: it knows nothing finer than categories.
    """

    name = "affinity"

    def __init__(self, attributes: Sequence[Sequence[str]]) -> None:
        super().__init__()
        numbers: dict[str, int] = {}
        own = [[numbers.setdefault(w, len(numbers)) for w in words if w.startswith(CATEGORY)] for words in attributes]
        self.offers = np.zeros((len(own), max(len(numbers), 1)))
        for item, categories in enumerate(own):
            self.offers[item, categories] = 1.0

    @staticmethod
    def work(attributes: Sequence[Sequence[str]]) -> int:
        """Numbers in the table of items and categories, 0 where nobody knows a category."""
        return len(attributes) * len({word for words in attributes for word in words if word.startswith(CATEGORY)})

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = interactions.popularity()
        return self

    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        return interactions.matrix()

    def rank(
        self,
        histories: sp.csr_matrix,
        depth: int,
        *,
        exclude: sp.csr_matrix,
        customers: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        ranked = []
        step = max(1, BLOCK_NUMBERS // max(histories.shape[1], 1))
        for start in range(0, histories.shape[0], step):
            rows = slice(start, start + step)
            scores = self.score_rows(histories[rows])
            ranked.append(cut_dense(scores, depth, exclude=exclude[rows], tie_break=self.popularity))
        return np.concatenate(ranked) if ranked else np.empty((0, depth), np.int64)

    def score_rows(self, histories: sp.csr_matrix) -> NDArray[np.floating]:
        return affinity(np.asarray(histories @ self.offers), self.offers)

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        rows = np.array([item for item, _weight in history], np.int64)
        weights = np.array([weight for _item, weight in history], np.float64)
        scores = affinity(weights @ self.offers[rows], self.offers)[0]
        free = np.ones(len(scores), bool)
        free[list(exclude)] = False
        items = np.flatnonzero(free & (scores > 0))
        shown = items[best(items, scores[items], k, self.popularity)]
        found = named(shown, scores[shown], (self.offers[shown] @ self.offers[rows].T) * weights)
        return Ranked(found.items, found.scores, rows[found.reasons] if len(rows) else found.reasons, found.shares)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """offers float64 [items × categories]: which item belongs where."""
        return {"offers": self.offers}
