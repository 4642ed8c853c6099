"""Several methods as one list: each speaks with a weight that was learned on held back choices."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.base import History, Ranked, Recommender
from recommender.ml.ials import Ials
from recommender.ml.interactions import Interactions
from recommender.ml.item_to_item import ItemToItem
from recommender.ml.judging import Exam
from recommender.ml.metrics import hits, ndcg_at_k
from recommender.ml.ranking import NOTHING, best
from recommender.ml.scoring import RESCORED, Chorus, Voice

BLOCK_NUMBERS = 8_000_000
CANDIDATES = 100
"""So many of the best items of every source are looked at when weights are learned."""
WEIGHTS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0)
LEAST = 0.05
ROUNDS = 4

Source = ItemToItem | Ials


class Blend(Recommender):
    """`Σ_s w_s · score_s(i) / max_i score_s(i)` over its sources; see `scoring.Chorus`.

    Weights by `learn_weights`. Sources of weight zero are not asked.
    """

    name = "blend"

    def __init__(self, sources: Sequence[Source], weights: Sequence[float]) -> None:
        super().__init__()
        if len(sources) != len(weights) or not any(weight > 0 for weight in weights):
            raise ValueError("A blend needs a weight for each source, and one above 0.")
        self.sources = [source for source, weight in zip(sources, weights, strict=True) if weight > 0]
        self.weights = [float(weight) for weight in weights if weight > 0]
        self._chorus: Chorus | None = None

    def fit(self, interactions: Interactions) -> Self:
        for source in self.sources:
            source.fit(interactions)
        return self.fitted()

    def fitted(self) -> Self:
        """Take over what the sources learned."""
        self.popularity, self._chorus = self.sources[0].popularity, None
        return self

    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        """Those of all sources side by side."""
        return sp.csr_matrix(sp.hstack([source.histories(interactions) for source in self.sources], format="csr"))

    def rank(
        self,
        histories: sp.csr_matrix,
        depth: int,
        *,
        exclude: sp.csr_matrix,
        customers: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        size = exclude.shape[1]
        columns = histories.tocsc()
        own = [sp.csr_matrix(columns[:, at * size : (at + 1) * size]) for at in range(len(self.sources))]
        ranked = np.full((histories.shape[0], depth), NOTHING, np.int64)
        for rows in _row_slices(histories.shape[0], size):
            heard = Heard(self.sources, [part[rows] for part in own])
            for row in range(rows.start, rows.stop):
                seen = exclude.indices[exclude.indptr[row] : exclude.indptr[row + 1]]
                items, scores = self._scored(heard, row - rows.start, seen, depth)
                chosen = best(items, scores, depth, self.popularity)
                ranked[row, : len(chosen)] = items[chosen]
        return ranked

    def _scored(
        self, heard: "Heard", row: int, seen: NDArray[np.integer], depth: int
    ) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
        """Items with a score above 0 and that score, as `Chorus.score` has them."""
        most = max(RESCORED, depth)
        total = np.zeros(len(self.popularity))
        for weight, (items, values) in zip(self.weights, heard.neighbours(row), strict=True):
            total[items] += weight * values
        vectors = heard.factors(row)
        if any(isinstance(source, ItemToItem) for source in self.sources):
            total[seen] = 0.0
            items = np.flatnonzero(total > 0)
            if vectors and len(items) > most:
                items = np.sort(items[best(items, total[items], most, self.popularity)])
        else:
            free = np.ones(len(total), bool)
            free[seen] = False
            items = np.flatnonzero(free)
        scores: NDArray[np.floating] = total[items]
        for at, vector in vectors:
            scores = scores + self.weights[at] * (self.sources[at].item_factors[items] @ vector)  # type: ignore[union-attr]
        kept = scores > 0
        return items[kept], scores[kept]

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        rows = np.array([item for item, _weight in history], np.int64)
        weights = np.array([weight for _item, weight in history], np.float64)
        barred = np.zeros(len(self.popularity), bool)
        barred[list(exclude)] = True
        if len(rows) == 0:
            nothing = np.empty(0, np.int64)
            return Ranked(nothing, np.empty(0), nothing, np.empty(0))
        found = self.chorus().score(rows, weights, np.arange(len(rows)), k, barred)
        return Ranked(found.items, found.scores, rows[found.reasons], found.shares)

    def chorus(self) -> Chorus:
        """What serves. Made once for all that the sources learned."""
        if self._chorus is None:
            voices = [voice(source, weight) for source, weight in zip(self.sources, self.weights, strict=True)]
            self._chorus = Chorus(voices, self.popularity)
        return self._chorus

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of every source, its name in front of theirs."""
        return {f"{s.name}_{name}": array for s in self.sources for name, array in s.to_arrays().items()}


