"""Which products look most like a picture: every row of a matrix is asked, so the answer is exact.

Rows are float32 and of length one, and lie product by product; the likeness of a product is that of its best picture.
Halves (float16) would take half the memory and ten times as long, because processors multiply none.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
SPARE = 1e-5
"""Of a likeness: what two ways of adding up the same numbers may differ by."""
DIGITS = 6
"""Likeness is compared and told with so many digits, so that the same pictures tie on every processor."""


@dataclass(frozen=True)
class Matrix:
    """`rows` float32 [n, D] of length one; `images` int64 [n]; `products` int64 [p], increasing; `starts` int64 [p]:
    the row at which the pictures of each begin. Arrays may be mapped from the disk."""

    rows: Floats
    images: Ids
    products: Ids
    starts: Ids

    @classmethod
    def of(cls, rows: Floats, images: Ids, owners: Ids) -> Self:
        """From rows in any order; `owners` int64 [n] are the products. Pictures of a product keep their order."""
        order = np.argsort(owners, kind="stable")
        products, starts = np.unique(owners[order], return_index=True)
        return cls(
            np.ascontiguousarray(rows[order], np.float32), np.asarray(images[order], np.int64),
            products.astype(np.int64), starts.astype(np.int64),
        )  # fmt: skip

    def check(self) -> None:
        """Raises ValueError for arrays that do not fit together."""
        count, products = len(self.rows), len(self.products)
        fits = (
            self.rows.ndim == 2 and self.rows.dtype == np.float32
            and self.images.shape == (count,) and self.starts.shape == (products,)
            and (products == 0) == (count == 0)
        )  # fmt: skip
        if fits and products:
            fits = (
                int(self.starts[0]) == 0
                and bool((np.diff(self.starts) > 0).all())
                and int(self.starts[-1]) < count
                and bool((np.diff(self.products) > 0).all())
            )
        if not fits:
            raise ValueError("These arrays make no matrix of pictures.")

    @property
    def dimensions(self) -> int:
        return int(self.rows.shape[1])

    def place(self, product: int) -> int | None:
        """Where a product stands in `products`."""
        at = int(np.searchsorted(self.products, product))
        return at if at < len(self.products) and self.products[at] == product else None

    def mean(self, product: int) -> Floats | None:
        """The mean direction of its pictures, float32 [D]; None for a product that is not here."""
        at = self.place(product)
        if at is None:
            return None
        end = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.rows)
        own = np.asarray(self.rows[self.starts[at] : end], np.float32)
        mean = own.mean(axis=0)
        length = float(np.linalg.norm(mean))
        return np.asarray(mean / length, np.float32) if length > 1e-6 else own[0]


@dataclass(frozen=True)
class Nearest:
    """The best first: `products` int64 [k], `likeness` float64 [k] (cosines), and the picture of each that is meant."""

    products: Ids
    likeness: NDArray[np.float64]
    images: Ids


def mask(matrix: Matrix, allowed: Ids) -> NDArray[np.bool_]:
    """bool [p]: which products of the matrix are among `allowed`, in any order."""
    return np.isin(matrix.products, allowed)


def nearest(
    matrix: Matrix, asked: Floats, count: int, *, allowed: NDArray[np.bool_] | None = None, but: int | None = None
) -> Nearest:
    """The `count` products (of those `allowed`, bool [p]; without the product `but`) that are most like `asked` [D].

    `asked` need not have length one. Of equally alike ones the product that has been there longest (the smallest
    number) comes first. Raises ValueError for a direction of another length or without one.
    """
    if asked.shape != (matrix.dimensions,):
        raise ValueError(f"A direction here has {matrix.dimensions} numbers, not {list(asked.shape)}.")
    length = float(np.linalg.norm(asked))
    if not np.isfinite(length) or length <= 1e-12:
        raise ValueError("This has no direction.")
    may = np.ones(len(matrix.products), np.bool_) if allowed is None else allowed.copy()
    if but is not None and (at := matrix.place(but)) is not None:
        may[at] = False
    if not may.any() or count < 1:
        return Nearest(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    direction = np.asarray(asked / length, np.float32)
    alike = np.nan_to_num(matrix.rows @ direction, nan=-2.0)
    best = alike if len(matrix.starts) == len(alike) else np.maximum.reduceat(alike, matrix.starts)
    best = np.where(may, best, np.float32(-4.0))
    wanted = min(count, int(may.sum()))
    least = np.partition(best, len(best) - wanted)[len(best) - wanted]
    there = np.flatnonzero((best >= least - SPARE) & may)
    return _exactly(matrix, alike, there, direction.astype(np.float64), wanted)


def _exactly(
    matrix: Matrix, alike: Floats, there: NDArray[np.intp], direction: NDArray[np.float64], wanted: int
) -> Nearest:
    """The candidates added up again, each in the same way: libraries add rows up differently by where they lie."""
    ends = np.append(matrix.starts[1:], len(alike))
    chosen = np.array(
        [matrix.starts[at] + int(np.argmax(alike[matrix.starts[at] : ends[at]])) for at in there], np.intp
    )
    told = (matrix.rows[chosen].astype(np.float64) * direction).sum(axis=1)
    exact = np.round(np.nan_to_num(told, nan=-1.0), DIGITS)
    order = np.lexsort((matrix.products[there], -exact))[:wanted]
    return Nearest(np.asarray(matrix.products[there[order]]), exact[order], np.asarray(matrix.images[chosen[order]]))
