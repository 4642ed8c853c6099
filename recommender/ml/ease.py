"""EASE^R: the best linear item model has a closed form; one inverse of the item × item matrix, cut to the strongest."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import lapack

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import weigh
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Attention, HistoryWeighting

LARGEST = 20_000
"""Items; the dense inverse takes 4 bytes and about n³ multiplications for n items: 1.6 GB and minutes at this size."""
BLOCK = 512


@dataclass(frozen=True)
class EaseParams:
    """`regularisation` is λ. `weighting` and `damping` shape the customers × items values as in `item_knn.weigh`
    (`binary` is the published 0/1 form, `value` and `log` let strong acts speak louder); values are then scaled to a
    mean of 1 so that λ means the same for all of them. `neighbours` per shown item are kept, the largest by amount;
    the others' part of the score is lost. `history_weighting` and `half_life` shape r(u,j).
    """

    regularisation: float = 400.0
    weighting: Literal["binary", "log", "value"] = "binary"
    damping: float = 0.0
    neighbours: int = 200
    history_weighting: HistoryWeighting = "binary"
    half_life: float = 0.0
    max_history: int = 500

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one learned matrix."""
        return replace(self, history_weighting="binary", half_life=0.0)


class Ease(ItemToItem):
    """`B = I − P·diag(1/diag(P))`, `P = (XᵀX + λI)⁻¹`, diagonal of B zero; scores `X·B`. Steck (2019).

    In single precision by Cholesky decomposition, in place: one n × n array is all the memory that counts.
    """

    def __init__(
        self, params: EaseParams | None = None, *, fallback: Popularity | None = None, name: str = "ease"
    ) -> None:
        super().__init__()
        self.params = params or EaseParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.attention = Attention(self.params.history_weighting, self.params.half_life)

    def fit(self, interactions: Interactions) -> Self:
        """Raises ValueError above LARGEST items that anybody met; items that nobody met have no neighbours."""
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        recent = interactions.newest_per_customer(self.params.max_history)
        weighted = weigh(recent.matrix(), self.params.weighting, self.params.damping)
        if weighted.nnz:
            weighted.data /= weighted.data.mean()
        met = np.flatnonzero(np.diff(weighted.tocsc().indptr))
        if len(met) > LARGEST:
            raise ValueError(f"EASE takes at most {LARGEST:,} items, not {len(met):,}.")
        shown, alike = Rows(), Rows()
        if len(met):
            inverse = _inverse(sp.csr_matrix(weighted[:, met]), self.params.regularisation)
            self._cut(inverse, met, shown, alike)
        self._keep(shown, alike, interactions.item_count)
        return self

    def with_params(self, params: EaseParams) -> "Ease":
        """The same learned weights, answering with another `history_weighting` or `half_life`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = Ease(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin

    def _cut(self, inverse: NDArray[np.float32], met: NDArray[np.intp], shown: Rows, alike: Rows) -> None:
        """Column i of B is −P(:,i)/P(i,i); P is symmetric, so its rows are read."""
        diagonal = np.diagonal(inverse).copy()
        kept, near = min(self.params.neighbours, len(met) - 1), min(SIMILAR_ITEMS, len(met) - 1)
        everybody = np.arange(len(met))
        for start in range(0, len(met), BLOCK):
            block = -inverse[start : start + BLOCK] / diagonal[start : start + BLOCK, None]
            for row, weights in enumerate(block, start):
                weights[row] = 0.0
                chosen = _largest(np.abs(weights), kept) if kept < len(met) - 1 else everybody[everybody != row]
                shown.add(int(met[row]), met[chosen], weights[chosen])
                chosen = _largest(weights, near)
                chosen = chosen[weights[chosen] > 0]
                alike.add_best(int(met[row]), met[chosen], weights[chosen], near, self.popularity)


class UnorderedEase(Ease):
    """What another one learned, answering without a look at the order of a history: a reference that says what the
    order is worth. `learned` must be fitted first."""

    def __init__(self, learned: Ease) -> None:
        super().__init__(replace(learned.params, half_life=0.0), fallback=learned.fallback, name="ease_unordered")
        self.learned = learned

    def fit(self, interactions: Interactions) -> Self:
        self.popularity, self.spoken, self.alike = self.learned.popularity, self.learned.spoken, self.learned.alike
        return self


def _inverse(weighted: sp.csr_matrix, regularisation: float) -> NDArray[np.float32]:
    """(XᵀX + λI)⁻¹, symmetric, single precision."""
    columns = weighted.T.tocsr().astype(np.float32)
    rows = weighted.astype(np.float32)
    size = columns.shape[0]
    gram = np.empty((size, size), np.float32, order="F")
    for start in range(0, size, BLOCK):
        block = columns[start : start + BLOCK] @ rows
        gram[:, start : start + BLOCK] = block.toarray().T
    gram[np.diag_indices(size)] += np.float32(regularisation)
    factor, failed = lapack.spotrf(gram, lower=1, clean=0, overwrite_a=1)
    if failed:
        raise ValueError(f"λ = {regularisation} is too small for single precision.")
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ValueError(f"λ = {regularisation} is too small for single precision.")
    for start in range(0, size, BLOCK):
        end = min(start + BLOCK, size)
        inner = np.tril(inverse[start:end, start:end])
        inverse[start:end, start:end] = inner + np.tril(inner, -1).T
        inverse[start:end, end:] = inverse[end:, start:end].T
    found: NDArray[np.float32] = inverse
    return found


def _largest(values: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    return np.sort(np.argpartition(-values, count - 1)[:count]) if count > 0 else np.empty(0, np.intp)
