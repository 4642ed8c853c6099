"""What visitors did one after the other, and the moments at which one can ask what comes next."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.ml.interactions import Interactions, grouped
from recommender.ml.ranking import NOTHING
from recommender.ml.session_sources import DEPTH


@dataclass(frozen=True)
class Sessions:
    """Lists of item numbers: session s is `items[starts[s]:starts[s + 1]]`, oldest act first.

    Sessions are sorted by their last act, oldest first, when `dated`; otherwise their order says nothing and no
    method may prefer later ones.
    """

    items: NDArray[np.int32]
    starts: NDArray[np.int64]
    item_ids: NDArray[Any]
    dated: bool = True

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, item_ids: NDArray[Any] | None = None) -> Self:
        """Columns: session, item, optional timestamp (seconds). Without it the rows and sessions are in order.

        Item ids are sorted; given ids come first and are extended.
        """
        events = Interactions.from_frame(frame.rename(columns={"session": "customer"}), item_ids=item_ids)
        return cls._of(events, dated=True)

    @classmethod
    def from_interactions(cls, interactions: Interactions) -> Self:
        """One session per customer, whatever the time between his acts. Item numbers stay."""
        return cls._of(interactions, dated=interactions.has_times)

    @classmethod
    def _of(cls, events: Interactions, *, dated: bool) -> Self:
        rows = events.by_time()
        last = np.full(events.customer_count, -np.inf)
        last[events.customers[rows]] = events.times[rows]
        places = np.arange(events.customer_count, dtype=np.int32)
        if dated:
            places[np.argsort(last, kind="stable")] = np.arange(len(last))
        session = places[events.customers]
        order = rows[grouped(session[rows], events.customer_count)]
        starts = np.r_[0, np.cumsum(np.bincount(session, minlength=events.customer_count))]
        return cls(events.items[order], starts.astype(np.int64), events.item_ids, dated)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def item_count(self) -> int:
        return len(self.item_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def owners(self) -> NDArray[np.int64]:
        """The session of every act."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def counts(self) -> NDArray[np.float64]:
        """Acts per item."""
        return np.bincount(self.items, minlength=self.item_count).astype(np.float64)

    def freshness(self, half_life: float) -> NDArray[np.float64]:
        """A weight per session: 1 for the newest, halved for every `half_life` (a share of all sessions) before it.

        All 1 for sessions that are not dated and for a half-life of 0.
        """
        if not self.dated or not half_life:
            return np.ones(len(self))
        age = np.arange(len(self) - 1, -1, -1) / max(len(self), 1)
        return 0.5 ** (age / half_life)

    def part(self, start: int, end: int) -> Self:
        """Sessions start … end − 1; items keep their numbers."""
        first, last = self.starts[start], self.starts[end]
        return replace(self, items=self.items[first:last], starts=self.starts[start : end + 1] - first)

    def without_last(self) -> tuple[Self, "Prefixes"]:
        """Sessions without their last act, and that act as what was to be foretold. Single acts are kept."""
        held = self.lengths > 1
        ends = self.starts[1:] - 1
        kept = np.ones(len(self.items), bool)
        kept[ends[held]] = False
        starts = np.r_[0, np.cumsum(self.lengths - held)]
        past = replace(self, items=self.items[kept], starts=starts.astype(np.int64))
        return past, self._prefixes(ends[held])

    def prefixes(self) -> "Prefixes":
        """Every act but the first of a session, with what came before it."""
        places = np.arange(len(self.items)) - self.starts[self.owners()]
        return self._prefixes(np.flatnonzero(places > 0))

    def _prefixes(self, acts: NDArray[np.int64]) -> "Prefixes":
        owners = self.owners()[acts]
        return Prefixes(contexts(self.items, self.starts[owners], acts), self.items[acts].astype(np.int64), owners)


@dataclass(frozen=True)
class Prefixes:
    """`context` is rows × DEPTH item numbers, newest first, NOTHING behind the oldest; `targets` what came next;
    `sessions` where a row comes from, so that rows of one session stay together when they are drawn or parted."""

    context: NDArray[np.int64]
    targets: NDArray[np.int64]
    sessions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: NDArray[Any]) -> "Prefixes":
        return Prefixes(self.context[rows], self.targets[rows], self.sessions[rows])


def contexts(
    items: NDArray[np.integer], starts: NDArray[np.integer], ends: NDArray[np.integer], depth: int = DEPTH
) -> NDArray[np.int64]:
    """Rows × depth: items[start:end] of each row, newest first and cut to `depth`."""
    places = ends[:, None] - 1 - np.arange(depth)
    return np.where(places >= starts[:, None], items[np.maximum(places, 0)], NOTHING).astype(np.int64)


def newest_first(histories: "list[list[int]] | list[NDArray[np.integer]]", depth: int = DEPTH) -> NDArray[np.int64]:
    """Rows × depth contexts of lists that are oldest first."""
    context = np.full((len(histories), depth), NOTHING, np.int64)
    for row, history in enumerate(histories):
        head = np.asarray(history, np.int64)[::-1][:depth]
        context[row, : len(head)] = head
    return context
