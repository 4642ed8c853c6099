"""Answers of the session strategies from arrays: candidates of all sources, their features, a small ranker. numpy only.

Arrays (n items): `popularity` and `trend` float32 [n]; for a source of kind "transitions" `NAME_starts` int64 [n + 1],
`NAME_indices` int32, `NAME_weights` float32; for one of kind "sessions" the arrays of `session_knn.session_index` with
`NAME_` before them; those of `listwise.Ranker` with `ranker_` before them, when there is one.

Meta: `sources` [{name, kind, decays, weights, …}], `repeats` (may items of the session be shown), `candidates`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.ml.listwise import Ranker
from recommender.ml.ranking import NOTHING
from recommender.ml.scoring import Scored
from recommender.ml.session_sources import SessionNeighbours, Source, Spoken, Transitions, each_once, head_of_rows

RECENT_PLACES = 6
"""Places of the session that the ranker tells apart; older ones count as one."""
FLOOR = 1e-3


class Table(NamedTuple):
    """Candidates row by row, best first by the plain sum of sources. `values` is candidates × columns, `peaks` the
    highest value of the row in each column."""

    rows: NDArray[np.int64]
    items: NDArray[np.int64]
    values: NDArray[np.float64]
    peaks: NDArray[np.float64]
    plain: NDArray[np.float64]


class SessionScorer:
    """Safe to share between threads: nothing changes after it is made."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], *, ranked: bool = False) -> None:
        """`ranked`: candidates as for a ranker, though there is none yet that learned from them."""
        self.popularity = np.asarray(arrays["popularity"], np.float32)
        self.trend = np.asarray(arrays["trend"], np.float32)
        self.repeats = bool(meta["repeats"])
        self.width = int(meta["candidates"])
        self.sources: list[tuple[Source, list[float]]] = []
        weights: list[float] = []
        for told in meta["sources"]:
            mine = {
                k.removeprefix(told["name"] + "_"): v for k, v in arrays.items() if k.startswith(told["name"] + "_")
            }
            self.sources.append((_source(mine, told), [float(decay) for decay in told["decays"]]))
            weights += [float(weight) for weight in told["weights"]]
        self.weights = np.array(weights)
        ranker = {k.removeprefix("ranker_"): v for k, v in arrays.items() if k.startswith("ranker_")}
        self.ranker = Ranker(ranker) if ranker else None
        self.ranked = ranked or bool(ranker)

    def __len__(self) -> int:
        return len(self.popularity)

    def rank(
        self, context: NDArray[np.int64], depth: int, barred: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Rows × depth items, NOTHING after the end of a list. `barred` are sorted keys row · n + item."""
        table = self._table(context, [s.spoken(each_once(context)) for s, _d in self.sources], barred)
        scores = self._scores(context, table)
        kept = head_of_rows(table.rows, scores, depth, self.popularity[table.items])
        return spread(table.rows[kept], table.items[kept], len(context), depth)

    def recommend(self, context: NDArray[np.int64], k: int, barred: NDArray[np.bool_]) -> Scored:
        """One list for one context (newest first). `reasons` are places of the context, shares those of the plain sum
        of the sources; NOTHING and 0 where no source spoke."""
        asked = context[None, :]
        once = each_once(asked)
        spoken = [source.spoken(once) for source, _decays in self.sources]
        table = self._table(asked, spoken, np.flatnonzero(barred))
        scores = self._scores(asked, table)
        kept = head_of_rows(table.rows, scores, k, self.popularity[table.items])
        items = table.items[kept]
        parts = self._parts(items, spoken, table.peaks[0] if len(kept) else np.zeros(0), context.shape[0])
        total = parts.sum(axis=1)
        reasons = np.where(total > 0, parts.argmax(axis=1), NOTHING) if len(items) else np.empty(0, np.int64)
        biggest = parts.max(axis=1, initial=0.0)
        shares = np.divide(biggest, total, out=np.zeros(len(items)), where=total > 0)
        return Scored(items, scores[kept], reasons, shares)

    def features(
        self, context: NDArray[np.int64], barred: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows × candidates items (NOTHING at the end) and rows × candidates × features: what the ranker learns on."""
        table = self._table(context, [s.spoken(each_once(context)) for s, _d in self.sources], barred)
        found = self._features(context, table)
        place = _places(table.rows)
        padded = np.zeros((len(context), self.width, found.shape[1]), np.float32)
        padded[table.rows, place] = found
        return spread(table.rows, table.items, len(context), self.width), padded

    def _table(self, context: NDArray[np.int64], spoken: list[Spoken], barred: NDArray[np.int64] | None) -> Table:
        size = len(self)
        own_rows, own_places = np.nonzero(context != NOTHING)
        own = np.unique(own_rows * size + context[own_rows, own_places])
        parts = [one.rows * size + one.items for one in spoken] + ([own] if self.repeats else [])
        keys, group = np.unique(np.concatenate(parts), return_inverse=True)
        values = np.zeros((len(keys), len(self.weights)))
        column, start = 0, 0
        for (_source, decays), one in zip(self.sources, spoken, strict=True):
            said = group[start : start + len(one.rows)]
            start += len(one.rows)
            for decay in decays:
                values[:, column] = np.bincount(said, one.faded(decay), minlength=len(keys))
                column += 1
        free = np.ones(len(keys), bool)
        if barred is not None:
            free &= ~_within(keys, barred)
        mine = _within(keys, own)
        if not self.repeats:
            free &= ~mine
        keys, values, mine = keys[free], values[free], mine[free]
        rows = keys // max(size, 1)
        peaks = np.zeros((len(context), values.shape[1]))
        if len(rows):
            starts = np.flatnonzero(np.r_[True, np.diff(rows) != 0])
            peaks[rows[starts]] = np.maximum.reduceat(values, starts, axis=0)
        plain = (values / np.maximum(peaks[rows], 1e-12)) @ self.weights
        kept = (plain > 0) | (mine & self.ranked)
        rows, keys, values, plain, mine = rows[kept], keys[kept], values[kept], plain[kept], mine[kept]
        items = keys - rows * size
        # With a ranker, what the session holds is always among the candidates.
        first = np.where(mine & self.ranked, np.inf, plain)
        head = head_of_rows(rows, first, self.width, self.popularity[items])
        return Table(rows[head], items[head], values[head], peaks, plain[head])

    def _scores(self, context: NDArray[np.int64], table: Table) -> NDArray[np.float64]:
        if self.ranker is None or len(table.rows) == 0:
            return table.plain
        return self.ranker.scores(self._features(context, table)).astype(np.float64)

    def _features(self, context: NDArray[np.int64], table: Table) -> NDArray[np.float32]:
        """Every column as share of the row's highest and as it is, and their sum; where and how often the session held
        the item; how popular the item is, ever and lately, and how the session looks."""
        rows, items = table.rows, table.items
        peaks = np.maximum(table.peaks[rows], 1e-9)
        own = context[rows] == items[:, None]
        length = (context != NOTHING).sum(axis=1)
        last = np.maximum(context[:, 0], 0)
        again = (context[:, 1:] == context[:, :1]).any(axis=1) & (length > 1)
        different = (each_once(context) != NOTHING).sum(axis=1) / np.maximum(length, 1)
        popularity = np.log1p(self.popularity[items])
        session = np.stack(
            [np.minimum(length, 10) / 10, length == 1, again, different, np.log1p(self.popularity[last]) / 4], axis=1
        )
        return np.concatenate(
            [
                np.log(table.values / peaks + FLOOR),
                np.log(table.values + FLOOR),
                np.log(table.plain + FLOOR)[:, None],
                own[:, :RECENT_PLACES],
                own[:, RECENT_PLACES:].any(axis=1, keepdims=True),
                own.sum(axis=1, keepdims=True),
                np.stack([popularity, np.log1p(self.trend[items])], axis=1),
                session[rows],
            ],
            axis=1,
        ).astype(np.float32)

    def _parts(
        self, items: NDArray[np.int64], spoken: list[Spoken], peaks: NDArray[np.float64], depth: int
    ) -> NDArray[np.float64]:
        """Items × places of the session: what each place brought to the plain sum."""
        place_of = np.full(len(self) + 1, NOTHING)
        place_of[items] = np.arange(len(items))
        parts = np.zeros(len(items) * depth)
        column = 0
        for (_source, decays), one in zip(self.sources, spoken, strict=True):
            at = place_of[one.items]
            kept = at >= 0
            for decay in decays:
                if len(items) and self.weights[column] and peaks[column] > 0:
                    worth = one.faded(decay)[kept] * (self.weights[column] / peaks[column])
                    parts += np.bincount(at[kept] * depth + one.places[kept], worth, minlength=len(parts))
                column += 1
        return parts.reshape(len(items), depth)


def spread(rows: NDArray[np.int64], items: NDArray[np.int64], count: int, depth: int) -> NDArray[np.int64]:
    """Lists as rows × depth from entries that come row by row, best first."""
    ranked = np.full((count, depth), NOTHING, np.int64)
    ranked[rows, _places(rows)] = items
    return ranked


def _places(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(rows) == 0:
        return np.empty(0, np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(rows) != 0])
    return np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))


def _within(keys: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which keys are among the sorted `known` ones."""
    if len(known) == 0:
        return np.zeros(len(keys), bool)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.asarray(known[at] == keys)


def _source(arrays: Mapping[str, NDArray[Any]], told: Mapping[str, Any]) -> Source:
    if told["kind"] == "sessions":
        return SessionNeighbours(
            arrays, neighbours=int(told["neighbours"]), decay=float(told["decay"]), reach=float(told["reach"])
        )
    return Transitions(arrays["starts"], arrays["indices"], arrays["weights"])
