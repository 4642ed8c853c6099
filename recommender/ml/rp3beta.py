"""RP3beta: where a random walk of three steps from a customer ends, with popular items held back."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import Weighting, weigh
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows, row_blocks
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Attention, HistoryWeighting


@dataclass(frozen=True)
class Rp3BetaParams:
    """`alpha` is the exponent on the steps' probabilities, `beta` how much the popularity of the shown item is divided
    away (0: not at all). `neighbours` per item of a history are kept. `weighting` shapes the values that steps are
    taken by, `history_weighting` and `half_life` shape r(u,j)."""

    alpha: float = 1.0
    beta: float = 0.4
    neighbours: int = 100
    weighting: Weighting = "log"
    history_weighting: HistoryWeighting = "log"
    half_life: float = 0.0
    max_history: int = 500

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one learned matrix."""
        return replace(self, history_weighting="log", half_life=0.0)


class Rp3Beta(ItemToItem):
    """`W(j,i) = Σ_v p(j→v)^α · p(v→i)^α / d_i^β`: from item j to a customer v by his share of j, from v to item i by
    its share of v's acts; d_i is what all customers gave i. Paudel, Christoffel, Newell & Bernstein (2017).

    Cut by rows to the likeliest ends of every start, because rare items reach everything with a high share. Sparse
    products in blocks, so memory grows with the neighbours kept.
    """

    def __init__(
        self, params: Rp3BetaParams | None = None, *, fallback: Popularity | None = None, name: str = "rp3beta"
    ) -> None:
        super().__init__()
        self.params = params or Rp3BetaParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.attention = Attention(self.params.history_weighting, self.params.half_life)

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        recent = interactions.newest_per_customer(self.params.max_history)
        values = weigh(recent.matrix(), self.params.weighting, 0.0)
        by_item = sp.csr_matrix(values.T)
        degree = np.asarray(values.sum(axis=0)).ravel()
        to_customer, to_item = _steps(by_item, self.params.alpha), _steps(values, self.params.alpha)
        held_back = np.maximum(degree, 1e-12) ** self.params.beta
        spoken, alike = Rows(), Rows()
        for start, end in row_blocks(to_customer, to_item):
            block = sp.csr_matrix(to_customer[start:end] @ to_item)
            for row in range(start, end):
                part = slice(block.indptr[row - start], block.indptr[row - start + 1])
                others = block.indices[part] != row
                items, reached = block.indices[part][others], block.data[part][others]
                if len(items):
                    weights = reached / held_back[items]
                    spoken.add_best(row, items, weights, self.params.neighbours, self.popularity)
                    near = reached / np.sqrt(degree[items])
                    alike.add_best(row, items, near, SIMILAR_ITEMS, self.popularity)
        self.spoken, self.alike = spoken.matrix(interactions.item_count), alike.matrix(interactions.item_count)
        self.spoken.sort_indices()
        return self

    def with_params(self, params: Rp3BetaParams) -> "Rp3Beta":
        """The same learned walk, answering with another `history_weighting` or `half_life`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = Rp3Beta(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin


def _steps(values: sp.csr_matrix, alpha: float) -> sp.csr_matrix:
    """Rows as probabilities, each to the power of alpha."""
    sums = np.asarray(values.sum(axis=1)).ravel()
    data = (values.data / np.repeat(sums, np.diff(values.indptr))) ** alpha
    return sp.csr_matrix((data, values.indices, values.indptr), shape=values.shape)
