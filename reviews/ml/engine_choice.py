"""Which engine suits a shop's texts: each learns from most of them and is asked about the rest."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviews.ml import engines, measures
from reviews.ml.engines import Engine
from reviews.ml.networks import held_back
from reviews.ml.transformer import NoTransformer

SHARE = 0.2
"""Of each class: held back to ask about."""
FEWEST = 10
"""Texts of each class: with fewer the default engine is taken untried."""


@dataclass(frozen=True)
class Tried:
    """What an engine did on the held-back texts. `gained`: its accuracy minus that of the default engine on the same
    texts, with standard `error`."""

    engine: str
    accuracy: float
    macro_f1: float
    gained: float
    error: float
    train_cpu_seconds: float
    docs_per_second: float


def choose(
    texts: Sequence[str], labels: Sequence[str], *, seed: int = 0, budget: float | None = None,
    candidates: Sequence[str] = engines.ENGINES, note: Callable[[str], None] = lambda _text: None,
) -> tuple[str, list[Tried]]:  # fmt: skip
    """The engine for these normalised texts, and what all did. The default engine, unless another is better on the same
    texts by more than the standard error of the difference; then the best.

    After `budget` CPU seconds no further engine is tried; a network that is tried has what is left of them. Raises
    TooFewTexts.
    """
    started = time.process_time()
    codes = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)[1]
    if np.bincount(codes).min(initial=FEWEST) < FEWEST:
        note(f"No engine was tried: that takes {FEWEST} texts of each class.")
        return engines.DEFAULT, []
    held = held_back(codes, seed, SHARE)
    seen, asked = np.flatnonzero(~held).tolist(), np.flatnonzero(held).tolist()
    right: dict[str, NDArray[np.bool_]] = {}
    tried: list[Tried] = []
    for name in sorted(candidates, key=lambda name: name != engines.DEFAULT):
        left = None if budget is None else budget - (time.process_time() - started)
        if tried and left is not None and left < 0.0:
            note(f"{name} was not tried: {budget:g} processor seconds were over.")
            continue
        try:
            engine = engines.make(name, seed=seed, budget=left)
        except NoTransformer as error:
            note(f"{name} was not tried. {error}")
            continue
        cost, told, speed = _tried(engine, [texts[at] for at in seen], [labels[at] for at in seen],
                                   [texts[at] for at in asked])  # fmt: skip
        place = {one: at for at, one in enumerate(engine.classes)}
        truth = np.array([place[labels[at]] for at in asked], np.int64)
        right[name] = told == truth
        gaps = right[name].astype(float) - right.get(engines.DEFAULT, right[name])
        tried.append(Tried(
            name, float(right[name].mean()), measures.macro_f1(told, truth, len(place)), float(gaps.mean()),
            float(gaps.std() / np.sqrt(len(gaps))), cost, speed,
        ))  # fmt: skip
    better = [one for one in tried if one.gained > one.error]
    best = max(better, key=lambda one: one.gained, default=tried[0])
    return best.engine, tried


def _tried(
    engine: Engine, texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]
) -> tuple[float, NDArray[np.int64], float]:
    """CPU seconds of learning, what was told, and texts answered per CPU second."""
    cpu = time.process_time()
    engine.fit(texts, labels)
    learned = time.process_time()
    told = engine.chosen(engine.probabilities(asked))
    return learned - cpu, told, len(asked) / max(time.process_time() - learned, 1e-9)
