"""Item-based collaborative filtering: items that the same customers choose speak for each other."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History, Ranked, Recommender, cut_rows
from recommender.ml.interactions import Interactions
from recommender.ml.popularity import Popularity
from recommender.ml.ranking import best
from recommender.ml.serving import Neighbours, strength

Weighting = Literal["binary", "value", "log", "idf", "bm25"]
Normalise = Literal["none", "similarity", "ratings"]
BLOCK_PRODUCTS = 8_000_000
"""Multiplications per block of the item × item product; bounds its memory to about 100 MB."""
SIMILAR_ITEMS = 100


@dataclass(frozen=True)
class ItemKnnParams:
    """`weighting` and `damping` shape the customers × items values before similarity: a customer with n items counts
    n^(−damping), because somebody who takes everything says little about each. `alpha` is the share of the shown
    item's own frequency in the denominator (0.5: cosine; less lets popular items through). `shrinkage` pulls similarity
    of rarely met items to zero: as many more average meetings of one item alone. `sharpness` is an exponent on the
    similarity. `neighbours` per shown item are kept. `history_weighting` and `half_life` (in items) shape r(u,j).
    """

    neighbours: int = 100
    weighting: Weighting = "log"
    damping: float = 0.5
    alpha: float = 0.4
    shrinkage: float = 5.0
    sharpness: float = 1.0
    normalise: Normalise = "none"
    history_weighting: Literal["value", "log", "binary"] = "log"
    half_life: float = 100.0
    max_history: int = 500

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one learned matrix."""
        return replace(self, normalise="none", history_weighting="log", half_life=100.0)


PLAIN = ItemKnnParams(
    neighbours=50, weighting="value", damping=0.0, alpha=0.5, shrinkage=0.0, normalise="similarity",
    history_weighting="value", half_life=0.0,
)  # fmt: skip
"""The textbook form: cosine of rating columns, `R(u,i) = Σ r(u,j)·s(i,j) / Σ s(i,j)`. Sarwar et al. (2001)."""


class ItemKnn(Recommender):
    """Cosine similarity of item columns with shrinkage, cut to the nearest neighbours of every shown item.

    `s(i,j) = (Σ_u a(u,i)·a(u,j) / (‖a_i‖^2α · ‖a_j‖^2(1−α) + λ))^q`, a the weighted values. Asymmetric cosine after
    Aiolli (2013), shrinkage after Bell & Koren (2007), exponent after Breese et al. (1998). Score and its three ways to
    normalise: see `serving.Neighbours`. Learns from the last `max_history` events of a customer; the product
    of sparse matrices is made in blocks, so time grows with the events and memory with the neighbours kept.
    """

    def __init__(
        self, params: ItemKnnParams | None = None, *, fallback: Popularity | None = None, name: str = "item_knn"
    ) -> None:
        super().__init__()
        self.params = params or ItemKnnParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.spoken: sp.csr_matrix = sp.csr_matrix((0, 0))
        self.alike: sp.csr_matrix = sp.csr_matrix((0, 0))

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        recent = interactions.newest_per_customer(self.params.max_history)
        weighted = weigh(recent.matrix(), self.params.weighting, self.params.damping)
        shown, alike = _Rows(), _Rows()
        for items, values, row in self._similarities(weighted):
            kept = best(items, values[0], self.params.neighbours, self.popularity)
            shown.add(row, items[kept], values[0][kept] ** self.params.sharpness)
            kept = best(items, values[1], SIMILAR_ITEMS, self.popularity)
            alike.add(row, items[kept], values[1][kept])
        size = interactions.item_count
        self.spoken = shown.matrix(size).T.tocsr()
        self.spoken.sort_indices()
        self.alike = alike.matrix(size)
        return self

    def with_params(self, params: ItemKnnParams) -> "ItemKnn":
        """The same learned neighbours, answering with other `history_weighting`, `half_life` or `normalise`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = ItemKnn(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin

    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        pairs = interactions.pairs()
        data = strength(pairs.values, pairs.rank, self.params.history_weighting, self.params.half_life)
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
        spoken = self.spoken.astype(np.float64)
        ranked = []
        for start, end in _blocks(histories, spoken):
            part = histories[start:end]
            scores = sp.csr_matrix(part @ spoken)
            if self.params.normalise != "none":
                scores = _divided(scores, part, spoken, self.params.normalise)
            ranked.append(cut_rows(scores, depth, exclude=exclude[start:end], tie_break=self.popularity))
        return np.concatenate(ranked) if ranked else np.empty((0, depth), np.int64)

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        rows = np.array([item for item, _weight in history], np.int64)
        weights = np.array([weight for _item, weight in history], np.float64)
        force = strength(weights, np.arange(len(rows)), self.params.history_weighting, self.params.half_life)
        barred = np.zeros(self.spoken.shape[0], bool)
        barred[list(exclude)] = True
        neighbours = Neighbours(
            self.spoken.indptr, self.spoken.indices, self.spoken.data,
            tie_break=self.popularity, normalise=self.params.normalise,
        )  # fmt: skip
        found = neighbours.score(rows, force, k, barred)
        return Ranked(found.items, found.scores, rows[found.reasons], found.shares)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of `serving.ServingModel`, except `item_ids`."""
        return {
            "popularity": self.popularity.astype(np.float32),
            "indptr": self.spoken.indptr.astype(np.int64),
            "indices": self.spoken.indices.astype(np.int32),
            "weights": self.spoken.data.astype(np.float32),
            "similar_indptr": self.alike.indptr.astype(np.int64),
            "similar_indices": self.alike.indices.astype(np.int32),
            "similar_weights": self.alike.data.astype(np.float32),
        }

    def _similarities(
        self, weighted: sp.csr_matrix
    ) -> Iterator[tuple[NDArray[np.integer], tuple[NDArray[np.float64], NDArray[np.float64]], int]]:
        """For every shown item: the items it met, (asymmetric similarity, plain cosine) with shrinkage, its number."""
        columns = weighted.T.tocsr()
        norms = np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel()
        average = float((weighted.data**2).mean()) if weighted.nnz else 0.0
        shrinkage = self.params.shrinkage * average
        own, other = norms**self.params.alpha, norms ** (1.0 - self.params.alpha)
        root = np.sqrt(norms)
        for start, end in _blocks(columns, weighted):
            block = sp.csr_matrix(columns[start:end] @ weighted)
            for row in range(start, end):
                part = slice(block.indptr[row - start], block.indptr[row - start + 1])
                items, common = block.indices[part], block.data[part]
                others = items != row
                items, common = items[others], common[others]
                if len(items):
                    asymmetric = common / (own[row] * other[items] + shrinkage)
                    yield items, (asymmetric, common / (root[row] * root[items] + shrinkage)), row


