"""Which session strategies there are and which one is served, decided on training sessions alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn, ItemKnnParams
from recommender.ml.item_to_item import ItemToItem
from recommender.ml.ranking import NOTHING
from recommender.ml.session_judging import SessionExam
from recommender.ml.session_models import (
    Maker,
    Part,
    SessionBlend,
    SessionPopularity,
    SessionStrategy,
    matrix_part,
    neighbourhood,
    sequence_rules,
    session_neighbours,
)
from recommender.ml.sessions import Sessions
from recommender.ml.transitions import prune

ASKED = 10_000
LATER_SHARE = 0.1
REPEATS_FROM = 0.01
"""From this share of acts that go back to an item of the same session, items of the session may be shown again."""


@dataclass(frozen=True)
class SessionChoice:
    """`validation` has MRR by strategy on the later part of the training sessions."""

    strategy: str
    repeats: bool
    validation: dict[str, float]
    ranker: str
    asked: int


def contestants(*, repeats: bool, seed: int = 0) -> list[SessionStrategy]:
    """Unfitted strategies to put side by side. `item_knn` knows no order: it shows what the sequence is worth."""
    return [
        SessionPopularity(name="popularity", repeats=False),
        SessionPopularity(repeats=repeats),
        SessionStrategy("item_knn", [item_neighbours()], repeats=repeats),
        SessionStrategy("sequence_rules", [sequence_rules()], repeats=repeats),
        SessionStrategy("session_knn", [session_neighbours()], repeats=repeats),
        SessionBlend([neighbourhood(), session_neighbours()], repeats=repeats, seed=seed),
    ]


def spoken_by(
    model: Callable[[], ItemToItem], name: str, *, decays: Sequence[float] = (1.0,), weights: Sequence[float] = (1.0,)
) -> Maker:
    """Any item-to-item method as a source: it learns from sessions as customers, and the items of a session speak as
    its matrix says (amounts below zero are left out)."""

    def make(sessions: Sessions) -> list[Part]:
        spoken = model().fit(as_interactions(sessions)).spoken
        return [matrix_part(name, prune(spoken, int(np.diff(spoken.indptr).max(initial=0))), decays, weights)]

    return make


def item_neighbours() -> Maker:
    """Cosine item neighbours, every item of a session speaking alike."""
    return spoken_by(lambda: ItemKnn(ItemKnnParams(weighting="binary")), "item_knn")


def choose(sessions: Sessions, *, k: int = 20, seed: int = 0) -> SessionChoice:
    """Fit all strategies on the earlier sessions and name the one that foretells the later ones best."""
    repeats = repeat_share(sessions) >= REPEATS_FROM
    cut = len(sessions) - int(len(sessions) * LATER_SHARE)
    past, later = sessions.part(0, cut), sessions.part(cut, len(sessions)).prefixes()
    later = later.take(np.flatnonzero(later.context[:, 0] != NOTHING))
    if len(later) > ASKED:
        later = later.take(np.sort(np.random.default_rng(seed).choice(len(later), ASKED, replace=False)))
    if len(later) == 0 or len(past) == 0:
        return SessionChoice("session_knn", repeats, {}, "sum", 0)
    exam = SessionExam(later, past.counts(), k=k, seed=seed)
    models = [model.fit(past) for model in contestants(repeats=repeats, seed=seed)]
    validation = {model.name: exam.measures(exam.ask(model))[f"mrr@{k}"] for model in models}
    ranker = next(model.lesson.form for model in models if isinstance(model, SessionBlend))
    return SessionChoice(max(validation, key=lambda name: validation[name]), repeats, validation, ranker, len(later))


def repeat_share(sessions: Sessions) -> float:
    """Share of acts with an item that the session held before."""
    keys = sessions.owners() * max(sessions.item_count, 1) + sessions.items
    return 1.0 - len(np.unique(keys)) / len(keys) if len(keys) else 0.0


def as_interactions(sessions: Sessions) -> Interactions:
    """One customer per session."""
    count = len(sessions.items)
    return Interactions(
        customers=sessions.owners().astype(np.int32),
        items=sessions.items,
        values=np.ones(count, np.float32),
        times=np.arange(count, dtype=np.float64),
        customer_ids=np.arange(len(sessions)),
        item_ids=sessions.item_ids,
        has_times=False,
    )
