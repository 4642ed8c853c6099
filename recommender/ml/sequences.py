"""What customers chose after what: order as a source of a blend."""

from collections.abc import Iterator
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
from recommender.ml.transitions import WIDTH, TransitionParams, met, prune, shares, two_steps


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
    `transitions.met`. The newest item of a history says most."""

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
        self.spoken = self._learn(Sessions.from_interactions(interactions))
        self.alike = _best_first(self.spoken, self.popularity)
        return self

    def with_params(self, params: SequenceParams) -> "SequenceRules":
        """The same rules, answering with another way to listen to the history."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = type(self)(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin

    def _learn(self, sessions: Sessions) -> sp.csr_matrix:
        params = self.params
        held_back = None
        if params.held_back:
            sums = np.zeros(sessions.item_count)
            for _start, block in self._met(sessions):
                sums += np.asarray(block.sum(axis=0)).ravel()
            held_back = np.maximum(sums, 1e-12) ** -params.held_back
        kept = []
        for _start, block in self._met(sessions):
            block = shares(block, params.power)
            if held_back is not None:
                block.data *= held_back[block.indices]
            kept.append(prune(block, params.neighbours).astype(np.float32))
        return _stacked(kept, sessions.item_count)

    def _met(self, sessions: Sessions) -> Iterator[tuple[int, sp.csr_matrix]]:
        """What came near every item but itself."""
        steps = TransitionParams(self.params.steps, half_life=0.0)
        for start, block in met(sessions, steps, backwards=self.params.backwards):
            owners = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)) + start
            block.data[block.indices == owners] = 0.0
            block.eliminate_zeros()
            yield start, block


class SequenceWalk(SequenceRules):
    """Two steps over followers and forerunners: items that are near each other without ever having met; see
    `transitions.two_steps`. `backwards` is the weight of the step back."""

    def __init__(
        self, params: SequenceParams | None = None, *, fallback: Popularity | None = None, name: str = "sequence_walk"
    ) -> None:
        super().__init__(params or SequenceParams(backwards=0.8), fallback=fallback, name=name)

    def _learn(self, sessions: Sessions) -> sp.csr_matrix:
        steps = TransitionParams(self.params.steps, half_life=0.0)
        blocks = met(sessions, steps, backwards=self.params.backwards)
        one = _stacked([prune(shares(block), WIDTH) for _start, block in blocks], sessions.item_count)
        return two_steps(one, self.params.neighbours).astype(np.float32)


def _stacked(blocks: list[sp.csr_matrix], size: int) -> sp.csr_matrix:
    return sp.csr_matrix(sp.vstack(blocks, format="csr")) if blocks else sp.csr_matrix((size, size))


def _best_first(spoken: sp.csr_matrix, popularity: NDArray[np.floating]) -> sp.csr_matrix:
    rows = Rows()
    for row in np.flatnonzero(np.diff(spoken.indptr)):
        part = slice(spoken.indptr[row], spoken.indptr[row + 1])
        rows.add_best(int(row), spoken.indices[part], spoken.data[part], SIMILAR_ITEMS, popularity)
    return rows.matrix(spoken.shape[0])
