"""What reviews of one language are about: topics by non-negative matrix factorisation. Learning only.

TF-IDF of words (stop words, masks and words of one Chinese character left out) is taken apart into topics × words and
texts × topics (Lee & Seung 1999, *Nature* 401). How many topics: the largest number that comes again nearly as well as
the best does when texts are drawn anew (Greene, O'Callaghan & Cunningham 2014, ECML: agreement of the ranked words of
matched topics) and whose words stand together in texts more than chance would have them (mean NPMI; Lau, Newman &
Baldwin 2014, EACL). Few broad topics come again most easily and tell least, so the best alone would be no choice.

A text belongs to the topic whose words it is nearest to (cosine), or to none: the same sum for texts that were learned
from and for those of tomorrow (`Topics.assign`).
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from reviews.ml import text
from reviews.ml.words import listed

Array = NDArray[np.float64]
Places = NDArray[np.int64]

FEWEST_TEXTS = 80
MOST_TEXTS = 20_000
"""Newer texts count: topics are those of today."""
TRIED_ON = 3_000
IN_TEXTS, MOST_SHARE, MOST_WORDS = 4, 0.4, 4_000
LEAST_K, MOST_K = 3, 12
TEXTS_PER_TOPIC = 25
RESAMPLES, DRAWN = 4, 0.8
TOP = 10
"""Words of a topic that are compared and shown."""
STABLE = 0.65
"""Mean agreement from which a number of topics comes again."""
NEARLY = 0.08
"""So much agreement may be lost against the number of topics that comes again best."""
COHERENT = 0.03
"""Mean NPMI from which the words of topics belong together; 0 is chance."""
NEAR = 0.12
"""Least cosine of a text with its topic."""
SAME = 0.4
"""Least cosine between words of a topic and of one of the run before that are the same topic."""
DISTINCT = 0.6
"""Largest cosine of two exemplars of one topic."""


class NoTopics(ValueError):
    """`reason`: "few" (fewer texts with words than are needed) or "unstable" (no number of topics comes again)."""

    def __init__(self, reason: str, count: int) -> None:
        super().__init__(reason)
        self.reason, self.count = reason, count


@dataclass(frozen=True)
class Topics:
    """`words` sorted [words], `idf` [words], `rows` topics × words of length one; `stability` and `coherence` of the
    number of topics, `tried`: every number with both."""

    words: tuple[str, ...]
    idf: Array
    rows: Array
    stability: float
    coherence: float
    tried: dict[int, tuple[float, float]]

    def __len__(self) -> int:
        return len(self.rows)

    def vectors(self, documents: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """Documents (as `terms` gives them) as rows of TF-IDF, of length one, or zero without a known word."""
        place = {word: at for at, word in enumerate(self.words)}
        return _vectors(_counts(documents, place), self.idf)

    def assign(self, vectors: sp.csr_matrix) -> tuple[Places, Array]:
        """The nearest topic of each row, −1 where none is near enough, and its cosine."""
        likeness = np.asarray(vectors @ self.rows.T)
        if not likeness.size:
            return np.full(vectors.shape[0], -1), np.zeros(vectors.shape[0])
        best = likeness.argmax(axis=1)
        near = likeness[np.arange(len(best)), best]
        return np.where(near >= NEAR, best, -1), near

    def top(self, topic: int, count: int = TOP) -> list[tuple[str, float]]:
        """Its words with the largest weights, largest first; words of no weight are left out."""
        order = np.argsort(-self.rows[topic], kind="stable")[:count]
        return [(self.words[at], float(self.rows[topic, at])) for at in order if self.rows[topic, at] > 0]


def terms(normalised: str) -> list[str]:
    """The words of a normalised text that may tell what it is about."""
    return [word for word in text.words(normalised, without_stop_words=True) if _tells(word)]


def _tells(word: str) -> bool:
    if any(character.isdigit() for character in word):
        return False
    is_chinese = bool(text.HAN_CHARACTER.match(word))
    return len(word) >= (2 if is_chinese else 3) and word not in _talk()


@cache
def _talk() -> frozenset[str]:
    """Words of every subject, and what stands for masked data."""
    masks = (mask.strip("[]") for mask in (text.MAIL, text.LINK, text.PHONE, text.ACCOUNT, text.NUMBER))
    return frozenset((*listed("talk"), *masks))


def fit(documents: Sequence[Sequence[str]], *, seed: int = 0, most: int = MOST_K) -> Topics:
    """Topics of documents, oldest first (as `terms` gives them). Raises NoTopics.

    The same documents and seed give the same topics.
    """
    rng = np.random.default_rng(seed)
    documents = [document for document in documents if document][-MOST_TEXTS:]
    if len(documents) < FEWEST_TEXTS:
        raise NoTopics("few", len(documents))
    words, counts = _vocabulary(documents)
    vectors, idf = _weighted(counts)
    kept = np.flatnonzero(np.diff(vectors.indptr))
    if len(kept) < FEWEST_TEXTS or len(words) < 3 * LEAST_K:
        raise NoTopics("few", len(kept))
    vectors = vectors[kept]
    part = vectors if len(kept) <= TRIED_ON else vectors[np.sort(rng.choice(len(kept), TRIED_ON, replace=False))]
    together = _together(part)
    largest = max(min(most, len(kept) // TEXTS_PER_TOPIC, len(words) // 3), LEAST_K)
    tried = {k: _try(part, k, together, seed=seed) for k in range(LEAST_K, largest + 1)}
    least = max(STABLE, max(stability for stability, _coherence in tried.values()) - NEARLY)
    stable = {k: coherence for k, (stability, coherence) in tried.items() if stability >= least}
    if not stable:
        raise NoTopics("unstable", len(kept))
    coherent = [k for k, coherence in stable.items() if coherence >= COHERENT]
    k = max(coherent) if coherent else max(stable, key=lambda one: (stable[one], -one))
    rows = _ordered_by_size(vectors, _factors(vectors, k, seed=seed))
    return Topics(words, idf, rows, *tried[k], tried)


# --- texts as rows ----------------------------------------------------------------------------------------------------


def _vocabulary(documents: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], sp.csr_matrix]:
    """Words of several documents but not of most, the most frequent ones, and documents × words with their counts."""
    frequency = Counter(word for document in documents for word in set(document))
    able = [
        (-count, word) for word, count in frequency.items() if IN_TEXTS <= count <= MOST_SHARE * len(documents)
    ]  # fmt: skip
    words = tuple(sorted(word for _count, word in sorted(able)[:MOST_WORDS]))
    return words, _counts(documents, {word: at for at, word in enumerate(words)})


def _counts(documents: Iterable[Sequence[str]], place: dict[str, int]) -> sp.csr_matrix:
    columns: list[int] = []
    ends = [0]
    for document in documents:
        columns += [place[word] for word in document if word in place]
        ends.append(len(columns))
    shape = (len(ends) - 1, len(place))
    found = sp.csr_matrix((np.ones(len(columns)), np.array(columns, np.int64), np.array(ends)), shape=shape)
    found.sum_duplicates()
    return found


def _weighted(counts: sp.csr_matrix) -> tuple[sp.csr_matrix, Array]:
    """Rows and the smoothed inverse document frequency, ln((1 + texts)/(1 + texts with the word)) + 1."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1.0 + counts.shape[0]) / (1.0 + frequency)) + 1.0
    return _vectors(counts, idf), idf