def weigh(matrix: sp.csr_matrix, weighting: Weighting, damping: float) -> sp.csr_matrix:
    """Values before similarity: 1 (`binary`), v (`value`), log(1 + v) (`log`), v·log(1 + items / n) (`idf`: a customer
    is a word, rare for one who chose little) or Okapi BM25 with k1 = 1.2, b = 0.75 (Robertson et al. 1994), each
    divided by n^damping, n the customer's items."""
    counts = np.diff(matrix.indptr)
    lengths = np.repeat(counts, counts).astype(np.float64)
    values = matrix.data
    match weighting:
        case "binary":
            data = np.ones(len(values))
        case "value":
            data = values.copy()
        case "log":
            data = np.log1p(values)
        case "idf":
            data = values * np.log1p(matrix.shape[1] / lengths)
        case "bm25":
            mean = lengths.size / max(int((counts > 0).sum()), 1)
            data = np.log1p(matrix.shape[1] / lengths) * values * 2.2 / (values + 1.2 * (0.25 + 0.75 * lengths / mean))
    return sp.csr_matrix((data / lengths**damping, matrix.indices, matrix.indptr), shape=matrix.shape)


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


def _blocks(left: sp.csr_matrix, right: sp.csr_matrix) -> Iterator[tuple[int, int]]:
    """Row ranges of `left` whose product with `right` takes at most BLOCK_PRODUCTS multiplications (or one row)."""
    row_lengths = np.r_[0, np.cumsum(np.diff(right.indptr)[left.indices])]
    work = row_lengths[left.indptr]
    start = 0
    while start < left.shape[0]:
        end = max(int(np.searchsorted(work, work[start] + BLOCK_PRODUCTS, side="right")) - 1, start + 1)
        yield start, min(end, left.shape[0])
        start = end


class _Rows:
    """A sparse matrix that grows row by row; rows that are never added stay empty."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._indices: list[NDArray[np.int32]] = []
        self._data: list[NDArray[np.float32]] = []

    def add(self, row: int, indices: NDArray[np.integer], data: NDArray[np.floating]) -> None:
        self._rows.append(row)
        self._indices.append(indices.astype(np.int32))
        self._data.append(data.astype(np.float32))

    def matrix(self, size: int) -> sp.csr_matrix:
        """size × size; entries of a row stay in the order they were added in."""
        lengths = np.zeros(size, np.int64)
        lengths[self._rows] = [len(part) for part in self._indices]
        indices = np.concatenate(self._indices) if self._indices else np.empty(0, np.int32)
        data = np.concatenate(self._data) if self._data else np.empty(0, np.float32)
        return sp.csr_matrix((data, indices, np.r_[0, np.cumsum(lengths)]), shape=(size, size))
