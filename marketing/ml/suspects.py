"""Columns that were known only after the message: a model that learns from them foretells the past."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from marketing.ml.encoding import Columns

Flags = NDArray[np.int64]
SUREST = 1e-8
"""Chance below which a difference between arms drawn by lot is none of chance."""
SLICES = 10
FEWEST_WITHOUT = 100


def after_the_message(columns: Columns, outcome: Flags, treated: Flags) -> list[str]:
    """Names of columns that the outcome decides (one value wherever it did not come, others where it did: an order of
    those who visited), or that differ between arms drawn by chance beyond all chance, in the order of the columns."""
    return [
        name
        for name, values in columns.items()
        if _is_decided_by(values, outcome) or _differs_between(_classes(values), treated)
    ]


def _is_decided_by(values: NDArray[Any], outcome: Flags) -> bool:
    without, having = values[outcome == 0], values[outcome == 1]
    if len(without) < FEWEST_WITHOUT or not len(having):
        return False
    return bool((without == without[0]).all() and (having != without[0]).any())


def _classes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Words by themselves, the twenty most frequent ones; numbers by their value or by tenths; gaps are a class."""
    if values.dtype.kind == "U":
        _names, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        rank = np.empty(len(counts), np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        return np.minimum(rank[inverse], 20)
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if len(distinct) > SLICES:
        distinct = np.unique(np.quantile(values[known], np.linspace(0, 1, SLICES + 1)[1:-1]))
    return np.where(known, np.searchsorted(distinct, values, side="right"), len(distinct) + 1)


def _differs_between(classes: NDArray[np.int64], treated: Flags) -> bool:
    """Pearson's χ² test of the classes in both arms (1900)."""
    _found, classes = np.unique(classes, return_inverse=True)
    table = np.stack([np.bincount(classes[treated == arm], minlength=classes.max() + 1) for arm in (0, 1)])
    table = table[:, table.sum(axis=0) >= SLICES]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return False
    return bool(chi2_contingency(table, correction=False).pvalue < SUREST)
