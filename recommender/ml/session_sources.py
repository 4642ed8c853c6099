"""What a running session makes other items worth: sources of the session strategies. numpy only; serving uses it.

One code answers one visitor and a block of thousands of test sessions, so nothing can drift between the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.ml.ranking import NOTHING

DEPTH = 15
"""Items of a running session that methods look at, newest first; older ones hardly speak."""


@dataclass(frozen=True)
class Spoken:
    """Entries (row of the block, item, value > 0, place of the session's item that said it; 0 is the newest)."""

    rows: NDArray[np.int64]
    items: NDArray[np.int64]
    values: NDArray[np.float64]
    places: NDArray[np.int64]

    def faded(self, decay: float) -> NDArray[np.float64]:
        """Values times decay^place; a decay of 0 leaves only what the newest item says."""
        return self.values * np.power(decay, self.places)


class Source(Protocol):
    """Anything that can say what a session speaks for."""

    def spoken(self, context: NDArray[np.int64]) -> Spoken:
        """`context`: rows × depth item numbers, newest first, each once, NOTHING elsewhere."""


class Transitions:
    """Rows of an item × item matrix: successors, walks, item neighbours, content neighbours."""

    def __init__(
        self, starts: NDArray[np.integer], indices: NDArray[np.integer], weights: NDArray[np.floating]
    ) -> None:
        self.starts, self.indices, self.weights = starts, indices, weights

    def spoken(self, context: NDArray[np.int64]) -> Spoken:
        rows, places = np.nonzero(context != NOTHING)
        flat, entry = pick(self.starts, context[rows, places])
        return Spoken(
            rows[entry], self.indices[flat].astype(np.int64), self.weights[flat].astype(np.float64), places[entry]
        )


class SessionNeighbours:
    """Earlier sessions that share items with this one; arrays of `session_knn.session_index`."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, neighbours: int, decay: float, reach: float) -> None:
        self.arrays, self.neighbours, self.decay, self.reach = arrays, neighbours, decay, reach

    def spoken(self, context: NDArray[np.int64]) -> Spoken:
        a = self.arrays
        rows, places = np.nonzero(context != NOTHING)
        shared = context[rows, places]
        flat, entry = pick(a["item_starts"], shared)
        force = a["item_force"][shared].astype(np.float64) * np.power(self.decay, places)
        count = len(a["session_force"])
        # Entries of a row come newest item first and the sort is stable: the first of a group is the newest shared one.
        keys, first, group = np.unique(
            rows[entry] * count + a["item_sessions"][flat], return_index=True, return_inverse=True
        )
        found = keys % max(count, 1)
        likeness = np.bincount(group, force[entry], minlength=len(keys)) * a["session_force"][found]
        kept = head_of_rows(keys // max(count, 1), likeness, self.neighbours)
        first, found, likeness = first[kept], found[kept], likeness[kept]
        acts, member = pick(a["session_starts"], found)
        distance = np.abs(acts - a["session_starts"][found][member] - a["item_places"][flat[first]][member])
        return Spoken(
            rows[entry][first][member],
            a["session_items"][acts].astype(np.int64),
            likeness[member] * np.exp(-distance / self.reach),
            places[entry][first][member],
        )


def pick(starts: NDArray[np.integer], rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of all entries of the wanted rows of a compressed matrix, and which of the wanted each belongs to."""
    begin = np.asarray(starts[rows], np.int64)
    lengths = np.asarray(starts[rows + 1], np.int64) - begin
    owner = np.repeat(np.arange(len(rows)), lengths)
    return np.arange(len(owner)) + (begin - np.cumsum(lengths) + lengths)[owner], owner


def head_of_rows(
    rows: NDArray[np.integer], values: NDArray[np.floating], count: int, tie_break: NDArray[np.floating] | None = None
) -> NDArray[np.int64]:
    """Positions of the `count` largest values of each row, row by row, best first. `rows` must be sorted; equal values
    by higher `tie_break`, then in the order they came."""
    if len(rows) == 0:
        return np.empty(0, np.int64)
    order = np.lexsort((-values, rows) if tie_break is None else (-tie_break, -values, rows))
    starts = np.flatnonzero(np.r_[True, np.diff(rows) != 0])
    place = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    return order[place < count]


def each_once(context: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same contexts with only the newest of every repeated item; the places of the others are empty."""
    once = context.copy()
    for place in range(1, context.shape[1]):
        once[(context[:, :place] == context[:, place : place + 1]).any(axis=1), place] = NOTHING
    return once
