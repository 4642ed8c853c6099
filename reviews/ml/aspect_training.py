"""Learning what is said of terms from terms with labels, with the voices that need none beside it."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from reviews.ml import linear, ngram
from reviews.ml.aspects import AspectJudge, marked
from reviews.ml.learned_aspects import LearnedAspects, stacked
from reviews.ml.network_serving import Floats
from reviews.ml.ngram import NgramParams, TooFewTexts
from reviews.ml.text import Span

FOLDS = 5
OWN = NgramParams(in_texts=1, cost=1.0)
"""Terms with labels are few, so a gram of a single text counts, too."""
COST = 1.0


def train(
    texts: Sequence[str], spans: Sequence[Span], polarities: Sequence[str], judge: AspectJudge, *, seed: int = 0,
    row_weights: Floats | None = None,
) -> LearnedAspects:  # fmt: skip
    """Learn from labelled mentions of normalised texts. How far the model of marked texts is trusted rests on mentions
    of texts that it did not see. `row_weights` say how much each mention counts. Raises TooFewTexts."""
    signed = [marked(text, span) for text, span in zip(texts, spans, strict=True)]
    own = ngram.train(signed, polarities, OWN, seed=seed, row_weights=row_weights)
    codes = np.array([own.classes.index(polarity) for polarity in polarities], np.int64)
    # Mentions of one text stay together: its words would tell of themselves.
    owners = np.unique(np.asarray(texts, dtype=np.str_), return_inverse=True)[1]
    fold = (np.random.default_rng(seed).permutation(int(owners.max()) + 1) % FOLDS)[owners]
    unseen = np.full((len(codes), len(own.classes)), 1.0 / len(own.classes))
    for number in range(FOLDS):
        unseen[fold == number] = _told(signed, polarities, own.classes, fold == number, seed, row_weights)
    rows = stacked(unseen, judge.voices(texts, spans))
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    found = linear.fit_softmax(
        sp.csr_matrix((rows - mean) / spread, dtype=np.float32), codes, len(own.classes), cost=COST,
        row_weights=row_weights,
    )  # fmt: skip
    return LearnedAspects(own, judge, mean, spread, found.weights, found.bias)


def _told(
    signed: Sequence[str], polarities: Sequence[str], classes: tuple[str, ...], out: NDArray[np.bool_], seed: int,
    row_weights: Floats | None,
) -> Floats:  # fmt: skip
    """Chances [mentions that are `out` × classes] by a model of the others; equal ones where these are too few."""
    seen, asked = np.flatnonzero(~out).tolist(), np.flatnonzero(out).tolist()
    found = np.full((len(asked), len(classes)), 1.0 / len(classes))
    try:
        weights = None if row_weights is None else row_weights[seen]
        known = [signed[at] for at in seen], [polarities[at] for at in seen]
        model = ngram.train(*known, OWN, seed=seed, row_weights=weights)
    except TooFewTexts:
        return found
    found[:] = 0.0
    found[:, [classes.index(name) for name in model.classes]] = model.probabilities([signed[at] for at in asked])
    return found
