"""How sure it is that two products meet in more baskets than chance would have it. numpy only: light jobs use it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SUPPORT = 3
"""Baskets that must hold both before a pair counts."""


def lift(both: NDArray[np.floating], own: float, others: NDArray[np.floating], baskets: float) -> NDArray[np.float64]:
    """`P(i,j) / (P(i)·P(j))` over baskets: 1 means chance. Brin, Motwani, Ullman & Tsur (1997)."""
    return np.asarray(both * baskets / (own * others), np.float64)


def log_likelihood(
    both: NDArray[np.floating], own: float, others: NDArray[np.floating], baskets: float
) -> NDArray[np.float64]:
    """−2 log λ of the 2 × 2 table of two items over baskets: how sure it is that they do not meet by chance."""
    cells = [both, own - both, others - both, baskets - own - others + both]
    margins = [
        np.full(len(both), own), np.full(len(both), baskets - own), np.asarray(others), baskets - np.asarray(others),
    ]  # fmt: skip
    whole = _entropy([np.full(len(both), float(baskets))])
    return np.maximum(2.0 * (_entropy(cells) - _entropy(margins) + whole), 0.0)


def _entropy(cells: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Σ k·log k, 0 where k is 0."""
    found = np.zeros(len(cells[0]))
    for cell in cells:
        found += cell * np.log(np.where(cell > 0, cell, 1.0))
    return found
