"""How a history becomes scores: item neighbours and factors. numpy only, shared by learning and serving."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recommender.ml.contenders import Contenders
from recommender.ml.near import Floats, Heard, Near, Rows
from recommender.ml.ranking import among_best, best

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
    if not (half_life or distance):
        return raw
    known = _fading(half_life, distance)
    if len(rank) and rank[-1] < len(known) and rank.max() < len(known):
        faded = known.take(rank)
        return faded if weighting == "binary" else raw * faded
    return raw * _faded(rank, half_life, distance)


def _faded(rank: NDArray[np.integer], half_life: float, distance: float) -> Floats:
    faded = 0.5 ** (rank / half_life) if half_life else np.ones(len(rank))
    return faded / (rank + 1.0) ** distance if distance else faded


@lru_cache(maxsize=256)
def _fading(half_life: float, distance: float) -> Floats:
    """Of the first places of a history; powers cost more than the rest of `strength`."""
    found = _faded(np.arange(64), half_life, distance)
    found.flags.writeable = False
    return found


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
    """Scores by the item neighbours of one method; see `near.Near`."""

    def __init__(
        self,
        indptr: NDArray[np.integer],
        indices: NDArray[np.integer],
        weights: NDArray[np.floating],
        *,
        tie_break: NDArray[np.floating],
        normalise: str = "none",
    ) -> None:
        self.rows = Rows(indptr, indices, weights)
        self.tie_break, self.normalise = tie_break, normalise

    @cached_property
    def near(self) -> Near:
        return Near.of([self.rows], [self.normalise])

    def score(self, rows: NDArray[np.integer], strengths: Floats, k: int, barred: NDArray[np.bool_]) -> Scored:
        """Best k items that are not barred and have a score. `rows`: the history's items, `strengths`: their r(u,j)."""
        heard = self.near.hear(rows, [strengths])
        score = heard.scores[0]
        free = np.flatnonzero((score > 0) & ~barred[heard.items])
        free = free[best(heard.items[free], score[free], k, self.tie_break)]
        return named(heard.items[free], score[free], heard.said_of(free, np.ones(1)))


