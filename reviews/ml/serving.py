"""Text models where only numpy is loaded. `build_scorer` reads those of every engine; the linear ones are here: grams
of a text, their weights, a calibrated probability per class.

Arrays (n grams, k questions; two classes are one question, more are one each):

* `keys` uint64 [n], increasing: hashes of `grams`
* `idf` float32 [n], `weights` float32 [n × k], `bias` float64 [k]
* `slope`, `shift` float64 [k]: P = 1 / (1 + e^−(slope·margin + shift)), with more than two classes shares of their sum

`meta`: `format` 1, `engine` "ngram", `classes` (with two, the second is what the question asks for), `characters`,
`words`, `shortest`, `crossing` of the grams, and `threshold`, the probability of the second of two classes from which
it is the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from reviews.ml.grams import GramKinds, batches, count

FORMAT = 1
NGRAM = "ngram"
SCORED_AT_ONCE = 512
"""Texts: their grams fit in the cache of a core."""
FURTHEST = 30.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NgramScorer:
    """A published linear text model. Nothing changes after it is made, so threads share it."""

    classes: tuple[str, ...]
    kinds: GramKinds
    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: Floats
    slope: Floats
    shift: Floats
    threshold: float = 0.5

    def margins(self, texts: Sequence[str]) -> Floats:
        """[texts × questions] of normalised texts: `Σ tfidf(gram)·weight(gram) + bias`, (1 + ln count)·idf over the
        length of the text's vector."""
        parts = [self._margins(some) for _start, some in batches(texts, SCORED_AT_ONCE)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.bias)))

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """[texts × classes], rows sum to 1."""
        return self.calibrated(self.margins(texts))

    def calibrated(self, margins: Floats) -> Floats:
        """Probabilities of the classes for margins of the questions."""
        chances = sigmoid(margins * self.slope + self.shift)
        if len(self.classes) == 2:
            return np.hstack([1.0 - chances, chances])
        return chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-12)

    def chosen(self, probabilities: Floats) -> NDArray[np.int64]:
        """The class of each row as a number."""
        if len(self.classes) == 2:
            return (probabilities[:, 1] >= self.threshold).astype(np.int64)
        return np.argmax(probabilities, axis=1).astype(np.int64)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The class of each text by name."""
        return [self.classes[at] for at in self.chosen(self.probabilities(texts))]

    def _margins(self, texts: Sequence[str]) -> Floats:
        found = count(texts, self.kinds)
        if not len(found.hashes) or not len(self.keys):
            return np.tile(self.bias, (len(texts), 1))
        at = np.minimum(np.searchsorted(self.keys, found.hashes), len(self.keys) - 1)
        known = self.keys[at] == found.hashes
        grams, owners = at[known], found.texts[known]
        values = (1.0 + np.log(found.counts[known].astype(np.float32))) * self.idf[grams]
        length = np.sqrt(np.bincount(owners, values.astype(np.float64) ** 2, minlength=len(texts)))
        sums = np.empty((len(texts), len(self.bias)))
        for question in range(len(self.bias)):
            sums[:, question] = np.bincount(owners, values * self.weights[grams, question], minlength=len(texts))
        return sums / np.maximum(length, 1e-12)[:, None] + self.bias

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the registry writes; no array holds objects."""
        return {
            "keys": self.keys, "idf": self.idf, "weights": self.weights, "bias": self.bias, "slope": self.slope,
            "shift": self.shift,
        }  # fmt: skip

    def to_meta(self) -> dict[str, Any]:
        """What stands beside the arrays, ready for JSON."""
        return {
            "format": FORMAT, "engine": NGRAM, "classes": list(self.classes), "threshold": self.threshold,
            "characters": self.kinds.characters, "words": self.kinds.words, "shortest": self.kinds.shortest,
            "crossing": self.kinds.crossing,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Raises KeyError for what is missing and ValueError for what does not fit together or is no number."""
        if meta["format"] != FORMAT:
            raise ValueError(f"The model is of format {meta['format']}; this program reads {FORMAT}.")
        classes = tuple(str(name) for name in meta["classes"])
        kinds = GramKinds(*(meta[name] for name in ("characters", "words", "shortest", "crossing")))
        found = cls(
            classes, kinds, arrays["keys"], arrays["idf"],
            arrays["weights"], arrays["bias"], arrays["slope"], arrays["shift"], float(meta["threshold"]),
        )  # fmt: skip
        grams, questions = len(found.keys), 1 if len(classes) == 2 else len(classes)
        fits = found.idf.shape == (grams,) and found.weights.shape == (grams, questions) and len(classes) > 1
        if not fits or any(part.shape != (questions,) for part in (found.bias, found.slope, found.shift)):
            raise ValueError("The arrays of the text model do not fit together.")
        if found.keys.dtype != np.uint64 or bool((found.keys[1:] <= found.keys[:-1]).any()):
            raise ValueError("The keys of the text model are not increasing.")
        numbers = (found.idf, found.weights, found.bias, found.slope, found.shift)
        if not all(bool(np.isfinite(part).all()) for part in numbers):
            raise ValueError("The text model holds what is no number.")
        return found


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^−s), without overflow."""
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -FURTHEST, FURTHEST)))


class TextScorer(Protocol):
    """A published model of any engine. Nothing changes after it is made, so threads share it."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """[texts × classes] of normalised texts, rows sum to 1."""

    def chosen(self, probabilities: Floats) -> NDArray[np.int64]:
        """The class of each row as a number."""


class Artifact(Protocol):
    """What the registry loads."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


def build_scorer(artifact: Artifact) -> TextScorer:
    """The scorer of a loaded artifact. Raises when it cannot serve."""
    return read(artifact.arrays, artifact.meta)


def read(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> TextScorer:
    """The scorer of the engine that `meta` names; of the linear one where it names none.

    Raises KeyError for what is missing and ValueError for what does not fit together.
    """
    if meta.get("engine", NGRAM) == NGRAM:
        return NgramScorer.from_arrays(arrays, meta)
    # These read this module.
    from reviews.ml.network_serving import NetworkScorer
    from reviews.ml.transformer import TRANSFORMER, TransformerScorer

    if meta["engine"] == TRANSFORMER:
        return TransformerScorer.from_arrays(arrays, meta)
    return NetworkScorer.from_arrays(arrays, meta)