def voice(source: Source, weight: float = 1.0) -> Voice:
    """A learned source as it serves."""
    if isinstance(source, Ials):
        return Voice(source.name, source.serving(), source.attention, weight, source.scale)
    return Voice(source.name, source.neighbours(), source.attention, weight)


class Heard:
    """What sources say to the histories of a few customers, as it goes into a blend before the weight: neighbours
    where they say something, divided by their largest; factors as the customers' vectors."""

    def __init__(self, sources: Sequence[Source], histories: Sequence[sp.csr_matrix]) -> None:
        self._near: list[sp.csr_matrix | None] = []
        self._far: list[tuple[int, NDArray[np.float32]]] = []
        for at, (source, own) in enumerate(zip(sources, histories, strict=True)):
            if isinstance(source, Ials):
                self._far.append((at, source.fold_in(own)))
                self._near.append(None)
            else:
                self._near.append(source.scores(own))

    def neighbours(self, row: int) -> list[tuple[NDArray[np.integer], NDArray[np.float64]]]:
        """Items and values of each source, nothing for factors; values end at 1, none where no value is above 0."""
        found: list[tuple[NDArray[np.integer], NDArray[np.float64]]] = []
        for scores in self._near:
            items: NDArray[np.integer] = np.empty(0, np.int64)
            values: NDArray[np.float64] = np.empty(0)
            if scores is not None:
                part = slice(scores.indptr[row], scores.indptr[row + 1])
                top = float(scores.data[part].max(initial=0.0))
                if top > 0:
                    items, values = scores.indices[part], scores.data[part] / top
            found.append((items, values))
        return found

    def factors(self, row: int) -> list[tuple[int, NDArray[np.float32]]]:
        """Places of the sources that know factors, and the customer's vector for each."""
        return [(at, vectors[row]) for at, vectors in self._far]

    def factor_scores(self, sources: Sequence[Source]) -> dict[int, NDArray[np.float32]]:
        """Rows × items by the place of each source that knows factors."""
        return {at: vectors @ sources[at].item_factors.T for at, vectors in self._far}  # type: ignore[union-attr]


