"""Strategies for what a visitor does next: what the running session says, blended by what was right before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import order_by
from recommender.ml.listwise import HIDDEN, Ranker, learn
from recommender.ml.ranking import NOTHING
from recommender.ml.scoring import Scored
from recommender.ml.serving_sessions import SessionScorer
from recommender.ml.session_knn import SessionKnnParams, session_index
from recommender.ml.sessions import Prefixes, Sessions
from recommender.ml.transitions import TransitionParams, followers, prune, shares, walk

CANDIDATES = 100
TREND_HALF_LIFE = 0.03
"""Share of all sessions after which an item's act counts half in `trend`."""
BLOCK = 1024
LISTS = 20_000
"""Lists that a ranker learns on at most."""
FEWEST = 50
"""With fewer lists than this nothing is learned."""
SHOWN = 20
"""Places that count when the form of the ranker is chosen."""
LATER_SHARE = 0.1


class Part(NamedTuple):
    """One source of a strategy: its arrays and what `SessionScorer` must know of it."""

    arrays: dict[str, NDArray[Any]]
    told: dict[str, Any]


Maker = Callable[[Sessions], list[Part]]
"""Learns one or more sources from sessions."""


def matrix_part(name: str, matrix: sp.csr_matrix, decays: Sequence[float], weights: Sequence[float]) -> Part:
    """A source from any item × item matrix whose row j holds what item j speaks for."""
    arrays = {
        "starts": matrix.indptr.astype(np.int64),
        "indices": matrix.indices.astype(np.int32),
        "weights": matrix.data.astype(np.float32),
    }
    return Part(arrays, {"name": name, "kind": "transitions", "decays": list(decays), "weights": list(weights)})


def sequence_rules(params: TransitionParams | None = None, *, decay: float = 0.6, power: float = 0.5) -> Maker:
    """What came after the items of the session, nearer ones more, over (all that came after)^power."""
    params = params or TransitionParams()

    def make(sessions: Sessions) -> list[Part]:
        ahead = followers(sessions, params)
        return [matrix_part("rules", shares(prune(ahead, params.reach), power), [decay], [1.0])]

    return make


def session_neighbours(params: SessionKnnParams | None = None) -> Maker:
    """What earlier sessions like this one held."""
    params = params or SessionKnnParams()

    def make(sessions: Sessions) -> list[Part]:
        told = {
            "name": "sessions", "kind": "sessions", "neighbours": params.neighbours, "decay": params.decay,
            "reach": params.reach, "decays": [1.0], "weights": [1.0],
        }  # fmt: skip
        return [Part(session_index(sessions, params), told)]

    return make


def neighbourhood(
    params: TransitionParams | None = None, *, decays: Sequence[float] = (0.0, 0.6), power: float = 1.0
) -> Maker:
    """Followers, forerunners and two-step walks; with the decay 0 as the newest item says it, with others as the whole
    session does. The last decay counts in the plain sum, followers most."""
    params = params or TransitionParams()
    column = [0.0] * (len(decays) - 1)

    def make(sessions: Sessions) -> list[Part]:
        ahead = followers(sessions, params)
        return [
            matrix_part("followers", shares(prune(ahead, params.reach), power), decays, [*column, 1.0]),
            matrix_part("forerunners", shares(prune(ahead.T, params.reach), power), decays, [*column, 0.5]),
            matrix_part("walk", walk(ahead, reach=params.reach), decays, [*column, 1.0]),
        ]

    return make


