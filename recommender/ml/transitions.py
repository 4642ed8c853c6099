"""What follows what: item × item matrices counted from sessions."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from recommender.ml.sessions import Sessions

STEPS = 10
ROW_BLOCK = 2048


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
    params = params or TransitionParams()
    size = sessions.item_count
    owners, items = sessions.owners(), sessions.items
    fresh = sessions.freshness(params.half_life)
    total = sp.csr_matrix((size, size))
    for step in range(1, params.steps + 1):
        first = np.flatnonzero(owners[step:] == owners[:-step])
        if len(first) == 0:
            break
        weight = params.decay ** (step - 1) if params.decay else 1.0 / step
        before, after = items[first], items[first + step]
        total = total + sp.csr_matrix((weight * fresh[owners[first]], (before, after)), shape=(size, size))
    return sp.csr_matrix(total)


def shares(counts: sp.csr_matrix, power: float = 1.0) -> sp.csr_matrix:
    """Rows divided by (their sum)^power: 1 makes them shares, 0 leaves them as they are."""
    sums = np.asarray(counts.sum(axis=1)).ravel()
    scale = np.where(sums > 0, sums, 1.0) ** -power
    lengths = np.diff(counts.indptr)
    return sp.csr_matrix((counts.data * np.repeat(scale, lengths), counts.indices, counts.indptr), shape=counts.shape)


def walk(counts: sp.csr_matrix, *, backwards: float = 0.8, width: int = 40, reach: int = 100) -> sp.csr_matrix:
    """Two steps of a random walk over followers and (times `backwards`) forerunners, without the way back.

    Finds items that never met in one session. Each step keeps the `width` likeliest, the result `reach`, so time and
    memory grow with the items. S-Walk of Choi et al. (2022) is the linear-model relative.
    """
    both = prune(shares(sp.csr_matrix(counts + backwards * counts.T)), width)
    kept = []
    for start in range(0, both.shape[0], ROW_BLOCK):
        block = sp.csr_matrix(both[start : start + ROW_BLOCK] @ both)
        owners = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)) + start
        block.data[block.indices == owners] = 0.0
        kept.append(prune(block, reach))
    return sp.csr_matrix(sp.vstack(kept)) if kept else both


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
