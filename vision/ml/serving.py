"""A published network reads pictures: numpy and LiteRT, no TensorFlow.

Arrays: `network` uint8, the bytes of a TFLite file with the signature `read`: `pixels` float32 [1, size, size, 3] from
0 to 255 in; `category` [1, classes], `group_<n>` [1, labels] (logits) and `embedding` [1, dimensions] (length 1) out.
`meta`: `size`, `dimensions`, `architecture`, `classes`, `parents`, `groups`, `temperature`, `platt` (of each group's
labels: [slope, shift]), `thresholds`, `weights_sha256`.

Pictures are read one by one: what a network says of a picture does not depend on which others are asked with it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vision.ml.examples import Classes, Group
from vision.ml.pictures import Opened

SIGNATURE = "read"
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """Of n pictures: `category` float32 [n, classes], chances that sum to 1; `groups` by key float32 [n, labels], the
    chance of each label; `embedding` float32 [n, dimensions] of length 1."""

    category: Floats
    groups: dict[str, Floats]
    embedding: Floats

    def __len__(self) -> int:
        return len(self.embedding)


def prepared(opened: Opened, size: int) -> NDArray[np.uint8]:
    """What a network sees of a picture, uint8 [size, size, 3]: all of it, stretched to a square.

    Nothing is cut off (a hem tells a dress from a skirt), and how much narrow pictures are stretched is learned.
    """
    return opened.resized(size, size)


class Tagger:
    """A network that reads. Threads share it; each has an interpreter of its own, of one thread."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Raises KeyError, ValueError or RuntimeError for arrays and meta that do not make a network."""
        self._network = np.asarray(arrays["network"], np.uint8).tobytes()
        self.size, self.dimensions = int(meta["size"]), int(meta["dimensions"])
        self.told = classes_of(meta)
        self.temperature = float(meta["temperature"])
        self._platt = [np.asarray(meta["platt"][group.key], np.float32).reshape(-1, 2) for group in self.told.groups]
        self.thresholds: Mapping[str, Mapping[str, Any]] = meta.get("thresholds") or {}
        self._own = threading.local()
        if not self.temperature > 0.0:
            raise ValueError("A temperature is positive.")
        shapes = {name: tuple(one["shape"]) for name, one in self._runner().get_output_details().items()}
        said = {"embedding": (1, self.dimensions)}
        if self.classes:
            said["category"] = (1, len(self.classes))
        said |= {f"group_{at}": (1, len(group.labels)) for at, group in enumerate(self.groups)}
        if shapes != said or any(len(own) != len(g.labels) for own, g in zip(self._platt, self.groups, strict=True)):
            raise ValueError(f"The network tells {shapes} where its description says {said}.")
        if not np.isfinite(self.read(np.zeros((1, self.size, self.size, 3), np.uint8)).embedding).all():
            raise ValueError("The network holds what is no number.")

    @property
    def classes(self) -> tuple[str, ...]:
        return self.told.classes

    @property
    def groups(self) -> tuple[Group, ...]:
        return self.told.groups

    def read(self, pixels: NDArray[np.uint8]) -> Reading:
        """What the network says of pictures [n, size, size, 3] as `prepared` makes them."""
        return self.calibrated(self.raw(pixels))

    def calibrated(self, raw: Reading) -> Reading:
        """Chances from logits."""
        return calibrated(raw, self.told, self.temperature, self._platt)

    def raw(self, pixels: NDArray[np.uint8]) -> Reading:
        """The same with logits in the place of chances."""
        if pixels.shape[1:] != (self.size, self.size, 3) or pixels.dtype != np.uint8:
            raise ValueError(f"Pictures are uint8 [n, {self.size}, {self.size}, 3].")
        runner = self._runner()
        count = len(pixels)
        category = np.empty((count, len(self.classes)), np.float32)
        embedding = np.empty((count, self.dimensions), np.float32)
        groups = {group.key: np.empty((count, len(group.labels)), np.float32) for group in self.groups}
        for at in range(count):
            found = runner(pixels=pixels[at : at + 1].astype(np.float32))
            embedding[at] = found["embedding"][0]
            if self.classes:
                category[at] = found["category"][0]
            for place, group in enumerate(self.groups):
                groups[group.key][at] = found[f"group_{place}"][0]
        return Reading(category, groups, embedding)

    def _runner(self) -> Any:
        if not hasattr(self._own, "runner"):
            from ai_edge_litert.interpreter import Interpreter

            self._own.interpreter = Interpreter(model_content=self._network, num_threads=1)
            self._own.runner = self._own.interpreter.get_signature_runner(SIGNATURE)
        return self._own.runner


class HasModel(Protocol):
    """A verified artifact (`core.model_registry.LoadedModel`)."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


def build_tagger(model: HasModel) -> Tagger:
    """What serves a published version. Raises what Tagger raises."""
    return Tagger(model.arrays, model.meta)


def classes_of(meta: Mapping[str, Any]) -> Classes:
    """What a published network tells. Raises KeyError and ValueError."""
    groups = tuple(
        Group(str(group["key"]), tuple(map(str, group["labels"])), bool(group["is_multiple"]))
        for group in meta["groups"]
    )
    return Classes(tuple(map(str, meta["classes"])), dict(meta["parents"]), groups)


def calibrated(raw: Reading, told: Classes, temperature: float, platt: list[NDArray[np.float32]]) -> Reading:
    """Chances from logits: softmax at a temperature (Guo et al. 2017), a sigmoid of its own per label (Platt 1999)."""
    groups = {
        group.key: sigmoid(raw.groups[group.key] * own[:, 0] + own[:, 1])
        for group, own in zip(told.groups, platt, strict=True)
    }
    return replace(raw, category=softmax(raw.category / np.float32(temperature)), groups=groups)


def softmax(logits: Floats) -> Floats:
    """Rows that sum to 1; rows without columns stay so."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf)) if logits.size else logits
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32) if logits.size else logits


def sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), np.float32)
