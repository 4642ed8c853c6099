"""User-based collaborative filtering: what the customers most like this one chose."""

from collections.abc import Collection
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History, Ranked, Recommender, cut_rows
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import unit_rows
from recommender.ml.ranking import NOTHING, best

BLOCK = 512


class UserKnn(Recommender):
    """`R(u,i) = Σ_{v∈N(u)} sim(u,v)·r(v,i)`: cosine of the customers' value rows, the k nearest others.

    Resnick et al. (1994) without the division. Comparing customers costs Σ_i n_i² for n_i customers of item i, which
    `work` tells beforehand; a reference to compare with, not for large shops.
    """

    name = "user_cf"

    def __init__(self, *, neighbours: int = 10) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.values: sp.csr_matrix = sp.csr_matrix((0, 0))
        self._directions: sp.csr_matrix = sp.csr_matrix((0, 0))

    @staticmethod
    def work(interactions: Interactions) -> float:
        """Multiplications that comparing all customers takes."""
        return float((interactions.popularity() ** 2).sum())

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = interactions.popularity()
        self.values = interactions.matrix()
        self._directions = unit_rows(self.values)
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
        for start in range(0, histories.shape[0], BLOCK):
            part = slice(start, start + BLOCK)
            own = None if customers is None else customers[part]
            scores = sp.csr_matrix(self._nearest(histories[part], own) @ self.values)
            ranked.append(cut_rows(scores, depth, exclude=exclude[part], tie_break=self.popularity))
        return np.concatenate(ranked) if ranked else np.empty((0, depth), np.int64)

    def recommend(self, history: History, k: int, exclude: Collection[int] = (), customer: int | None = None) -> Ranked:
        """`customer` is the number of this customer in the training data, who is no neighbour of himself."""
        row = sp.csr_matrix(
            ([w for _i, w in history], ([0] * len(history), [i for i, _w in history])),
            shape=(1, self.values.shape[1]), dtype=np.float64,
        )  # fmt: skip
        own = None if customer is None else np.array([customer])
        scores = sp.csr_matrix(self._nearest(row, own) @ self.values)
        free = ~np.isin(scores.indices, list(exclude)) & (scores.data > 0)
        items, values = scores.indices[free], scores.data[free]
        chosen = best(items, values, k, self.popularity)
        return Ranked(items[chosen], values[chosen], np.full(len(chosen), NOTHING), np.zeros(len(chosen)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """indptr, indices, values of the customers × items matrix: this method keeps the data itself."""
        return {"indptr": self.values.indptr, "indices": self.values.indices, "values": self.values.data}

    def _nearest(self, histories: sp.csr_matrix, own: NDArray[np.integer] | None) -> sp.csr_matrix:
        """Rows × customers: cosine to the nearest k, nothing for the others."""
        likeness = sp.csr_matrix(unit_rows(histories) @ self._directions.T)
        steady = np.zeros(self.values.shape[0])
        data, indices, lengths = [], [], []
        for row in range(likeness.shape[0]):
            others = likeness.indices[likeness.indptr[row] : likeness.indptr[row + 1]]
            values = likeness.data[likeness.indptr[row] : likeness.indptr[row + 1]]
            if own is not None:
                others, values = others[others != own[row]], values[others != own[row]]
            kept = best(others, values, self.neighbours, steady)
            indices.append(others[kept])
            data.append(values[kept])
            lengths.append(len(kept))
        shape = (likeness.shape[0], self.values.shape[0])
        return sp.csr_matrix((np.concatenate(data), np.concatenate(indices), np.r_[0, np.cumsum(lengths)]), shape=shape)
