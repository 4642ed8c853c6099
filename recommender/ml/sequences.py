"""What customers chose after what: order as a source of a blend."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Attention, HistoryWeighting
from recommender.ml.sessions import Sessions
from recommender.ml.transitions import TransitionParams, followers, prune, shares, walk


@dataclass(frozen=True)
class SequenceParams:
    """An item that came d acts later counts 1/d, up to `steps` acts, and times `backwards` in the other direction. Rows
    are divided by (their sum)^`power`, columns by (their sum)^`held_back`. `neighbours` per item of a history are kept;
    the history fades by `half_life` (in items) or by 1 / place^`distance`."""

    steps: int = 10
    backwards: float = 0.0
    power: float = 0.5
    held_back: float = 0.0
    neighbours: int = 100
    history_weighting: HistoryWeighting = "binary"
    half_life: float = 2.0
    distance: float = 0.0

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one learned matrix."""
        return replace(self, history_weighting="binary", half_life=2.0, distance=0.0)


class SequenceRules(ItemToItem):
    """Followers of every item with weights that fall with distance, whatever the time between acts; see
    `transitions.followers`. The newest item of a history says most."""

    def __init__(
        self,
        params: SequenceParams | None = None,
        *,
        fallback: Popularity | None = None,
        name: str = "sequence_rules",
    ) -> None:
        super().__init__()
        self.params = params or SequenceParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.attention = Attention(self.params.history_weighting, self.params.half_life, self.params.distance)

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        counts = followers(Sessions.from_interactions(interactions), TransitionParams(self.params.steps, half_life=0.0))
        self.spoken = self._spoken(counts)
        self.alike = _best_first(self.spoken, self.popularity)
        return self

    def with_params(self, params: SequenceParams) -> "SequenceRules":
        """The same rules, answering with another way to listen to the history."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = type(self)(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin

    def _spoken(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        if self.params.backwards:
            counts = sp.csr_matrix(counts + self.params.backwards * counts.T)
        counts = sp.csr_matrix(counts - sp.diags(counts.diagonal()))
        counts.eliminate_zeros()
        columns = np.maximum(np.asarray(counts.sum(axis=0)).ravel(), 1e-12) ** -self.params.held_back
        rows = shares(counts, self.params.power)
        return prune(sp.csr_matrix(rows @ sp.diags(columns)), self.params.neighbours)


class SequenceWalk(SequenceRules):
    """Two steps over followers and forerunners: items that are near each other without ever having met; see
    `transitions.walk`. `backwards` is the weight of the step back."""

    def __init__(
        self, params: SequenceParams | None = None, *, fallback: Popularity | None = None, name: str = "sequence_walk"
    ) -> None:
        super().__init__(params or SequenceParams(backwards=0.8), fallback=fallback, name=name)

    def _spoken(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        return walk(counts, backwards=self.params.backwards, reach=self.params.neighbours)


def _best_first(spoken: sp.csr_matrix, popularity: NDArray[np.floating]) -> sp.csr_matrix:
    rows = Rows()
    for row in np.flatnonzero(np.diff(spoken.indptr)):
        part = slice(spoken.indptr[row], spoken.indptr[row + 1])
        rows.add_best(int(row), spoken.indices[part], spoken.data[part], SIMILAR_ITEMS, popularity)
    return rows.matrix(spoken.shape[0])
