"""How a history becomes scores: item neighbours and factors. numpy only, shared by learning and serving."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recommender.ml.ranking import among_best, best

Floats = NDArray[np.float64]
Normalise = Literal["none", "similarity", "ratings"]
HistoryWeighting = Literal["value", "log", "binary"]


@dataclass(frozen=True)
class Scored:
    """Positions of the best items, their scores, and for each the history entry that brought most (index, share)."""

    items: NDArray[np.int64]
    scores: Floats
    reasons: NDArray[np.int64]
    shares: Floats


def strength(
    weights: NDArray[np.floating], rank: NDArray[np.integer], weighting: str, half_life: float, distance: float = 0.0
) -> Floats:
    """r(u,j) of items in a history: the weight (`value`), log(1 + weight) (`log`) or 1 (`binary`), halved every
    `half_life` items (0: never) and divided by (rank + 1)^distance. `rank` is 0 for the newest item, which so speaks
    loudest."""
    raw = np.asarray(weights, np.float64)
    match weighting:
        case "binary":
            raw = np.ones(len(raw))
        case "log":
            raw = np.log1p(raw)
    if half_life:
        raw = raw * 0.5 ** (rank / half_life)
    return raw / (rank + 1.0) ** distance if distance else raw


@dataclass(frozen=True)
class Attention:
    """How a method listens to a history; see `strength`."""

    weighting: HistoryWeighting = "log"
    half_life: float = 0.0
    distance: float = 0.0

    def __call__(self, weights: NDArray[np.floating], rank: NDArray[np.integer]) -> Floats:
        return strength(weights, rank, self.weighting, self.half_life, self.distance)

    def to_meta(self) -> dict[str, Any]:
        """Plain data; `Attention(**meta)` is the way back."""
        return asdict(self)


class Neighbours:
    """Scores by item neighbours: `R(u,i) = Σ_j r(u,j)·s(i,j)` over the history, undivided (`normalise="none"`), divided
    by Σ_j s(i,j) (`"similarity"`) or by Σ_j r(u,j) (`"ratings"`), sums over the neighbours of i in the history."""

    def __init__(
        self,
        indptr: NDArray[np.integer],
        indices: NDArray[np.integer],
        weights: NDArray[np.floating],
        *,
        tie_break: NDArray[np.floating],
        normalise: str = "none",
    ) -> None:
        # plain views: every slice of a mapped array would be a new mapped array
        self.indptr, self.indices, self.weights = (
            np.asarray(part).view(np.ndarray) for part in (indptr, indices, weights)
        )
        self.tie_break, self.normalise = tie_break, normalise

    def spread(
        self, rows: NDArray[np.integer], strengths: Floats, size: int
    ) -> tuple[Floats, NDArray[np.integer], NDArray[np.intp], Floats]:
        """Scores of all items, and what they are made of: target item, history entry and part of every neighbour."""
        starts = self.indptr[rows]
        lengths = self.indptr[rows + 1] - starts
        entry = np.repeat(np.arange(len(rows)), lengths)
        # where each neighbour lies: its place among all that are read, moved to where its row begins
        at = np.arange(len(entry)) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
        targets, similarity = self.indices[at], self.weights[at]
        parts = similarity * np.repeat(strengths, lengths)
        score: Floats = np.bincount(targets, parts, minlength=size).astype(np.float64, copy=False)
        if self.normalise != "none":
            divisor = similarity if self.normalise == "similarity" else strengths[entry]
            below = np.bincount(targets, divisor, minlength=size)
            score = np.divide(score, below, out=np.zeros(size), where=below > 0)
            parts = np.divide(parts, below[targets], out=np.zeros(len(parts)), where=below[targets] > 0)
        return score, targets, entry, parts

    def score(self, rows: NDArray[np.integer], strengths: Floats, k: int, barred: NDArray[np.bool_]) -> Scored:
        """Best k items that are not barred and have a score. `rows`: the history's items, `strengths`: their r(u,j)."""
        score, targets, entry, parts = self.spread(rows, strengths, len(barred))
        items = np.flatnonzero((score > 0) & ~barred)
        items = items[best(items, score[items], k, self.tie_break)]
        spoken = said_by(places(items, len(barred)), len(items), targets, entry, parts, len(rows))
        return named(items, score[items], spoken)


