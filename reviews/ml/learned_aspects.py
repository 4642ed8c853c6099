"""What is said of terms, as a model says that learned from terms with labels. Numpy and scipy.sparse only.

Arrays: those of `serving` for the model of marked texts, and of the softmax over its chances (k classes) and the three
voices: `stack_mean`, `stack_spread` float64 [k + 3], `stack_weights` float32 [k + 3 × k], `stack_bias` float64 [k].
`meta` is that of the model of marked texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reviews.ml.aspects import AspectJudge, marked
from reviews.ml.lexicon import shipped
from reviews.ml.network_serving import Floats, softmax
from reviews.ml.sentiment import NEUTRAL, POSITIVE
from reviews.ml.serving import Artifact, NgramScorer
from reviews.ml.text import Span

LEAST_CHANCE = 1e-6
STACK = ("mean", "spread", "weights", "bias")


@dataclass(frozen=True)
class LearnedAspects:
    """A model of marked texts and the voices of `judge`, weighed by a softmax that learned how far each is to be
    trusted (stacking; Wolpert 1992)."""

    own: NgramScorer
    judge: AspectJudge
    mean: Floats
    spread: Floats
    weights: NDArray[np.float32]
    bias: Floats

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of the columns of `probabilities`."""
        return self.own.classes

    def probabilities(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """[mentions × classes] for the mention at each span of each normalised text; rows sum to 1."""
        signed = [marked(text, span) for text, span in zip(texts, spans, strict=True)]
        rows = stacked(self.own.probabilities(signed), self.judge.voices(texts, spans))
        return softmax(((rows - self.mean) / self.spread) @ self.weights + self.bias)

    def predict(self, texts: Sequence[str], spans: Sequence[Span]) -> list[str]:
        """The class of each mention by name."""
        return [self.classes[at] for at in self.probabilities(texts, spans).argmax(axis=1)]

    def positive(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """As of AspectJudge: 1 praise, 0 complaint, what is neither in the middle."""
        chances = self.probabilities(texts, spans)
        worth = [1.0 if name == POSITIVE else 0.5 if name == NEUTRAL else 0.0 for name in self.classes]
        return np.asarray(chances @ np.array(worth))

    def heard_by(self, judge: AspectJudge) -> Self:
        """The same with the voices of another judge: the model of whole texts learns more often than this one."""
        return replace(self, judge=judge)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the registry writes; no array holds objects."""
        return self.own.to_arrays() | {f"stack_{name}": getattr(self, name) for name in STACK}

    def to_meta(self) -> dict[str, Any]:
        """What stands beside the arrays, ready for JSON."""
        return self.own.to_meta()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Raises KeyError for what is missing and ValueError for what does not fit together or is no number."""
        own = NgramScorer.from_arrays({name: part for name, part in arrays.items() if name not in _STACKED}, meta)
        mean, spread, weights, bias = (arrays[f"stack_{name}"] for name in STACK)
        classes = len(own.classes)
        fits = mean.shape == spread.shape == (classes + 3,) and bias.shape == (classes,)
        if not fits or weights.shape != (classes + 3, classes) or bool((spread <= 0).any()):
            raise ValueError("The arrays of the aspects do not fit together.")
        if not all(bool(np.isfinite(part).all()) for part in (mean, spread, weights, bias)):
            raise ValueError("The model of aspects holds what is no number.")
        return cls(own, AspectJudge(shipped()), mean, spread, weights, bias)


_STACKED = {f"stack_{name}" for name in STACK}


def build_aspects(artifact: Artifact) -> LearnedAspects:
    """What a loaded artifact says, beside the product's list of words. Raises when it cannot serve."""
    return LearnedAspects.from_arrays(artifact.arrays, artifact.meta)


def stacked(chances: Floats, voices: Floats) -> Floats:
    """Logarithms of the chances, each less their mean, beside the voices."""
    logs = np.log(np.maximum(chances, LEAST_CHANCE))
    return np.hstack([logs - logs.mean(axis=1, keepdims=True), voices])
