"""What a purchase of each customer will be worth: Gamma-Gamma, and a shrunken mean where it cannot be trusted."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln
from threadpoolctl import threadpool_limits

from analytics.ml.bgnbd import CannotFit

Array = NDArray[np.float64]
BOUNDS = {"p": (0.1, 50.0), "q": (1.001, 1e3), "v": (1e-4, 1e4)}
"""Of `v` in units of the mean purchase. With q of 1 or less the mean of all customers would be infinite."""
FEWEST = 10
"""Customers with a purchase of more than 0 that the parameters need at least."""


@dataclass(frozen=True)
class Spending:
    """Purchases of each customer that say what he spends: how many, their mean, and the sum of squared distances from
    that mean. Customers without any have count 0; their mean means nothing."""

    count: Array
    mean: Array
    squares: Array

    @classmethod
    def of(cls, owners: NDArray[np.integer], amounts: Array, customers: int) -> Self:
        """`owners` [purchases]: numbers of customers. Purchases of 0 do not say what one pays and are left out."""
        paid = amounts > 0
        owners, amounts = owners[paid], amounts[paid]
        count = np.bincount(owners, minlength=customers).astype(np.float64)
        mean = np.bincount(owners, weights=amounts, minlength=customers) / np.maximum(count, 1.0)
        squares = np.bincount(owners, weights=(amounts - mean[owners]) ** 2, minlength=customers)
        return cls(count, mean, squares.astype(np.float64))


@dataclass(frozen=True)
class ShrunkenMean:
    """The own mean, drawn towards that of all: `(n·mean + k·centre) / (n + k)`, k the variance within customers over
    that between them (Bühlmann 1967). An infinite k says that customers do not differ, or that nobody paid twice."""

    centre: float
    k: float

    @classmethod
    def of(cls, spending: Spending) -> Self:
        """Raises CannotFit when nobody paid anything."""
        known = spending.count > 0
        if not bool(known.any()):
            raise CannotFit("No purchase has an amount above 0: nothing says what a purchase is worth.")
        count, mean = spending.count[known], spending.mean[known]
        centre = float(np.average(mean, weights=count))
        free = float((count - 1).sum())
        if free == 0:
            return cls(centre, float("inf"))
        within = float(spending.squares[known].sum() / free)
        excess = float((count * (mean - centre) ** 2).sum()) - (len(count) - 1) * within
        size = float(count.sum() - (count**2).sum() / count.sum())
        between = excess / size if size > 0 else 0.0
        if between <= 0:
            return cls(centre, float("inf"))
        return cls(centre, within / between)

    def expected_value(self, spending: Spending) -> Array:
        """Expected amount of a purchase of each customer."""
        if not np.isfinite(self.k):
            return np.full(len(spending.count), self.centre)
        total = spending.count + self.k
        own = np.divide(spending.count, total, out=np.zeros_like(total), where=total > 0)
        return own * spending.mean + (1 - own) * self.centre


@dataclass(frozen=True)
class GammaGamma:
    """Fader & Hardie (2013): amounts of a customer are Gamma(p, ν), ν ~ Gamma(q, v) over customers.

    `at_bounds` names parameters that ended at the edge of what is allowed (p in [0.1, 50], q > 1); then, or without a
    fit (parameters None), values come from the shrunken mean in `fallback`.
    """

    p: float | None
    q: float | None
    v: float | None
    log_likelihood: float | None
    customers: int
    fallback: ShrunkenMean
    at_bounds: tuple[str, ...] = ()
    why: str = ""

    @property
    def is_trusted(self) -> bool:
        return self.p is not None and not self.at_bounds

    def expected_value(self, spending: Spending) -> Array:
        """Expected amount of a purchase of each customer; the mean of all for those who never paid."""
        if not self.is_trusted:
            return self.fallback.expected_value(spending)
        assert self.p is not None
        assert self.q is not None
        assert self.v is not None
        own = self.p * spending.count
        return (
            self.p * (self.v + np.where(spending.count > 0, spending.count * spending.mean, 0.0)) / (own + self.q - 1)
        )


def fit(spending: Spending) -> GammaGamma:
    """Parameters of the largest likelihood within the bounds. Raises CannotFit when nobody paid anything."""
    fallback = ShrunkenMean.of(spending)
    known = spending.count > 0
    count, mean = spending.count[known], spending.mean[known] / fallback.centre
    if len(count) < FEWEST:
        return GammaGamma(None, None, None, None, len(count), fallback, why="few_customers")
    if float(np.ptp(mean)) <= 1e-9:
        return GammaGamma(None, None, None, None, len(count), fallback, why="equal_amounts")
    counts, of_count = np.unique(count, return_inverse=True)
    weights = np.bincount(of_count).astype(np.float64)
    log_mean, totals, size = np.log(mean), count * mean, len(count)
    fixed = float((np.log(count) * count).sum() + (log_mean * count).sum())

    def worse(place: Array) -> tuple[float, Array]:
        p, q, v = np.exp(place)
        shape = p * counts
        logs = np.log(totals + v)
        value = weights @ (gammaln(shape + q) - gammaln(shape)) - size * (gammaln(q) - q * np.log(v))
        value += p * fixed - log_mean.sum() - (p * count + q) @ logs
        by_p = weights @ (counts * (digamma(shape + q) - digamma(shape))) + fixed - count @ logs
        by_q = weights @ digamma(shape + q) + size * (np.log(v) - digamma(q)) - logs.sum()
        by_v = size * q / v - ((p * count + q) / (totals + v)).sum()
        return -value / size, -np.array([by_p * p, by_q * q, by_v * v]) / size

    edges = [(float(np.log(low)), float(np.log(high))) for low, high in BOUNDS.values()]
    with threadpool_limits(1):
        found = minimize(
            worse, np.log([2.0, 3.0, 1.0]), jac=True, method="L-BFGS-B", bounds=edges,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
        )  # fmt: skip
    p, q, v = np.exp(found.x).tolist()
    bounds = tuple(
        name
        for name, place, edge in zip(BOUNDS, found.x, edges, strict=True)
        if min(abs(place - edge[0]), abs(place - edge[1])) < 1e-6
    )
    return GammaGamma(
        p=p, q=q, v=v * fallback.centre,
        log_likelihood=float(-found.fun * size - size * np.log(fallback.centre)),
        customers=size, fallback=fallback, at_bounds=bounds, why="at_bounds" if bounds else "",
    )  # fmt: skip
