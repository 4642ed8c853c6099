"""Engine `transformer`: a logistic head learned on the states of a pretrained encoder, which itself stays as it is."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from reviews.ml import linear
from reviews.ml.learned import Learned
from reviews.ml.network_serving import Layer, softmax
from reviews.ml.networks import held_back, temperature_of
from reviews.ml.ngram import TooFewTexts, threshold_of
from reviews.ml.transformer import TRANSFORMER, TransformerScorer, local

MOST = 10_000
"""Texts that the head learns from; drawn where there are more, since each costs a pass through the encoder."""
COST = 0.1
LEAST_SPREAD = 1e-6


class TransformerEngine(Learned[TransformerScorer]):
    """`scorer` after fit is what the registry keeps. Raises NoTransformer where there is no encoder."""

    name = TRANSFORMER

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self.encoder = local()

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        names, codes = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)
        if len(names) < 2 or np.bincount(codes).min() < 2:
            raise TooFewTexts("Learning needs two classes with two texts each.")
        drawn = np.arange(len(codes))
        if len(drawn) > MOST:
            drawn = np.sort(np.random.default_rng(self.seed).choice(drawn, MOST, replace=False))
            names, codes = np.unique(np.asarray(labels, dtype=np.str_)[drawn], return_inverse=True)
        states = self.encoder.states([texts[at] for at in drawn.tolist()])
        mean, spread = evened(states)
        rows = (states - mean) / spread
        held = held_back(codes, self.seed)
        kept = self._head(rows[~held], codes[~held], len(names))
        logits = kept.margins(sp.csr_matrix(rows[held]))
        temperature = temperature_of(logits, codes[held])
        threshold = threshold_of(softmax(logits / temperature)[:, 1]) if len(names) == 2 else 0.5
        head = self._head(rows, codes, len(names))
        self.scorer = TransformerScorer(
            tuple(str(name) for name in names), self.encoder, mean, spread, head.weights, head.bias, temperature,
            threshold,
        )  # fmt: skip
        return self

    def described(self) -> dict[str, Any]:
        scorer = self._fitted
        return {
            "encoder": self.encoder.sha256, "layers": self.encoder.layers, "longest": self.encoder.longest,
            "temperature": round(scorer.temperature, 4), "threshold": round(scorer.threshold, 6),
        }  # fmt: skip

    @staticmethod
    def _head(rows: NDArray[np.float32], codes: NDArray[np.int64], classes: int) -> linear.Linear:
        return linear.fit_softmax(sp.csr_matrix(rows), codes, classes, cost=COST)


def evened(states: Layer) -> tuple[Layer, Layer]:
    """Mean and spread of each number of a state; one that never changes has the least spread."""
    return states.mean(axis=0), np.maximum(states.std(axis=0), LEAST_SPREAD)
