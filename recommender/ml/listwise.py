"""A small ranker over candidates: learned listwise, answered in one numpy pass."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

HIDDEN = 32
BATCH = 128
FEWEST_STEPS = 500
"""Few lists are gone through more often than `epochs` says."""
SCALED_ON = 2000
"""Lists that the features' means and spreads are taken from."""
Arrays = dict[str, NDArray[np.float32]]


class Ranker:
    """Linear part plus one hidden layer: `x·v + relu(x·W + b)·w` of standardised features; without W linear alone."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.arrays = {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """One number per row of features; compares within one list only."""
        a = self.arrays
        x = (features - a["mean"]) * a["scale"]
        score = x @ a["direct"]
        if "inner" in a:
            score = score + np.maximum(x @ a["inner"] + a["offset"], 0) @ a["outer"]
        return np.asarray(score, np.float32)


def learn(
    features: NDArray[np.float32],
    present: NDArray[np.bool_],
    target: NDArray[np.integer],
    *,
    rows: NDArray[np.integer],
    hidden: int = HIDDEN,
    epochs: int = 6,
    rate: float = 3e-3,
    seed: int = 0,
) -> Arrays:
    """Arrays of `Ranker` that make the right candidate likeliest: softmax over each list, cross-entropy.

    `features` lists × candidates × features, `present` where a candidate is, `target` the right one's place; learns
    from the lists in `rows`. ListNet of
    Cao et al. (2007) with one relevant item; Adam (Kingma & Ba, 2015) with a rate that falls as a cosine.
    """
    rng = np.random.default_rng(seed)
    width = features.shape[2]
    some = np.sort(rng.choice(rows, min(len(rows), SCALED_ON), replace=False))
    known = features[some][present[some]]
    mean, spread = known.mean(axis=0, dtype=np.float64), known.std(axis=0, dtype=np.float64)
    scale = np.where(spread > 1e-6, 1.0 / np.maximum(spread, 1e-6), 0.0)
    fixed = {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}
    arrays: Arrays = {"direct": np.zeros(width, np.float32)}
    if hidden:
        root = np.sqrt(width)
        arrays["inner"] = rng.normal(0, 1 / root, (width, hidden)).astype(np.float32)
        arrays["offset"] = np.zeros(hidden, np.float32)
        arrays["outer"] = rng.normal(0, 1 / np.sqrt(hidden), hidden).astype(np.float32)
    mover = _Adam(arrays)
    per_epoch = max(-(-len(rows) // BATCH), 1)
    steps = max(per_epoch * epochs, FEWEST_STEPS)
    for step in range(steps):
        if step % per_epoch == 0:
            order = rng.permutation(rows)
        batch = order[(step % per_epoch) * BATCH :][:BATCH]
        x = ((features[batch] - fixed["mean"]) * fixed["scale"]).reshape(-1, width)
        gradient = _gradient(arrays, x, present[batch], target[batch])
        mover.move(gradient, rate * 0.5 * (1 + np.cos(np.pi * step / steps)))
    return {**fixed, **arrays}


def _gradient(
    arrays: Arrays, x: NDArray[np.float32], present: NDArray[np.bool_], target: NDArray[np.integer]
) -> Arrays:
    score = x @ arrays["direct"]
    if "inner" in arrays:
        before = x @ arrays["inner"] + arrays["offset"]
        active = np.maximum(before, 0)
        score = score + active @ arrays["outer"]
    lists = np.where(present, score.reshape(present.shape), -np.inf)
    share = np.exp(lists - lists.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    share[np.arange(len(target)), target] -= 1.0
    slope = (share / len(target)).astype(np.float32).ravel()
    gradient = {"direct": x.T @ slope}
    if "inner" in arrays:
        back = slope[:, None] * arrays["outer"] * (before > 0)
        gradient |= {"outer": active.T @ slope, "inner": x.T @ back, "offset": back.sum(axis=0)}
    return gradient


class _Adam:
    def __init__(self, arrays: Arrays) -> None:
        self.arrays, self.steps = arrays, 0
        self.first = {name: np.zeros_like(array) for name, array in arrays.items()}
        self.second = {name: np.zeros_like(array) for name, array in arrays.items()}

    def move(self, gradient: Arrays, rate: float) -> None:
        self.steps += 1
        for name, slope in gradient.items():
            self.first[name] += 0.1 * (slope - self.first[name])
            self.second[name] += 0.001 * (slope * slope - self.second[name])
            first = self.first[name] / (1 - 0.9**self.steps)
            second = self.second[name] / (1 - 0.999**self.steps)
            self.arrays[name] -= (rate * first / (np.sqrt(second) + 1e-8)).astype(np.float32)