class SessionStrategy:
    """Sources added up, each as a share of its best candidate. `repeats` says whether items of the session may be
    shown again, as in shops where visitors go back and forth between what they compare."""

    def __init__(
        self, name: str, makers: Sequence[Maker], *, repeats: bool = True, candidates: int = CANDIDATES
    ) -> None:
        self.name, self.makers, self.repeats, self.candidates = name, list(makers), repeats, candidates
        self.arrays: dict[str, NDArray[Any]] = {}
        self.meta: dict[str, Any] = {}
        self.popularity: NDArray[np.float64] = np.empty(0)

    def fit(self, sessions: Sessions) -> Self:
        self._learn_sources(sessions)
        return self

    @cached_property
    def scorer(self) -> SessionScorer:
        """The same code that serves, on what was learned."""
        return SessionScorer(self.arrays, self.meta)

    def rank(
        self, context: NDArray[np.int64], depth: int, barred: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Rows × depth items; short lists end with NOTHING. `barred` are sorted keys row · item_count + item."""
        scorer, parts = self.scorer, []
        for start in range(0, len(context), BLOCK):
            rows = context[start : start + BLOCK]
            parts.append(scorer.rank(rows, depth, _of_block(barred, start, len(rows), len(scorer))))
        return np.concatenate(parts) if parts else np.empty((0, depth), np.int64)

    def recommend(self, context: NDArray[np.int64], k: int, barred: NDArray[np.bool_]) -> Scored:
        """See `SessionScorer.recommend`."""
        return self.scorer.recommend(context, k, barred)

    def _learn_sources(self, sessions: Sessions) -> None:
        self.__dict__.pop("scorer", None)
        counts = sessions.counts()
        fresh = sessions.freshness(TREND_HALF_LIFE)[sessions.owners()]
        trend = np.bincount(sessions.items, fresh, minlength=sessions.item_count).astype(np.float64)
        self.popularity = trend
        parts = [part for make in self.makers for part in make(sessions)]
        self.arrays = {"popularity": counts.astype(np.float32), "trend": trend.astype(np.float32)}
        for part in parts:
            self.arrays |= {f"{part.told['name']}_{name}": array for name, array in part.arrays.items()}
        self.meta = {
            "sources": [part.told for part in parts],
            "repeats": self.repeats,
            "candidates": self.candidates,
        }


@dataclass(frozen=True)
class Lesson:
    """What the form of the ranker was chosen on: mean reciprocal rank by form, over `lists` held-back moments."""

    form: str
    mrr: dict[str, float]
    lists: int


class SessionBlend(SessionStrategy):
    """All sources' candidates, ranked by a small network that learned on held-back later acts what was right.

    The later sessions (or, with `last_act`, every session's last act) are held back, the sources learn from the rest,
    the ranker from what it should then have foretold; whether sum, linear or network is best is decided on a quarter
    of those. Then the sources learn from everything.
    """

    def __init__(
        self, makers: Sequence[Maker], *, name: str = "session_blend", repeats: bool = True, last_act: bool = False,
        candidates: int = CANDIDATES, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(name, makers, repeats=repeats, candidates=candidates)
        self.last_act, self.seed = last_act, seed
        self.lesson = Lesson("sum", {}, 0)

    def fit(self, sessions: Sessions) -> Self:
        past, held = self._held_back(sessions)
        ranker: dict[str, NDArray[np.float32]] = {}
        if len(held):
            self._learn_sources(past)
            ranker = self._learn_ranker(held)
        self._learn_sources(sessions)
        self.arrays |= {f"ranker_{name}": array for name, array in ranker.items()}
        return self

    def _held_back(self, sessions: Sessions) -> tuple[Sessions, Prefixes]:
        rng = np.random.default_rng(self.seed)
        if self.last_act:
            past, held = sessions.without_last()
        else:
            cut = len(sessions) - int(len(sessions) * LATER_SHARE)
            past, held = sessions.part(0, cut), sessions.part(cut, len(sessions)).prefixes()
        held = held.take(np.flatnonzero(held.context[:, 0] != NOTHING))
        if len(held) > LISTS:
            held = held.take(np.sort(rng.choice(len(held), LISTS, replace=False)))
        return past, held

    def _learn_ranker(self, held: Prefixes) -> dict[str, NDArray[np.float32]]:
        """Arrays of the best form; none when the plain sum of the sources is best."""
        plain, scorer = SessionScorer(self.arrays, self.meta), SessionScorer(self.arrays, self.meta, ranked=True)
        check = held.sessions % 4 == 0
        lists, tables, sums, usable = [], [], [], []
        for start in range(0, len(held), BLOCK):
            context, targets = held.context[start : start + BLOCK], held.targets[start : start + BLOCK, None]
            listed, features = scorer.features(context)
            right = (listed == targets).any(axis=1)
            lists.append(listed[right])
            tables.append(features[right])
            usable.append(right)
            sums.append(plain.rank(context, SHOWN))
        listed, table, found = np.concatenate(lists), np.concatenate(tables), np.concatenate(usable)
        tables.clear()
        widest = int((listed != NOTHING).sum(axis=1).max(initial=1))
        listed, table = listed[:, :widest], table[:, :widest]
        target = (listed == held.targets[found, None]).argmax(axis=1)
        checked, present = check[found], listed != NOTHING
        if (~checked).sum() < FEWEST or not checked.any():
            return {}
        share = float(checked.sum() / check.sum())  # lists without the right item among the candidates count as missed
        mrr = {"sum": reciprocal_rank(np.concatenate(sums)[check], held.targets[check])}
        forms = {"linear": 0, "network": HIDDEN}
        for form, hidden in forms.items():
            arrays = learn(table, present, target, rows=np.flatnonzero(~checked), hidden=hidden, seed=self.seed)
            scores = np.where(present[checked], Ranker(arrays).scores(table[checked]), -np.inf)
            order = np.argsort(-scores, axis=1, kind="stable")[:, :SHOWN]
            ranked = np.take_along_axis(listed[checked], order, 1)
            mrr[form] = share * reciprocal_rank(ranked, held.targets[found][checked])
        form = max(mrr, key=lambda name: mrr[name])
        self.lesson = Lesson(form, mrr, len(held))
        if form == "sum":
            return {}
        return learn(table, present, target, rows=np.arange(len(table)), hidden=forms[form], seed=self.seed)


class SessionPopularity(SessionStrategy):
    """The session's own items, most often met first, completed by what is most popular: the reference of every session
    test. Without `repeats` only what is most popular."""

    def __init__(self, *, name: str = "session_popularity", repeats: bool = True) -> None:
        super().__init__(name, [], repeats=repeats)

    def fit(self, sessions: Sessions) -> Self:
        super().fit(sessions)
        self.popularity = sessions.counts()
        return self

    def rank(
        self, context: NDArray[np.int64], depth: int, barred: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        lists = np.full((len(context), depth), NOTHING, np.int64)
        for row, items in enumerate(context if self.repeats else []):
            own, counts = np.unique(items[items != NOTHING], return_counts=True)
            head = own[np.lexsort((own, -self.popularity[own], -counts))]
            head = head[~np.isin(row * len(self.popularity) + head, [] if barred is None else barred)][:depth]
            lists[row, : len(head)] = head
        return lists

    def recommend(self, context: NDArray[np.int64], k: int, barred: NDArray[np.bool_]) -> Scored:
        ranked = self.rank(context[None, :], k, np.flatnonzero(barred))[0]
        items = ranked[ranked != NOTHING]
        place = np.array([np.flatnonzero(context == item)[0] for item in items], np.int64)
        return Scored(items, self.popularity[items], place, np.ones(len(items)))


def reciprocal_rank(ranked: NDArray[np.int64], targets: NDArray[np.int64]) -> float:
    """Mean of 1 / place of the target, 0 where the list lacks it."""
    hit = ranked == targets[:, None]
    return float(np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1), 0.0).mean()) if len(ranked) else 0.0


def complete(
    ranked: NDArray[np.int64], popularity: NDArray[np.floating], context: NDArray[np.int64], *, repeats: bool
) -> NDArray[np.int64]:
    """Short lists go on with the most popular items that are not listed and, without `repeats`, not in the session."""
    filled, depth = ranked.copy(), ranked.shape[1]
    order = order_by(popularity, popularity)[: depth + depth + context.shape[1]]
    for row in np.flatnonzero((ranked == NOTHING).any(axis=1)):
        listed = ranked[row][ranked[row] != NOTHING]
        gone = listed if repeats else np.concatenate([listed, context[row]])
        more = order[~np.isin(order, gone)][: depth - len(listed)]
        filled[row, len(listed) : len(listed) + len(more)] = more
    return filled


def _of_block(barred: NDArray[np.int64] | None, start: int, count: int, size: int) -> NDArray[np.int64] | None:
    if barred is None:
        return None
    first, last = np.searchsorted(barred, [start * size, (start + count) * size])
    return barred[first:last] - start * size
