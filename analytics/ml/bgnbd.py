"""BG/NBD: how often customers will buy, and whether they are still there, from three numbers of each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
NODES = 24
"""Gauss nodes of the integral over the chance to leave; more do not change the tenth digit."""
BLOCK = 8_192
LOWEST, HIGHEST = 1e-4, 1e4
"""Parameters stay within these; one that ends there is named in `at_bounds`."""
FAR = np.log(1e3)
FIRST_ROWS = 20_000


class CannotFit(ValueError):
    """The data cannot tell the parameters. The message is one line for people."""


@dataclass(frozen=True)
class Histories:
    """Different customers, counted: x purchases after the first one, the last of them at `last`, seen for `seen` time
    units since the first purchase. `count` customers share each row; `row_of` [customers] says which is whose."""

    x: Array
    last: Array
    seen: Array
    count: Array
    row_of: NDArray[np.int64]

    @classmethod
    def of(cls, x: NDArray[np.integer], last: Array, seen: Array) -> "Histories":
        """Customers in any order. Raises ValueError when a history is impossible: a last purchase after the end, or
        none and yet a date for it."""
        x = np.asarray(x)
        last, seen = np.asarray(last, np.float64), np.asarray(seen, np.float64)
        wrong = (x < 0) | (last < 0) | (last > seen) | ((x == 0) & (last != 0)) | ~np.isfinite(seen)
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(f"Customer {at} has an impossible history: x {x[at]}, last {last[at]}, seen {seen[at]}.")
        places = [np.unique(column, return_inverse=True) for column in (x, last, seen)]
        key = (places[0][1] * len(places[1][0]) + places[1][1]) * len(places[2][0]) + places[2][1]
        _keys, first, row_of, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        return cls(x[first].astype(np.float64), last[first], seen[first], count.astype(np.float64), row_of)

    def __len__(self) -> int:
        return len(self.row_of)

    @cached_property
    def tables(self) -> list[tuple[Array, NDArray[np.int64]]]:
        """Different values of x, last and seen and which each row has: costly functions are of these alone."""
        return [np.unique(column, return_inverse=True) for column in (self.x, self.last, self.seen)]

    def part(self, size: int, rng: np.random.Generator) -> "Histories":
        """`size` customers drawn at random."""
        count = np.bincount(self.row_of[rng.integers(len(self), size=size)], minlength=len(self.x)).astype(np.float64)
        kept = count > 0
        return Histories(self.x[kept], self.last[kept], self.seen[kept], count[kept], np.empty(0, np.int64))


@dataclass(frozen=True)
class BgNbd:
    """Fader, Hardie & Lee (2005), "Counting your customers the easy way".

    While there, a customer buys at random with rate λ ~ Gamma(r, α); after each purchase he leaves with chance
    p ~ Beta(a, b). Times are in one unit throughout.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    at_bounds: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, float]:
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    def probability_alive(self, histories: Histories) -> Array:
        """Chance that each customer is still there at the end of what was seen; 1 for those who bought once."""
        return self._alive(histories)[histories.row_of]

    def expected_purchases(self, histories: Histories, ahead: float) -> Array:
        """Purchases of each customer in the next `ahead` time units, given his history.

        Given that he is there, λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + x), and he buys (1 − e^(−λpt))/p times. The
        mean over λ is closed, the one over p a Gauss rule made for that Beta: where the form with ₂F₁ of the paper
        divides by a − 1 or leaves the range of numbers, this stays exact.
        """
        tables = histories.tables
        pairs, where = np.unique(tables[0][1] * len(tables[2][0]) + tables[2][1], return_inverse=True)
        bought, seen = tables[0][0], tables[2][0]
        at, when = pairs // len(seen), pairs % len(seen)
        expected = np.empty(len(pairs))
        nodes, weights = beta_rule(self.a, self.b + bought)
        for start in range(0, len(pairs), BLOCK):
            rows = slice(start, start + BLOCK)
            p = nodes[at[rows]]
            share = ahead / (self.alpha + seen[when[rows]])
            power = -(self.r + bought[at[rows]])
            purchases = -np.expm1(power[:, None] * np.log1p(p * share[:, None])) / p
            expected[rows] = (weights[at[rows]] * purchases).sum(axis=1)
        return (expected[where] * self._alive(histories))[histories.row_of]

    def chance_to_buy(self, histories: Histories, ahead: float) -> Array:
        """Chance that each customer buys at least once in the next `ahead` time units: he is there, and his rate
        λ ~ Gamma(r + x, α + T) brings a purchase."""
        stays_away = (self.r + histories.x) * (
            np.log(self.alpha + histories.seen) - np.log(self.alpha + histories.seen + ahead)
        )
        return (self._alive(histories) * -np.expm1(stays_away))[histories.row_of]

    def _alive(self, rows: Histories) -> Array:
        """Of each row, in logarithms: (α + T)/(α + last) to the power r + x has no bound."""
        bought, last, seen = (np.log(values)[place] for values, place in self._shifted(rows))
        odds_gone = np.log(self.a) - bought + (self.r + rows.x) * (seen - last)
        return np.where(rows.x > 0, expit(-odds_gone), 1.0)

    def _shifted(self, rows: Histories) -> list[tuple[Array, NDArray[np.int64]]]:
        (x, of_x), (last, of_last), (seen, of_seen) = rows.tables
        return [(self.b + np.maximum(x, 1) - 1, of_x), (self.alpha + last, of_last), (self.alpha + seen, of_seen)]


def log_likelihood(histories: Histories, r: float, alpha: float, a: float, b: float) -> float:
    """Sum over customers of the logarithm of equation 6 of the paper."""
    return _likelihood(np.log([r, alpha, a, b]), histories)[0]


