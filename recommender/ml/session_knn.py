"""Sessions like this one: the index that session neighbours are found with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.sessions import Sessions

LARGEST_SESSION = 30


@dataclass(frozen=True)
class SessionKnnParams:
    """`per_item` newest sessions per item are asked and the `neighbours` most like the running one speak.

    A shared item counts `decay`^(places behind the newest) · idf^`rarity`; a session counts its freshness (`half_life`
    as a share of all sessions) over length^`damping`; an item of it counts exp(−distance / `reach`), distance from the
    newest shared item. `limit` newest sessions are indexed, each with its last LARGEST_SESSION acts.
    """

    neighbours: int = 500
    per_item: int = 500
    limit: int = 1_000_000
    decay: float = 0.6
    rarity: float = 2.0
    half_life: float = 0.35
    damping: float = 0.5
    reach: float = 3.0


def session_index(sessions: Sessions, params: SessionKnnParams | None = None) -> dict[str, NDArray[Any]]:
    """Arrays of `session_sources.SessionNeighbours`. Time grows with the acts (and their sorting).

    V-SkNN of Ludewig & Jannach (2018) with the three decays of STAN, Garg et al. (2019).
    """
    params = params or SessionKnnParams()
    sessions = sessions.part(max(0, len(sessions) - params.limit), len(sessions))
    owners = sessions.owners()
    recent = sessions.starts[owners + 1] - np.arange(len(owners)) <= LARGEST_SESSION
    items, owners = sessions.items[recent], owners[recent]
    lengths = np.bincount(owners, minlength=len(sessions))
    starts = np.r_[0, np.cumsum(lengths)]
    places = np.arange(len(items)) - starts[owners]

    key = items.astype(np.int64) * len(sessions) + owners
    order = np.lexsort((places, key))
    last = order[np.r_[key[order][1:] != key[order][:-1], np.ones(min(len(order), 1), bool)]]
    met = np.bincount(items[last], minlength=sessions.item_count)
    ends = np.cumsum(met)
    newest = ends[items[last]] - np.arange(len(last)) <= params.per_item
    last = last[newest]
    kept = np.minimum(met, params.per_item)

    rarity = np.log(np.maximum(len(sessions), 1) / np.maximum(met, 1)) + 1e-3
    length = np.maximum(lengths, 1) ** params.damping
    return {
        "item_starts": np.r_[0, np.cumsum(kept)].astype(np.int64),
        "item_sessions": owners[last].astype(np.int32),
        "item_places": places[last].astype(np.int16),
        "item_force": (rarity**params.rarity).astype(np.float32),
        "session_starts": starts.astype(np.int64),
        "session_items": items.astype(np.int32),
        "session_force": (sessions.freshness(params.half_life) / length).astype(np.float32),
    }
