"""Engines that learn from labelled texts, behind one interface. Each gets normalised texts and gives chances.

A job trains `make(name, seed=…).fit(texts, labels)` and hands `to_arrays()` with `to_meta()` to the registry; what
answers is `published(name, arrays, meta)`, with numpy alone, in any process. `DEEP` names those whose `fit` loads
TensorFlow: it belongs into the queue `deep`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from reviews.ml import lexicon, ngram, serving
from reviews.ml.learned import Learned
from reviews.ml.lexicon import Lesson
from reviews.ml.network_serving import CNN, LSTM
from reviews.ml.networks import NetworkEngine
from reviews.ml.ngram import NgramParams
from reviews.ml.serving import NGRAM, NgramScorer, TextScorer
from reviews.ml.transformer import TRANSFORMER
from reviews.ml.transformer_engine import TransformerEngine

DEFAULT = NGRAM
DEEP = frozenset({LSTM, CNN})
ENGINES = (NGRAM, LSTM, CNN, TRANSFORMER)
"""In the order in which they are named to people; `transformer` only where a local encoder is there."""


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

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the registry writes after `fit`; no array holds objects."""

    def to_meta(self) -> dict[str, Any]:
        """What stands beside the arrays, ready for JSON; `engine` says who reads them."""


class NgramEngine(Learned[NgramScorer]):
    """`ngram.train` and what it publishes. `scorer` after fit is what the registry keeps.

    `lessons` are learned beside the texts; what `make` gives knows the product's list of words.
    """

    name = NGRAM

    def __init__(self, params: NgramParams | None = None, *, seed: int = 0, lessons: Sequence[Lesson] = ()) -> None:
        self.params, self.seed, self.lessons = params or NgramParams(), seed, lessons

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        self.scorer = ngram.train(texts, labels, self.params, seed=self.seed, lessons=self.lessons)
        return self

    def described(self) -> dict[str, Any]:
        params = self.params
        return {
            "characters": params.kinds.characters, "words": params.kinds.words, "in_texts": params.in_texts,
            "cost": params.cost, "by_ratio": params.by_ratio, "grams": len(self._fitted.keys),
            "threshold": round(self._fitted.threshold, 6),
        }  # fmt: skip


def make(name: str, *, seed: int = 0, budget: float | None = None) -> Engine:
    """A fresh engine. A network learns no further epoch after `budget` processor seconds; the others do not search.
    Raises KeyError for a name that is not among ENGINES, NoTransformer without a local encoder."""
    makers: dict[str, Callable[[], Engine]] = {
        NGRAM: lambda: NgramEngine(seed=seed, lessons=lexicon.shipped().lessons()),
        CNN: lambda: NetworkEngine(CNN, seed=seed, budget=budget),
        LSTM: lambda: NetworkEngine(LSTM, seed=seed, budget=budget),
        TRANSFORMER: lambda: TransformerEngine(seed=seed),
    }
    return makers[name]()


def published(name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> TextScorer:
    """What answers from the arrays and meta of an engine of this name, without TensorFlow.

    Raises KeyError for what is missing and ValueError for what does not fit together or is of another engine, or
    belongs to an encoder that is not here.
    """
    if meta.get("engine", NGRAM) != name:
        raise ValueError(f"These arrays are of the engine {meta.get('engine', NGRAM)}, not of {name}.")
    return serving.read(arrays, meta)
