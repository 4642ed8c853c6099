"""What was usual before networks, to stand beside them: histograms of oriented gradients and a linear machine.

After Dalal & Triggs (2005): 9 directions in cells of 8 × 8, blocks of 2 × 2 cells brought to one length, clipped and
brought to one length again; grey pictures of 64 × 64.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from vision.ml.examples import Examples

SIDE, CELL, DIRECTIONS = 64, 8, 9
CLIPPED = 0.2
SOFTNESS = (0.003, 0.01, 0.03, 0.1)


def hog(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features float32 [n, 1764] of uint8 [n, size, size, 3]."""
    grey = _resized(np.asarray(pictures @ np.array([0.299, 0.587, 0.114], np.float32), np.float32))
    down, across = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1], across[:, :, 1:-1] = grey[:, 2:] - grey[:, :-2], grey[:, :, 2:] - grey[:, :, :-2]
    size = np.hypot(down, across)
    turned = (np.arctan2(down, across) % np.pi) * (DIRECTIONS / np.pi)
    low = np.floor(turned - 0.5).astype(np.int64)
    part = (turned - 0.5 - low).astype(np.float32)
    cells = SIDE // CELL
    found = np.zeros((len(grey), cells, cells, DIRECTIONS), np.float32)
    for direction in range(DIRECTIONS):
        own = size * ((low % DIRECTIONS == direction) * (1 - part) + ((low + 1) % DIRECTIONS == direction) * part)
        found[..., direction] = own.reshape(-1, cells, CELL, cells, CELL).sum(axis=(2, 4))
    blocks = np.concatenate([found[:, :-1, :-1], found[:, 1:, :-1], found[:, :-1, 1:], found[:, 1:, 1:]], axis=3)
    blocks /= np.linalg.norm(blocks, axis=3, keepdims=True) + 1e-3
    blocks = np.minimum(blocks, CLIPPED)
    blocks /= np.linalg.norm(blocks, axis=3, keepdims=True) + 1e-3
    return np.asarray(blocks.reshape(len(blocks), -1), np.float32)


def _resized(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [n, SIDE, SIDE], each pixel between its nearest."""
    place = np.clip((np.arange(SIDE) + 0.5) * grey.shape[1] / SIDE - 0.5, 0, grey.shape[1] - 1)
    low = np.minimum(place.astype(np.int64), grey.shape[1] - 2)
    part = (place - low).astype(np.float32)
    rows = grey[:, low] * (1 - part)[:, None] + grey[:, low + 1] * part[:, None]
    return np.asarray(rows[:, :, low] * (1 - part) + rows[:, :, low + 1] * part)


class HogSvm:
    """A linear support vector machine on these features; its softness is chosen on the validation part."""

    def fit(self, train: Examples, validation: Examples, *, seed: int = 0) -> Self:
        from sklearn.svm import LinearSVC

        known, held = (features_of(part) for part in (train, validation))
        self.best = -1.0
        for softness in SOFTNESS:
            machine = LinearSVC(C=softness, random_state=seed).fit(known, train.category)
            score = float((machine.predict(held) == validation.category).mean()) if len(held) else 0.0
            if score > self.best:
                self.best, self._machine = score, machine
        return self

    def predict(self, examples: Examples) -> NDArray[np.int64]:
        """The class of each picture."""
        return np.asarray(self._machine.predict(features_of(examples)), np.int64)


def features_of(examples: Examples) -> NDArray[np.float32]:
    """By block, so that memory stays small."""
    parts = [hog(examples.read(slice(at, at + 512))) for at in range(0, len(examples), 512)]
    return np.concatenate([np.zeros((0, (SIDE // CELL - 1) ** 2 * 4 * DIRECTIONS), np.float32), *parts])
