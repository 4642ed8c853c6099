"""Days that were out of the ordinary, and what drove them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.ml.preparation import robust_spread

Array = NDArray[np.float64]
SEASONS = 8
LIMIT = 3.5
"""Iglewicz & Hoaglin (1993)."""


@dataclass(frozen=True)
class Anomaly:
    """One value far from what its place in the season had been: `score` in robust standard deviations."""

    at: int
    value: float
    expected: float
    score: float


@dataclass(frozen=True)
class Driver:
    """A part whose change explains a share of the whole's: 1 is all of it; shares of all parts sum to 1."""

    part: str
    value: float
    expected: float
    share: float


def find(values: Array, *, season: int = 7, limit: float = LIMIT) -> list[Anomaly]:
    """Values whose residual is beyond `limit` robust standard deviations, oldest first.

    Expected is the median of the same place in the last eight seasons (same weekday), the spread that of the residuals
    of those seasons around their own medians; only earlier values speak, and one outlier in them moves neither. Without
    any spread (a constant series) every other value is an anomaly, with the score at the limit. The first eight
    seasons are never judged.
    """
    values = np.asarray(values, np.float64)
    found = []
    for at in range(SEASONS * season, len(values)):
        before = values[at - SEASONS * season : at].reshape(SEASONS, season)
        middles = np.median(before, axis=0)
        expected = float(middles[0])
        spread = robust_spread((before - middles).ravel())
        gap = float(values[at]) - expected
        score = gap / spread if spread > 0 else float(np.sign(gap)) * limit
        if abs(score) >= limit:
            found.append(Anomaly(at, float(values[at]), expected, score))
    return found


def drivers(parts: Mapping[str, Array], at: int, *, season: int = 7, most: int = 5) -> list[Driver]:
    """The parts (categories, channels …) that moved the whole most in its own direction at a value `find` named.

    Each part is held to the median of the same place in its last eight seasons, as the whole was. Parts that moved the
    other way have negative shares and come last. Empty when the parts did not move together.
    """
    found: list[tuple[str, float, float]] = []
    for name, values in parts.items():
        before = np.asarray(values, np.float64)[max(0, at - SEASONS * season) : at]
        same = before[::-1][season - 1 :: season]
        found.append((name, float(values[at]), float(np.median(same)) if len(same) else 0.0))
    whole = sum(value - expected for _name, value, expected in found)
    if whole == 0:
        return []
    named = [Driver(name, value, expected, (value - expected) / whole) for name, value, expected in found]
    return sorted(named, key=lambda driver: -driver.share)[:most]