class Factors:
    """Scores by factors with the customer folded in: `x = (YᵀY + Yᵀ·diag(α·r)·Y + λ_u·I)⁻¹ Σ_j (1 + α·r_j)·y_j`,
    score `x·y_i`, y the item factors, r the strengths of the history, λ_u = λ·(α·Σr + n items)^ν.

    Hu, Koren & Volinsky (2008); λ by frequency after Rendle et al. (2022). The factors are turned so that YᵀY is
    diagonal (`spectrum`); the system is then as small as the history (Woodbury), and the score splits exactly into
    what every item of the history brought.
    """

    def __init__(
        self,
        factors: NDArray[np.floating],
        spectrum: NDArray[np.floating],
        *,
        alpha: float,
        regularisation: float,
        exponent: float,
    ) -> None:
        self.factors, self.spectrum = np.asarray(factors).view(np.ndarray), np.asarray(spectrum, np.float64)
        self.alpha, self.regularisation, self.exponent = alpha, regularisation, exponent

    def penalty(self, strengths: Floats) -> float:
        """λ_u of a customer with these strengths."""
        return float(self.regularisation * (self.alpha * strengths.sum() + len(self.factors)) ** self.exponent)

    def voices(self, rows: NDArray[np.integer], strengths: Floats) -> Floats:
        """History entries × factors: their sum is the customer's vector, each row what one entry brought to it."""
        kept = strengths > 0
        extra = self.alpha * strengths[kept]
        own = self.factors[rows[kept]].astype(np.float64)
        spread = own / (self.spectrum + self.penalty(strengths))
        system = own @ spread.T
        system[np.diag_indices(len(extra))] += 1.0 / extra
        found = np.zeros((len(rows), len(self.spectrum)))
        found[kept] = np.linalg.solve(system.T, np.diag((1.0 + extra) / extra)).T @ spread
        return found

    def score(self, rows: NDArray[np.integer], strengths: Floats, items: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Scores of these items, and the customer's voices that made them."""
        voices = self.voices(rows, strengths)
        scores: Floats = self.factors[items].astype(np.float64) @ voices.sum(axis=0)
        return scores, voices


def places(items: NDArray[np.integer], size: int) -> NDArray[np.int64]:
    """Where in `items` each of all items stands; −1 where it does not."""
    place = np.full(size, -1)
    place[items] = np.arange(len(items))
    return place


def said_by(
    place: NDArray[np.int64],
    count: int,
    targets: NDArray[np.integer],
    entry: NDArray[np.intp],
    parts: Floats,
    entries: int,
) -> Floats:
    """Items × history entries: what each entry brought to each of the `count` items that have a place."""
    at = place[targets]
    kept = np.flatnonzero(at >= 0)
    flat = np.bincount(at[kept] * entries + entry[kept], parts[kept], minlength=count * entries)
    return flat.astype(np.float64, copy=False).reshape(count, entries)


def named(items: NDArray[np.int64], scores: Floats, spoken: Floats) -> Scored:
    """The entry that brought most to each item, and its part of what speaks for the item."""
    if len(items) == 0 or spoken.shape[1] == 0:
        return Scored(items, scores, np.full(len(items), -1), np.zeros(len(items)))
    reasons = spoken.argmax(axis=1)
    most = spoken[np.arange(len(items)), reasons]
    whole = np.maximum(spoken, 0.0).sum(axis=1)
    return Scored(
        items, scores, reasons, np.divide(np.maximum(most, 0.0), whole, out=np.zeros(len(most)), where=whole > 0)
    )


RESCORED = 500
"""So many of the best items by neighbours are looked at by factors, so that an answer does not pay for every item."""


@dataclass(frozen=True)
class Voice:
    """One source of a blend. Scores of neighbours are divided by their largest, so that they end at 1 for every
    history; those of factors aim at 1 as they are. `scale` divides the strengths of a history."""

    name: str
    engine: Neighbours | Factors
    attention: Attention
    weight: float = 1.0
    scale: float = 1.0


@dataclass(frozen=True)
class Blended(Scored):
    """`sources` is for each item the place of the voice that brought most."""

    sources: NDArray[np.int64]


class Chorus:
    """Several voices as one score, `Σ_s w_s · score_s(i) / max_i score_s`, in one pass over the history."""

    def __init__(self, voices: Sequence[Voice], tie_break: NDArray[np.floating]) -> None:
        self.tie_break = tie_break
        self.names = [voice.name for voice in voices]
        self.neighbours = [(at, v, v.engine) for at, v in enumerate(voices) if isinstance(v.engine, Neighbours)]
        self.factors = [(at, v, v.engine) for at, v in enumerate(voices) if isinstance(v.engine, Factors)]

    def score(
        self,
        rows: NDArray[np.integer],
        weights: NDArray[np.floating],
        rank: NDArray[np.integer],
        k: int,
        barred: NDArray[np.bool_],
        factors_now: NDArray[np.floating] | None = None,
    ) -> Blended:
        """Best k items that are not barred and have a score above 0. `rows`, `weights`, `rank`: items of the history,
        how much each speaks, and their places in it, 0 the newest. `factors_now`: one per item, what the moment makes
        of its score."""
        size = len(barred)
        total = np.zeros(size)
        near = []
        for at, voice, neighbours in self.neighbours:
            score, targets, entry, parts = neighbours.spread(rows, voice.attention(weights, rank) / voice.scale, size)
            top = float(score.max(initial=0.0))
            if top > 0:
                score *= voice.weight / top
                parts *= voice.weight / top
                total += score
                near.append((at, score, targets, entry, parts))
        items = np.flatnonzero((total > 0) & ~barred) if self.neighbours else np.flatnonzero(~barred)
        if self.factors and self.neighbours and len(items) > RESCORED:
            items = items[among_best(items, total[items], RESCORED, self.tie_break)]
        scores = total[items]
        far = []
        for at, voice, factors in self.factors:
            own, heights = factors.score(rows, voice.attention(weights, rank) / voice.scale, items)
            scores = scores + voice.weight * own
            far.append((at, voice.weight * own, factors.factors, voice.weight * heights))
        if factors_now is not None:
            scores = scores * factors_now[items]
        positive = np.flatnonzero(scores > 0)
        chosen = positive[best(items[positive], scores[positive], k, self.tie_break)]
        shown = items[chosen]
        spoken = np.zeros((len(shown), len(rows)))
        brought = np.zeros((len(self.names), len(shown)))
        place = places(shown, size)
        for at, score, targets, entry, parts in near:
            spoken += said_by(place, len(shown), targets, entry, parts, len(rows))
            brought[at] = score[shown]
        for at, own, vectors, heights in far:
            spoken += vectors[shown].astype(np.float64) @ heights.T
            brought[at] = own[chosen]
        found = named(shown, scores[chosen], spoken)
        return Blended(found.items, found.scores, found.reasons, found.shares, brought.argmax(axis=0))
