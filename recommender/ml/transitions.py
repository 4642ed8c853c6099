"""What follows what: item × item matrices counted from sessions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.ml.interactions import grouped
from recommender.ml.sessions import Sessions

STEPS = 10
WIDTH = 40
"""Likeliest next items that a step of a walk keeps."""
ROW_BLOCK = 2048
BLOCK_ENTRIES = 4_000_000
"""Meetings of two acts that are counted at once; bounds the memory of counting to some hundred megabytes."""


@dataclass(frozen=True)
class TransitionParams:
    """An item that came d acts later counts 1/d (`decay` 0) or decay^(d−1), up to `steps` acts, times the freshness of
    its session (`half_life` as a share of all sessions, 0: none). `reach` successors per item are kept."""

    steps: int = STEPS
    decay: float = 0.0
    half_life: float = 0.5
    reach: int = 100


def followers(sessions: Sessions, params: TransitionParams | None = None) -> sp.csr_matrix:
    """Row j, column i: how much item i came after item j. Time and memory grow with acts × steps.

    Sequence rules of Kamehkhosh, Jannach & Ludewig (2017) with weights that fall with distance.
    """
    size = sessions.item_count
    blocks = [block for _start, block in met(sessions, params)]
    return sp.csr_matrix(sp.vstack(blocks, format="csr")) if blocks else sp.csr_matrix((size, size))


def met(
    sessions: Sessions, params: TransitionParams | None = None, *, backwards: float = 0.0
) -> Iterator[tuple[int, sp.csr_matrix]]:
    """`followers` plus `backwards` times its transpose, in blocks of rows, each with the number of its first item: the
    memory of a block is bounded however many acts there are.

    A block is a product of two sparse matrices: which acts are of which item, and what lies around each act.
    """
    params = params or TransitionParams()
    size, count = sessions.item_count, len(sessions.items)
    reach = params.steps * (2 if backwards else 1)
    acts = grouped(sessions.items, size)
    starts = np.r_[0, np.cumsum(np.bincount(sessions.items, minlength=size))]
    owners = sessions.owners().astype(np.int32)
    fresh = sessions.freshness(params.half_life).astype(np.float64)
    first = 0
    while first < size:
        room = starts[first] + max(BLOCK_ENTRIES // reach, 1)
        last = min(max(int(np.searchsorted(starts, room, side="right")) - 1, first + 1), size)
        own = acts[starts[first] : starts[last]]
        places = _around(params.steps, both=bool(backwards))
        near = own[:, None] + places
        inside = (near >= 0) & (near < count)
        near = np.where(inside, near, 0)
        inside &= owners[near] == owners[own][:, None]
        weight = np.where(places > 0, 1.0, backwards) * _by_distance(params, np.abs(places))
        values = (weight * fresh[owners[own]][:, None])[inside]
        ends = np.r_[0, np.cumsum(inside.sum(axis=1))]
        around = sp.csr_matrix((values, sessions.items[near[inside]], ends), shape=(len(own), size))
        which = sp.csr_matrix(
            (np.ones(len(own)), np.arange(len(own)), starts[first : last + 1] - starts[first]),
            shape=(last - first, len(own)),
        )
        yield first, sp.csr_matrix(which @ around)
        first = last


def _around(steps: int, *, both: bool) -> NDArray[np.int64]:
    ahead = np.arange(1, steps + 1)
    return np.r_[-ahead[::-1], ahead] if both else ahead


def _by_distance(params: TransitionParams, distance: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.asarray(params.decay ** (distance - 1.0) if params.decay else 1.0 / distance, np.float64)


def shares(counts: sp.csr_matrix, power: float = 1.0) -> sp.csr_matrix:
    """Rows divided by (their sum)^power: 1 makes them shares, 0 leaves them as they are."""
    sums = np.asarray(counts.sum(axis=1)).ravel()
    scale = np.where(sums > 0, sums, 1.0) ** -power
    lengths = np.diff(counts.indptr)
    return sp.csr_matrix((counts.data * np.repeat(scale, lengths), counts.indices, counts.indptr), shape=counts.shape)


def walk(counts: sp.csr_matrix, *, backwards: float = 0.8, width: int = WIDTH, reach: int = 100) -> sp.csr_matrix:
    """Two steps of a random walk over followers and (times `backwards`) forerunners, without the way back.

    Finds items that never met in one session. Each step keeps the `width` likeliest, the result `reach`, so time and
    memory grow with the items. S-Walk of Choi et al. (2022) is the linear-model relative.
    """
    return two_steps(prune(shares(sp.csr_matrix(counts + backwards * counts.T)), width), reach)


def two_steps(one: sp.csr_matrix, reach: int) -> sp.csr_matrix:
    """The `reach` likeliest ends of two steps of `one`, without the way back."""
    kept = []
    for start in range(0, one.shape[0], ROW_BLOCK):
        block = sp.csr_matrix(one[start : start + ROW_BLOCK] @ one)
        owners = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)) + start
        block.data[block.indices == owners] = 0.0
        kept.append(prune(block, reach))
    return sp.csr_matrix(sp.vstack(kept)) if kept else one


def prune(matrix: sp.csr_matrix, count: int) -> sp.csr_matrix:
    """Only the `count` largest positive entries of each row; equal ones by lower column. Columns come out sorted."""
    matrix = sp.csr_matrix(matrix)
    matrix.sort_indices()
    keep = matrix.data > 0
    for row in np.flatnonzero(np.diff(matrix.indptr) > count):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        values = matrix.data[part]
        border = np.partition(values, len(values) - count)[len(values) - count]
        above, level = values > border, np.flatnonzero(values == border)
        above[level[: count - int(above.sum())]] = True
        keep[part] &= above
    lengths = np.add.reduceat(np.r_[keep, False], matrix.indptr[:-1]) if matrix.shape[0] else np.empty(0, int)
    lengths = np.where(np.diff(matrix.indptr) > 0, lengths, 0)
    return sp.csr_matrix((matrix.data[keep], matrix.indices[keep], np.r_[0, np.cumsum(lengths)]), shape=matrix.shape)
