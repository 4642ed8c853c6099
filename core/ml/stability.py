"""Whether a distribution is still the one it was."""

from collections.abc import Mapping

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
    classes = sorted({*before, *now})
    p = np.maximum(np.asarray([before.get(name, 0) for name in classes], float) / total, SMALLEST_SHARE)
    q = np.maximum(np.asarray([now.get(name, 0) for name in classes], float) / later, SMALLEST_SHARE)
    found = float(((q - p) * np.log(q / p)).sum())
    return max(0.0, found - (len(classes) - 1) * (1 / total + 1 / later))