@dataclass(frozen=True)
class Evidence:
    """What the sources said about the candidates of each asked customer: sources × customers × candidates, −1 in
    `items` after the end of a row; `relevant` counts what was right for him, found or not."""

    items: NDArray[np.int64]
    scores: NDArray[np.float32]
    right: NDArray[np.bool_]
    relevant: NDArray[np.int64]

    def ndcg(self, weights: NDArray[np.floating], rows: slice = slice(None), k: int = 10) -> float:
        """nDCG@k of the blend with these weights, for these customers."""
        total = np.tensordot(weights.astype(np.float32), self.scores[:, rows], axes=1)
        total[self.items[rows] == NOTHING] = -np.inf
        total[total <= 0] = -np.inf
        k = min(k, total.shape[1])
        head = np.argpartition(-total, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(total, head, axis=1)
        order = np.take_along_axis(head, np.argsort(-values, axis=1, kind="stable"), axis=1)
        found = np.take_along_axis(self.right[rows], order, axis=1)
        found &= np.isfinite(np.take_along_axis(total, order, axis=1))
        return ndcg_at_k(found, self.relevant[rows], k)

    @classmethod
    def joined(cls, parts: Sequence["Evidence"]) -> "Evidence":
        """Customers of several exams as one."""
        width = max(part.items.shape[1] for part in parts)
        pads = [((0, 0), (0, width - part.items.shape[1])) for part in parts]
        return cls(
            np.concatenate([np.pad(p.items, pad, constant_values=NOTHING) for p, pad in zip(parts, pads, strict=True)]),
            np.concatenate([np.pad(p.scores, ((0, 0), *pad)) for p, pad in zip(parts, pads, strict=True)], axis=1),
            np.concatenate([np.pad(p.right, pad) for p, pad in zip(parts, pads, strict=True)]),
            np.concatenate([part.relevant for part in parts]),
        )


def gather(sources: Sequence[Source], exam: Exam) -> Evidence:
    """Let learned sources speak about the exam's customers."""
    asked, relevant, seen = exam.sheet()
    histories = [sp.csr_matrix(source.histories(exam.visible)[asked]) for source in sources]
    size = seen.shape[1]
    items: list[NDArray[np.int64]] = []
    scores: list[NDArray[np.float32]] = []
    for rows in _row_slices(len(asked), size):
        heard = Heard(sources, [own[rows] for own in histories])
        far = heard.factor_scores(sources)
        for row in range(rows.start, rows.stop):
            known = seen.indices[seen.indptr[row] : seen.indptr[row + 1]]
            own, said = _candidates(heard, far, row - rows.start, known, size)
            items.append(own)
            scores.append(said)
    width = max([len(own) for own in items] + [1])
    padded = np.full((len(items), width), NOTHING, np.int64)
    values = np.zeros((len(sources), len(items), width), np.float32)
    for row, (own, said_of) in enumerate(zip(items, scores, strict=True)):
        padded[row, : len(own)] = own
        values[:, row, : len(own)] = said_of
    return Evidence(padded, values, hits(padded, relevant), np.diff(relevant.indptr).astype(np.int64))


def _candidates(
    heard: Heard, far: Mapping[int, NDArray[np.float32]], row: int, seen: NDArray[np.integer], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The CANDIDATES best new items of each source, all together by number, and sources × items what each says."""
    near = heard.neighbours(row)
    said = np.zeros((len(near), size), np.float32)
    for at, (items, values) in enumerate(near):
        said[at, items] = values
    for at, all_scores in far.items():
        said[at] = all_scores[row]
    said[:, seen] = 0.0
    heads = []
    for told in said:
        border = np.partition(told, size - CANDIDATES)[size - CANDIDATES] if size > CANDIDATES else 0.0
        found = np.flatnonzero((told >= border) & (told > 0))
        heads.append(found if len(found) <= CANDIDATES else found[np.argsort(-told[found], kind="stable")[:CANDIDATES]])
    own = np.unique(np.concatenate(heads))
    return own, said[:, own]


def learn_weights(evidence: Evidence) -> tuple[list[float], float]:
    """Weights with the best nDCG@10, and an honest estimate of it.

    Coordinate ascent on the measure itself, one weight after the other over WEIGHTS, from the best single source and
    from equal parts (Metzler & Croft 2007). The estimate is cross-fitted: each half of the customers is judged with
    weights that the other half chose. What serves is the mean of the three choices, because averaging
    steadies what hangs on the draw (Breiman 1996); sources below LEAST are not worth the time they would cost.
    """
    count = evidence.scores.shape[1]
    halves = [slice(0, count // 2), slice(count // 2, count)]
    estimate = 0.0
    found = [_ascend(evidence, slice(0, count))[0]]
    for own, other in (halves, halves[::-1]):
        size = own.stop - own.start
        if size:
            found.append(_ascend(evidence, other)[0])
            estimate += evidence.ndcg(found[-1], own) * size / count
    weights = np.mean(found, axis=0)
    weights /= weights.max()
    weights[weights < LEAST] = 0.0
    return weights.tolist(), estimate


def _ascend(evidence: Evidence, rows: slice) -> tuple[NDArray[np.float64], float]:
    sources = len(evidence.scores)
    alone = [evidence.ndcg(np.eye(sources)[at], rows) for at in range(sources)]
    best_weights, best_score = np.eye(sources)[int(np.argmax(alone))], max(alone)
    for start in (best_weights, np.full(sources, 0.5)):
        weights, score = start.copy(), evidence.ndcg(start, rows)
        for _round in range(ROUNDS):
            before = score
            for at in np.argsort(alone)[::-1]:
                for value in WEIGHTS:
                    trial = weights.copy()
                    trial[at] = value
                    if trial.any() and (found := evidence.ndcg(trial, rows)) > score:
                        weights, score = trial, found
            if score <= before:
                break
        if score > best_score:
            best_weights, best_score = weights, score
    return best_weights / best_weights.max(), best_score


def _row_slices(count: int, size: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // max(size, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
