"""Where numbers stand in a sorted row of them. numpy only: serving uses it."""

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1
"""Stands for a number that is not there."""
WIDEST = 8
"""So many numbers per entry a table of their places may hold, eight bytes each."""


class Places:
    """Places 0 to n - 1 of n ids, int64, which rise strictly. Looked up in a table, or searched for where the ids lie
    so far apart that the table would be long."""

    def __init__(self, ids: NDArray[np.int64]) -> None:
        """Raises ValueError when the ids do not rise."""
        if bool((np.diff(ids) <= 0).any()):
            raise ValueError("Numbers whose places are looked up must rise.")
        self._ids, self._table, self._before = ids, None, 0
        if len(ids) and int(ids[-1]) - int(ids[0]) <= WIDEST * len(ids):
            self._before = int(ids[0]) - 1
            self._table = np.full(int(ids[-1]) - self._before + 2, UNKNOWN, np.int64)
            self._table[ids - self._before] = np.arange(len(ids))

    def of(self, asked: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each of these stands, UNKNOWN for those that are not there."""
        if self._table is not None:  # its first and its last entry are of no id, and stand for all beyond them
            return self._table.take(asked - self._before, mode="clip")
        if not len(self._ids):
            return np.full(len(asked), UNKNOWN)
        at = np.minimum(np.searchsorted(self._ids, asked), len(self._ids) - 1)
        return np.where(self._ids[at] == asked, at, UNKNOWN)