class Factors:
    """Scores by factors with the customer folded in: `x = (YᵀY + Yᵀ·diag(α·r)·Y + λ_u·I)⁻¹ Σ_j (1 + α·r_j)·y_j`,
    score `x·y_i`, y the item factors, r the strengths of the history, λ_u = λ·(α·Σr + n items)^ν.

    Hu, Koren & Volinsky (2008); λ by frequency after Rendle et al. (2022). The factors are turned so that YᵀY is
    diagonal (`spectrum`); the system is then as small as the history (Woodbury). The score splits exactly into what
    every item of the history brought: `x = Σ_j (1 + α·r_j·(1 − x·y_j))·y_j / (spectrum + λ_u)`, so an item that the
    others explain anyway brings little more than one look would.
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

    @cached_property
    def contenders(self) -> Contenders:
        """For answers that nothing but factors speaks for."""
        return Contenders(self.factors, self.spectrum)

    def penalty(self, strengths: Floats) -> float:
        """λ_u of a customer with these strengths."""
        return float(self.regularisation * (self.alpha * strengths.sum() + len(self.factors)) ** self.exponent)

    def voices(self, rows: NDArray[np.integer], strengths: Floats) -> Floats:
        """History entries × factors: their sum is the customer's vector, each row what one entry brought to it."""
        if not strengths.min(initial=1.0) > 0:
            kept = strengths > 0
            found = np.zeros((len(rows), len(self.spectrum)))
            if kept.any():
                found[kept] = self._voices(rows[kept], strengths[kept], self.penalty(strengths))
            return found
        return self._voices(rows, strengths, self.penalty(strengths))

    def _voices(self, rows: NDArray[np.integer], strengths: Floats, penalty: float) -> Floats:
        extra = self.alpha * strengths
        own = self.factors.take(rows, axis=0).astype(np.float64)
        spread = own / (self.spectrum + penalty)
        below = 1.0 / extra
        system = own @ spread.T
        system.ravel()[:: len(extra) + 1] += below
        spread *= np.linalg.solve(system, 1.0 + below)[:, None]  # a third of the price of the inverse
        return np.asarray(spread)

    def scores_of(self, voices: Floats, items: NDArray[np.integer]) -> Floats:
        """Scores of these items for the customer whose `voices` these are."""
        scores: Floats = self.vectors(items) @ voices.sum(axis=0)
        return scores

    def vectors(self, items: NDArray[np.integer]) -> Floats:
        """Their factors."""
        return self.factors.take(items, axis=0).astype(np.float64)

    def score(self, rows: NDArray[np.integer], strengths: Floats, items: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Scores of these items, and the customer's voices that made them."""
        voices = self.voices(rows, strengths)
        return self.scores_of(voices, items), voices


def named(items: NDArray[np.int64], scores: Floats, spoken: Floats) -> Scored:
    """With the entry that brought most to each item; see `reasons_of`."""
    return Scored(items, scores, *reasons_of(spoken))


def reasons_of(spoken: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The entry that brought most to each item, and its part of what speaks for the item; -1 and 0 without entries.
    `spoken` (items × entries) is used up."""
    count = len(spoken)
    if spoken.size == 0:
        return np.full(count, -1), np.zeros(count)
    reasons = spoken.argmax(axis=1)
    np.maximum(spoken, 0.0, out=spoken)
    shares = spoken.max(axis=1)
    whole = spoken.sum(axis=1)
    if whole.all():
        shares /= whole
    else:
        shares = np.divide(shares, whole, out=np.zeros(count), where=whole > 0)
    return reasons, shares


RESCORED = 256
"""So many of the best items by neighbours are looked at by factors, so that an answer does not pay for every item."""


@dataclass(frozen=True)
class Voice:
    """One source of a blend. Scores of neighbours are divided by their largest, so that they end at 1 for every
    history; those of factors aim at 1 as they are. `scale` divides the strengths of a history. Without an `engine` it
    is the next voice of the neighbours that the blend is given."""

    name: str
    engine: Neighbours | Factors | None
    attention: Attention
    weight: float = 1.0
    scale: float = 1.0


@dataclass(frozen=True)
class Blended(Scored):
    """`sources` is for each item the place of the voice that brought most."""

    sources: NDArray[np.int64]


class Chorus:
    """Several voices as one score, `Σ_s w_s · score_s(i) / max_i score_s`, in one pass over the history."""

    def __init__(self, voices: Sequence[Voice], tie_break: NDArray[np.floating], near: Near | None = None) -> None:
        """`near`: the neighbours of all voices that are no factors, where they lie in one place already."""
        self.tie_break = tie_break
        self.names = [voice.name for voice in voices]
        self.near = [(at, voice) for at, voice in enumerate(voices) if not isinstance(voice.engine, Factors)]
        self.far = [(at, v, v.engine) for at, v in enumerate(voices) if isinstance(v.engine, Factors)]
        own = [voice.engine for _at, voice in self.near if isinstance(voice.engine, Neighbours)]
        if near is None and own:
            near = Near.of([engine.rows for engine in own], [engine.normalise for engine in own])
        if self.near and (near is None or len(near.normalise) != len(self.near)):
            raise ValueError("There must be neighbours for each voice that knows no factors.")
        self._neighbours = near
        self._weights = [voice.weight for _at, voice in self.near]
        self.places = np.array([at for at, _voice in self.near], np.int64)
        self._attentions = list(dict.fromkeys(voice.attention for voice in voices))  # several listen in the same way
        self._listens = [(self._attentions.index(voice.attention), voice.scale) for voice in voices]

    def score(
        self,
        rows: NDArray[np.integer],
        weights: NDArray[np.floating],
        rank: NDArray[np.integer],
        k: int,
        barred: NDArray[np.bool_] | None,
        factors_now: NDArray[np.floating] | None = None,
    ) -> Blended:
        """Best k items that are not barred and have a score above 0. `rows`, `weights`, `rank`: items of the history,
        how much each speaks, and their places in it, 0 the newest. `factors_now`: one per item, what the moment makes
        of its score. `barred` None: nothing is."""
        speech = self.listen(rows, weights, rank)
        items, scores = speech.best(k, barred, factors_now)
        told = speech.told(items)
        return Blended(items, scores, told.reasons, told.shares, told.sources)

    def listen(self, rows: NDArray[np.integer], weights: NDArray[np.floating], rank: NDArray[np.integer]) -> "Speech":
        """What the voices say of a history, as in `score`."""
        listened = [attention(weights, rank) for attention in self._attentions]
        strengths = [listened[at] if by == 1.0 else listened[at] / by for at, by in self._listens]
        heard, scale = None, np.empty(0)
        if self._neighbours is not None and self.near:
            heard = self._neighbours.hear(rows, [strengths[at] for at, _voice in self.near])
            top = heard.scores.max(axis=1, initial=0.0).tolist()
            scale = np.array([own / most if most > 0 else 0.0 for own, most in zip(self._weights, top, strict=True)])
        far = [voice.weight * factors.voices(rows, strengths[at]) for at, voice, factors in self.far]
        return Speech(self, len(rows), heard, scale, far)


@dataclass(frozen=True)
class Told:
    """For each of some items: the history entry that brought most (index) with its share, and the place of the voice
    that did."""

    reasons: NDArray[np.int64]
    shares: Floats
    sources: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Speech:
    """What the voices of a chorus say of one history of `entries` items: `scale` is what the scores of each voice of
    neighbours are multiplied by, `far` for each voice that knows factors what each entry brought (entries × factors),
    by its weight. Reasons are told apart from the ranking, because they cost as much and few of those that are ranked
    are shown."""

    chorus: Chorus
    entries: int
    heard: Heard | None
    scale: Floats
    far: Sequence[Floats]

    def best(
        self, k: int, barred: NDArray[np.bool_] | None, factors_now: NDArray[np.floating] | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Items and scores, as `Chorus.score` has them."""
        chorus, heard = self.chorus, self.heard
        if heard is not None:
            total = self.scale @ heard.scores
            if barred is not None:
                total[barred.take(heard.items)] = 0.0
            most = max(RESCORED, k)
            free = among_best(heard.items, total, most, chorus.tie_break) if self.far else (total > 0).nonzero()[0]
            scores = total.take(free)
            if self.far and not (scores > 0).all():
                free = free[scores > 0]
                scores = total.take(free)
            items = heard.items.take(free)
        else:
            items = self._alone(k, barred, factors_now)
            scores = np.zeros(len(items))
        for (_at, _voice, factors), heights in zip(chorus.far, self.far, strict=True):
            # in 64 bits: in 32 a score would depend on how many are looked at
            scores = scores + factors.factors.take(items, axis=0) @ heights.sum(axis=0)
        if factors_now is not None:
            scores = scores * factors_now[items]
        chosen = best(items, scores, k, chorus.tie_break)
        scores = scores.take(chosen)
        if len(chosen) and not scores[-1] > 0:
            chosen, scores = chosen[scores > 0], scores[scores > 0]
        return items.take(chosen), scores

    def told(self, items: NDArray[np.integer]) -> Told:
        """Why these items, which `best` found."""
        chorus, heard = self.chorus, self.heard
        brought = np.zeros((len(chorus.names), len(items)))
        if heard is not None:
            chosen = heard.items.searchsorted(items)
            spoken = heard.said_of(chosen, self.scale)
            brought[chorus.places] = heard.scores.take(chosen, axis=1) * self.scale[:, None]
        else:
            spoken = np.zeros((len(items), self.entries))
        for (at, _voice, factors), heights in zip(chorus.far, self.far, strict=True):
            own = factors.factors.take(items, axis=0) @ heights.T
            spoken += own
            brought[at] = own.sum(axis=1)
        return Told(*reasons_of(spoken), brought.argmax(axis=0))

    def _alone(
        self, k: int, barred: NDArray[np.bool_] | None, factors_now: NDArray[np.floating] | None
    ) -> NDArray[np.int64]:
        """Items that may be among the best k where no neighbours speak: what factors alone say."""
        if barred is None:
            barred = np.zeros(len(self.chorus.tie_break), bool)
        if len(self.chorus.far) == 1:
            _at, _voice, factors = self.chorus.far[0]
            return factors.contenders.among(self.far[0].sum(axis=0), k, barred, factors_now)
        return np.flatnonzero(~barred)
