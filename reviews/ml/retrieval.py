"""Which article answers a question: its title and the questions it answers by likeness, its text by BM25.

Numpy and scipy.sparse only. Confidence of an article, 0 to 1: `known · (1 − (1 − heading)·(1 − body))`, where
`heading` is the cosine of TF-IDF grams to the title or question that is most like what was asked, `body` the BM25 of
the whole article over the most that any text could reach, and `known` how much of what was asked the articles have
words for. BM25 after Robertson & Zaragoza (2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reviews.ml.grams import GramKinds
from reviews.ml.text import normalise
from reviews.ml.vocabulary import CountedTexts, Vocabulary

if TYPE_CHECKING:
    import scipy.sparse as sp

KINDS = GramKinds(4, 2, shortest=2, crossing=False)
SATURATION, LENGTH = 1.2, 0.75
"""k1 and b of BM25."""
MOST = 3
ASKED_AT_MOST = 2_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """One article in one language, as it is read. Paragraphs of `body` are divided by empty lines."""

    language: str
    title: str
    body: str
    questions: tuple[str, ...] = ()

    @property
    def paragraphs(self) -> list[str]:
        """As they stand in the text, never changed."""
        return [part for part in self.body.split("\n\n") if part.strip()]


@dataclass(frozen=True)
class Hit:
    """`entry` is the place among the entries; `heading` the title or question that is most like what was asked, and
    `paragraph` the place of the paragraph that is."""

    entry: int
    confidence: float
    heading: str
    paragraph: int


class ArticleIndex:
    """Made once from all entries and never changed, so threads share it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        units: list[tuple[int, bool, str]] = []
        for at, entry in enumerate(self.entries):
            units += [(at, True, text) for text in (entry.title, *entry.questions) if text.strip()]
            units += [(at, False, text) for text in entry.paragraphs]
        self._texts = [text for _at, _is_heading, text in units]
        self._owners = np.array([at for at, _is_heading, _text in units], np.int64)
        self._is_heading = np.array([is_heading for _at, is_heading, _text in units], bool)
        counted = CountedTexts.of([normalise(text) for text in self._texts], KINDS)
        self._vocabulary = counted.vocabulary(in_texts=1)
        self._units = counted.rows(self._vocabulary).tocsc()
        self._rarity, self._bodies = _bm25(self.entries, self._vocabulary)

    def search(self, asked: str, language: str | None = None, *, most: int = MOST) -> list[Hit]:
        """Articles that have something of what was asked, best first; those in `language` only, if given.

        Never raises for a str.
        """
        text = normalise(asked[:ASKED_AT_MOST])
        if not self.entries or not text:
            return []
        counted = CountedTexts.of([text], KINDS)
        row = counted.rows(self._vocabulary)
        if not row.nnz:
            return []
        unknown = float(np.log(1.0 + len(self._texts)) + 1.0)
        known = float(counted.coverage(self._vocabulary, unknown)[0])
        cosines = np.asarray(self._units[:, row.indices] @ row.data, np.float64).clip(0.0, 1.0)
        heading = np.zeros(len(self.entries))
        np.maximum.at(heading, self._owners[self._is_heading], cosines[self._is_heading])
        reachable = float(self._rarity[row.indices].sum()) * (SATURATION + 1.0)
        body = np.asarray(self._bodies[:, row.indices].sum(axis=1)).ravel() / max(reachable, 1e-12)
        confidence = known * (1.0 - (1.0 - heading) * (1.0 - body.clip(0.0, 1.0)))
        if language is not None:
            confidence *= np.array([entry.language == language for entry in self.entries])
        order = np.argsort(-confidence, kind="stable")[:most]
        return [self._hit(int(at), float(confidence[at]), cosines) for at in order if confidence[at] > 0.0]

    def _hit(self, entry: int, confidence: float, cosines: Floats) -> Hit:
        own = np.flatnonzero(self._owners == entry)
        headings, paragraphs = own[self._is_heading[own]], own[~self._is_heading[own]]
        heading = self._texts[headings[cosines[headings].argmax()]] if len(headings) else ""
        return Hit(entry, confidence, heading, int(cosines[paragraphs].argmax()) if len(paragraphs) else 0)


def _bm25(entries: Sequence[Entry], vocabulary: Vocabulary) -> tuple[Floats, sp.csc_matrix]:
    """Rarity of each gram, and what each gram of each entry adds to its score [entries × grams]."""
    import scipy.sparse as sp

    whole = ["\n".join((entry.title, *entry.questions, entry.body)) for entry in entries]
    counted = CountedTexts.of([normalise(text) for text in whole], vocabulary.kinds)
    counts = _counts(counted, vocabulary)
    holders = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = np.log(1.0 + (len(entries) - holders + 0.5) / (holders + 0.5))
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    average = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
    cells = counts.tocoo()
    longer = SATURATION * (1.0 - LENGTH + LENGTH * lengths[cells.row] / average)
    values = rarity[cells.col] * cells.data * (SATURATION + 1.0) / (cells.data + longer)
    return rarity, sp.csc_matrix((values, (cells.row, cells.col)), shape=counts.shape)


def _counts(counted: CountedTexts, vocabulary: Vocabulary) -> sp.csr_matrix:
    """How often each entry has each gram [texts × grams]."""
    import scipy.sparse as sp

    rows, columns, values, first = [], [], [], 0
    for part, size in zip(counted.parts, counted.sizes, strict=True):
        at = np.minimum(np.searchsorted(vocabulary.keys, part.hashes), max(len(vocabulary) - 1, 0))
        known = vocabulary.keys[at] == part.hashes if len(vocabulary) else np.zeros(len(part.hashes), bool)
        rows.append(part.texts[known].astype(np.int64) + first)
        columns.append(at[known])
        values.append(part.counts[known].astype(np.float64))
        first += size
    if not rows:
        return sp.csr_matrix((0, len(vocabulary)))
    cells = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sp.csr_matrix(cells, shape=(len(counted), len(vocabulary)))
