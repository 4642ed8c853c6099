"""From columns as a shop has them (numbers, words, gaps) to a matrix that linear learners can use."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
"""Columns of equal length: float64 with NaN for a gap, or texts with "" for one."""
MOST_LEVELS = 20
RAREST = 0.01
"""A word that fewer than this share of the rows have counts as "other"."""
SKEWED = 1.0
"""Numbers ≥ 0 that lean further than this to the right are taken as log(1 + x)."""
MOST_PRODUCTS = 120
"""Products of pairs are left out when there would be more: each costs time with every fit."""


@dataclass(frozen=True)
class Number:
    """A numeric column: logarithm or not, what stands for a gap, and whether gaps get a column of their own."""

    name: str
    is_log: bool
    middle: float
    has_gaps: bool

    @classmethod
    def learn(cls, name: str, values: Array) -> Self:
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(name, is_log=False, middle=0.0, has_gaps=True)
        spread = float(known.std())
        lean = float((((known - known.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0
        is_log = float(known.min()) >= 0.0 and lean > SKEWED and len(np.unique(known[:1000])) > 2
        middle = float(np.median(np.log1p(known) if is_log else known))
        return cls(name, is_log, middle, has_gaps=len(known) < len(values))

    def columns(self, values: Array) -> list[tuple[str, Array]]:
        found = np.log1p(np.maximum(values, 0.0)) if self.is_log else values
        gaps = ~np.isfinite(found)
        made = [(self.name, np.where(gaps, self.middle, found))]
        return [*made, (f"{self.name} missing", gaps.astype(np.float64))] if self.has_gaps else made


@dataclass(frozen=True)
class Words:
    """A column of words: one column for each frequent level but the first; rare and unknown ones count as the first."""

    name: str
    levels: tuple[str, ...]

    @classmethod
    def learn(cls, name: str, values: NDArray[Any]) -> Self:
        found, counts = np.unique(values.astype(str), return_counts=True)
        frequent = [int(at) for at in np.argsort(-counts, kind="stable") if counts[at] >= RAREST * len(values)]
        return cls(name, tuple(str(found[at]) for at in frequent[1 : MOST_LEVELS + 1]))

    def columns(self, values: NDArray[Any]) -> list[tuple[str, Array]]:
        texts = values.astype(str)
        return [(f"{self.name}={level}", (texts == level).astype(np.float64)) for level in self.levels]


@dataclass(frozen=True)
class Encoder:
    """What was learned from the training rows: each column's form, and the pairs whose products are features too."""

    parts: tuple[Number | Words, ...]
    pairs: tuple[tuple[int, int], ...]
    names: tuple[str, ...]

    @classmethod
    def learn(cls, columns: Columns, *, with_products: bool = True) -> Self:
        """Numbers and words are told apart by their dtype. Products of two features (and squares of those that are not
        0 or 1) let a linear learner see that an effect needs two things at once. Raises ValueError without columns."""
        if not columns:
            raise ValueError("There is no column to learn from.")
        parts: list[Number | Words] = [
            Number.learn(name, values.astype(np.float64)) if values.dtype.kind in "fiub" else Words.learn(name, values)
            for name, values in columns.items()
        ]
        plain = cls(tuple(parts), (), ())
        names, rows = plain._plain(columns)
        pairs = _useful_pairs(rows) if with_products else []
        if len(pairs) > MOST_PRODUCTS:
            pairs = []
        return cls(tuple(parts), tuple(pairs), (*names, *(f"{names[a]} × {names[b]}" for a, b in pairs)))

    def matrix(self, columns: Columns) -> Array:
        """[rows × names], finite. Raises KeyError for a missing column."""
        _names, rows = self._plain(columns)
        return np.column_stack([rows, *(rows[:, a] * rows[:, b] for a, b in self.pairs)])

    def to_json(self) -> dict[str, Any]:
        """What `from_json` takes back."""
        parts = [{"kind": type(part).__name__, **asdict(part)} for part in self.parts]
        return {"parts": parts, "pairs": self.pairs, "names": self.names}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Raises KeyError or TypeError for what `to_json` did not write."""
        parts: list[Number | Words] = []
        for part in told["parts"]:
            fields = {name: value for name, value in part.items() if name != "kind"}
            is_words = part["kind"] == Words.__name__
            parts.append(Words(fields["name"], tuple(fields["levels"])) if is_words else Number(**fields))
        return cls(tuple(parts), tuple((a, b) for a, b in told["pairs"]), tuple(told["names"]))

    def _plain(self, columns: Columns) -> tuple[list[str], Array]:
        made: list[tuple[str, Array]] = []
        for part in self.parts:
            values = columns[part.name]
            made += part.columns(values.astype(np.float64) if isinstance(part, Number) else values)
        if not made:
            return [], np.zeros((len(next(iter(columns.values()))), 0))
        return [name for name, _values in made], np.column_stack([values for _name, values in made])


def _useful_pairs(rows: Array) -> list[tuple[int, int]]:
    """Pairs whose product is neither constant nor one of its own factors (0/1 squared, levels of one word)."""
    width = rows.shape[1]
    found = []
    for a in range(width):
        for b in range(a, width):
            product = rows[:, a] * rows[:, b]
            if np.ptp(product) == 0 or np.array_equal(product, rows[:, a]) or np.array_equal(product, rows[:, b]):
                continue
            found.append((a, b))
    return found


def taken(columns: Columns, rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The same columns with the chosen rows (a mask or places)."""
    return {name: values[rows] for name, values in columns.items()}


def length(columns: Columns) -> int:
    """Rows of the columns. Raises ValueError for columns of different lengths."""
    sizes = {len(values) for values in columns.values()}
    if len(sizes) != 1:
        raise ValueError("The columns are not of one length.")
    return sizes.pop()


def joined(names: Sequence[str], most: int = 8) -> str:
    """Names for a note, the first ones in full."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
