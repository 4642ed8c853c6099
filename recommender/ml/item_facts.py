"""What is known of items beside who chose them: attributes, text, pictures."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

WORD = re.compile(r"[^\W\d_]+|\d+")
IDEOGRAPH = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True)
class ItemFacts:
    """One entry per item, in the order of the interactions' `item_ids`. `attributes` are words such as `brand=Lamy`,
    `vectors` rows of pictures (all zero: no picture); an empty sequence means that this is not known of any item."""

    attributes: Sequence[Sequence[str]] = ()
    texts: Sequence[str] = ()
    vectors: NDArray[np.floating] | None = None


def words(text: str) -> list[str]:
    """Words in lower case; runs of Chinese characters as overlapping pairs, which need no dictionary."""
    found: list[str] = []
    for word in WORD.findall(text.lower()):
        rest = word
        for run in IDEOGRAPH.findall(word):
            found += [run[at : at + 2] for at in range(max(len(run) - 1, 1))]
            rest = rest.replace(run, " ")
        found += [part for part in rest.split() if len(part) > 1 or part.isdigit()]
    return found


def tf_idf(documents: Iterable[Sequence[str]], *, least: int = 2, most: float = 0.2) -> sp.csr_matrix:
    """Documents × terms: (1 + log tf)·(1 + log((1 + n) / (1 + df))), rows of length one, empty rows stay empty.

    Terms in fewer than `least` documents connect nothing and those in more than `most` of them (and in more than 50)
    tell nothing apart; both are left out. Salton & Buckley (1988).
    """
    counts = [Counter(document) for document in documents]
    size = len(counts)
    frequency: Counter[str] = Counter()
    for count in counts:
        frequency.update(count.keys())
    kept = sorted(term for term, df in frequency.items() if least <= df <= max(50, most * size))
    number = {term: at for at, term in enumerate(kept)}
    rows = [row for row, count in enumerate(counts) for term in count if term in number]
    columns = [number[term] for count in counts for term in count if term in number]
    times = np.array([tf for count in counts for term, tf in count.items() if term in number], np.float64)
    rarity = 1.0 + np.log((1.0 + size) / (1.0 + np.array([frequency[term] for term in kept], np.float64)))
    matrix = sp.csr_matrix(((1.0 + np.log(times)) * rarity[columns], (rows, columns)), shape=(size, len(kept)))
    return unit_rows(matrix)


def unit_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Rows of length one; empty rows stay empty."""
    matrix = sp.csr_matrix(matrix)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1.0
    data = matrix.data / np.repeat(lengths, np.diff(matrix.indptr))
    return sp.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)
