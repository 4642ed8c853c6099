"""Item neighbours of several voices, item by item, and what they say of a history. numpy only: serving uses it.

What is slow about an answer is not the arithmetic but the memory: fifty products of a history, five methods, and for
each a row of neighbours somewhere among millions. Here all that one product speaks for lies in one place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ITEM = np.int64(0xFFFFFFFF)
"""The half of a pair that is the item, where the lower half of a number comes first."""


FAINT = 2.0**-8
"""Of the loudest entry of a history: what a voice hears more faintly than this is not read."""
LEAST_READ = 16
"""Entries; with fewer, looking for faint ones costs more than reading them."""


class Rows(NamedTuple):
    """Neighbours of one voice: row j, from `indptr[j]` to `indptr[j + 1]`, has the items that item j speaks for."""

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    weights: NDArray[np.floating]


@dataclass(frozen=True)
class Heard:
    """What item neighbours of several voices say of a history of `entries` items, and what it is made of.

    `items` (rising) hold all that some voice names, `scores` is voices × items. For each neighbour that was read, voice
    by voice and within it entry by entry: `places` is where it stands in `items`, `parts` what it brings. `lengths`
    says how many there are: voices × entries.
    """

    items: NDArray[np.int64]
    scores: Floats
    entries: int
    places: NDArray[np.int64]
    parts: Floats
    lengths: NDArray[np.int64]

    def said_of(self, chosen: NDArray[np.integer], weights: Floats) -> Floats:
        """Items × history entries: what each entry brought to `chosen` (places in `items`), by weight of the voices."""
        is_chosen = np.zeros(len(self.items), bool)
        is_chosen[chosen] = True
        kept = is_chosen.take(self.places).nonzero()[0]  # take: half the time of an index
        piece = self.lengths.ravel().cumsum().searchsorted(kept, side="right")
        voice, cell = np.divmod(piece, self.entries)
        row_of = np.empty(len(self.items), np.int64)  # of what is chosen; nothing else is read
        row_of[chosen] = np.arange(len(chosen)) * self.entries
        cell += row_of.take(self.places.take(kept))
        told = self.parts.take(kept)
        told *= weights.take(voice)
        return _sums(cell, told, (len(chosen), self.entries))


class Near:
    """n items. Row j of `pairs` int32 [any × 2] begins at `starts[j]`, int64 [n + 1]: the neighbours of item j by the
    first voice, then those by the second, as many as `lengths`, int32 [n × voices], says. A pair is an item and the
    bits of its weight, a float32: what belongs together is read together.

    The score of item i by a voice is `Σ_j r(u,j)·w(j,i)` over the history, r its strengths, undivided (`"none"` in
    `normalise`), divided by Σ_j w(j,i) (`"similarity"`) or by Σ_j r(u,j) (`"ratings"`), sums over the entries of the
    history that name i.
    """

    def __init__(
        self,
        starts: NDArray[np.integer],
        lengths: NDArray[np.integer],
        pairs: NDArray[np.integer],
        normalise: Sequence[str],
    ) -> None:
        # plain views: every slice of a mapped array would be a new mapped array
        self.starts, self.lengths, self.pairs = (np.asarray(one).view(np.ndarray) for one in (starts, lengths, pairs))
        self._whole = self.pairs.view(np.int64).ravel()  # one number each, so that a slice of them is one dimension
        self.normalise = tuple(normalise)
        self._may_fade = "none" in normalise
        self._divides = any(how != "none" for how in normalise)
        self._always_heard = np.array([[how != "none"] for how in normalise])

    @classmethod
    def of(cls, voices: Sequence[Rows], normalise: Sequence[str]) -> Self:
        """From the rows of each voice, all of the same items."""
        lengths = np.stack([np.diff(rows.indptr) for rows in voices], axis=1).astype(np.int32)
        starts = np.r_[0, lengths.sum(axis=1, dtype=np.int64).cumsum()]
        pairs = np.empty((starts[-1], 2), np.int32)
        into = starts[:-1].copy()
        for rows, count in zip(voices, lengths.T, strict=True):
            places = (into - rows.indptr[:-1]).astype(np.int64).repeat(count)
            places += np.arange(len(places))
            pairs[places] = _paired(rows.indices, rows.weights)
            into += count
        return cls(starts, lengths, pairs, normalise)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], normalise: Sequence[str], size: int) -> Self:
        """From `near_starts`, `near_lengths`, `near_pairs` for `size` items; instead of the last also from the pairs'
        halves `near_indices` and `near_weights`, which are copied. Raises ValueError when they do not fit together."""
        starts, lengths = arrays["near_starts"], arrays["near_lengths"]
        if lengths.shape != (size, len(normalise)):
            raise ValueError("The model's neighbours do not fit its voices.")
        if "near_pairs" in arrays:
            pairs = arrays["near_pairs"]
            if pairs.dtype != np.int32 or pairs.ndim != 2 or pairs.shape[1] != 2 or not pairs.flags.c_contiguous:
                raise ValueError("The model's neighbours are no pairs of an item and its weight.")
            indices, weights = pairs[:, 0], pairs.view(np.float32)[:, 1]
        else:
            indices, weights = arrays["near_indices"], arrays["near_weights"]
        check_rows(starts, indices, weights, size, "neighbours")
        if bool((lengths < 0).any()) or bool((lengths.sum(axis=1, dtype=np.int64) != np.diff(starts)).any()):
            raise ValueError("The rows of the model's neighbours are not as long as its voices say.")
        return cls(starts, lengths, pairs if "near_pairs" in arrays else _paired(indices, weights), normalise)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "near_starts": self.starts.astype(np.int64), "near_lengths": self.lengths.astype(np.int32),
            "near_pairs": self.pairs,
        }  # fmt: skip

    def hear(self, rows: NDArray[np.integer], strengths: Sequence[Floats]) -> Heard:
        """Read the neighbours of a history, for each voice with its strengths.

        An answer costs what its neighbours cost, however many items there are. All voices are read in one go, because
        every further look at some thousand numbers costs more than adding to them.
        """
        size, voices, entries = len(self.lengths), len(self.normalise), len(rows)
        strong = np.empty((voices, entries))
        for voice, force in enumerate(strengths):
            strong[voice] = force
        lengths = self.lengths.take(rows, axis=0).T.astype(np.int64, order="C")
        starts = lengths.cumsum(axis=0)
        starts -= lengths
        starts += self.starts.take(rows)
        if self._may_fade and entries > LEAST_READ:
            lengths *= self._loud(strong)
        counts = lengths.ravel()
        ends = counts.cumsum()
        at = (starts.ravel() - ends + counts).repeat(counts)
        at += np.arange(len(at))
        read = self._whole.take(at)
        targets = np.bitwise_and(read, ITEM, out=at)  # what was written last is nearest: no more arrays than needed
        similarity = read.view(np.float32)[1::2]
        told = strong.ravel().repeat(counts)
        brought = np.multiply(similarity, told, out=None if self._divides else told)
        similarity = similarity.astype(np.float64) if self._divides else similarity
        items, places = _placed(targets, size, read)
        scores = np.empty((voices, len(items)))
        end = 0
        for voice, (how, count) in enumerate(zip(self.normalise, lengths.sum(axis=1).tolist(), strict=True)):
            own = slice(end, end + count)
            end += count
            scores[voice] = np.bincount(places[own], brought[own], len(items))
            if how != "none":
                divisor = similarity if how == "similarity" else told
                below = np.bincount(places[own], divisor[own], len(items))
                scores[voice] = np.divide(scores[voice], below, out=np.zeros(len(items)), where=below > 0)
                under = below[places[own]]
                brought[own] = np.divide(brought[own], under, out=np.zeros(count), where=under > 0)
        return Heard(items, scores, entries, places, brought, lengths)

    def _loud(self, strong: Floats) -> NDArray[np.bool_]:
        """Voices × entries: which pieces are read. Sums that are divided by what speaks need all that do."""
        is_loud = strong >= FAINT * strong.max(axis=1, keepdims=True)
        is_loud |= self._always_heard
        return is_loud


def check_rows(indptr: NDArray[Any], indices: NDArray[Any], weights: NDArray[Any], size: int, what: str) -> None:
    """Raises ValueError when these are no rows of `size` items that name such items."""
    if len(indptr) != size + 1 or len(indices) != len(weights) or int(indptr[-1]) != len(indices):
        raise ValueError(f"The model's {what} do not fit its items.")
    if int(indptr[0]) != 0 or bool((np.diff(indptr) < 0).any()):
        raise ValueError(f"The rows of the model's {what} are out of order.")
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < size:
        raise ValueError(f"The model's {what} name items that it does not have.")
    if not bool(np.isfinite(weights).all()):
        raise ValueError(f"The weights of the model's {what} are not numbers everywhere.")


def _paired(indices: NDArray[np.integer], weights: NDArray[np.floating]) -> NDArray[np.int32]:
    pairs = np.empty((len(indices), 2), np.int32)
    pairs[:, 0] = indices
    pairs.view(np.float32)[:, 1] = weights
    return pairs


def _sums(cells: NDArray[np.int64], parts: Floats, shape: tuple[int, int]) -> Floats:
    """Of the parts that belong to each cell of a table."""
    return np.asarray(np.bincount(cells, parts, shape[0] * shape[1]), np.float64).reshape(shape)


def _placed(
    targets: NDArray[np.int64], size: int, into: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The items that are named, rising, and where each of `targets` stands among them, written over `into`; simply all
    items and `targets` where most of them must have been named several times."""
    if len(targets) >= 4 * size:
        return np.arange(size), targets
    is_named = np.zeros(size, bool)
    is_named[targets] = np.ones(len(targets), bool)  # half the time of setting them to one True
    items = is_named.nonzero()[0]
    place = np.empty(size, np.int64)  # only what is named is written, and only that is read
    place[items] = np.arange(len(items))
    return items, place.take(targets, out=into, mode="clip")  # none is clipped; other modes write a copy first