def fit(histories: Histories, *, seed: int = 0) -> BgNbd:
    """Parameters of the largest likelihood, by L-BFGS in their logarithms with the exact gradient, per customer so that
    it is well scaled. More than 20,000 different histories are started from a part of them.

    Raises CannotFit when nobody bought twice or no time was seen.
    """
    if len(histories) == 0 or not bool((histories.x > 0).any()):
        raise CannotFit("Nobody bought on a second day: how often customers come back cannot be told.")
    mean_seen = float(np.average(histories.seen, weights=histories.count))
    start = np.log([0.5, max(mean_seen / 4, 1e-3), 1.0, 2.0])
    with threadpool_limits(1):  # sums over rows are short: threads would only wait for each other
        if len(histories.x) > FIRST_ROWS:
            start = _best(histories.part(FIRST_ROWS, np.random.default_rng(seed)), start)
        found = _to_the_edge(histories, _best(histories, start))
    value, _slope = _likelihood(found, histories)
    edge = np.log([LOWEST, HIGHEST])
    names = ("r", "alpha", "a", "b")
    bounds = tuple(name for name, place in zip(names, found, strict=True) if np.abs(edge - place).min() < 1e-6)
    r, alpha, a, b = np.exp(found).tolist()
    return BgNbd(r, alpha, a, b, log_likelihood=value, at_bounds=bounds)


def beta_rule(a: float, b: Array, nodes: int = NODES) -> tuple[Array, Array]:
    """Nodes in (0, 1) and weights [len(b) × nodes] of the Gauss rule for each Beta(a, b): eigenvalues of the Jacobi
    matrix (Golub & Welsch 1969). Weights sum to 1."""
    order = np.arange(nodes, dtype=np.float64)
    one, other = b[:, None] - 1.0, a - 1.0
    total = 2 * order + one + other
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = (other**2 - one**2) / (total * (total + 2))
        n = order[1:]
        step = 2 * n + one + other
        inner = 4 * n * (n + one) * (n + other) * (n + one + other) / (step**2 * (step + 1) * (step - 1))
    diagonal[:, 0] = (other - one[:, 0]) / (one[:, 0] + other + 2)
    inner[:, 0] = 4 * (1 + one[:, 0]) * (1 + other) / ((2 + one[:, 0] + other) ** 2 * (3 + one[:, 0] + other))
    matrix = np.zeros((len(b), nodes, nodes))
    at = np.arange(nodes)
    matrix[:, at, at] = (1.0 + diagonal) / 2
    matrix[:, at[1:], at[:-1]] = matrix[:, at[:-1], at[1:]] = np.sqrt(inner) / 2
    values, vectors = np.linalg.eigh(matrix)
    return np.clip(values, 1e-300, 1.0), vectors[:, 0, :] ** 2


def _best(rows: Histories, start: Array) -> Array:
    size = float(rows.count.sum())

    def worse(place: Array) -> tuple[float, Array]:
        value, slope = _likelihood(place, rows)
        return -value / size, -slope / size

    found = minimize(
        worse, start, jac=True, method="L-BFGS-B", bounds=[(np.log(LOWEST), np.log(HIGHEST))] * 4,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
    )  # fmt: skip
    return np.asarray(found.x, np.float64)


def _to_the_edge(rows: Histories, found: Array) -> Array:
    """The same, or a place at the edge of a parameter that is far out, where that is no worse. A likelihood that hardly
    rises any more lets the search end anywhere on the way there, by the last digits of the processor."""
    for number in np.flatnonzero(np.abs(found) > FAR).tolist():
        further = found.copy()
        further[number] = np.log(HIGHEST if found[number] > 0 else LOWEST)
        further = _best(rows, further)
        if _likelihood(further, rows)[0] >= _likelihood(found, rows)[0]:
            found = further
    return found


def _likelihood(place: Array, rows: Histories) -> tuple[float, Array]:
    """Log-likelihood and its gradient by the logarithms of r, α, a, b. Both ways to a history (still there, left after
    the last purchase) are added in logarithms, so no history is too long for it."""
    r, alpha, a, b = np.exp(place)
    (x, of_x), (last, of_last), (seen, of_seen) = rows.tables
    log_last, log_seen = np.log(alpha + last)[of_last], np.log(alpha + seen)[of_seen]
    repeat = rows.x > 0
    total_x = r + rows.x
    by_x = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b)
    by_x -= gammaln(a + b + x)
    left_x = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
    stayed = -total_x * log_seen
    left = np.where(repeat, left_x[of_x] - total_x * log_last, -np.inf)
    both = np.logaddexp(stayed, left)
    share = np.where(repeat, expit(left - stayed), 0.0)
    value = float(rows.count @ (by_x[of_x] + both))
    weight_x = np.bincount(of_x, weights=rows.count, minlength=len(x))
    gone_x = np.bincount(of_x, weights=rows.count * share, minlength=len(x))
    logs = share * log_last + (1 - share) * log_seen
    inverse = share * (1 / (alpha + last))[of_last] + (1 - share) * (1 / (alpha + seen))[of_seen]
    slope_r = weight_x @ (digamma(r + x) - digamma(r) + np.log(alpha)) - rows.count @ logs
    slope_alpha = rows.count.sum() * r / alpha - rows.count @ (total_x * inverse)
    common = digamma(a + b) - digamma(a + b + x)
    slope_a = weight_x @ common + gone_x.sum() / a
    slope_b = weight_x @ (common + digamma(b + x) - digamma(b)) - gone_x @ (1 / (b + np.maximum(x, 1) - 1))
    return value, np.array([slope_r * r, slope_alpha * alpha, slope_a * a, slope_b * b])
