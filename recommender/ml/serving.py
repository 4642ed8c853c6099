"""Answers from a trained model in one numpy pass. All that the web process loads: numpy only, arrays mapped read-only.

Arrays (n items, in the order of `item_ids`), format 4:

* `item_ids` int64 [n], strictly increasing: the products' database ids
* `popularity` float32 [n]: orders what fills short lists, and breaks ties
* for each voice NAME of `meta["voices"]` that knows factors: `NAME_factors` float32 [n × f], `NAME_spectrum` float64
  [f]; for all others together, in their order: `near_starts` int64 [n + 1], `near_lengths` int32 [n × voices],
  `near_pairs` int32 [any × 2] of `near.Near`: the items that each item of a history speaks for
* `similar_indptr`, `similar_indices`, `similar_weights`: row i holds the items most like item i, best first
* for each voice of `meta["solo"]`, which may be asked alone but has no say in the list of all: its own
  `NAME_indptr`, `NAME_indices`, `NAME_weights`, or its factors as above
* with `meta["sessions"]`: the arrays of `session_serving.SessionServing`, `session_` before their names; histories of
  up to `serves_up_to` known products are answered by it first
* with `meta["context"]`: `context_groups` int32 [n], `context_parts` float32 [groups + 1 × 8], `context_seasons`
  float32 [groups + 1 × 4], `context_devices` float32 [groups + 1 × 3] of `context.Context`: how much more a category
  counts at a moment and on a device

Format 3 had `near_indices` and `near_weights` instead of pairs, format 2 `NAME_indptr`, `NAME_indices`, `NAME_weights`
for each voice that knows neighbours, format 1 a single voice, item_knn, in `indptr`, `indices`, `weights`; all still
serve, with a copy of the neighbours in each process.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Protocol, Self
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from core.ml.places import Places
from recommender.ml.candidate import POPULAR, Candidate, Ranking
from recommender.ml.context import NO_DEVICE, QUARTER_HOUR, Context
from recommender.ml.near import Near, check_rows
from recommender.ml.scoring import Attention, Chorus, Factors, Neighbours, Speech, Voice
from recommender.ml.session_serving import SessionServing
from recommender.ml.steering import similarity_of

__all__ = ["POPULAR", "SIMILAR", "Candidate", "Ranking", "ServingModel", "build"]

FORMAT = 4
SIMILAR = "similar"
NEIGHBOURS = ("indptr", "indices", "weights")
NEAR_SINCE = 3
NEAR = ("near_starts", "near_lengths", "near_pairs")
NEAR_OF_3 = ("near_starts", "near_lengths", "near_indices", "near_weights")
FACTORS = ("factors", "spectrum")
REMEMBERED = 256
"""Answers; about 4 kB each."""
OPEN = 4
"""Histories whose neighbours stay in memory until the reasons are told; about 250 kB each. Others are read again."""


class ServingModel:
    """A published recommender. Safe to share between threads: nothing that answers depend on changes after it is made.

    The last answers are remembered: whoever goes from page to page asks the same of several placements until they do
    something new.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        written = int(meta.get("format", 1))
        if not 1 <= written <= FORMAT:
            raise ValueError(f"The model is of format {written}; this program reads 1 to {FORMAT}.")
        _must_have(arrays, ["item_ids", "popularity", *(f"similar_{name}" for name in NEIGHBOURS)])
        self.item_ids = np.asarray(arrays["item_ids"], np.int64)
        self.popularity = np.asarray(arrays["popularity"], np.float32)
        size = len(self.item_ids)
        # plain views: every slice of a mapped array would be a new mapped array
        indptr, indices, weights = (np.asarray(arrays[f"similar_{name}"]).view(np.ndarray) for name in NEIGHBOURS)
        self._similar = (indptr, indices, weights)
        if not bool(np.isfinite(self.popularity).all()):
            raise ValueError("The model's popularity is not a number everywhere.")
        if len(self.popularity) != size or bool((np.diff(self.item_ids) <= 0).any()):
            raise ValueError("The model's item ids are not increasing or do not match its popularity.")
        told = _first_format(meta) if written == 1 else meta["voices"]
        voices = [_voice(arrays, one, self.popularity, alone=written < NEAR_SINCE) for one in told]
        check_rows(*self._similar, size, "similar items")
        self.strategy = str(meta.get("strategy", "item_knn"))
        is_heard = self.strategy != POPULAR  # else nobody asks the voices, and their neighbours stay on the disk
        near = None
        if written >= NEAR_SINCE and is_heard:
            near = _near(arrays, told, size, NEAR if written > NEAR_SINCE else NEAR_OF_3)
        self._chorus = Chorus(voices if is_heard else [], self.popularity, near)
        self._together, self._near = (voices, near) if is_heard else ([], None)
        self._solo = [_voice(arrays, one, self.popularity, alone=True) for one in meta.get("solo", ())]
        self._alone: dict[str, Chorus] = {}
        told_of_sessions = meta.get("sessions")
        self._session_longest = int(told_of_sessions["serves_up_to"]) if told_of_sessions else 0
        self._sessions = (
            SessionServing.from_arrays(_of_sessions(arrays, self.item_ids), told_of_sessions)
            if told_of_sessions and self._session_longest
            else None
        )
        told_of_context = meta.get("context")
        self._context = Context.from_arrays(arrays, told_of_context, size) if told_of_context else None
        self._popular = np.lexsort((np.arange(size), -self.popularity))
        self._places = Places(self.item_ids)
        self._known = lru_cache(maxsize=REMEMBERED)(self._ranked)
        self._open: deque[Speech] = deque(maxlen=OPEN)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Arrays as in the head of this module; meta: format, strategy, voices.

        Raises ValueError when they do not fit together.
        """
        return cls(arrays, meta)

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def voices(self) -> tuple[str, ...]:
        """The methods that can be asked alone: those that have a say, then those that have none."""
        return tuple(voice.name for voice in (*self._together, *self._solo))

    def positions(self, product_ids: Collection[int]) -> NDArray[np.int64]:
        """Where these products stand in the arrays; -1 for a product that the model does not know."""
        return self._places.of(np.fromiter(product_ids, np.int64, len(product_ids)))

    def mask(self, product_ids: Collection[int]) -> NDArray[np.bool_]:
        """True for these products, in the order of `item_ids`: what `recommend` takes as `allowed`."""
        mask = np.zeros(len(self.item_ids), bool)
        if len(product_ids):
            at = self.positions(product_ids)
            mask[at[at >= 0]] = True
        return mask

    def recommend(
        self,
        history: Sequence[tuple[int, float]],
        k: int = 10,
        *,
        exclude: Collection[int] = (),
        allowed: NDArray[np.bool_] | None = None,
        fill: bool = True,
        by_session: bool = True,
        at: float | None = None,
        device: int = NO_DEVICE,
        voice: str = "",
    ) -> list[Candidate]:
        """Up to k products, best first: those that the history speaks for, then, with `fill`, popular ones.

        `at` is the moment of the answer (seconds since 1970), for models that learned what is chosen when and on which
        `device`; None leaves both out. `by_session` False leaves the session out, for callers that compare scores with
        each other.

        `voice`: what this method alone says, without the session, the moment and the device; nothing where the model
        does not have it.

        `history` is (product id, weight > 0), newest first, each product once; unknown products and weights of zero or
        less are passed over. `exclude` and what is not `allowed` never appear; the history itself may, unless excluded.
        """
        return self.ranked(
            history,
            k,
            exclude=exclude,
            allowed=allowed,
            fill=fill,
            by_session=by_session,
            at=at,
            device=device,
            voice=voice,
        ).candidates()

    def ranked(
        self,
        history: Sequence[tuple[int, float]],
        k: int = 10,
        *,
        exclude: Collection[int] = (),
        allowed: NDArray[np.bool_] | None = None,
        fill: bool = True,
        by_session: bool = True,
        at: float | None = None,
        device: int = NO_DEVICE,
        voice: str = "",
    ) -> Ranking:
        """The same products as `recommend`; their reasons are told for those that somebody asks for."""
        if k <= 0 or len(self.item_ids) == 0:
            return Ranking([], {})
        if voice:
            barred = self.mask(exclude) if allowed is None else self.mask(exclude) | ~allowed
            found, ask = (
                self._scored(tuple(history), k, barred, None, NO_DEVICE, self.alone(voice)) if history else ([], None)
            )
            return self._filled(found, {}, ask, k, barred) if fill else Ranking(found, {}, ask)
        if allowed is not None:
            return self._ranked(tuple(history), k, exclude, fill, by_session, at, device, allowed)
        moment = at // QUARTER_HOUR * QUARTER_HOUR if at is not None and self._context is not None else None
        return self._known(tuple(history), k, frozenset(exclude), fill, by_session, moment, device)

    def _ranked(
        self,
        history: tuple[tuple[int, float], ...],
        k: int,
        exclude: Collection[int],
        fill: bool,
        by_session: bool,
        at: float | None,
        device: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Ranking:
        barred = None
        if exclude or allowed is not None:
            barred = self.mask(exclude) if allowed is None else self.mask(exclude) | ~allowed
        told: dict[int, Candidate] = {}
        if by_session and self._sessions and history:
            barred = self.mask(()) if barred is None else barred
            told = {one.product_id: one for one in self._by_session(history, k, barred)}
            barred[self.positions(told)] = True
        found, ask = list(told), None
        if len(found) < k and self._chorus.names and history:
            ids, ask = self._scored(history, k - len(found), barred, at, device, self._chorus)
            found += ids
        return self._filled(found, told, ask, k, barred) if fill else Ranking(found, told, ask)

    def _filled(
        self,
        found: list[int],
        told: dict[int, Candidate],
        ask: Callable[[Sequence[int]], Iterable[Candidate]] | None,
        k: int,
        barred: NDArray[np.bool_] | None,
    ) -> Ranking:
        """With popular products after those that were found. `barred` is used up."""
        if len(found) < k:
            barred = self.mask(()) if barred is None else barred
            barred[self.positions(found)] = True
            popular = {one.product_id: one for one in self._most_popular(k - len(found), barred)}
            found, told = [*found, *popular], told | popular
        return Ranking(found, told, ask)

    def alone(self, voice: str) -> Chorus | None:
        """This method by itself, made when it is first asked for; None where the model does not have it.

        Neighbours of all voices lie in one place, which serves here too: the other voices are given no weight, so one
        voice costs as much as all, and no memory.
        """
        if voice not in self._alone and voice in self.voices:
            own = next(one for one in (*self._together, *self._solo) if one.name == voice)
            if own.engine is None:
                near = [one for one in self._together if one.engine is None]
                told = [replace(one, weight=1.0 if one is own else 0.0) for one in near]
                self._alone[voice] = Chorus(told, self.popularity, self._near)
            else:
                self._alone[voice] = Chorus([replace(own, weight=1.0)], self.popularity)
        return self._alone.get(voice)

    def popular(
        self, k: int = 10, *, exclude: Collection[int] = (), allowed: NDArray[np.bool_] | None = None
    ) -> list[Candidate]:
        """Up to k products, most popular first, as the training saw it."""
        if k <= 0 or len(self.item_ids) == 0:
            return []
        barred = self.mask(exclude) if allowed is None else self.mask(exclude) | ~allowed
        return self._most_popular(k, barred)

    def similar(self, product_id: int, k: int = 10, *, exclude: Collection[int] = ()) -> list[Candidate]:
        """Up to k products that the same customers choose, most alike first. Empty for a product without neighbours."""
        row = int(self.positions([product_id])[0])
        if row < 0 or k <= 0:
            return []
        indptr, indices, weights = self._similar
        items = indices[indptr[row] : indptr[row + 1]]
        scores = weights[indptr[row] : indptr[row + 1]]
        free = ~np.isin(self.item_ids[items], list(exclude))
        return [
            Candidate(product, score, SIMILAR, product_id, 1.0)
            for product, score in zip(self.item_ids[items[free][:k]].tolist(), scores[free][:k].tolist(), strict=True)
        ]

    def beside(
        self, product_ids: Sequence[int], k: int, *, depth: int, exclude: Collection[int] = ()
    ) -> list[Candidate]:
        """Up to k products that go with these, in turns: the first of each, then the second of each, at most `depth` of
        each, as `similar` finds them. What goes with several comes once, with the one that named it first."""
        if k <= 0 or not len(product_ids):
            return []
        indptr, indices, weights = self._similar

        def named(row: int) -> Iterator[tuple[int, int]]:
            start, end = int(indptr[row]), int(indptr[row + 1])
            items = self.item_ids.take(indices[start:end]).tolist()
            return islice(((pk, at) for at, pk in enumerate(items, start) if pk not in exclude), depth)

        rows = zip(product_ids, self.positions(product_ids).tolist(), strict=True)
        turns = [(speaker, named(row)) for speaker, row in rows if row >= 0]
        found: dict[int, Candidate] = {}
        while turns:
            going = []
            for speaker, others in turns:
                product, at = next(others, (None, 0))
                if product is None:
                    continue
                going.append((speaker, others))
                if product not in found:
                    found[product] = Candidate(product, float(weights[at]), SIMILAR, speaker, 1.0)
                    if len(found) == k:
                        return list(found.values())
            turns = going
        return list(found.values())

    def likeness(self, product_ids: Sequence[int]) -> NDArray[np.float64]:
        """How alike these products are to those who choose: [n, n] in [0, 1]; unknown ones are like nobody."""
        return similarity_of(*self._similar, self.positions(product_ids))

    def _by_session(self, history: Sequence[tuple[int, float]], k: int, barred: NDArray[np.bool_]) -> list[Candidate]:
        """What the running session speaks for, when the history is short enough for it to know better."""
        assert self._sessions is not None
        rows = self.positions([product_id for product_id, weight in history if weight > 0])
        rows = rows[rows >= 0]
        return self._sessions.spoken(rows, k, barred) if 0 < len(rows) <= self._session_longest else []

    def _scored(
        self,
        history: tuple[tuple[int, float], ...],
        k: int,
        barred: NDArray[np.bool_] | None,
        at: float | None,
        device: int,
        chorus: Chorus | None,
    ) -> tuple[list[int], Callable[[Sequence[int]], Iterable[Candidate]] | None]:
        """What the whole history speaks for, and who tells why."""
        heard = self._listened(history, chorus) if chorus is not None else None
        if chorus is None or heard is None:
            return [], None
        speech, rows = heard
        now = self._context.factors(at, device) if self._context is not None and at is not None else None
        items, scores = speech.best(k, barred, now)
        self._open.append(speech)
        found: list[int] = self.item_ids.take(items).tolist()
        return found, partial(self._told, chorus, history, rows, found, items, scores, ref(speech))

    def _listened(
        self, history: tuple[tuple[int, float], ...], chorus: Chorus
    ) -> tuple[Speech, NDArray[np.int64]] | None:
        """What the voices say, and the entries that they listened to; None where none is known."""
        products, told = zip(*history, strict=True)
        rows, weights = self.positions(products), np.fromiter(told, np.float64, len(told))
        place = ((weights > 0) & (weights < np.inf) & (rows >= 0)).nonzero()[0]
        if not len(place):
            return None
        rows = rows.take(place)
        return chorus.listen(rows, weights.take(place), place), rows

    def _told(
        self,
        chorus: Chorus,
        history: tuple[tuple[int, float], ...],
        rows: NDArray[np.int64],
        found: list[int],
        items: NDArray[np.int64],
        scores: NDArray[np.float64],
        said: ref[Speech],
        asked: Sequence[int],
    ) -> Iterable[Candidate]:
        """Why these products were found. Listens again where what was said is forgotten."""
        speech = said()
        if speech is None:
            again = self._listened(history, chorus)
            assert again is not None
            speech = again[0]
        else:
            with suppress(ValueError):  # asked before, or so many came since
                self._open.remove(speech)
        at = [found.index(product) for product in asked]
        why = speech.told(items.take(at))
        shares = why.shares.tolist()
        reasons = self.item_ids.take(rows.take(why.reasons)).tolist()
        if not all(shares):
            reasons = [reason if share > 0 else None for reason, share in zip(reasons, shares, strict=True)]
        voices = map(chorus.names.__getitem__, why.sources.tolist())
        return map(_candidate, zip(asked, scores.take(at).tolist(), voices, reasons, shares, strict=True))

    def _most_popular(self, k: int, barred: NDArray[np.bool_]) -> list[Candidate]:
        head = self._popular
        while len(head) > 4 * k + 64:  # most often the first few hundred are enough
            short = self._popular[: 4 * k + 64]
            if np.count_nonzero(~barred[short]) >= k:
                head = short
            break
        items = head[~barred[head]][:k]
        return [
            Candidate(product, score, POPULAR, None, 0.0)
            for product, score in zip(self.item_ids[items].tolist(), self.popularity[items].tolist(), strict=True)
        ]


_candidate = partial(tuple.__new__, Candidate)
"""As Candidate._make does, at a third of its price."""


def _of_sessions(arrays: Mapping[str, NDArray[Any]], item_ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Plain views, because every slice of a mapped array would be a new mapped array."""
    own = {
        name.removeprefix("session_"): np.asarray(array).view(np.ndarray)
        for name, array in arrays.items()
        if name.startswith("session_")
    }
    return own | {"item_ids": item_ids}


