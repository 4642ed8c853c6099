"""The default engine: TF-IDF of character and word grams, a linear model, calibrated probabilities.

One recipe for all languages. Learning costs about a processor second for ten thousand texts of sixty characters; what
is published is scored with numpy by `serving.NgramScorer`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from reviews.ml import linear
from reviews.ml.grams import GramKinds
from reviews.ml.lexicon import Lesson
from reviews.ml.linear import Linear
from reviews.ml.serving import Floats, NgramScorer
from reviews.ml.vocabulary import CountedTexts

FOLDS = 5
ONE_FOLD_FROM = 10_000
"""From so many texts on a single fifth, held back once, is enough to calibrate."""


@dataclass(frozen=True)
class NgramParams:
    """`kinds` of grams that stand in `in_texts` texts or more, at most `most_grams`; `cost` of an error against simple
    weights; a gram's trust is `floor` plus its count ratio (`linear.count_ratios`), 1 for all where `by_ratio` is
    False. `by_f1`: the threshold between two classes aims at macro-F1, otherwise at accuracy."""

    kinds: GramKinds = field(default_factory=lambda: GramKinds(5, 2))
    in_texts: int = 2
    most_grams: int = 1_000_000
    cost: float = 0.5
    by_ratio: bool = True
    floor: float = 1.0
    by_f1: bool = True


PLAIN = NgramParams(kinds=GramKinds(4, 0), by_ratio=False, by_f1=False)
"""What the engine is measured against: characters, one trust, threshold one half."""


class TooFewTexts(ValueError):
    """There are not two classes with two texts each."""


def train(
    texts: Sequence[str], labels: Sequence[str], params: NgramParams | None = None, *, seed: int = 0,
    order: Sequence[str] | None = None, row_weights: Floats | None = None, lessons: Sequence[Lesson] = (),
) -> NgramScorer:  # fmt: skip
    """Learn from normalised texts. Classes come in the given `order`, else sorted. Raises TooFewTexts.

    Calibration rests on texts that the model behind it did not see: a fifth held back once, or five times with few
    texts. `lessons` whose label is among the classes are learned beside the texts and never held back, so chances and
    threshold are those of the texts.
    """
    params = params or NgramParams()
    names, codes = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)
    if order is not None:
        wanted = [name for name in order if name in set(names.tolist())]
        wanted += [name for name in names.tolist() if name not in wanted]
        place = {name: at for at, name in enumerate(wanted)}
        codes = np.array([place[name] for name in names.tolist()])[codes]
        names = np.asarray(wanted)
    if len(names) < 2 or np.bincount(codes).min() < 2:
        raise TooFewTexts("Learning needs two classes with two texts each.")
    size = len(codes)
    number = {str(name): code for code, name in enumerate(names)}
    told = [lesson for lesson in lessons if lesson.label in number]
    if told:
        codes = np.append(codes, [number[lesson.label] for lesson in told])
        weights = np.ones(size) if row_weights is None else row_weights
        row_weights = np.append(weights, [lesson.weight for lesson in told])
    counted = CountedTexts.of([*texts, *(lesson.text for lesson in told)], params.kinds)
    vocabulary = counted.vocabulary(in_texts=params.in_texts, most=params.most_grams)
    rows = counted.rows(vocabulary)
    del counted
    yes = (codes == 1)[:, None] if len(names) == 2 else codes[:, None] == np.arange(len(names))
    held, margins = _held_back(rows, yes, params, seed, row_weights, size)
    curves = [linear.fit_sigmoid(margins[:, at], yes[held, at]) for at in range(yes.shape[1])]
    model = _fit(rows, yes, params, row_weights)
    scorer = NgramScorer(
        tuple(str(name) for name in names), params.kinds, vocabulary.keys, vocabulary.idf, model.weights, model.bias,
        np.array([slope for slope, _shift in curves]), np.array([shift for _slope, shift in curves]),
    )  # fmt: skip
    if not params.by_f1 or len(names) > 2:
        return scorer
    chances = scorer.calibrated(margins)[:, 1]
    return NgramScorer(**{**scorer.__dict__, "threshold": threshold_of(chances)})


def threshold_of(chances: Floats) -> float:
    """The probability from which the second class is the answer so that the expected macro-F1 is highest.

    With calibrated chances the expected numbers of hits are sums, so no label is needed and the curve is smooth. Where
    both classes are as frequent it is about one half.
    """
    if not len(chances):
        return 0.5
    falling = np.sort(chances)[::-1]
    total, size = falling.sum(), len(falling)
    named = np.arange(1, size)
    hits = np.cumsum(falling)[:-1]
    yes = 2.0 * hits / (named + total)
    others = np.cumsum((1.0 - falling)[::-1])[::-1][1:]
    no = 2.0 * others / (size - named + size - total)
    best = int(np.argmax(yes + no)) if size > 1 else 0
    return float(np.clip((falling[best] + falling[min(best + 1, size - 1)]) / 2.0, 0.05, 0.95))


def _fit(rows: sp.csr_matrix, yes: NDArray[np.bool_], params: NgramParams, row_weights: Floats | None) -> Linear:
    trust = linear.count_ratios(rows, yes) + np.float32(params.floor) if params.by_ratio else None
    return linear.fit(rows, yes, cost=params.cost, trust=trust, row_weights=row_weights)


def _held_back(
    rows: sp.csr_matrix, yes: NDArray[np.bool_], params: NgramParams, seed: int, row_weights: Floats | None, size: int
) -> tuple[NDArray[np.int64], Floats]:
    """Numbers of texts among the first `size` rows and their margins by models that did not see them."""
    fold = np.full(rows.shape[0], -1)
    fold[:size] = np.random.default_rng(seed).permutation(size) % FOLDS
    held, margins = [], []
    for number in range(1 if size >= ONE_FOLD_FROM else FOLDS):
        out = fold == number
        if not out.any() or yes[~out].all(axis=0).any() or not yes[~out].any(axis=0).all():
            continue
        seen = None if row_weights is None else row_weights[~out]
        model = _fit(rows[~out], yes[~out], params, seen)
        held.append(np.flatnonzero(out))
        margins.append(model.margins(rows[out]))
    if not held:
        # So few texts that a fold would lose a class: the model's own margins, flattened by the smoothed targets.
        return np.arange(size), _fit(rows, yes, params, row_weights).margins(rows[:size])
    return np.concatenate(held), np.concatenate(margins)
