"""The session machinery for customers: order and distance of what they chose, item neighbours, content, one ranker."""

from collections.abc import Collection, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History, Ranked, Recommender
from recommender.ml.content import Content
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.ranking import NOTHING
from recommender.ml.session_choice import item_neighbours, spoken_by
from recommender.ml.session_knn import SessionKnnParams
from recommender.ml.session_models import Maker, SessionBlend, SessionStrategy, neighbourhood, session_neighbours
from recommender.ml.session_sources import DEPTH
from recommender.ml.sessions import Sessions
from recommender.ml.transitions import TransitionParams

CUSTOMER = TransitionParams(steps=20, decay=0.8, half_life=0.0)
"""A customer's acts lie further apart than a visitor's: more steps, and no session is older than another."""


class Sequential(Recommender):
    """A session strategy over customers' histories, each a session of its own. Its order is that of time."""

    def __init__(self, strategy: SessionStrategy) -> None:
        super().__init__()
        self.strategy, self.name = strategy, strategy.name

    def fit(self, interactions: Interactions) -> Self:
        self.strategy.fit(Sessions.from_interactions(interactions))
        self.popularity = interactions.popularity()
        return self

    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        """1 for the newest item, 1/2 for the one before, 1/3 …, so that the order can be read from the values."""
        pairs = interactions.pairs()
        near = pairs.rank < DEPTH
        shape = (interactions.customer_count, interactions.item_count)
        return sp.csr_matrix((1.0 / (1 + pairs.rank[near]), (pairs.customers[near], pairs.items[near])), shape=shape)

    def rank(
        self,
        histories: sp.csr_matrix,
        depth: int,
        *,
        exclude: sp.csr_matrix,
        customers: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        owners = np.repeat(np.arange(exclude.shape[0]), np.diff(exclude.indptr))
        barred = np.sort(owners * exclude.shape[1] + exclude.indices)
        return self.strategy.rank(_contexts(histories), depth, barred)

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        context = np.full(DEPTH, NOTHING, np.int64)
        newest = [item for item, _weight in history][:DEPTH]
        context[: len(newest)] = newest
        barred = np.zeros(len(self.popularity), bool)
        barred[list(exclude)] = True
        found = self.strategy.recommend(context, k, barred)
        reasons = np.where(found.reasons == NOTHING, NOTHING, context[found.reasons])
        return Ranked(found.items, found.scores, reasons, found.shares)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of `serving_sessions.SessionScorer`; its meta is `strategy.meta`."""
        return self.strategy.arrays


def sequence_blend(extra: Sequence[Maker] = (), *, seed: int = 0) -> Sequential:
    """Followers, forerunners and walks blended with any further sources by a ranker that learned on everybody's last
    act. Items of the history are not shown."""
    makers = [neighbourhood(CUSTOMER, decays=(0.0, 0.5, 0.8), power=0.5), *extra]
    return Sequential(SessionBlend(makers, name="sequence_blend", repeats=False, last_act=True, seed=seed))


def customers_blend(facts: ItemFacts | None = None, *, seed: int = 0) -> Sequential:
    """The same with item neighbours, customers with a like history and, with `facts`, descriptions as further
    sources."""
    extra = [item_neighbours(), session_neighbours(SessionKnnParams(half_life=0.0, decay=0.8))]
    if facts is not None:
        extra.insert(1, spoken_by(lambda: Content(facts), "content", decays=(0.0, 0.8), weights=(0.0, 0.3)))
    return sequence_blend(extra, seed=seed)


def _contexts(histories: sp.csr_matrix) -> NDArray[np.int64]:
    """Rows × DEPTH items, highest value first."""
    counts = np.diff(histories.indptr)
    owners = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-histories.data, owners))
    place = np.arange(len(owners)) - np.repeat(histories.indptr[:-1], counts)
    near = place < DEPTH
    context = np.full((len(counts), DEPTH), NOTHING, np.int64)
    context[owners[near], place[near]] = histories.indices[order][near]
    return context
