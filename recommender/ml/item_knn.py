"""Item-based collaborative filtering: items that the same customers choose speak for each other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows, row_blocks
from recommender.ml.popularity import Popularity
from recommender.ml.ranking import best
from recommender.ml.scoring import Attention, HistoryWeighting, Normalise

Weighting = Literal["binary", "value", "log", "idf", "bm25"]


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
    history_weighting: HistoryWeighting = "log"
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


class ItemKnn(ItemToItem):
    """Cosine similarity of item columns with shrinkage, cut to the nearest neighbours of every shown item.

    `s(i,j) = (Σ_u a(u,i)·a(u,j) / (‖a_i‖^2α · ‖a_j‖^2(1−α) + λ))^q`, a the weighted values. Asymmetric cosine after
    Aiolli (2013), shrinkage after Bell & Koren (2007), exponent after Breese et al. (1998). Score and its three ways to
    normalise: see `scoring.Neighbours`. Learns from the last `max_history` events of a customer; the product
    of sparse matrices is made in blocks, so time grows with the events and memory with the neighbours kept.
    """

    def __init__(
        self, params: ItemKnnParams | None = None, *, fallback: Popularity | None = None, name: str = "item_knn"
    ) -> None:
        super().__init__()
        self.params = params or ItemKnnParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.attention = Attention(self.params.history_weighting, self.params.half_life)
        self.normalise = self.params.normalise

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        recent = interactions.newest_per_customer(self.params.max_history)
        weighted = weigh(recent.matrix(), self.params.weighting, self.params.damping)
        shown, alike = Rows(), Rows()
        for items, values, row in self._similarities(weighted):
            kept = best(items, values[0], self.params.neighbours, self.popularity)
            shown.add(row, items[kept], values[0][kept] ** self.params.sharpness)
            alike.add_best(row, items, values[1], SIMILAR_ITEMS, self.popularity)
        self._keep(shown, alike, interactions.item_count)
        return self

    def with_params(self, params: ItemKnnParams) -> "ItemKnn":
        """The same learned neighbours, answering with other `history_weighting`, `half_life` or `normalise`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = ItemKnn(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin

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
        for start, end in row_blocks(columns, weighted):
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
