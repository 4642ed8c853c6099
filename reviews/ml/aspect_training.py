"""Learning what is said of terms from terms with labels, with the voices that need none beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from reviews.ml import linear, ngram
from reviews.ml.aspects import AspectJudge, marked
from reviews.ml.linear import Linear
from reviews.ml.network_serving import Floats, softmax
from reviews.ml.ngram import NgramParams, TooFewTexts
from reviews.ml.serving import NgramScorer
from reviews.ml.text import Span

FOLDS = 5
OWN = NgramParams(in_texts=1, cost=1.0)
"""Terms with labels are few, so a gram of a single text counts, too."""
COST = 1.0
LEAST_CHANCE = 1e-6


@dataclass(frozen=True)
class LearnedAspects:
    """A model of marked texts and the voices of `judge`, weighed by a softmax that learned how far each is to be
    trusted (stacking; Wolpert 1992)."""

    own: NgramScorer
    judge: AspectJudge
    mean: Floats
    spread: Floats
    weights: Linear

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of the columns of `probabilities`."""
        return self.own.classes

    def probabilities(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """[mentions × classes] for the mention at each span of each normalised text; rows sum to 1."""
        signed = [marked(text, span) for text, span in zip(texts, spans, strict=True)]
        rows = _rows(self.own.probabilities(signed), self.judge.voices(texts, spans))
        return softmax(self.weights.margins(sp.csr_matrix((rows - self.mean) / self.spread, dtype=np.float32)))

    def predict(self, texts: Sequence[str], spans: Sequence[Span]) -> list[str]:
        """The class of each mention by name."""
        return [self.classes[at] for at in self.probabilities(texts, spans).argmax(axis=1)]


def train(
    texts: Sequence[str], spans: Sequence[Span], polarities: Sequence[str], judge: AspectJudge, *, seed: int = 0
) -> LearnedAspects:
    """Learn from labelled mentions of normalised texts. How far the model of marked texts is trusted rests on mentions
    of texts that it did not see. Raises TooFewTexts."""
    signed = [marked(text, span) for text, span in zip(texts, spans, strict=True)]
    own = ngram.train(signed, polarities, OWN, seed=seed)
    codes = np.array([own.classes.index(polarity) for polarity in polarities], np.int64)
    # Mentions of one text stay together: its words would tell of themselves.
    owners = np.unique(np.asarray(texts, dtype=np.str_), return_inverse=True)[1]
    fold = (np.random.default_rng(seed).permutation(int(owners.max()) + 1) % FOLDS)[owners]
    unseen = np.full((len(codes), len(own.classes)), 1.0 / len(own.classes))
    for number in range(FOLDS):
        unseen[fold == number] = _told(signed, polarities, own.classes, fold == number, seed)
    rows = _rows(unseen, judge.voices(texts, spans))
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    weights = linear.fit_softmax(
        sp.csr_matrix((rows - mean) / spread, dtype=np.float32), codes, len(own.classes), cost=COST
    )
    return LearnedAspects(own, judge, mean, spread, weights)


def _told(
    signed: Sequence[str], polarities: Sequence[str], classes: tuple[str, ...], out: NDArray[np.bool_], seed: int
) -> Floats:
    """Chances [mentions that are `out` × classes] by a model of the others; equal ones where these are too few."""
    seen, asked = np.flatnonzero(~out).tolist(), np.flatnonzero(out).tolist()
    found = np.full((len(asked), len(classes)), 1.0 / len(classes))
    try:
        model = ngram.train([signed[at] for at in seen], [polarities[at] for at in seen], OWN, seed=seed)
    except TooFewTexts:
        return found
    found[:] = 0.0
    found[:, [classes.index(name) for name in model.classes]] = model.probabilities([signed[at] for at in asked])
    return found


def _rows(chances: Floats, voices: Floats) -> Floats:
    """Logarithms of the chances, each less their mean, beside the voices."""
    logs = np.log(np.maximum(chances, LEAST_CHANCE))
    return np.hstack([logs - logs.mean(axis=1, keepdims=True), voices])
