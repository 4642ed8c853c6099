"""iALS: matrix factorisation of what customers did and did not do, solved exactly side by side."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.ml.base import History, Ranked, Recommender, cut_dense
from recommender.ml.interactions import Interactions
from recommender.ml.popularity import Popularity
from recommender.ml.ranking import best
from recommender.ml.scoring import Attention, Factors, HistoryWeighting, named

BLOCK_NUMBERS = 4_000_000
"""Single precision numbers per batch of systems; bounds the memory of one batch to some tens of megabytes."""
BLOCK_ROWS = 65_536
WARM_SWEEPS = 4
"""Enough when it goes on from the factors of an earlier fit."""


@dataclass(frozen=True)
class IalsParams:
    """`factors` per customer and item. An observed pair weighs 1 + α·r, everything else 1; r by `history_weighting`,
    scaled to a mean of 1. λ of a customer or item is `regularisation`·(α·Σr + n)^`exponent`, n the other side's size:
    an exponent of 1 asks more of those with more data, 0 is the classic form. `sweeps` over both sides."""

    factors: int = 64
    alpha: float = 10.0
    regularisation: float = 0.03
    exponent: float = 1.0
    history_weighting: HistoryWeighting = "log"
    half_life: float = 0.0
    sweeps: int = 8
    max_history: int = 500

    def learned(self) -> Self:
        """All but how an answer listens to the history."""
        return replace(self, half_life=0.0)


class Ials(Recommender):
    """`min Σ c(u,i)·(p(u,i) − x_u·y_i)² + Σ λ_u‖x_u‖² + Σ λ_i‖y_i‖²`, c = 1 + α·r, p = 1 where observed.

    Hu, Koren & Volinsky (2008); λ scaled by frequency and a small start after Rendle, Krichene, Zhang & Koren (2022).
    Rows of like length are solved in batches. `start` continues from the item factors of an earlier fit, so that a
    nightly training needs few sweeps. A customer is folded in from his history alone, in training as when serving.
    """

    def __init__(
        self,
        params: IalsParams | None = None,
        *,
        fallback: Popularity | None = None,
        name: str = "ials",
        seed: int = 0,
        start: NDArray[np.floating] | None = None,
    ) -> None:
        super().__init__()
        self.params = params or IalsParams()
        self.fallback = fallback or Popularity()
        self.name = name
        self.seed, self.start = seed, start
        self.attention = Attention(self.params.history_weighting, self.params.half_life)
        self.scale = 1.0
        """Mean r of training pairs; a history is divided by it."""
        self.item_factors: NDArray[np.float32] = np.empty((0, self.params.factors), np.float32)
        self.spectrum: NDArray[np.float64] = np.empty(self.params.factors)

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = self.fallback.fit(interactions).score.astype(np.float32).astype(np.float64)
        recent = interactions.newest_per_customer(self.params.max_history)
        pairs = recent.pairs()
        listen = replace(self.attention, half_life=0.0)
        strengths = listen(pairs.values, pairs.rank)
        self.scale = float(strengths.mean()) if len(strengths) else 1.0
        shape = (interactions.customer_count, interactions.item_count)
        values = sp.csr_matrix(
            ((strengths / self.scale).astype(np.float32), (pairs.customers, pairs.items)), shape=shape
        )
        by_item = sp.csr_matrix(values.T)
        customers = np.zeros((shape[0], self.params.factors), np.float32)
        items = self._first(shape[1])
        warm = self.start is not None and self.start.shape[1] == self.params.factors
        with threadpool_limits(1):  # systems are small: threads would only wait for each other
            for _sweep in range(self.params.sweeps if not warm else min(self.params.sweeps, WARM_SWEEPS)):
                items = turned(items)
                self._solve(values, items, customers, spectrum(items))
                customers = turned(customers)
                self._solve(by_item, customers, items, spectrum(customers))
            self.item_factors = turned(items)
        self.spectrum = spectrum(self.item_factors)
        return self

    def with_params(self, params: IalsParams) -> "Ials":
        """The same factors, answering with another `half_life`."""
        if params.learned() != self.params.learned():
            raise ValueError("These parameters need a new fit.")
        twin = Ials(params, fallback=self.fallback, name=self.name, seed=self.seed)
        twin.popularity, twin.scale = self.popularity, self.scale
        twin.item_factors, twin.spectrum = self.item_factors, self.spectrum
        return twin

    def histories(self, interactions: Interactions) -> sp.csr_matrix:
        pairs = interactions.pairs()
        data = self.attention(pairs.values, pairs.rank) / self.scale
        shape = (interactions.customer_count, interactions.item_count)
        return sp.csr_matrix((data, (pairs.customers, pairs.items)), shape=shape)

    def rank(
        self,
        histories: sp.csr_matrix,
        depth: int,
        *,
        exclude: sp.csr_matrix,
        customers: NDArray[np.integer] | None = None,
    ) -> NDArray[np.int64]:
        step = max(1, BLOCK_NUMBERS // max(histories.shape[1], 1))
        vectors = self.fold_in(histories)
        ranked = []
        for start in range(0, histories.shape[0], step):
            rows = slice(start, start + step)
            scores = vectors[rows] @ self.item_factors.T
            ranked.append(cut_dense(scores, depth, exclude=exclude[rows], tie_break=self.popularity))
        return np.concatenate(ranked) if ranked else np.empty((0, depth), np.int64)

    def score_rows(self, histories: sp.csr_matrix) -> NDArray[np.floating]:
        return np.asarray(self.fold_in(histories) @ self.item_factors.T)

    def fold_in(self, histories: sp.csr_matrix) -> NDArray[np.float32]:
        """Customers × factors from their histories alone."""
        found = np.zeros((histories.shape[0], len(self.spectrum)), np.float32)
        with threadpool_limits(1):
            self._solve(histories.astype(np.float32), self.item_factors, found, self.spectrum)
        return found

    def recommend(self, history: History, k: int, exclude: Collection[int] = ()) -> Ranked:
        rows = np.array([item for item, _weight in history], np.int64)
        weights = np.array([weight for _item, weight in history], np.float64)
        free = np.ones(len(self.item_factors), bool)
        free[list(exclude)] = False
        items = np.flatnonzero(free)
        served = self.serving()
        scores, voices = served.score(rows, self.attention(weights, np.arange(len(rows))) / self.scale, items)
        kept = scores > 0
        chosen = best(items[kept], scores[kept], k, self.popularity)
        shown = items[kept][chosen]
        found = named(shown, scores[kept][chosen], self.item_factors[shown].astype(np.float64) @ voices.T)
        return Ranked(found.items, found.scores, rows[found.reasons] if len(rows) else found.reasons, found.shares)

    def serving(self) -> Factors:
        """What serves: the turned item factors."""
        return Factors(
            self.item_factors, self.spectrum,
            alpha=self.params.alpha, regularisation=self.params.regularisation, exponent=self.params.exponent,
        )  # fmt: skip

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """factors float32 [n × f], turned so that YᵀY is diagonal, and spectrum float64 [f], that diagonal."""
        return {"factors": self.item_factors, "spectrum": self.spectrum}

    def _first(self, size: int) -> NDArray[np.float32]:
        """Small random factors, or those of `start`: customers' and items' products begin near zero."""
        rng = np.random.default_rng(self.seed)
        spread = 0.1 / np.sqrt(self.params.factors)
        items = rng.normal(0.0, spread, (size, self.params.factors)).astype(np.float32)
        if self.start is not None and self.start.shape[1] == self.params.factors:
            known = min(size, len(self.start))
            met = np.flatnonzero(self.start[:known].any(axis=1))
            items[met] = self.start[met]
        return items

    def _solve(
        self,
        values: sp.csr_matrix,
        other: NDArray[np.float32],
        into: NDArray[np.float32],
        spectrum: NDArray[np.float64],
    ) -> None:
        """Best vector of every row given the other side: `(YᵀY + Yᵀ·diag(α·r)·Y + λI)·x = Yᵀ(1 + α·r)`, in the basis of
        `other`, which must be turned so that YᵀY is diagonal (`spectrum`). Rows without data become zero.

        A row with fewer entries than factors is solved by a system as small as its entries (Woodbury): with
        D = YᵀY + λI diagonal, `x = D⁻¹·Yᵀ·(diag(1/αr) + Y·D⁻¹·Yᵀ)⁻¹·(1 + αr)/αr`. Most customers are such rows.
        """
        factors, alpha = other.shape[1], np.float32(self.params.alpha)
        sums = np.asarray(values.sum(axis=1, dtype=np.float64)).ravel()
        penalty = self.params.regularisation * (self.params.alpha * sums + len(other)) ** self.params.exponent
        into[:] = 0.0
        for rows, width in _batches(np.diff(values.indptr), factors):
            at = values.indptr[rows][:, None] + np.arange(width)
            real = at < values.indptr[rows + 1][:, None]
            at = np.where(real, at, 0)
            extra = np.where(real, alpha * values.data[at], np.float32(0.0))
            own = other[values.indices[at]]
            if width < factors // 2:
                into[rows] = _few(own, extra, spectrum + penalty[rows, None])
            else:
                into[rows] = _many(own, extra, real, spectrum + penalty[rows, None])


def turned(factors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The factors rotated so that YᵀY is diagonal: no product x·y changes and solving for the other side becomes
    cheap."""
    gram = np.zeros((factors.shape[1],) * 2)
    for start in range(0, len(factors), BLOCK_ROWS):
        block = factors[start : start + BLOCK_ROWS].astype(np.float64)
        gram += block.T @ block
    _values, vectors = np.linalg.eigh(gram)
    return np.asarray(factors @ vectors.astype(np.float32), np.float32)


