"""Whether a distribution is still the one it was."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SMALLEST_SHARE = 1e-4
"""Shares below count as this: a class that nobody had before must not make the index infinite."""


def stability_index(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Population stability index of two distributions over classes, from counts: Σ (q − p)·ln(q / p), less what chance
    alone gives.

    Siddiqi (2006), "Credit risk scorecards"; by its custom below 0.1 nothing changed and above 0.25 much did. Of two
    samples of one distribution it is (k − 1)(1/n + 1/m) on average (Yurdakul and Naranjo 2020), which is taken away.
    0 while one of the two is empty.
    """
    total, later = sum(before.values()), sum(now.values())
    if not total or not later:
        return 0.0
    parts = _parts(before, now)
    return max(0.0, sum(parts.values()) - (len(parts) - 1) * (1 / total + 1 / later))


@dataclass(frozen=True)
class Change:
    """A class and its share of each of the two samples."""

    name: str
    before: float
    now: float


def largest_change(before: Mapping[str, float], now: Mapping[str, float]) -> Change | None:
    """The class that adds most to `stability_index`. None while one of the two is empty."""
    total, later = sum(before.values()), sum(now.values())
    if not total or not later:
        return None
    parts = _parts(before, now)
    name = max(sorted(parts), key=lambda one: parts[one])
    return Change(name, before.get(name, 0) / total, now.get(name, 0) / later)


def _parts(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What each class adds."""
    classes = sorted({*before, *now})
    p, q = (
        np.maximum(np.asarray([one.get(name, 0) for name in classes], float) / sum(one.values()), SMALLEST_SHARE)
        for one in (before, now)
    )
    return dict(zip(classes, ((q - p) * np.log(q / p)).tolist(), strict=True))
