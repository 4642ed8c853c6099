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
AT_ONCE = 2048
Hashes = NDArray[np.uint64]


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

    `looks` uint8 [n, LOOK_SIDE, LOOK_SIDE, 3]. All against all by popcount, about a hundred million comparisons a
    processor second: 100,000 pictures cost two to three minutes once, 100 new ones among them a fifth of a second.
    """
    for start in range(since, len(hashes), AT_ONCE):
        fresh = hashes[start : start + AT_ONCE]
        known = hashes[: start + len(fresh)]
        for is_mirrored in (False, True):
            turned = fresh ^ MIRROR if is_mirrored else fresh
            rows, columns = _near(turned, known, near_bits)
            before = columns < rows + start
            for row, column in zip(rows[before].tolist(), columns[before].tolist(), strict=True):
                own = looks[start + row][:, ::-1] if is_mirrored else looks[start + row]
                apart = look_apart(own, looks[column])
                if apart <= near_look:
                    bits = int(np.bitwise_count(turned[row] ^ known[column]))
                    yield Pair(column, start + row, bits, apart, is_mirrored)


def look_apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference (of 255) of two small pictures where either shows something.

    First one is made as bright and as rich in contrast as the other, within what photographers correct; the same for
    all three colours, so that red and blue do not become alike. Ground that both have says nothing: products that are
    photographed the same way on white would be alike for it.
    """
    first, second = one.astype(np.float32).reshape(-1, 3), other.astype(np.float32).reshape(-1, 3)
    own, its = first - first.mean(), second - second.mean()
    gain = np.clip(float((own * its).sum()) / max(float((own * own).sum()), 1e-6), 1.0 / MOST_GAIN, MOST_GAIN)
    shift = np.clip(second.mean() - gain * first.mean(), -MOST_SHIFT, MOST_SHIFT)
    apart = np.abs(gain * first + shift - second).mean(axis=1)
    shows = _shows(first) | _shows(second)
    return float(apart[shows].mean() if shows.sum() >= LEAST_SHOWN else apart.mean())


def _shows(look: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a small picture [cells, 3] is not of the middle colour of its edge."""
    return np.asarray(np.abs(look - np.median(look[_EDGE], axis=0)).max(axis=1) > GROUND_APART)


def _near(fresh: Hashes, known: Hashes, bits: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    found = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    for row in range(0, len(fresh), 64):
        apart = np.bitwise_count(fresh[row : row + 64, None] ^ known[None, :])
        near = np.nonzero(apart <= bits)
        found.append((near[0] + row, near[1]))
    return np.concatenate([rows for rows, _c in found]), np.concatenate([columns for _r, columns in found])


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
