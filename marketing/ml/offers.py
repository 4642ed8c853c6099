"""What an offer is expected to bring of each customer: the margin of orders that would not have come without it, less
what it takes off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
Z90 = 1.6448536269514722
FEWEST = 100
"""People with the offer, and as many left out, below which nothing is said of what it brings."""


@dataclass(frozen=True)
class Measured:
    """What one campaign says of an offer. `effect` is the difference of the shares that ordered: value and ends (90 %).
    `used` is the share of those who ordered that took the offer up, `(k + 1) / (n + 2)` (Laplace 1814), so that a few
    orders do not make an offer look free."""

    people: int
    people_without: int
    share: float
    share_without: float
    effect: tuple[float, float, float]
    used: float


def measure(outcome: Flags, treated: Flags, took: Flags) -> Measured | None:
    """Who ordered (1), was to get the offer (1) or was left out by chance (0), and used it (1). None for too few.

    The range of the difference is Newcombe's (1998), from the ranges of both shares (Wilson 1927).
    """
    with_it, without = outcome[treated == 1], outcome[treated == 0]
    if min(len(with_it), len(without)) < FEWEST:
        return None
    one, low_one, high_one = _wilson(int(with_it.sum()), len(with_it))
    zero, low_zero, high_zero = _wilson(int(without.sum()), len(without))
    low = one - zero - float(np.hypot(one - low_one, high_zero - zero))
    high = one - zero + float(np.hypot(high_one - one, zero - low_zero))
    ordered = int(with_it.sum())
    used = (int(took[(treated == 1) & (outcome == 1)].sum()) + 1) / (ordered + 2)
    return Measured(len(with_it), len(without), one, zero, (one - zero, low, high), used)


def _wilson(hits: int, of: int) -> tuple[float, float, float]:
    share, square = hits / of, Z90**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z90 * float(np.sqrt(share * (1 - share) / of + square / (4 * of * of))) / (1 + square / of)
    return share, max(0.0, middle - half), min(1.0, middle + half)


def order_values(total: Array, squares: Array, count: Flags) -> Array:
    """What an order of each customer is worth [n], from the sum, the sum of squares and the number of their orders.

    The own mean is drawn towards everybody's, `(n·x̄ + κ·m) / (n + κ)`, where κ is the variance within customers over
    that between them (Bühlmann & Straub 1970). Whoever never ordered, and everybody where customers do not differ
    beyond chance, counts as the mean; nobody ordered: 0.
    """
    orders = int(count.sum())
    if not orders:
        return np.zeros(len(count))
    middle = float(total.sum()) / orders
    found = np.full(len(count), middle)
    has = count > 0
    n, mean = count[has].astype(np.float64), total[has] / count[has]
    repeated = orders - int(has.sum())
    if repeated <= 0 or len(n) < 2:
        return found
    within = max(float((squares[has] - n * mean**2).sum()), 0.0) / repeated
    weight = orders - float((n**2).sum()) / orders
    between = (float((n * (mean - middle) ** 2).sum()) - (len(n) - 1) * within) / weight if weight > 0 else 0.0
    if between <= 0:
        return found
    kept = within / between
    found[has] = (n * mean + kept * middle) / (n + kept)
    return found


def expected(
    effect: Array, share: Array, value: Array, off: Array, *, used: float, margin: float
) -> tuple[Array, Array]:
    """Gain and cost of an offer for each customer [n], in money.

    `effect` is by how much it raises the chance of an order, `share` that chance with it, `value` what an order is
    worth before the offer, `off` what the offer takes off one, `used` the share of orders that use it, and `margin` the
    part of a price that is left to the shop. Those who would have ordered anyway cost, too.
    """
    cost = np.clip(share, 0.0, 1.0) * used * off
    return effect * margin * value - cost, cost
