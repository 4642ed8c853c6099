"""What all methods share that learn which items speak for which: one sparse matrix, read by rows of the history."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History, Ranked, Recommender, cut_rows
from recommender.ml.interactions import Interactions
from recommender.ml.ranking import best
from recommender.ml.scoring import Attention, Neighbours, Normalise

BLOCK_PRODUCTS = 8_000_000
"""Multiplications per block of a product of sparse matrices; bounds its memory to about 100 MB."""
SIMILAR_ITEMS = 100


class ItemToItem(Recommender):
    """`R(u,i) = Σ_j r(u,j)·W(j,i)`: `spoken` is W, row j the items that item j of a history speaks for; `alike` has the
    items most like an item, best first, for the product page. r by `attention`, divisions by `normalise`."""

    attention = Attention()
    normalise: Normalise = "none"

    def __init__(self) -> None:
        super().__init__()
        self.spoken: sp.csr_matrix = sp.csr_matrix((0, 0))
        self.alike: sp.csr_matrix = sp.csr_matrix((0, 0))

    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        pairs = interactions.pairs()
        data = self.attention(pairs.values, pairs.rank)
        shape = (interactions.customer_count, interactions.item_count)
        return sp.csr_matrix((data, (pairs.customers, pairs.items)), shape=shape)

    def rank(
        self,
        histories: sp.csr_matrix,
        depth: int,
        *,
        exclude: sp.csr_matrix,
        customers: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        ranked = []
        for start, end in row_blocks(histories, self.spoken):
            scores = self.scores(histories[start:end])
            ranked.append(cut_rows(scores, depth, exclude=exclude[start:end], tie_break=self.popularity))
        return np.concatenate(ranked) if ranked else np.empty((0, depth), np.int64)

    def score_rows(self, histories: sp.csr_matrix) -> NDArray[np.floating]:
        return np.asarray(self.scores(histories).toarray())

    def scores(self, histories: sp.csr_matrix) -> sp.csr_matrix:
        """Rows × items, only where the method has something to say. Widens only the rows of W that are spoken of."""
        asked, place = np.unique(histories.indices, return_inverse=True)
        own = sp.csr_matrix((histories.data, place, histories.indptr), shape=(histories.shape[0], len(asked)))
        spoken = self.spoken[asked].astype(np.float64)
        scores = sp.csr_matrix(own @ spoken)
        return scores if self.normalise == "none" else _divided(scores, own, spoken, self.normalise)

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        rows = np.array([item for item, _weight in history], np.int64)
        weights = np.array([weight for _item, weight in history], np.float64)
        barred = np.zeros(self.spoken.shape[0], bool)
        barred[list(exclude)] = True
        found = self.neighbours().score(rows, self.attention(weights, np.arange(len(rows))), k, barred)
        return Ranked(found.items, found.scores, rows[found.reasons], found.shares)

    def neighbours(self) -> Neighbours:
        """What serves: the learned matrix with its way to divide."""
        return Neighbours(
            self.spoken.indptr, self.spoken.indices, self.spoken.data,
            tie_break=self.popularity, normalise=self.normalise,
        )  # fmt: skip

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of `serving.ServingModel` in their first format, except `item_ids`."""
        return {
            "popularity": self.popularity.astype(np.float32),
            **csr_arrays(self.spoken),
            **{f"similar_{name}": array for name, array in csr_arrays(self.alike).items()},
        }

    def _keep(self, shown: "Rows", alike: "Rows", size: int) -> None:
        """Take over the neighbours of every shown item: `shown` has a row for each, W its columns."""
        self.spoken = shown.matrix(size).T.tocsr()
        self.spoken.sort_indices()
        self.alike = alike.matrix(size)


class Rows:
    """A sparse matrix that grows row by row; rows that are never added stay empty."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._indices: list[NDArray[np.int32]] = []
        self._data: list[NDArray[np.float32]] = []

    def add(self, row: int, indices: NDArray[np.integer], data: NDArray[np.floating]) -> None:
        self._rows.append(row)
        self._indices.append(indices.astype(np.int32))
        self._data.append(data.astype(np.float32))

    def add_best(
        self,
        row: int,
        items: NDArray[np.integer],
        values: NDArray[np.floating],
        count: int,
        tie_break: NDArray[np.floating],
    ) -> None:
        """Only the `count` highest values, best first."""
        kept = best(items, values, count, tie_break)
        self.add(row, items[kept], values[kept])

    def matrix(self, size: int) -> sp.csr_matrix:
        """size × size; entries of a row stay in the order they were added in."""
        lengths = np.zeros(size, np.int64)
        lengths[self._rows] = [len(part) for part in self._indices]
        indices = np.concatenate(self._indices) if self._indices else np.empty(0, np.int32)
        data = np.concatenate(self._data) if self._data else np.empty(0, np.float32)
        return sp.csr_matrix((data, indices, np.r_[0, np.cumsum(lengths)]), shape=(size, size))


def csr_arrays(matrix: sp.csr_matrix) -> dict[str, NDArray[Any]]:
    """indptr, indices and weights as the web process maps them."""
    return {
        "indptr": matrix.indptr.astype(np.int64),
        "indices": matrix.indices.astype(np.int32),
        "weights": matrix.data.astype(np.float32),
    }


def row_blocks(left: sp.csr_matrix, right: sp.csr_matrix) -> Iterator[tuple[int, int]]:
    """Row ranges of `left` whose product with `right` takes at most BLOCK_PRODUCTS multiplications (or one row)."""
    row_lengths = np.r_[0, np.cumsum(np.diff(right.indptr)[left.indices])]
    work = row_lengths[left.indptr]
    start = 0
    while start < left.shape[0]:
        end = max(int(np.searchsorted(work, work[start] + BLOCK_PRODUCTS, side="right")) - 1, start + 1)
        yield start, min(end, left.shape[0])
        start = end


def _divided(scores: sp.csr_matrix, histories: sp.csr_matrix, spoken: sp.csr_matrix, normalise: str) -> sp.csr_matrix:
    """Scores over Σ s(i,j) or Σ r(u,j), sums over the neighbours of i that the history holds."""
    left, right = histories.copy(), spoken.copy()
    if normalise == "similarity":
        left.data = np.ones_like(left.data)
    else:
        right.data = np.ones_like(right.data)
    below = sp.csr_matrix(left @ right)
    scores.sort_indices()
    below.sort_indices()
    scores.data = np.divide(scores.data, below.data, out=np.zeros_like(scores.data), where=below.data > 0)
    return scores
