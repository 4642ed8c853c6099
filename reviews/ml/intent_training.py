"""Learning intents from examples, and from which confidence on the shop may answer by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from reviews.ml import linear
from reviews.ml.grams import GramKinds
from reviews.ml.intents import Floats, IntentModel, Thresholds
from reviews.ml.ngram import TooFewTexts
from reviews.ml.vocabulary import CountedTexts

FOLDS = 5
RIGHT = 0.9
"""Of what is answered, so much must be right."""
GAPS = (0.0, 0.05, 0.1, 0.2)
STRANGE_SHARE = 0.5
"""Of what people write, so much is taken to be about nothing the shop has an intent for."""


@dataclass(frozen=True)
class IntentParams:
    """`kinds` of grams, `cost` of an error against simple weights, `temperature` that flattens the softmax."""

    kinds: GramKinds = field(default_factory=lambda: GramKinds(4, 1, shortest=2, crossing=False))
    cost: float = 150.0
    temperature: float = 1.4


@dataclass(frozen=True)
class Trial:
    """Answers to examples that the model did not see: confidences [texts × intents], the right intent or −1 where its
    intent was hidden from the model, too."""

    confidence: Floats
    right: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Of which texts the intent was there to find."""
        return self.right >= 0

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Where the best intent is the right one."""
        return self.confidence.argmax(axis=1) == self.right


def train(
    texts: Sequence[str], intents: Sequence[str], params: IntentParams | None = None, *, seed: int = 0
) -> IntentModel:
    """Learn from normalised examples; thresholds come from `tried`. Raises TooFewTexts without two intents of two."""
    params = params or IntentParams()
    names, codes = _coded(intents)
    model = _fit(texts, codes, tuple(names), params)
    return replace(model, thresholds=thresholds_of(tried(texts, intents, params, seed=seed)))


def tried(texts: Sequence[str], intents: Sequence[str], params: IntentParams | None = None, *, seed: int = 0) -> Trial:
    """Every example answered by a model that did not see it, and once more by one that does not know its intent.

    Nobody collects what a shop cannot answer before it opens, so each fifth of the intents plays that part in turn.
    """
    params = params or IntentParams()
    names, codes = _coded(intents)
    rng = np.random.default_rng(seed)
    fold, hidden = rng.permutation(len(codes)) % FOLDS, (rng.permutation(len(names)) % FOLDS)[codes]
    parts, right = [], []
    for number in range(FOLDS):
        for asked, seen in ((fold == number, fold != number), (hidden == number, hidden != number)):
            there = np.unique(codes[seen])
            if not asked.any() or len(there) < 2:
                continue
            place = np.full(len(names), -1)
            place[there] = np.arange(len(there))
            model = _fit(
                [texts[at] for at in np.flatnonzero(seen).tolist()], place[codes[seen]], tuple(names[there]), params
            )
            confidence = np.zeros((int(asked.sum()), len(names)))
            confidence[:, there] = model.confidences([texts[at] for at in np.flatnonzero(asked).tolist()])[0]
            parts.append(confidence)
            right.append(np.where(place[codes[asked]] >= 0, codes[asked], -1))
    if not parts:
        return Trial(np.empty((0, len(names))), np.empty(0, np.int64))
    return Trial(np.concatenate(parts), np.concatenate(right))


def thresholds_of(trial: Trial) -> Thresholds:
    """`answer` and `gap` so that of what is answered 90 % is right, and as much as can be is answered; `ask` where
    telling known from strange is right most often. Known and strange texts weigh as `STRANGE_SHARE` says."""
    known, hits = trial.known, trial.hits
    if not known.any() or known.all():
        return Thresholds()
    weights = np.where(known, (1.0 - STRANGE_SHARE) / known.sum(), STRANGE_SHARE / (~known).sum())
    ordered = np.sort(trial.confidence, axis=1)[:, ::-1]
    best, lead = ordered[:, 0], ordered[:, 0] - ordered[:, 1]
    found = []
    for gap in GAPS:
        wide = np.flatnonzero(lead >= gap)
        order = wide[np.argsort(-best[wide], kind="stable")]
        right, all_of = np.cumsum(weights[order] * hits[order]), np.cumsum(weights[order])
        good = np.flatnonzero((right >= RIGHT * all_of) & _ends(best[order]))
        if len(good):
            found.append((right[good[-1]], -gap, float(best[order[good[-1]]])))
    _answered, minus_gap, answer = max(found, default=(0.0, 0.0, 1.0))
    order = np.argsort(-best, kind="stable")
    gained = np.cumsum(weights[order] * hits[order]) - np.cumsum(weights[order] * ~known[order])
    ends = np.flatnonzero(_ends(best[order]))
    ask = float(best[order[ends[gained[ends].argmax()]]]) if len(ends) else 1.0
    return Thresholds(answer, min(ask, answer), -minus_gap)


def _ends(falling: Floats) -> NDArray[np.bool_]:
    """Where a run of equal numbers ends: what is alike is answered alike."""
    return np.r_[falling[1:] != falling[:-1], True][: len(falling)]


def _coded(intents: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    names, codes = np.unique(np.asarray(intents, dtype=np.str_), return_inverse=True)
    if len(names) < 2 or np.bincount(codes).max() < 2:
        raise TooFewTexts("Learning needs two intents, and two examples of one of them.")
    return names, codes.astype(np.int64)


def _fit(texts: Sequence[str], codes: NDArray[np.int64], names: tuple[str, ...], params: IntentParams) -> IntentModel:
    counted = CountedTexts.of(texts, params.kinds)
    vocabulary = counted.vocabulary(in_texts=1)
    rows = counted.rows(vocabulary)
    found = linear.fit_softmax(rows, codes, len(names), cost=params.cost)
    return IntentModel(
        tuple(str(name) for name in names),
        vocabulary,
        found.weights,
        found.bias,
        rows,
        codes.astype(np.int32),
        params.temperature,
    )
