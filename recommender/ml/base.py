"""What every recommendation method can do."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions
from recommender.ml.ranking import NOTHING, best

History = Sequence[tuple[int, float]]
"""What one customer did: item number and weight, newest first, each item once."""


@dataclass(frozen=True)
class Ranked:
    """One list, best first. `reasons` is the item of the history that speaks most for the shown one (-1: none), and
    `shares` the part of the score that it brought, in [0, 1]."""

    items: NDArray[np.int64]
    scores: NDArray[np.float64]
    reasons: NDArray[np.int64]
    shares: NDArray[np.float64]


class Recommender(ABC):
    """A method that learns from interactions and ranks items. Items are numbers of the interactions it learned from."""

    name: str

    def __init__(self) -> None:
        self.popularity: NDArray[np.float64] = np.empty(0)

    @abstractmethod
    def fit(self, interactions: Interactions) -> Self:
        """Learn. Sets `popularity`, a score per item that breaks ties and orders what completes short lists."""

    @abstractmethod
    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        """Customers × items: what this method takes as the history of each customer."""

    @abstractmethod
    def rank(
        self,
        histories: sp.csr_matrix,
        depth: int,
        *,
        exclude: sp.csr_matrix,
        customers: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        """Many lists at once: rows × depth item numbers, -1 after the end of a list.

        `exclude` has the items that a row must not hold; `customers` are the rows' numbers in the training data, for
        methods that compare customers with each other.
        """

    def score_rows(self, histories: sp.csr_matrix) -> NDArray[np.floating]:
        """Scores of all items for few customers at once, rows × items; 0 where the method has nothing to say."""
        raise NotImplementedError(f"{self.name} does not score items one by one.")

    @abstractmethod
    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        """One list with reasons. Items without a score do not appear: the list may be shorter than k or empty."""

    @abstractmethod
    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learned, as arrays."""


def cut_rows(
    scores: sp.csr_matrix, depth: int, *, exclude: sp.csr_matrix, tie_break: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Best `depth` of each row's positive entries that `exclude` does not hold."""
    ranked = np.full((scores.shape[0], depth), NOTHING, np.int64)
    barred = np.zeros(scores.shape[1], bool)
    for row in range(scores.shape[0]):
        items = scores.indices[scores.indptr[row] : scores.indptr[row + 1]]
        values = scores.data[scores.indptr[row] : scores.indptr[row + 1]]
        seen = exclude.indices[exclude.indptr[row] : exclude.indptr[row + 1]]
        barred[seen] = True
        free = ~barred[items] & (values > 0)
        barred[seen] = False
        items, values = items[free], values[free]
        chosen = best(items, values, depth, tie_break)
        ranked[row, : len(chosen)] = items[chosen]
    return ranked


def cut_dense(
    scores: NDArray[np.floating], depth: int, *, exclude: sp.csr_matrix, tie_break: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The same for rows that score every item. `scores` is written to."""
    ranked = np.full((len(scores), depth), NOTHING, np.int64)
    for row, values in enumerate(scores):
        values[exclude.indices[exclude.indptr[row] : exclude.indptr[row + 1]]] = 0.0
        border = np.partition(values, len(values) - depth)[len(values) - depth] if len(values) > depth else 0.0
        items = np.flatnonzero((values >= border) & (values > 0))
        chosen = best(items, values[items], depth, tie_break)
        ranked[row, : len(chosen)] = items[chosen]
    return ranked


def fill_rows(ranked: NDArray[np.int64], *, exclude: sp.csr_matrix, order: NDArray[np.integer]) -> NDArray[np.int64]:
    """Complete short lists with the first items of `order` that are neither excluded nor already listed."""
    filled = ranked.copy()
    depth = ranked.shape[1]
    barred = np.zeros(exclude.shape[1], bool)
    for row in np.flatnonzero((ranked == NOTHING).any(axis=1)):
        listed = ranked[row][ranked[row] != NOTHING]
        seen = exclude.indices[exclude.indptr[row] : exclude.indptr[row + 1]]
        barred[seen] = barred[listed] = True
        head = order[: depth + len(seen)]
        more = head[~barred[head]][: depth - len(listed)]
        barred[seen] = barred[listed] = False
        filled[row, len(listed) : len(listed) + len(more)] = more
    return filled


def order_by(score: NDArray[np.floating], tie_break: NDArray[np.floating]) -> NDArray[np.intp]:
    """All items, highest score first; equal scores by `tie_break`, then by number."""
    return np.lexsort((np.arange(len(score)), -tie_break, -score))
