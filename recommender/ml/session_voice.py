"""Whether what a visitor does next is foretold better by the running session than by the whole history, and for whom.

Both are asked at moments of later sessions, as a shop is asked: with what the person did until then. Up to which length
of history the session answers is learned on half of the sessions and reported on the other half.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.base import History, Recommender
from recommender.ml.context import NO_DEVICE
from recommender.ml.interactions import Interactions
from recommender.ml.metrics import interval
from recommender.ml.ranking import NOTHING
from recommender.ml.session_models import SessionBlend, SessionStrategy, neighbourhood, session_neighbours
from recommender.ml.session_sources import DEPTH
from recommender.ml.sessions import Sessions

GAP_SECONDS = 1800.0
"""After so long without an act the next one begins a new session."""
FEWEST_SESSIONS = 200
LONGEST = 500_000
"""So many of the newest sessions are learned from."""
MOST_ACTS = 3_000_000
"""And not from more acts than this, so that neither time nor memory grow with the years of a shop."""
MOMENTS = 2_000
MOST_CUSTOMERS = 20_000
"""Of so many at most are moments drawn."""
SHOWN = 20
LENGTHS = (1, 2, 3, 5, 10, 50)


@dataclass(frozen=True)
class Moment:
    """`history`: item numbers and weights, newest first, each item once; `target` what came next and is not in it."""

    history: History
    target: int
    session: int
    at: float
    """Seconds since 1970."""
    device: int = NO_DEVICE


@dataclass(frozen=True)
class Verdict:
    """Histories of up to `longest` products are answered by the session, 0: none. `report` for the model card."""

    longest: int
    report: dict[str, Any]


NOBODY = Verdict(0, {"serves_up_to": 0, "moments": 0})


def session_numbers(interactions: Interactions) -> NDArray[np.int64]:
    """The session of every act: acts of one customer with less than GAP_SECONDS between them."""
    order = np.lexsort((np.arange(len(interactions)), interactions.times, interactions.customers))
    customers, times = interactions.customers[order], interactions.times[order]
    begins = np.r_[True, (np.diff(customers) != 0) | (np.diff(times) > GAP_SECONDS)][: len(order)]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    return numbers


def learn(interactions: Interactions, *, seed: int = 0) -> SessionStrategy | None:
    """The blend of session strategies over these acts; None with too few sessions of two acts, or without times."""
    if not interactions.has_times or len(interactions) == 0:
        return None
    if len(interactions) > MOST_ACTS:
        border = np.partition(interactions.times, len(interactions) - MOST_ACTS)[len(interactions) - MOST_ACTS]
        interactions = interactions.take(np.flatnonzero(interactions.times >= border)[-MOST_ACTS:])
    numbers = session_numbers(interactions)
    if int((np.bincount(numbers) > 1).sum()) < FEWEST_SESSIONS:
        return None
    acts = Interactions(
        customers=numbers.astype(np.int32), items=interactions.items, values=interactions.values,
        times=interactions.times, customer_ids=np.arange(int(numbers.max()) + 1), item_ids=interactions.item_ids,
    )  # fmt: skip
    sessions = Sessions.from_interactions(acts)
    sessions = sessions.part(max(0, len(sessions) - LONGEST), len(sessions))
    return SessionBlend([neighbourhood(), session_neighbours()], repeats=False, seed=seed).fit(sessions)


def moments(
    interactions: Interactions, *, since: float, history_limit: int, first_too: bool = False, seed: int = 0
) -> list[Moment]:
    """Acts after `since` with a new item that were not the first of their session (those too
    with `first_too`), and all that came before them."""
    late = np.unique(interactions.customers[interactions.times > since])
    if len(late) > MOST_CUSTOMERS:
        late = np.random.default_rng(seed).choice(late, MOST_CUSTOMERS, replace=False)
    mine = np.zeros(interactions.customer_count, bool)
    mine[late] = True
    interactions = interactions.take(np.flatnonzero(mine[interactions.customers]))
    numbers = session_numbers(interactions)
    order = np.lexsort((np.arange(len(interactions)), interactions.times, interactions.customers))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    follows = np.r_[False, numbers[order][1:] == numbers[order][:-1]][: len(order)]
    asked = np.flatnonzero((interactions.times > since) & (follows[place] | first_too))
    if len(asked) > MOMENTS:
        asked = np.sort(np.random.default_rng(seed).choice(asked, MOMENTS, replace=False))
    found = []
    starts = np.searchsorted(interactions.customers[order], np.arange(interactions.customer_count))
    for act in asked.tolist():
        before = order[starts[interactions.customers[act]] : place[act]][::-1]
        weights: dict[int, float] = {}
        for row in before.tolist():
            item = int(interactions.items[row])
            weights[item] = weights.get(item, 0.0) + float(interactions.values[row])
            if len(weights) == history_limit:
                break
        target = int(interactions.items[act])
        if weights and target not in weights:
            device = NO_DEVICE if interactions.devices is None else int(interactions.devices[act])
            at = float(interactions.times[act])
            found.append(Moment(list(weights.items()), target, int(numbers[act]), at, device))
    return found


def judge(personal: Recommender, session: SessionStrategy, asked: Sequence[Moment], *, seed: int = 0) -> Verdict:
    """Up to which length of history the session should answer: the one with the best mean reciprocal rank on the
    moments of half of the sessions, if the interval of its gain there (95 %) lies above 0; else none."""
    if not asked:
        return NOBODY
    lengths = np.array([len(moment.history) for moment in asked])
    own = _reciprocal(asked, lambda history: personal.recommend(history, SHOWN, [i for i, _w in history]).items)
    other = _reciprocal(asked, lambda history: _by_session(session, history))
    gain = other - own
    chosen_on = np.array([moment.session % 2 == 0 for moment in asked])
    longest, best = 0, 0.0
    for length in LENGTHS:
        part = gain[chosen_on & (lengths <= length)]
        if len(part) >= SHOWN and part.sum() > best and interval(part, seed=seed)[0] > 0:
            longest, best = length, float(part.sum())
    told = ~chosen_on & (lengths <= longest)
    report: dict[str, Any] = {"serves_up_to": longest, "moments": len(asked)}
    if told.any():
        low, high = interval(gain[told], seed=seed)
        report |= {
            "mrr@20_session": float(other[told].mean()), "mrr@20_personal": float(own[told].mean()),
            "gain_low": low, "gain_high": high, "judged_moments": int(told.sum()),
        }  # fmt: skip
    return Verdict(longest, report)


def published(session: SessionStrategy, verdict: Verdict) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and meta that join those of a `serving.ServingModel`."""
    arrays = {f"session_{name}": array for name, array in session.arrays.items()}
    return arrays, {"sessions": {**session.meta, "serves_up_to": verdict.longest}}


def _reciprocal(asked: Sequence[Moment], ask: Callable[[History], NDArray[np.int64]]) -> NDArray[np.float64]:
    found = np.zeros(len(asked))
    for row, moment in enumerate(asked):
        hit = np.flatnonzero(ask(moment.history)[:SHOWN] == moment.target)
        found[row] = 1.0 / (hit[0] + 1) if len(hit) else 0.0
    return found


def _by_session(session: SessionStrategy, history: History) -> NDArray[np.int64]:
    context = np.full(DEPTH, NOTHING, np.int64)
    newest = [item for item, _weight in history][:DEPTH]
    context[: len(newest)] = newest
    barred = np.zeros(len(session.popularity), bool)
    barred[[item for item, _weight in history]] = True
    return session.recommend(context, SHOWN, barred).items
