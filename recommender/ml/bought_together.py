"""What goes into the same basket: pairs that meet more often than chance would have it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions
from recommender.ml.item_to_item import ItemToItem, Rows, row_blocks
from recommender.ml.lifts import SUPPORT, lift, log_likelihood
from recommender.ml.ranking import best
from recommender.ml.scoring import Attention

DAY = 86_400.0
Counts = NDArray[np.float64]


@dataclass(frozen=True)
class BoughtTogetherParams:
    """A pair counts from `support` baskets that hold both. `order` ranks the partners of an item: by `lift`, by
    `confidence` (share of the item's baskets that hold the partner) or by `log_likelihood`, which asks for evidence."""

    support: int = SUPPORT
    neighbours: int = 50
    order: str = "log_likelihood"


class BoughtTogether(ItemToItem):
    """`lift(i,j) = P(i,j) / (P(i)·P(j))` over baskets: 1 means chance, and only pairs above 1 stay. Brin, Motwani,
    Ullman & Tsur (1997); the log-likelihood ratio of a pair after Dunning (1993).

    A basket is an order where the caller knows orders (`baskets`: one number per event), else what a customer did on
    one day, else all that he did.
    """

    name = "bought_together"
    attention = Attention("binary")

    def __init__(
        self, params: BoughtTogetherParams | None = None, *, baskets: NDArray[np.integer] | None = None
    ) -> None:
        super().__init__()
        self.params = params or BoughtTogetherParams()
        self.baskets = baskets
        self.lift: sp.csr_matrix = sp.csr_matrix((0, 0))
        """Of the pairs that stayed, in the place of their scores."""

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = interactions.popularity()
        held = self._held(interactions)
        columns = sp.csr_matrix(held.T)
        counts = np.diff(columns.indptr).astype(np.float64)
        spoken, lifts = Rows(), Rows()
        for start, end in row_blocks(columns, held):
            block = sp.csr_matrix(columns[start:end] @ held)
            for row in range(start, end):
                part = slice(block.indptr[row - start], block.indptr[row - start + 1])
                items, both = block.indices[part], block.data[part]
                more = lift(both, counts[row], counts[items], held.shape[0])
                kept = (items != row) & (both >= self.params.support) & (more > 1.0)
                items, both, more = items[kept], both[kept], more[kept]
                score = self._score(both, counts[row], counts[items], held.shape[0], more)
                chosen = best(items, score, self.params.neighbours, self.popularity)
                spoken.add(row, items[chosen], score[chosen])
                lifts.add(row, items[chosen], more[chosen])
        size = interactions.item_count
        self.alike, self.lift = spoken.matrix(size), lifts.matrix(size)
        self.spoken = self.alike.copy()
        self.spoken.sort_indices()
        return self

    def _score(
        self,
        both: NDArray[np.float64],
        own: float,
        others: NDArray[np.float64],
        baskets: int,
        lift: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        match self.params.order:
            case "lift":
                return lift
            case "confidence":
                return both / own
        return log_likelihood(both, own, others, baskets)

    def _held(self, interactions: Interactions) -> sp.csr_matrix:
        """Baskets × items, 1 where the basket holds the item."""
        if self.baskets is not None:
            keys = np.asarray(self.baskets, np.int64)
        elif interactions.has_times and len(interactions):
            days = np.floor(interactions.times / DAY).astype(np.int64)
            keys = interactions.customers.astype(np.int64) * (int(days.max() - days.min()) + 1) + days - days.min()
        else:
            keys = interactions.customers.astype(np.int64)
        found, numbers = np.unique(keys, return_inverse=True)
        held = sp.csr_matrix(
            (np.ones(len(numbers)), (numbers, interactions.items)), shape=(len(found), interactions.item_count)
        )
        held.sum_duplicates()
        held.data[:] = 1.0
        return held
