"""What most customers choose: the reference that every other method must beat, and what fills short lists."""

from collections.abc import Collection
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History, Ranked, Recommender, fill_rows, order_by
from recommender.ml.interactions import Interactions
from recommender.ml.ranking import NOTHING

DAY = 86_400.0


class Popularity(Recommender):
    """Score of an item: the number of different customers who met it.

    With `half_life_days` every customer counts 0.5^(age / half-life), age taken from his last event with the item to
    the newest event of the training data: what is popular now.
    """

    def __init__(self, *, half_life_days: float | None = None) -> None:
        super().__init__()
        self.half_life_days = half_life_days
        self.name = "popularity" if half_life_days is None else "popularity_recent"
        self.score: NDArray[np.float64] = np.empty(0)
        self.order: NDArray[np.intp] = np.empty(0, np.intp)
        """All items, most popular first; equal ones by number."""

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = interactions.popularity()
        self.score = self.popularity if self.half_life_days is None else self._recent(interactions, self.half_life_days)
        self.order = order_by(self.score, self.popularity)
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
        nothing = np.full((histories.shape[0], depth), NOTHING, np.int64)
        return fill_rows(nothing, exclude=exclude, order=self.order)

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        order = self.order[: k + len(exclude)]
        items = order[~np.isin(order, list(exclude))][:k]
        return Ranked(items, self.score[items], np.full(len(items), NOTHING), np.zeros(len(items)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """popularity: score per item, float32."""
        return {"popularity": self.score.astype(np.float32)}

    @staticmethod
    def _recent(interactions: Interactions, half_life_days: float) -> NDArray[np.float64]:
        if len(interactions) == 0:
            return np.zeros(interactions.item_count)
        pairs = interactions.pairs()
        age = (interactions.times.max() - interactions.times[pairs.last]) / DAY
        score = np.bincount(pairs.items, weights=0.5 ** (age / half_life_days), minlength=interactions.item_count)
        return score.astype(np.float64, copy=False)
