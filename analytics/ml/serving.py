"""Scores of customers where only numpy is loaded: a linear model, its calibration, and the reasons of each score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FURTHEST = 30.0
"""Log-odds beyond this say nothing more and would leave the range of numbers."""


def probability(log_odds: Array) -> Array:
    """1 / (1 + e^−s), without overflow."""
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -FURTHEST, FURTHEST)))


@dataclass(frozen=True)
class LinearScorer:
    """`s = intercept + Σ w(i)·(x(i) − centre(i)) / spread(i)`; the probability is 1/(1 + e^−s), then calibrated.

    `knots` and `levels` are the calibration: log-odds and the probability at them, straight in between; empty when the
    model needs none. Both rise. Floats throughout, [features] or [knots].
    """

    features: tuple[str, ...]
    weights: Array
    centre: Array
    spread: Array
    intercept: float
    knots: Array
    levels: Array

    def log_odds(self, rows: Array) -> Array:
        """Of each row [n × features], before calibration."""
        return self.intercept + ((rows - self.centre) / self.spread) @ self.weights

    def calibrated(self, log_odds: Array) -> Array:
        """Probabilities for log-odds of the model."""
        return np.interp(log_odds, self.knots, self.levels) if len(self.knots) else probability(log_odds)

    def score(self, rows: Array) -> Array:
        """Calibrated probability of each row."""
        return self.calibrated(self.log_odds(rows))

    def contributions(self, rows: Array) -> Array:
        """What each feature adds to the log-odds of each row, against an average customer: n × features. Their sum and
        the intercept are the log-odds."""
        return (rows - self.centre) / self.spread * self.weights

    def reasons(self, rows: Array, *, most: int = 3) -> list[list[tuple[str, float]]]:
        """For each row the features that move it most, with their contribution, the largest first."""
        parts = self.contributions(rows)
        order = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :most]
        return [
            [(self.features[at], float(part[at])) for at in chosen if part[at] != 0.0]
            for part, chosen in zip(parts, order, strict=True)
        ]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What `from_arrays` takes back; no array holds objects."""
        return {
            "features": np.array(self.features, dtype=np.str_),
            "weights": self.weights,
            "centre": self.centre,
            "spread": self.spread,
            "intercept": np.array([self.intercept]),
            "knots": self.knots,
            "levels": self.levels,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Raises KeyError for a missing array and ValueError for lengths that do not fit."""
        features = tuple(str(name) for name in arrays["features"])
        lengths = {len(features), *(len(arrays[name]) for name in ("weights", "centre", "spread"))}
        if len(lengths) > 1 or len(arrays["knots"]) != len(arrays["levels"]):
            raise ValueError("The arrays of the score do not fit together.")
        return cls(
            features, arrays["weights"], arrays["centre"], arrays["spread"], float(arrays["intercept"][0]),
            arrays["knots"], arrays["levels"],
        )  # fmt: skip


class Artifact(Protocol):
    """What the registry loads."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


def named(horizon: int, name: str) -> str:
    """What an array of the scorer of one horizon is called in the artifact."""
    return f"h{horizon}_{name}"


def build_scorers(artifact: Artifact) -> dict[int, LinearScorer]:
    """The scorer of each horizon, days ahead. Raises when one cannot serve."""
    found = {}
    for horizon in artifact.meta["horizons"]:
        start = named(horizon, "")
        own = {name[len(start) :]: array for name, array in artifact.arrays.items() if name.startswith(start)}
        scorer = LinearScorer.from_arrays(own)
        if not np.isfinite(scorer.score(scorer.centre[None, :])).all():
            raise ValueError("The scores are not numbers.")
        found[int(horizon)] = scorer
    if not found:
        raise ValueError("There is no scorer.")
    return found


@dataclass(frozen=True)
class LifetimeParameters:
    """BG/NBD and what a purchase is worth. `p`, `q`, `v` are None where Gamma-Gamma is not used: then values come from
    the shrunken mean, `centre` and `k` (None: everybody is worth the centre)."""

    r: float
    alpha: float
    a: float
    b: float
    p: float | None
    q: float | None
    v: float | None
    centre: float
    k: float | None

    @property
    def has_gamma_gamma(self) -> bool:
        return self.p is not None


def build_lifetime(artifact: Artifact) -> LifetimeParameters:
    """Raises when parameters are missing or no numbers."""
    found = LifetimeParameters(**artifact.meta["parameters"])
    if not all(np.isfinite(value) and value > 0 for value in (found.r, found.alpha, found.a, found.b, found.centre)):
        raise ValueError("The parameters are not numbers above 0.")
    return found
