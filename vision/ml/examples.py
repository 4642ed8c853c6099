"""Pictures with what people say about them: what networks learn from, and how it is split without leaking."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
YES, NO, UNKNOWN = 1, 0, -1
CATEGORY = "category"
"""Key of the set whose labels are the categories."""


@dataclass(frozen=True)
class Group:
    """A set of attributes that are told one by one. `is_multiple`: several may hold at once."""

    key: str
    labels: tuple[str, ...]
    is_multiple: bool = True


@dataclass(frozen=True)
class Classes:
    """What is told of a picture: one of `classes` (keys of categories), and the labels of each group.

    `parents`: class to its parent's key, "" or missing at the top. A parent may be a class itself or only a parent.
    """

    classes: tuple[str, ...]
    parents: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for keys that stand twice."""
        for keys in (self.classes, [group.key for group in self.groups], *(group.labels for group in self.groups)):
            if len(set(keys)) != len(keys):
                raise ValueError("A key stands twice among the classes, the groups or the labels of a group.")


@dataclass(frozen=True)
class Examples:
    """`pictures` uint8 [N, size, size, 3], a memmap where they are many; `at` int64 [n] are the rows that are meant
    (all of them by default). Of these n: `category` int32 (number in `Classes.classes`, -1 unknown); `groups` by key
    int8 [n, labels], 1 yes, 0 no, -1 unknown; `clusters` int64: pictures of one product, or that look the same, share
    one; `weights` float32, how much each counts (all alike by default)."""

    pictures: Pixels
    category: NDArray[np.int32]
    groups: Mapping[str, NDArray[np.int8]]
    clusters: NDArray[np.int64]
    weights: NDArray[np.float32] | None = None
    at: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for arrays that do not fit together."""
        shape = self.pictures.shape
        if len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3 or self.pictures.dtype != np.uint8:
            raise ValueError(f"Pictures are uint8 [n, size, size, 3], not {self.pictures.dtype} {list(shape)}.")
        count = len(self.pictures) if self.at is None else len(self.at)
        columns: list[NDArray[Any]] = [self.category, self.clusters, *self.groups.values()]
        if any(len(column) != count for column in [*columns, *([] if self.weights is None else [self.weights])]):
            raise ValueError("The columns of the examples are not of one length.")

    def __len__(self) -> int:
        return len(self.category)

    @property
    def size(self) -> int:
        """Pixels a side."""
        return int(self.pictures.shape[1])

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Those of a mask or of numbers, in their order. Pictures are not copied."""
        rows = np.arange(len(self), dtype=np.int64) if self.at is None else self.at
        return replace(
            self,
            category=self.category[which],
            groups={key: told[which] for key, told in self.groups.items()},
            clusters=self.clusters[which],
            weights=None if self.weights is None else self.weights[which],
            at=rows[which],
        )

    def read(self, which: NDArray[np.int64] | slice) -> Pixels:
        """The pictures of these numbers, uint8 [k, size, size, 3]."""
        rows = which if self.at is None else self.at[which]
        return np.asarray(self.pictures[rows])


def split_by_cluster(examples: Examples, shares: Sequence[float], seed: int) -> NDArray[np.int64]:
    """The number of the part [n] of each example; parts get about these shares of the clusters; none is in two.

    The part follows from the cluster's number and the seed alone, so that a product stays in its part when others
    come and go: what a version was tested on, a later one has not learned from either. Raises ValueError unless the
    shares are positive and sum to 1.
    """
    if min(shares) <= 0 or abs(sum(shares) - 1.0) > 1e-6:
        raise ValueError("Shares are positive and sum to 1.")
    edges = np.cumsum(shares)[:-1]
    known, place = np.unique(examples.clusters, return_inverse=True)
    drawn = np.array([_drawn(int(cluster), seed) for cluster in known])
    return np.searchsorted(edges, drawn, side="right")[place].astype(np.int64)


def _drawn(cluster: int, seed: int) -> float:
    """From 0 up to 1, the same for ever."""
    digest = hashlib.blake2b(f"{seed}:{cluster}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64
