"""How well offers fit a customer: what he prefers against what they hold, over categories. numpy only."""

import numpy as np
from numpy.typing import NDArray


def similarity(preferences: NDArray[np.floating], offers: NDArray[np.floating]) -> NDArray[np.float64]:
    """`sim(u,i) = Σ_j r(u,j)·r(i,j) / (‖r(u,·)‖·‖r(i,·)‖)`, customers × offers; j runs over categories.

    `preferences` is customers × categories (or one customer), `offers` is offers × categories. Somebody without
    preferences, or an offer without categories, is like nothing: 0.
    """
    mine = _unit(np.atleast_2d(np.asarray(preferences, np.float64)))
    theirs = _unit(np.atleast_2d(np.asarray(offers, np.float64)))
    return np.asarray(mine @ theirs.T)


def affinity(preferences: NDArray[np.floating], offers: NDArray[np.floating]) -> NDArray[np.float64]:
    """`r̂(u,i) = sim·g` with the damping `g = sim / (1 + sim)`: grows with sim wherever sim ≥ 0, at most 1/2.

    Preferences and weights are amounts: negative ones raise ValueError, because damping would turn their order round.
    """
    if (np.asarray(preferences) < 0).any() or (np.asarray(offers) < 0).any():
        raise ValueError("Preferences and the weights of categories are amounts, 0 or more.")
    sim = similarity(preferences, offers)
    return np.asarray(sim * (sim / (1.0 + sim)))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
