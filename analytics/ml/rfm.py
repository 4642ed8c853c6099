"""Recency, frequency, money: scores of 1 to 5 at a fixed date, and names for what they say together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.ml.purchases import Summary

PARTS = 5
SEGMENTS = (
    "champions", "loyal", "potential_loyal", "new", "promising", "needs_attention", "about_to_sleep", "cannot_lose",
    "at_risk", "hibernating",
)  # fmt: skip
# Rows: recency 1 to 5; columns: frequency 1 to 5. Every cell has one name.
GRID = np.array(
    [
        ["hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"],
        ["hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"],
        ["about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"],
        ["promising", "potential_loyal", "potential_loyal", "loyal", "loyal"],
        ["new", "potential_loyal", "potential_loyal", "champions", "champions"],
    ],
    dtype=object,
)


@dataclass(frozen=True)
class RfmScores:
    """Scores of 1 (worst) to 5 (best) in the order of the summary, and the name of each customer's cell."""

    recency: NDArray[np.int64]
    frequency: NDArray[np.int64]
    money: NDArray[np.int64]
    segments: NDArray[np.object_]

    def sizes(self) -> dict[str, int]:
        """Customers of each named segment, also of empty ones."""
        return {name: int((self.segments == name).sum()) for name in SEGMENTS}


def score(summary: Summary) -> RfmScores:
    """Quintiles of recency, frequency and money at the summary's date (Hughes 1994).

    A fifth of the customers gets each score. Equal values are parted by money (money by frequency) and then by the
    customer's number, never by the order of rows, so a second run gives the same scores. Recency parts no equal
    frequencies: those who bought once and lately would never count as new. A measure that is the same
    for everybody tells nobody apart: all get 3. `money` is scored but names are given by recency and frequency, as is
    usual: with money too, most cells would be nearly empty.
    """
    near = -summary.recency.astype(np.float64)
    often = summary.frequency.astype(np.float64)
    money = summary.money
    recency = quintiles(near, money)
    frequency = quintiles(often, money)
    return RfmScores(
        recency=recency,
        frequency=frequency,
        money=quintiles(money, often),
        segments=GRID[recency - 1, frequency - 1] if len(summary) else np.empty(0, object),
    )


def quintiles(values: NDArray[np.floating], *tie_breaks: NDArray[np.floating], parts: int = PARTS) -> NDArray[np.int64]:
    """1 for the lowest fifth to 5 for the highest; among equals the lower tie-break comes first, then the row."""
    size = len(values)
    if size == 0 or values.min() == values.max():
        return np.full(size, (parts + 1) // 2, np.int64)
    order = np.lexsort((np.arange(size), *reversed(tie_breaks), values))
    scores = np.empty(size, np.int64)
    scores[order] = 1 + (np.arange(size) * parts) // size
    return scores