def _vectors(counts: sp.csr_matrix, idf: Array) -> sp.csr_matrix:
    """(1 + ln count)·idf, rows of length one."""
    found = counts.copy()
    found.data = (1.0 + np.log(found.data)) * idf[found.indices]
    lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1.0 / np.maximum(lengths, 1e-12)) @ found)


# --- how many ---------------------------------------------------------------------------------------------------------


def _factors(vectors: sp.csr_matrix, k: int, *, seed: int) -> Array:
    """Topics × words of length one."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    model = NMF(k, init="nndsvda", random_state=seed, max_iter=100, tol=1e-3)
    with warnings.catch_warnings():
        # A few steps from the end the words of topics no longer change.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(vectors)
    rows = np.asarray(model.components_, float)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _try(vectors: sp.csr_matrix, k: int, together: tuple[sp.csr_matrix, Array], *, seed: int) -> tuple[float, float]:
    """Stability and coherence of k topics."""
    whole = _factors(vectors, k, seed=seed)
    rng = np.random.default_rng(seed + k)
    size = int(DRAWN * vectors.shape[0])
    agreements = []
    for again in range(RESAMPLES):
        drawn = np.sort(rng.choice(vectors.shape[0], size, replace=False))
        agreements.append(_agreement(whole, _factors(vectors[drawn], k, seed=seed + again + 1)))
    return float(np.mean(agreements)), _coherence(whole, *together)


def _agreement(one: Array, other: Array) -> float:
    """Mean average Jaccard of the ranked words of topics, matched so that it is largest."""
    first, second = (np.argsort(-rows, axis=1, kind="stable")[:, :TOP] for rows in (one, other))
    likeness = np.zeros((len(one), len(other)))
    for depth in range(1, TOP + 1):
        for at, words in enumerate(first[:, :depth]):
            shared = np.isin(second[:, :depth], words).sum(axis=1)
            likeness[at] += shared / (2 * depth - shared) / TOP
    return float(likeness[linear_sum_assignment(-likeness)].mean())


def _together(vectors: sp.csr_matrix) -> tuple[sp.csr_matrix, Array]:
    """Documents × words as 0 and 1 by columns, and in how many documents each word stands."""
    has = sp.csc_matrix(vectors, copy=True)
    has.data = np.ones_like(has.data)
    return has, np.asarray(has.sum(axis=0)).ravel()


def _coherence(rows: Array, has: sp.csr_matrix, frequency: Array) -> float:
    """Mean normalised pointwise mutual information of the pairs among each topic's words, −1 to 1."""
    count, found = has.shape[0], []
    for top in np.argsort(-rows, axis=1, kind="stable")[:, :TOP]:
        part = has[:, top]
        both = np.asarray((part.T @ part).todense()) / count
        alone = frequency[top] / count
        for first in range(len(top)):
            for second in range(first):
                joint = both[first, second]
                expected = alone[first] * alone[second]
                sure = 0.0 < joint < 1.0
                found.append(np.log(joint / expected) / -np.log(joint) if sure else (1.0 if joint else -1.0))
    return float(np.mean(found)) if found else 0.0


