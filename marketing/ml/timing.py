"""The hour at which each customer gets a message: their own hours, drawn to those of the shop where they are few.

A customer's hours in which something was opened, clicked or ordered are counts n_h over the 24 hours of their own day,
N = Σ n_h. They are taken as draws from chances θ of their own, which are themselves drawn around the shop's curve p
with strength s: θ ~ Dirichlet(s·p), so that the expected chances after N hours are

    θ̂_h = (n_h + s·p_h) / (N + s)

With s = 50 five hours count a tenth of the shop's curve; with s = 2 they decide. The strength is not guessed but
found in the shop (empirical Bayes): it maximises the chance of the counts of many customers under the
Dirichlet-multinomial distribution (Minka 2000, "Estimating a Dirichlet distribution"; Efron and Morris 1973 for the
idea). Customers who are all alike give a large s, those with habits of their own a small one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
HOURS = 24
FEWEST_SHOP = 200
"""Hours of all customers together below which the shop has no curve."""
FEWEST_OWN = 3
"""Own hours below which a customer has the shop's."""
STRENGTHS = np.geomspace(0.5, 2_000, 84)


@dataclass(frozen=True)
class Curve:
    """Shares of the hours [24] that add up to 1, how strongly a customer is drawn to them, and from how many hours that
    is known."""

    shares: Array
    strength: float
    hours: int

    @property
    def is_known(self) -> bool:
        return self.hours >= FEWEST_SHOP


def fit(counts: Counts) -> Curve:
    """The shop's curve and its strength, from the hours of many customers [n × 24]. One is added to each hour, so that
    none is impossible."""
    total = counts.sum(axis=0)
    shares = (total + 1.0) / (total.sum() + HOURS)
    worth = [_log_chance(counts, shares, strength) for strength in STRENGTHS]
    return Curve(shares, float(STRENGTHS[int(np.argmax(worth))]), int(total.sum()))


def _log_chance(counts: Counts, shares: Array, strength: float) -> float:
    """Logarithm of the chance of these counts, but for what does not depend on the strength."""
    people, hours = np.nonzero(counts)
    own, whole = strength * shares[hours], counts.sum(axis=1)
    inside = gammaln(counts[people, hours] + own) - gammaln(own)
    return float(inside.sum() + (gammaln(strength) - gammaln(whole + strength)).sum())


def chances(curve: Curve, counts: Counts) -> Array:
    """θ̂ of each customer [n × 24]; with fewer than FEWEST_OWN own hours the shop's curve."""
    whole = counts.sum(axis=1)
    drawn = (counts + curve.strength * curve.shares) / (whole + curve.strength)[:, None]
    return np.where((whole >= FEWEST_OWN)[:, None], drawn, curve.shares)


def best(chance: Array, hours: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each customer the place of the best of the possible moments, whose hours are given in their order: the
    earliest where several are equal."""
    return np.asarray(np.argmax(chance[:, hours], axis=1), np.int64)
