"""Networks of texts where only numpy is loaded: what Keras learned, computed layer by layer.

Arrays: `keys_1` … uint64 (see `pieces`), then the variables by their path in the network, `/` written as `.`, float32.
`meta`: `format` 1, `engine` ("keras-cnn" or "keras-lstm"), `classes`, `temperature`, `threshold` (of the second of two
classes), `by_words`, `longest`, and `widths` of the convolutions.

Answers do not depend on which texts are asked together; they agree with Keras to 1e-5.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from reviews.ml.pieces import Encoder, padded

FORMAT = 1
CNN, LSTM = "keras-cnn", "keras-lstm"
PIECES_AT_ONCE = 8_192
"""Of a batch, with what fills shorter texts: its layers fit in the cache of a core."""
Arrays = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]
Layer = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkScorer:
    """A published network. Nothing changes after it is made, so threads share it."""

    engine: str
    classes: tuple[str, ...]
    encoder: Encoder
    weights: Arrays
    widths: tuple[int, ...] = ()
    temperature: float = 1.0
    threshold: float = 0.5

    def logits(self, texts: Sequence[str]) -> Floats:
        """[texts × classes] of normalised texts: what the last layer says, before the temperature."""
        encoded = self.encoder.encode(texts)
        order = sorted(range(len(encoded)), key=lambda at: len(encoded[at]))
        forward = FORWARD[self.engine]
        found = np.empty((len(encoded), len(self.classes)))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and len(encoded[order[end]]) * (end + 1 - start) <= PIECES_AT_ONCE:
                end += 1
            some = order[start:end]
            # Matrices this small keep every core busy waiting for the others, for nothing.
            with _threads().limit(limits=1):
                found[some] = forward(padded([encoded[at] for at in some]), self.weights, self.widths)
            start = end
        return found

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """[texts × classes], rows sum to 1."""
        return softmax(self.logits(texts) / self.temperature)

    def chosen(self, probabilities: Floats) -> NDArray[np.int64]:
        """The class of each row as a number."""
        if len(self.classes) == 2:
            return (probabilities[:, 1] >= self.threshold).astype(np.int64)
        return np.argmax(probabilities, axis=1).astype(np.int64)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The class of each text by name."""
        return [self.classes[at] for at in self.chosen(self.probabilities(texts))]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the registry writes; no array holds objects."""
        keys = {f"keys_{length}": keys for length, keys in enumerate(self.encoder.keys, 1)}
        return keys | {name.replace("/", "."): np.asarray(value) for name, value in self.weights.items()}

    def to_meta(self) -> dict[str, Any]:
        """What stands beside the arrays, ready for JSON."""
        return {
            "format": FORMAT, "engine": self.engine, "classes": list(self.classes), "temperature": self.temperature,
            "threshold": self.threshold, "by_words": self.encoder.by_words, "longest": self.encoder.longest,
            "widths": list(self.widths),
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Arrays, meta: Mapping[str, Any]) -> Self:
        """Raises KeyError for what is missing and ValueError for what does not fit together or is no number."""
        if meta["format"] != FORMAT or meta["engine"] not in FORWARD:
            raise ValueError(f"This program does not read networks {meta['engine']} of format {meta['format']}.")
        names = sorted(name for name in arrays if name.startswith("keys_"))
        keys = tuple(arrays[f"keys_{length}"] for length in range(1, len(names) + 1))
        if any(bool((some[1:] <= some[:-1]).any()) for some in keys):
            raise ValueError("The keys of the network are not increasing.")
        weights = {name.replace(".", "/"): value for name, value in arrays.items() if name not in names}
        if not all(bool(np.isfinite(value).all()) for value in weights.values()):
            raise ValueError("The network holds what is no number.")
        encoder = Encoder(keys, bool(meta["by_words"]), int(meta["longest"]))
        found = cls(
            str(meta["engine"]), tuple(map(str, meta["classes"])), encoder, weights, tuple(map(int, meta["widths"])),
            float(meta["temperature"]), float(meta["threshold"]),
        )  # fmt: skip
        sizes = tuple(len(weights[f"runs_{length}/embeddings"]) for length in range(1, len(keys) + 1))
        if not keys or len(found.classes) < 2 or sizes != encoder.sizes or found.temperature <= 0.0:
            raise ValueError("The arrays of the network do not fit together.")
        found.probabilities([""])
        return found


def softmax(logits: Floats) -> Floats:
    """Rows that sum to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def embedded(numbers: NDArray[np.int32], weights: Arrays) -> Layer:
    """[texts × pieces × dimensions]: what the runs that begin at a piece say together. Row 0 of each table is zeros."""
    found = weights["runs_1/embeddings"][numbers[:, :, 0]]
    for length in range(1, numbers.shape[2]):
        found += weights[f"runs_{length + 1}/embeddings"][numbers[:, :, length]]
    return np.asarray(found)


def convolved(numbers: NDArray[np.int32], weights: Arrays, widths: Sequence[int]) -> Layer:
    """Convolutions of several widths, the strongest and the mean place of each, a dense layer (after Kim 2014)."""
    there = (numbers[:, :, :1] > 0).astype(np.float32)
    pieces = embedded(numbers, weights)
    pooled = []
    for width in widths:
        kernel, bias = weights[f"width_{width}/kernel"], weights[f"width_{width}/bias"]
        before = (width - 1) // 2
        wide = np.pad(pieces, ((0, 0), (before, width - 1 - before), (0, 0)))
        found = sum(wide[:, at : at + pieces.shape[1]] @ kernel[at] for at in range(width))
        shown = np.maximum(found + bias, 0.0) * there
        pooled += [shown.max(axis=1), shown.sum(axis=1) / there.sum(axis=1)]
    return np.asarray(np.hstack(pooled) @ weights["said/kernel"] + weights["said/bias"])


def remembered(numbers: NDArray[np.int32], weights: Arrays, widths: Sequence[int]) -> Layer:
    """Two LSTM layers (Hochreiter & Schmidhuber 1997; gates in the order of Keras), a dense layer on the last state."""
    lengths = (numbers[:, :, 0] > 0).sum(axis=1)
    states = embedded(numbers, weights)
    for name in ("first", "second"):
        kernel, inner, bias = (weights[f"{name}/lstm_cell/{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
        driven = states @ kernel + bias
        size = inner.shape[0]
        hidden = np.zeros((len(numbers), size), np.float32)
        cell = np.zeros_like(hidden)
        states = np.empty((*numbers.shape[:2], size), np.float32)
        for at in range(numbers.shape[1]):
            gates = driven[:, at] + hidden @ inner
            keep, forget, show = (_sigmoid(gates[:, part * size : (part + 1) * size]) for part in (0, 1, 3))
            new = forget * cell + keep * np.tanh(gates[:, 2 * size : 3 * size])
            on = (at < lengths)[:, None]
            cell = np.where(on, new, cell)
            hidden = np.where(on, show * np.tanh(new), hidden)
            states[:, at] = hidden
    return np.asarray(hidden @ weights["said/kernel"] + weights["said/bias"])


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _sigmoid(values: Layer) -> Layer:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


FORWARD: dict[str, Callable[[NDArray[np.int32], Arrays, Sequence[int]], Layer]] = {CNN: convolved, LSTM: remembered}
