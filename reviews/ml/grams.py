"""Texts to numbered n-grams, a whole batch at a time, with numpy alone.

A gram is a run of characters (both ends of a text count as one), or one or more neighbouring words of scripts that are
written with spaces. Each is known by 52 bits of a hash: with five million different ones the chance that two share it
is 0.3 %. The low 12 bits of a key say which text of the batch it stands in, so that one sort groups and counts them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BATCH = 4096
DOC_BITS = np.uint64(12)
DOC_MASK = np.uint64(BATCH - 1)
HASH_MASK = np.uint64((1 << 64) - BATCH)
EDGE = "\n"
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
WORD_SALT = 64
PLANE = 1 << 16
LONGEST = 20_000
"""Characters of a text that are looked at."""
SPACELESS = ((0x2E80, 0xA4D0), (0xF900, 0xFB00), (0xFE30, 0xFE50), (0xFF00, 0xFFF0), (0x0E00, 0x0F00))
"""CJK, kana, full-width forms, Thai and Lao: no spaces between words."""

U64 = NDArray[np.uint64]


@dataclass(frozen=True)
class GramKinds:
    """Which grams count: characters of lengths `shortest` to `characters` and runs of 1 to `words` words.

    Without `crossing` a gram of characters has a space at its ends only: it tells of one word of a script with spaces.
    `unspaced` are the lengths, from and to, of grams that hold a character of a script without spaces, where they
    differ from the others: one Chinese character says about as much as a word.
    """

    characters: int = 5
    words: int = 2
    shortest: int = 1
    crossing: bool = True
    unspaced: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        shortest, longest = self.unspaced or (1, 1)
        if not (0 <= self.characters <= 12 and 0 <= self.words <= 8 and self.shortest >= 1):
            raise ValueError("Grams have 1 to 12 characters or 1 to 8 words.")
        if not 1 <= shortest <= longest <= 12:
            raise ValueError("Grams of scripts without spaces have 1 to 12 characters.")


@dataclass(frozen=True)
class Counted:
    """Grams of a batch, sorted by `keys` (hash, then text): how often each stands in its text. Arrays of one length.

    `hashes` uint64 has its low 12 bits zero; `texts` int32 is the place in the batch; `counts` int32 is at least 1.
    """

    hashes: U64
    texts: NDArray[np.int32]
    counts: NDArray[np.int32]


def count(texts: Sequence[str], kinds: GramKinds) -> Counted:
    """The grams of at most `BATCH` texts. Empty texts have the grams of their ends only."""
    if len(texts) > BATCH:
        raise ValueError(f"At most {BATCH} texts at a time.")
    keys = _keys(texts, kinds)
    keys.sort()
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.int64)
    kept = keys[first]
    counts = np.diff(np.r_[first, len(keys)]).astype(np.int32)
    return Counted(kept & HASH_MASK, (kept & DOC_MASK).astype(np.int32), counts)


def batches(texts: Sequence[str], size: int = BATCH) -> Iterator[tuple[int, Sequence[str]]]:
    """(start, texts) for every batch."""
    for start in range(0, len(texts), size):
        yield start, texts[start : start + size]


def _keys(texts: Sequence[str], kinds: GramKinds) -> U64:
    """One key per occurrence, unsorted."""
    if not texts:
        return np.empty(0, np.uint64)
    held = [EDGE + text[:LONGEST] + EDGE for text in texts]
    codes = np.frombuffer("".join(held).encode("utf-32-le", "replace"), np.uint32)
    texts_of = np.repeat(np.arange(len(held), dtype=np.uint64), [len(text) for text in held])
    parts = list(_characters(codes, texts_of, kinds)) + list(_words(codes, texts_of, kinds.words))
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _characters(codes: NDArray[np.uint32], texts_of: U64, kinds: GramKinds) -> Iterator[U64]:
    single = codes.astype(np.uint64) + np.uint64(1)
    rolled = np.zeros(len(single), np.uint64)
    spaces = None if kinds.crossing else np.r_[0, np.cumsum((codes == ord(" ")) | (codes == ord(EDGE)))]
    unspaced = None
    if kinds.unspaced is not None:
        unspaced = np.r_[0, np.cumsum(_is_unspaced()[np.minimum(codes, PLANE - 1)] & (codes < PLANE))]
    shortest, longest = kinds.unspaced or (kinds.shortest, kinds.characters)
    for length in range(1, max(kinds.characters, longest) + 1):
        if length > len(single):
            return
        rolled = rolled[: len(single) - length + 1] * MULTIPLIER + single[length - 1 :]
        others, dense = kinds.shortest <= length <= kinds.characters, shortest <= length <= longest
        if not others and not dense:
            continue
        start, end = texts_of[: len(rolled)], texts_of[length - 1 :]
        whole = start == end
        if unspaced is not None and others != dense:
            whole &= (unspaced[length:] != unspaced[: len(rolled)]) == dense
        if length == 1:
            whole &= codes != ord(EDGE)
        if spaces is not None and length > 2:
            whole &= spaces[length - 1 : -1] == spaces[1 : len(rolled) + 1]
        yield _key(rolled[whole], length, start[whole])


def _words(codes: NDArray[np.uint32], texts_of: U64, most: int) -> Iterator[U64]:
    """A word's hash is a difference of prefix sums, brought to the place where the text begins."""
    if most < 1:
        return
    inside = _is_word_character()[np.minimum(codes, PLANE - 1)] & (codes < PLANE)
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return
    powers, inverses = _powers(len(codes))
    sums = np.r_[np.uint64(0), np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers)]
    words = (sums[ends] - sums[starts]) * inverses[starts]
    owner = texts_of[starts]
    rolled = np.zeros(len(words), np.uint64)
    for length in range(1, most + 1):
        if length > len(words):
            return
        rolled = _mixed(rolled[: len(words) - length + 1]) + words[length - 1 :]
        whole = owner[: len(rolled)] == owner[length - 1 :]
        yield _key(rolled[whole], WORD_SALT + length, owner[: len(rolled)][whole])


def _key(rolled: U64, salt: int, texts_of: U64) -> U64:
    salted = np.uint64(salt * int(MULTIPLIER) % (1 << 64))
    return (_mixed(rolled + salted) & HASH_MASK) | texts_of


def _mixed(values: U64) -> U64:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_power_cache: tuple[U64, U64] = (np.ones(1, np.uint64), np.ones(1, np.uint64))


def _powers(length: int) -> tuple[U64, U64]:
    """MULTIPLIER and its inverse to the powers 0 … length − 1, modulo 2^64."""
    global _power_cache
    if len(_power_cache[0]) < length:
        size = max(length, 1 << 16)
        both = []
        for base in (MULTIPLIER, INVERSE):
            row = np.full(size, base, np.uint64)
            row[0] = 1
            both.append(np.cumprod(row, dtype=np.uint64))
        _power_cache = both[0], both[1]
    return _power_cache[0][:length], _power_cache[1][:length]


@lru_cache(maxsize=1)
def _is_word_character() -> NDArray[np.bool_]:
    """For each character of the basic plane: a letter or digit of a script that puts spaces between words."""
    table = np.fromiter((chr(code).isalnum() for code in range(PLANE)), bool, PLANE)
    table[ord("'")] = True
    table[PLANE - 1] = False
    return table & ~_is_unspaced()


@lru_cache(maxsize=1)
def _is_unspaced() -> NDArray[np.bool_]:
    """For each character of the basic plane: of a script that puts no spaces between words."""
    table = np.zeros(PLANE, bool)
    for low, high in SPACELESS:
        table[low:high] = True
    return table
