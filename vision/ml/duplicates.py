"""The same picture again: stored smaller, compressed harder, mirrored. Found by a hash of what it looks like.

The hash is the sign of 64 low frequencies of a 32 × 32 grey picture (pHash; Zauner, 2010). Signs instead of a
comparison with the median, because mirroring then flips exactly the bits of odd horizontal frequencies, so that one
hash serves both. Neighbours by hash are only candidates: products on white grounds have few frequencies of their own.
A small picture in colour (`look`) decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.ml.pictures import Opened

SIDE = 32
BITS = 64
LOOK_SIDE = 12
LOOK_BYTES = LOOK_SIDE * LOOK_SIDE * 3
NEAR_BITS = 12
"""Candidates differ in at most so many of the 64 bits."""
NEAR_LOOK = 6.0
"""Mean difference of the small pictures, of 255, up to which two are the same."""
GROUND_APART = 12.0
"""Of 255: cells that are nearer to the middle colour of the edge are ground."""
LEAST_SHOWN = 8
MOST_GAIN, MOST_SHIFT = 1.25, 30.0
AT_ONCE, LOOKED_AT = 2048, 1024
BANDS, BAND_BITS = 4, 16
MOST_ALIKE = 200
"""So many of those that share a quarter of the hash are compared: the newest."""
MOST_LOOKED = 16
"""Of one picture so many candidates are looked at, the nearest by their hashes."""
Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
_FLIPS = np.array([0, *(1 << bit for bit in range(BAND_BITS))], np.int64)


def _frequencies() -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """Cosine transform (type II) of SIDE points, and the BITS lowest frequencies down and across, without the mean."""
    at = np.arange(SIDE)
    transform = np.cos(np.pi * (2 * at[None, :] + 1) * at[:, None] / (2 * SIDE)) * np.sqrt(2.0 / SIDE)
    order = sorted(((down + across, down, across) for down in range(SIDE) for across in range(SIDE)), key=lambda f: f)
    lowest = order[1 : BITS + 1]
    return transform.astype(np.float32), np.array([f[1] for f in lowest]), np.array([f[2] for f in lowest])


_TRANSFORM, _DOWN, _ACROSS = _frequencies()
_EDGE = np.pad(np.zeros((LOOK_SIDE - 2, LOOK_SIDE - 2), np.bool_), 1, constant_values=True).ravel()
_PLACES = np.uint64(1) << np.arange(BITS, dtype=np.uint64)
_MIRRORED = np.arange(LOOK_SIDE * LOOK_SIDE).reshape(LOOK_SIDE, LOOK_SIDE)[:, ::-1].ravel()
MIRROR = np.uint64(_PLACES[_ACROSS % 2 == 1].sum())
"""`hash ^ MIRROR` is the hash of the mirrored picture."""


@dataclass(frozen=True)
class Fingerprint:
    """`hash` of 64 bits; `look` uint8 [LOOK_SIDE, LOOK_SIDE, 3]; `is_flat`: of one colour, so the hash says nothing."""

    hash: int
    look: NDArray[np.uint8]
    is_flat: bool


@dataclass(frozen=True)
class Pair:
    """Two pictures by their places in what was searched; `bits` and `look` apart (of 64; of 255)."""

    one: int
    other: int
    bits: int
    look: float
    is_mirrored: bool


def fingerprint(picture: Opened) -> Fingerprint:
    """What a picture is found again by."""
    grey = picture.resized(SIDE, SIDE).astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    waves = _TRANSFORM @ grey @ _TRANSFORM.T
    told = waves[_DOWN, _ACROSS]
    return Fingerprint(
        int(_PLACES[told > 0].sum()), picture.resized(LOOK_SIDE, LOOK_SIDE), bool(np.abs(told).max() < SIDE)
    )


def pairs(
    hashes: Hashes, looks: NDArray[np.uint8], *, since: int = 0, near_bits: int = NEAR_BITS,
    near_look: float = NEAR_LOOK,
) -> Iterator[Pair]:  # fmt: skip
    """Pairs (`one` < `other`) of which at least `other` stands at or behind `since`, in the order of `other`.

    `looks` uint8 [n, LOOK_SIDE, LOOK_SIDE, 3]. Candidates share one quarter of the hash but for one bit (Manku, Jain &
    Das Sarma 2007): all that differ in up to seven bits, since it takes eight to differ twice in each quarter, and most
    of those up to `near_bits`. Where more than MOST_ALIKE share a quarter, a picture is compared with the newest before
    it. So the work grows with the number of pictures and not with its square.
    """
    bands, shown = _Bands(hashes), _Looks(looks)
    for start in range(since, len(hashes), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(hashes)))
        found: list[Pair] = []
        for is_mirrored in (False, True):
            others, ones, bits = bands.before(rows, hashes[rows] ^ (MIRROR if is_mirrored else np.uint64(0)), near_bits)
            apart = shown.apart(others, ones, is_mirrored=is_mirrored)
            found += [
                Pair(int(ones[at]), int(others[at]), int(bits[at]), round(float(apart[at]), 3), is_mirrored)
                for at in np.flatnonzero(apart <= near_look).tolist()
            ]
        yield from sorted(found, key=lambda pair: (pair.other, pair.is_mirrored, pair.one))


class _Bands:
    """Pictures by quarters of their hashes, each in the order of their places."""

    def __init__(self, hashes: Hashes) -> None:
        self.hashes, self.count = hashes, max(len(hashes), 1)
        places = np.arange(len(hashes), dtype=np.int64)
        self.sorted = [np.sort(self._quarter(hashes, band) * self.count + places) for band in range(BANDS)]

    @staticmethod
    def _quarter(hashes: Hashes, band: int) -> Places:
        return ((hashes >> np.uint64(band * BAND_BITS)) & np.uint64((1 << BAND_BITS) - 1)).astype(np.int64)

    def before(self, rows: Places, turned: Hashes, near: int) -> tuple[Places, Places, NDArray[np.uint8]]:
        """(row, picture before it, bits apart): of each of these neighbouring rows, whose hashes are `turned`, the
        nearest MOST_LOOKED within `near` bits, in order."""
        found = [np.empty(0, np.int64)]
        for band, known in enumerate(self.sorted):
            probes = (self._quarter(turned, band)[:, None] ^ _FLIPS[None, :]) * self.count
            ends = np.searchsorted(known, probes + rows[:, None]).ravel()
            starts = np.maximum(np.searchsorted(known, probes).ravel(), ends - MOST_ALIKE)
            lengths = ends - starts
            owners = np.repeat(np.repeat(np.arange(len(rows)), len(_FLIPS)), lengths)
            first = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
            ones = known[first + np.arange(len(owners))] % self.count
            is_near = np.bitwise_count(turned[owners] ^ self.hashes[ones]) <= near
            found.append(owners[is_near] * self.count + ones[is_near])
        each = np.unique(np.concatenate(found))
        owners, ones = each // self.count, each % self.count
        bits = np.bitwise_count(turned[owners] ^ self.hashes[ones])
        order = np.lexsort((ones, bits, owners))
        rank = np.arange(len(order)) - np.searchsorted(owners, owners)  # owners are in order already
        kept = np.sort(order[rank < MOST_LOOKED])
        return rows[owners[kept]], ones[kept], bits[kept]


class _Looks:
    """Differences of small pictures [n, LOOK_SIDE, LOOK_SIDE, 3]; what belongs to one alone is made once."""

    def __init__(self, looks: NDArray[np.uint8]) -> None:
        self.looks = looks.reshape(len(looks), -1, 3)
        self.mean, self.energy = np.zeros((2, len(looks)), np.float32)
        self.shows = np.zeros(self.looks.shape[:2], np.bool_)
        self.is_made = np.zeros(len(looks), np.bool_)

    def apart(self, ones: Places, others: Places, *, is_mirrored: bool = False) -> NDArray[np.float32]:
        """Mean difference (of 255) of each of n pairs where either shows something, float32 [n].

        First one (mirrored, where wished) is made as bright and as rich in contrast as the other, within what
        photographers correct; the same for all three colours, so that red and blue do not become alike. Ground that
        both have says nothing: products that are photographed the same way on white would be alike for it.
        """
        self._make(np.unique(np.concatenate([ones, others])))
        parts = [slice(at, at + LOOKED_AT) for at in range(0, len(ones), LOOKED_AT)]
        found = [self._apart(ones[part], others[part], is_mirrored=is_mirrored) for part in parts]
        return np.concatenate([np.empty(0, np.float32), *found])

    def _apart(self, ones: Places, others: Places, *, is_mirrored: bool) -> NDArray[np.float32]:
        turned = _MIRRORED if is_mirrored else slice(None)
        first = self.looks[ones][:, turned].astype(np.float32)
        second = self.looks[others].astype(np.float32)
        mean, its = self.mean[ones], self.mean[others]
        both = np.einsum("nij,nij->n", first, second) - first[0].size * mean * its
        gain = np.clip(both / np.maximum(self.energy[ones], 1e-6), 1.0 / MOST_GAIN, MOST_GAIN)
        shift = np.clip(its - gain * mean, -MOST_SHIFT, MOST_SHIFT)
        first *= gain[:, None, None]
        first += shift[:, None, None]
        first -= second
        apart = np.abs(first, out=first).sum(axis=2) / 3
        shows = self.shows[ones][:, turned] | self.shows[others]
        counts = shows.sum(axis=1)
        shown = np.einsum("ni,ni->n", apart, shows.astype(np.float32)) / np.maximum(counts, 1)
        return np.asarray(np.where(counts >= LEAST_SHOWN, shown, apart.mean(axis=1)), np.float32)

    def _make(self, rows: Places) -> None:
        rows = rows[~self.is_made[rows]]
        for at in range(0, len(rows), LOOKED_AT):
            part = rows[at : at + LOOKED_AT]
            looks = self.looks[part].astype(np.float32)
            self.mean[part] = looks.mean(axis=(1, 2))
            self.energy[part] = np.square(looks - self.mean[part][:, None, None]).sum(axis=(1, 2))
            ground = np.median(looks[:, _EDGE], axis=1, keepdims=True)
            self.shows[part] = np.abs(looks - ground).max(axis=2) > GROUND_APART
            self.is_made[part] = True


def look_apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference (of 255) of two small pictures where either shows something; see `_Looks.apart`."""
    return float(_Looks(np.stack([one, other])).apart(np.array([0]), np.array([1]))[0])


def groups(count: int, joined: list[tuple[int, int]]) -> list[list[int]]:
    """Sets of two and more of `count` pictures that pairs join, each in order, largest first."""
    root = list(range(count))

    def find(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    for one, other in joined:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    members: dict[int, list[int]] = {}
    for at in range(count):
        members.setdefault(find(at), []).append(at)
    return sorted((group for group in members.values() if len(group) > 1), key=lambda group: (-len(group), group[0]))
