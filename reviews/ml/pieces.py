"""Texts as numbers for networks: pieces in order, each with the numbers of itself and of the runs that begin there.

A piece is a Chinese character or, with `by_words`, a Chinese word; a word of a script with spaces; or any other sign.
What stands in a published model are 64-bit hashes, from which no text can be read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from reviews.ml.text import HAN, tokens

U64 = NDArray[np.uint64]
PIECE = re.compile(rf"(?P<han>[{HAN}]+)|[^\W_{HAN}]+(?:['’][^\W_{HAN}]+)*|[^\s]")
UNKNOWN = 1
"""0 stands behind the end of a text; known runs begin at 2."""
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Encoder:
    """`keys[n]` uint64, increasing: hashes of the known runs of n + 1 pieces. Of texts longer than `longest` pieces the
    first and the last half are read."""

    keys: tuple[U64, ...]
    by_words: bool
    longest: int

    @classmethod
    def of(
        cls, texts: Sequence[str], *, runs: int, in_texts: int, most: int, by_words: bool, longest: int
    ) -> "Encoder":
        """Learn which runs of up to `runs` pieces stand in `in_texts` texts or more; at most `most` of each length,
        those in the most texts."""
        empty = cls((), by_words, longest)
        hashed = [empty.hashed(text) for text in texts]
        found = []
        for length in range(runs):
            # Twice in one text counts once: the same run in the same text stands side by side.
            parts = [np.unique(_runs(one, length)) for one in hashed]
            keys, counts = np.unique(np.concatenate([*parts, np.empty(0, np.uint64)]), return_counts=True)
            kept = np.flatnonzero(counts >= in_texts)
            if len(kept) > most:
                kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:most]])
            found.append(keys[kept])
        return cls(tuple(found), by_words, longest)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers in use for each length of run, with 0 and UNKNOWN."""
        return tuple(len(keys) + 2 for keys in self.keys)

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """For each normalised text [pieces × lengths]: the number of the run of each length that begins at a piece, 0
        where it would reach over the end. At least one piece: a text without any is one UNKNOWN."""
        return [self._numbers(self.hashed(text)) for text in texts]

    def hashed(self, text: str) -> U64:
        """Hashes of the pieces of a normalised text."""
        found = [piece for run in PIECE.finditer(text) for piece in self._of_run(run)]
        if len(found) > self.longest:
            half = self.longest // 2
            found = [*found[: self.longest - half], *found[-half:]]
        return np.array([_hash(piece) for piece in found], np.uint64)

    def _of_run(self, run: re.Match[str]) -> Sequence[str]:
        if not run["han"]:
            return (run.group(),)
        return list(tokens.cut(run["han"])) if self.by_words else run["han"]

    def _numbers(self, hashed: U64) -> NDArray[np.int32]:
        found = np.zeros((max(len(hashed), 1), len(self.keys)), np.int32)
        if not len(hashed):
            found[:, 0] = UNKNOWN
        for length, keys in enumerate(self.keys):
            runs = _runs(hashed, length)
            if not len(runs):
                continue
            at = np.minimum(np.searchsorted(keys, runs), max(len(keys) - 1, 0))
            known = keys[at] == runs if len(keys) else np.zeros(len(runs), bool)
            found[: len(runs), length] = np.where(known, at + 2, UNKNOWN)
        return found


def padded(encoded: Sequence[NDArray[np.int32]], *, least: int = 1) -> NDArray[np.int32]:
    """[texts × pieces × lengths], 0 behind the end of each; at least `least` pieces."""
    longest = max([least, *map(len, encoded)])
    found = np.zeros((len(encoded), longest, encoded[0].shape[1]), np.int32)
    for row, one in zip(found, encoded, strict=True):
        row[: len(one)] = one
    return found


def _runs(hashed: U64, further: int) -> U64:
    """Hashes of the runs of `further` + 1 pieces."""
    runs = hashed[: max(len(hashed) - further, 0)].copy()
    for at in range(1, further + 1):
        runs = _mixed(runs * MULTIPLIER + hashed[at : at + len(runs)])
    return runs


def _mixed(values: U64) -> U64:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(values ^ (values >> np.uint64(27)))


@lru_cache(maxsize=1 << 17)
def _hash(piece: str) -> int:
    return int.from_bytes(blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
