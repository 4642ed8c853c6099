"""Pretrained BERT encoders from a local folder, computed with numpy. Nothing is ever downloaded.

The folder named by the environment variable REVIEWS_TRANSFORMER holds `config.json` (model type `bert`),
`model.safetensors` and `vocab.txt` or a WordPiece `tokenizer.json`, as such models are commonly kept. A text becomes
the mean of its last states beside the state of its first sign (Devlin et al. 2019); a logistic head on top is what a
shop trains.

Arrays of the head: `mean`, `spread` float32 [2·states], `weights` float32 [2·states × classes], `bias` float64
[classes]. `meta`: `format` 1, `engine` "transformer", `classes`, `temperature`, `threshold`, and `encoder`, the SHA-256
of the encoder that the head belongs to.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from reviews.ml.network_serving import Arrays, Floats, Layer, softmax
from reviews.ml.wordpiece import WordPiece

FORMAT = 1
TRANSFORMER = "transformer"
FOLDER = "REVIEWS_TRANSFORMER"
LONGEST = 128
"""Pieces of a text that are read."""
AT_ONCE = 16
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


class NoTransformer(ValueError):
    """There is no encoder that can be read. The message says what is needed."""


@dataclass(frozen=True)
class Encoder:
    """A BERT encoder. Nothing changes after it is made, so threads share it."""

    pieces: WordPiece
    weights: Arrays
    heads: int
    layers: int
    epsilon: float
    longest: int
    sha256: str

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Raises NoTransformer for a folder that does not hold what is needed."""
        try:
            config = json.loads((folder / "config.json").read_text("utf-8"))
            if config.get("model_type") != "bert" or config.get("hidden_act", "gelu") != "gelu":
                raise NoTransformer(
                    f"{folder} holds a model of type {config.get('model_type')}; BERT with gelu is read."
                )
            weights, sha256 = _read(folder / "model.safetensors")
            found = cls(
                WordPiece.of(folder), weights, int(config["num_attention_heads"]), int(config["num_hidden_layers"]),
                float(config.get("layer_norm_eps", 1e-12)), min(LONGEST, int(config["max_position_embeddings"])),
                sha256,
            )  # fmt: skip
            found.states([""])
        except NoTransformer:
            raise
        except (OSError, KeyError, IndexError, ValueError) as error:
            raise NoTransformer(
                f"{folder} is not an encoder that can be read (config.json, model.safetensors, vocab.txt): {error!r}"
            ) from error
        return found

    def states(self, texts: Sequence[str]) -> Layer:
        """[texts × 2·states] of normalised texts: the first state, then the mean of all."""
        numbers = [self.pieces.numbers(text, self.longest) for text in texts]
        size = 2 * self.weights["embeddings.word_embeddings.weight"].shape[1]
        found = np.empty((len(texts), size), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(numbers[at]))
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            found[some] = self._forward([numbers[at] for at in some])
        return found

    def _forward(self, numbers: list[list[int]]) -> Layer:
        longest = max(map(len, numbers))
        filled = np.zeros((len(numbers), longest), np.int64)
        there = np.zeros((len(numbers), longest), bool)
        for at, row in enumerate(numbers):
            filled[at, : len(row)], there[at, : len(row)] = row, True
        weights = self.weights
        states = (
            weights["embeddings.word_embeddings.weight"][filled]
            + weights["embeddings.position_embeddings.weight"][:longest]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._even(states, "embeddings.LayerNorm")
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}"
            states = self._even(states + self._attended(states, there, name), f"{name}.attention.output.LayerNorm")
            inner = self._dense(states, f"{name}.intermediate.dense")
            inner = inner * (0.5 * (1.0 + erf(inner / math.sqrt(2.0)))).astype(np.float32)
            states = self._even(states + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        shown = np.where(there[..., None], states, 0.0)
        return np.hstack([states[:, 0], shown.sum(axis=1) / there.sum(axis=1, keepdims=True)]).astype(np.float32)

    def _attended(self, states: Layer, there: NDArray[np.bool_], name: str) -> Layer:
        """Scaled dot products of queries and keys share out the values (Vaswani et al. 2017)."""
        texts, length, size = states.shape
        query, key, value = (
            self._dense(states, f"{name}.attention.self.{part}")
            .reshape(texts, length, self.heads, size // self.heads)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(size // self.heads))
        scores = np.where(there[:, None, None, :], scores, np.float32(-1e9))
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (powers / powers.sum(axis=-1, keepdims=True)) @ value
        return self._dense(mixed.transpose(0, 2, 1, 3).reshape(texts, length, size), f"{name}.attention.output.dense")

    def _dense(self, states: Layer, name: str) -> Layer:
        return np.asarray(states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"])

    def _even(self, states: Layer, name: str) -> Layer:
        """Mean 0 and variance 1 within each state (Ba, Kiros & Hinton 2016)."""
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        return np.asarray(
            centred / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"], dtype=np.float32
        )


@dataclass(frozen=True)
class TransformerScorer:
    """The head of a shop over the encoder of this installation."""

    classes: tuple[str, ...]
    encoder: Encoder
    mean: Layer
    spread: Layer
    weights: Layer
    bias: Floats
    temperature: float = 1.0
    threshold: float = 0.5

    def logits(self, texts: Sequence[str]) -> Floats:
        """[texts × classes] of normalised texts, before the temperature."""
        return self.logits_of(self.encoder.states(texts))

    def logits_of(self, states: Layer) -> Floats:
        """The same of texts that the encoder has read already."""
        return np.asarray((states - self.mean) / self.spread @ self.weights + self.bias, np.float64)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """[texts × classes], rows sum to 1."""
        return softmax(self.logits(texts) / self.temperature)

    def chosen(self, probabilities: Floats) -> NDArray[np.int64]:
        """The class of each row as a number."""
        if len(self.classes) == 2:
            return (probabilities[:, 1] >= self.threshold).astype(np.int64)
        return np.argmax(probabilities, axis=1).astype(np.int64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the registry writes: the head alone."""
        return {"mean": self.mean, "spread": self.spread, "weights": self.weights, "bias": self.bias}

    def to_meta(self) -> dict[str, Any]:
        """What stands beside the arrays, ready for JSON."""
        return {
            "format": FORMAT, "engine": TRANSFORMER, "classes": list(self.classes), "temperature": self.temperature,
            "threshold": self.threshold, "encoder": self.encoder.sha256,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Arrays, meta: Mapping[str, Any]) -> Self:
        """Raises NoTransformer without the encoder, KeyError for what is missing, ValueError for what does not fit."""
        if meta["format"] != FORMAT or meta["engine"] != TRANSFORMER:
            raise ValueError(f"This program does not read {meta['engine']} of format {meta['format']}.")
        encoder = local()
        if encoder.sha256 != meta["encoder"]:
            raise NoTransformer(f"The model was learned with another encoder than the one that {FOLDER} names.")
        found = cls(
            tuple(map(str, meta["classes"])), encoder, arrays["mean"], arrays["spread"], arrays["weights"],
            arrays["bias"], float(meta["temperature"]), float(meta["threshold"]),
        )  # fmt: skip
        size = 2 * encoder.weights["embeddings.word_embeddings.weight"].shape[1]
        fits = found.weights.shape == (size, len(found.classes)) and found.bias.shape == (len(found.classes),)
        if not fits or found.mean.shape != (size,) or found.spread.shape != (size,) or found.temperature <= 0.0:
            raise ValueError("The arrays of the head do not fit together.")
        if not all(bool(np.isfinite(part).all()) for part in arrays.values()):
            raise ValueError("The head holds what is no number.")
        return found


def is_named() -> bool:
    """Whether REVIEWS_TRANSFORMER names a folder, whatever is in it."""
    return bool(_named())


def local() -> Encoder:
    """The encoder of the folder that REVIEWS_TRANSFORMER names. Raises NoTransformer."""
    named = _named()
    if not named:
        raise NoTransformer(
            f"No transformer: set {FOLDER} to a local folder with config.json (model type bert), model.safetensors and "
            "vocab.txt. Nothing is downloaded."
        )
    return _loaded(Path(named).expanduser().resolve())


def _named() -> str:
    return os.environ.get(FOLDER, "").strip()


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> Encoder:
    if not folder.is_dir():
        raise NoTransformer(f"{FOLDER} names {folder}, which is no folder.")
    return Encoder.of(folder)


def _read(path: Path) -> tuple[dict[str, Layer], str]:
    """Tensors as float32 by name without `bert.` in front, and the SHA-256 of the file. Raises ValueError, OSError."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    found = {}
    for name, told in header.items():
        if name == "__metadata__" or told["dtype"] not in (*KINDS, "BF16"):
            continue
        start, end = told["data_offsets"]
        part = raw[8 + size + start : 8 + size + end]
        if told["dtype"] == "BF16":
            # The upper half of a float32.
            values = (np.frombuffer(part, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(part, KINDS[told["dtype"]]).astype(np.float32)
        plain = name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
        found[plain.replace("LayerNorm.beta", "LayerNorm.bias")] = values.reshape(told["shape"])
    return found, hashlib.sha256(raw).hexdigest()
