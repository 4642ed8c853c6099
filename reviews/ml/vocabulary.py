"""Which grams a model knows, and texts as rows of TF-IDF over them. Learning only; serving has its own short way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reviews.ml.grams import Counted, GramKinds, batches, count

if TYPE_CHECKING:
    import scipy.sparse as sp


@dataclass(frozen=True)
class Vocabulary:
    """Sorted `keys` uint64 [grams] and the smoothed inverse document frequency of each, `idf` float32 [grams]:
    ln((1 + texts) / (1 + texts with the gram)) + 1, as scikit-learn has it."""

    kinds: GramKinds
    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class CountedTexts:
    """Counted batches of all texts; what vocabulary and rows are made of, so that texts are read once."""

    kinds: GramKinds
    parts: tuple[Counted, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, texts: Sequence[str], kinds: GramKinds) -> CountedTexts:
        found = [(len(some), count(some, kinds)) for _start, some in batches(texts)]
        return cls(kinds, tuple(part for _size, part in found), tuple(size for size, _part in found))

    def __len__(self) -> int:
        return sum(self.sizes)

    def vocabulary(self, *, in_texts: int = 2, most: int = 1_000_000) -> Vocabulary:
        """Grams that stand in at least `in_texts` texts; when over `most`, those in the most texts (ties by hash)."""
        hashes, texts = [], []
        for part in self.parts:
            found, how_many = np.unique(part.hashes, return_counts=True)
            hashes.append(found)
            texts.append(how_many)
        keys, frequency = _summed(np.concatenate(hashes or [np.empty(0, np.uint64)]),
                                  np.concatenate(texts or [np.empty(0, np.int64)]))  # fmt: skip
        kept = np.flatnonzero(frequency >= in_texts)
        if len(kept) > most:
            kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[:most]])
        idf = np.log((1.0 + len(self)) / (1.0 + frequency[kept])) + 1.0
        return Vocabulary(self.kinds, keys[kept], idf.astype(np.float32))

    def rows(self, vocabulary: Vocabulary) -> sp.csr_matrix:
        """Texts × grams float32: (1 + ln count)·idf, rows of length one; a text without known grams is a row of
        zeros."""
        import scipy.sparse as sp  # 23 MB: only for processes that learn or answer

        blocks = [_block(part, size, vocabulary) for part, size in zip(self.parts, self.sizes, strict=True)]
        if not blocks:
            return sp.csr_matrix((0, len(vocabulary)), dtype=np.float32)
        return sp.csr_matrix(sp.vstack(blocks, format="csr", dtype=np.float32))

    def coverage(self, vocabulary: Vocabulary, unknown: float) -> NDArray[np.float64]:
        """How much of each text the vocabulary knows, 0 to 1: the length of its row before it is made one, over the
        length with every other gram, too, at the idf `unknown`."""
        parts = [_coverage(part, size, vocabulary, unknown) for part, size in zip(self.parts, self.sizes, strict=True)]
        return np.concatenate(parts) if parts else np.empty(0)


def _coverage(part: Counted, size: int, vocabulary: Vocabulary, unknown: float) -> NDArray[np.float64]:
    grams, known = _known(part, vocabulary)
    idf = np.full(len(part.hashes), unknown)
    idf[known] = vocabulary.idf[grams]
    values = ((1.0 + np.log(part.counts)) * idf) ** 2
    every = np.bincount(part.texts, values, minlength=size)
    own = np.bincount(part.texts, values * known, minlength=size)
    return np.asarray(np.sqrt(own / np.maximum(every, 1e-12)))


def _known(part: Counted, vocabulary: Vocabulary) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Numbers of the grams that the vocabulary has, and which those are."""
    keys = vocabulary.keys
    if not len(keys):
        return np.empty(0, np.int64), np.zeros(len(part.hashes), bool)
    at = np.minimum(np.searchsorted(keys, part.hashes), len(keys) - 1)
    known = keys[at] == part.hashes
    return at[known], known


def _summed(keys: NDArray[np.uint64], amounts: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    order = np.argsort(keys, kind="stable")
    keys, amounts = keys[order], amounts[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.int64)
    return keys[first], np.add.reduceat(amounts, first) if len(first) else amounts


def _block(part: Counted, size: int, vocabulary: Vocabulary) -> sp.csr_matrix:
    import scipy.sparse as sp

    grams, known = _known(part, vocabulary)
    texts = part.texts[known]
    values = (1.0 + np.log(part.counts[known].astype(np.float32))) * vocabulary.idf[grams]
    length = np.sqrt(np.bincount(texts, values.astype(np.float64) ** 2, minlength=size))
    values /= np.maximum(length, 1e-12)[texts].astype(np.float32)
    shape = (size, len(vocabulary))
    return sp.csr_matrix(sp.coo_matrix((values, (texts, grams.astype(np.int32))), shape=shape), dtype=np.float32)