def _first_format(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    attention = {"weighting": meta.get("history_weighting", "log"), "half_life": float(meta.get("half_life", 0))}
    return [{"name": "item_knn", "prefix": "", "attention": attention, "normalise": meta.get("normalise", "none")}]


def _near(
    arrays: Mapping[str, NDArray[Any]], told: Sequence[Mapping[str, Any]], size: int, names: Sequence[str]
) -> Near | None:
    """The neighbours of all voices that know some, None without such. Raises ValueError when they do not fit."""
    normalise = [str(one.get("normalise", "none")) for one in told if not _knows_factors(one)]
    if not normalise:
        return None
    _must_have(arrays, names)
    return Near.from_arrays(arrays, normalise, size)


def _knows_factors(told: Mapping[str, Any]) -> bool:
    return "alpha" in told


def _voice(
    arrays: Mapping[str, NDArray[Any]], told: Mapping[str, Any], popularity: NDArray[np.float32], *, alone: bool
) -> Voice:
    """One source from its arrays; `alone`: its neighbours lie by themselves. Raises ValueError when they do not fit the
    items."""
    name, size = str(told["name"]), len(popularity)
    prefix = str(told.get("prefix", f"{name}_"))
    engine: Neighbours | Factors | None = None
    if _knows_factors(told):
        _must_have(arrays, [prefix + part for part in FACTORS])
        factors, spectrum = (arrays[prefix + part] for part in FACTORS)
        if factors.shape != (size, len(spectrum)):
            raise ValueError(f"The factors of the model's {name} do not fit its items.")
        if not (bool(np.isfinite(factors).all()) and bool((spectrum >= 0).all())):
            raise ValueError(f"The factors of the model's {name} are not numbers everywhere.")
        engine = Factors(
            factors, spectrum, alpha=float(told["alpha"]), regularisation=float(told["regularisation"]),
            exponent=float(told["exponent"]),
        )  # fmt: skip
    elif alone:
        _must_have(arrays, [prefix + part for part in NEIGHBOURS])
        indptr, indices, weights = (arrays[prefix + part] for part in NEIGHBOURS)
        check_rows(indptr, indices, weights, size, "neighbours")
        normalise = str(told.get("normalise", "none"))
        engine = Neighbours(indptr, indices, weights, tie_break=popularity, normalise=normalise)
    attention = Attention(**told["attention"])
    return Voice(name, engine, attention, float(told.get("weight", 1.0)), float(told.get("scale", 1.0)))


def _must_have(arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> None:
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(f"The model lacks {', '.join(missing)}.")


class Artifact(Protocol):
    """What the registry loads."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


def build(artifact: Artifact) -> ServingModel:
    """What the web process serves with, once it has given a first answer. Raises when the artifact cannot serve."""
    model = ServingModel.from_arrays(artifact.arrays, artifact.meta)
    model.recommend([(int(product), 1.0) for product in model.item_ids[:1]], k=1)
    return model
