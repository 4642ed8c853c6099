"""What customers choose next after an item, as item-to-item weights that blends and the serving model take."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp

from recommender.ml.interactions import Interactions
from recommender.ml.item_to_item import SIMILAR_ITEMS, ItemToItem, Rows
from recommender.ml.popularity import Popularity
from recommender.ml.scoring import Attention, HistoryWeighting
from recommender.ml.sessions import Sessions
from recommender.ml.transitions import TransitionParams, followers, prune, shares


@dataclass(frozen=True)
class SequenceRulesParams:
    """An item chosen d acts later counts decay^(d−1), up to `steps` acts (a decay of 0: 1/d). Rows are divided by (all
    that came after)^`power` and cut to `neighbours`. `history_weighting` and `half_life` (in items) shape r(u,j)."""

    steps: int = 20
    decay: float = 0.8
    power: float = 0.5
    neighbours: int = 200
    history_weighting: HistoryWeighting = "binary"
    half_life: float = 1.0
    max_history: int = 500

    def learned(self) -> Self:
        """The same parameters with those of answering at their defaults: equal ones share one learned matrix."""
        return replace(self, history_weighting="binary", half_life=1.0)


class SequenceRules(ItemToItem):
    """`R(u,i) = Σ_j r(u,j)·W(j,i)`, W(j,i) how much i came after j in customers' order of time, r halved every
    `half_life` items, so that what was chosen last says most. Kamehkhosh, Jannach & Ludewig (2017)."""

    def __init__(
        self,
        params: SequenceRulesParams | None = None,
        *,
        fallback: Popularity | None = None,
        name: str = "sequence_rules",
    ) -> None:
        super().__init__()
        self.params = params or SequenceRulesParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.attention = Attention(self.params.history_weighting, self.params.half_life)

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        params = self.params
        recent = Sessions.from_interactions(interactions.newest_per_customer(params.max_history))
        counts = followers(recent, TransitionParams(steps=params.steps, decay=params.decay, half_life=0.0))
        counts.setdiag(0.0)
        counts.eliminate_zeros()
        self.spoken = shares(prune(counts, params.neighbours), params.power)
        self.alike = self._next_to(counts)
        return self

    def with_params(self, params: SequenceRulesParams) -> "SequenceRules":
        """The same learned rules, answering with another `history_weighting` or `half_life`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = SequenceRules(params, fallback=self.fallback, name=self.name)
        twin.popularity, twin.spoken, twin.alike = self.popularity, self.spoken, self.alike
        return twin

    def _next_to(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """For each item those that come before or after it, most often first."""
        both = sp.csr_matrix(counts + counts.T)
        alike = Rows()
        for row in range(both.shape[0]):
            part = slice(both.indptr[row], both.indptr[row + 1])
            alike.add_best(row, both.indices[part], both.data[part], SIMILAR_ITEMS, self.popularity)
        return alike.matrix(both.shape[0])
