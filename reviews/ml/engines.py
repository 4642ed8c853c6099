"""Engines that learn from labelled texts, behind one interface. Each gets normalised texts and gives chances."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from reviews.ml import ngram
from reviews.ml.ngram import NgramParams
from reviews.ml.serving import NgramScorer

DEFAULT = "ngram"


class Engine(Protocol):
    """Learns once, then answers. `classes` are in the order of the columns of `probabilities`."""

    name: str

    @property
    def classes(self) -> tuple[str, ...]: ...

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Raises ngram.TooFewTexts without two classes of two texts each."""

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """[texts × classes], rows sum to 1."""

    def chosen(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        """The answer for each row, a number of `classes`."""

    def described(self) -> dict[str, Any]:
        """Settings, and what learning chose, for reports."""


class NgramEngine:
    """`ngram.train` and what it publishes. `scorer` after fit is what the registry keeps."""

    name = "ngram"

    def __init__(self, params: NgramParams | None = None, *, seed: int = 0) -> None:
        self.params, self.seed = params or NgramParams(), seed
        self.scorer: NgramScorer | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Sorted, unless the scorer says otherwise."""
        return self._fitted.classes

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        self.scorer = ngram.train(texts, labels, self.params, seed=self.seed)
        return self

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self._fitted.probabilities(texts)

    def chosen(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        return self._fitted.chosen(probabilities)

    def described(self) -> dict[str, Any]:
        params = self.params
        return {
            "characters": params.kinds.characters, "words": params.kinds.words, "in_texts": params.in_texts,
            "cost": params.cost, "by_ratio": params.by_ratio, "grams": len(self._fitted.keys),
            "threshold": round(self._fitted.threshold, 6),
        }  # fmt: skip

    @property
    def _fitted(self) -> NgramScorer:
        if self.scorer is None:
            raise ValueError("The engine has not learned yet.")
        return self.scorer


ENGINES = (NgramEngine.name,)


def make(name: str, *, seed: int = 0) -> Engine:
    """A fresh engine. Raises KeyError for a name that is not among ENGINES."""
    makers: dict[str, type[NgramEngine]] = {NgramEngine.name: NgramEngine}
    return makers[name](seed=seed)