def _ordered_by_size(vectors: sp.csr_matrix, rows: Array) -> Array:
    """The topic with the most texts first."""
    sizes = np.bincount(np.asarray(vectors @ rows.T).argmax(axis=1), minlength=len(rows))
    return rows[np.argsort(-sizes, kind="stable")]


# --- what is shown ----------------------------------------------------------------------------------------------------


def exemplars(vectors: sp.csr_matrix, near: Array, candidates: Places, count: int = 3) -> list[int]:
    """Rows among `candidates` that stand for their topic: the nearest, each unlike those before it (cosine below
    `DISTINCT`)."""
    chosen: list[int] = []
    for row in candidates[np.argsort(-near[candidates], kind="stable")][:200]:
        if all((vectors[row] @ vectors[other].T).sum() < DISTINCT for other in chosen):
            chosen.append(int(row))
        if len(chosen) == count:
            break
    return chosen


def match(words: Sequence[dict[str, float]], before: Sequence[dict[str, float]]) -> dict[int, int]:
    """Topic → topic of the run before that is the same: the pairing with the largest sum of cosines between their
    words' weights (Kuhn 1955), where a pair below `SAME` is none."""
    if not words or not before:
        return {}
    likeness = np.array([[_cosine(one, other) for other in before] for one in words])
    pairs = zip(*linear_sum_assignment(-np.where(likeness >= SAME, likeness, 0.0)), strict=True)
    return {int(at): int(old) for at, old in pairs if likeness[at, old] >= SAME}


def _cosine(one: dict[str, float], other: dict[str, float]) -> float:
    product = sum(weight * other.get(word, 0.0) for word, weight in one.items())
    lengths = [sum(weight**2 for weight in words.values()) ** 0.5 for words in (one, other)]
    return product / (lengths[0] * lengths[1]) if all(lengths) else 0.0
