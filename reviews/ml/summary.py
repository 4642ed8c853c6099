"""A summary of reviews in their own words. Extractive and pure: sentences in, the places of the best ones out.

Sentences of one side (praise or complaint) about one aspect are a cluster. Clusters are chosen by how many reviews
stand behind them. Of a cluster the most central sentence speaks for the others: the one with the highest mean cosine
to them over tf-idf of characters and words (degree centrality of Erkan and Radev, LexRank, 2004, JAIR 22), lifted where
the purchase was verified and where people found the review helpful. A sentence too much like one that was chosen is
passed over (maximal marginal relevance, Carbonell and Goldstein 1998), and no review is quoted twice.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from reviews.ml.grams import BATCH, GramKinds, count
from reviews.ml.text import HAN_CHARACTER, Span, masked, normalise, plain

VERSION = 1
SENTENCES = re.compile(r"[^。！？!?\n]+?(?:[。！？!?]+|\.(?=\s|$)|(?=\n)|$)")
SHORTEST, LONGEST = 12, 180
"""Of a quote, in characters; a Chinese one counts double."""
QUOTES = 3
"""Of each side in one language."""
BACKED_BY = 2
"""Reviews that praise or blame the same before somebody is quoted for it."""
TOO_ALIKE = 0.6
MOST_OF_CLUSTER = 300
GRAMS = GramKinds(3, 1, shortest=2)


@dataclass(frozen=True)
class Sentence:
    """`text[span.start:span.end]` of review `review`, which says something of `aspect`; `is_praise` or complaint.
    `helpful`: people who found the review helpful."""

    review: int
    span: Span
    text: str
    aspect: str
    is_praise: bool
    is_verified: bool = False
    helpful: int = 0


@dataclass(frozen=True)
class Quote:
    """A chosen sentence and how many reviews stand behind what it says."""

    sentence: Sentence
    support: int


def sentences(text: str) -> list[Span]:
    """Sentences that can be quoted: neither too short nor too long, and without personal data or markup."""
    found = []
    for hit in SENTENCES.finditer(text):
        piece = hit.group()
        start = hit.start() + len(piece) - len(piece.lstrip())
        span = Span(start, start + len(piece.strip()))
        if is_quotable(text[span.start : span.end]):
            found.append(span)
    return found


def is_quotable(sentence: str) -> bool:
    """Whether a sentence may stand alone in front of strangers."""
    length = len(sentence) + len(HAN_CHARACTER.findall(sentence))
    clean = plain(sentence)
    return SHORTEST <= length <= LONGEST and masked(clean) == clean and not re.search(r"[<>{}\[\]|\\]", sentence)


def choose(candidates: Sequence[Sentence], *, quotes: int = QUOTES) -> list[Quote]:
    """The best-supported quotes of one side in one language, the widest shared first. Empty without any that
    `BACKED_BY` reviews stand behind. The same candidates in any order give the same quotes."""
    clusters: dict[str, list[Sentence]] = defaultdict(list)
    for one in sorted(candidates, key=lambda one: (-one.review, one.span.start)):
        clusters[one.aspect].append(one)
    backed = {name: len({one.review for one in some}) for name, some in clusters.items()}
    order = sorted((name for name in clusters if backed[name] >= BACKED_BY), key=lambda name: (-backed[name], name))
    chosen: list[Quote] = []
    quoted: set[int] = set()
    for name in order:
        if len(chosen) == quotes:
            break
        some = clusters[name][:MOST_OF_CLUSTER]
        values, likeness = _values(some, [quote.sentence.text for quote in chosen])
        for place in np.argsort(-values, kind="stable"):
            one = some[int(place)]
            if one.review not in quoted and likeness[int(place)] < TOO_ALIKE:
                chosen.append(Quote(one, backed[name]))
                quoted.add(one.review)
                break
    return chosen


def _values(some: Sequence[Sentence], chosen: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How well each sentence speaks for its cluster, and its greatest likeness to what was chosen (0 to 1)."""
    vectors = _vectors([*(one.text for one in some), *chosen])
    own, others = vectors[: len(some)], vectors[len(some) :]
    likeness = np.asarray((own @ others.T).max(axis=1).todense()).ravel() if chosen else np.zeros(len(some))
    total = np.asarray(own.sum(axis=0)).ravel()
    central = (np.asarray(own @ total).ravel() - 1.0) / max(1, len(some) - 1)
    lift = np.array([(1.15 if one.is_verified else 1.0) * (1 + 0.1 * np.log1p(one.helpful)) for one in some])
    return (0.05 + central) * lift, likeness


def _vectors(texts: Sequence[str]) -> csr_matrix:
    """[texts × grams], rows of length 1: (1 + ln count)·idf of characters and words."""
    counted = count([normalise(text) for text in texts[:BATCH]], GRAMS)
    known, columns = np.unique(counted.hashes, return_inverse=True)
    idf = np.log((1 + len(texts)) / (1 + np.bincount(columns, minlength=len(known)))) + 1.0
    values = (1.0 + np.log(counted.counts)) * idf[columns]
    length = np.sqrt(np.bincount(counted.texts, values**2, minlength=len(texts)))
    values /= np.maximum(length, 1e-12)[counted.texts]
    return csr_matrix((values, (counted.texts, columns)), shape=(len(texts), len(known)))