def spectrum(factors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The diagonal of YᵀY."""
    return np.asarray(np.einsum("if,if->f", factors, factors, dtype=np.float64), np.float64)


def _few(own: NDArray[np.float32], extra: NDArray[np.float32], diagonal: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows × width × factors, their α·r (0: no entry) and D: the vectors by systems of the width."""
    scaled = own / diagonal[:, None, :].astype(np.float32)
    system = np.matmul(own, scaled.transpose(0, 2, 1))
    told = extra > 0
    inverse = np.divide(np.float32(1.0), extra, out=np.full_like(extra, 1e20), where=told)
    width = np.arange(own.shape[1])
    system[:, width, width] += inverse
    wanted = np.where(told, 1.0 + inverse, np.float32(0.0))
    found = np.linalg.solve(system, wanted[:, :, None])
    return np.asarray(np.matmul(found.transpose(0, 2, 1), scaled)[:, 0, :], np.float32)


def _many(
    own: NDArray[np.float32], extra: NDArray[np.float32], real: NDArray[np.bool_], diagonal: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The same by systems of the factors."""
    factors = np.arange(own.shape[2])
    system = np.matmul(own.transpose(0, 2, 1), own * extra[:, :, None])
    system[:, factors, factors] += diagonal.astype(np.float32)
    wanted = np.matmul(np.where(real, 1.0 + extra, np.float32(0.0))[:, None, :], own)[:, 0, :]
    return np.asarray(np.linalg.solve(system, wanted[:, :, None])[:, :, 0], np.float32)


def _batches(lengths: NDArray[np.integer], factors: int) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Rows of like length that are solved together, and the longest length among them."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    rising = lengths[order]
    start = 0
    while start < len(order):
        widest = int(rising[start] * 1.25) + 4
        end = int(np.searchsorted(rising, widest, side="right"))
        end = min(end, start + max(1, BLOCK_NUMBERS // (factors * (widest + factors))))
        yield order[start:end], int(rising[end - 1])
        start = end
