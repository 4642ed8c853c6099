"""Whether the reviews of a week complain more, or less, than those of the weeks before: chance or not.

One series is a product and an aspect, an aspect in the whole shop, a topic, or the sentiment of a product: how many of
its reviews say it (`hits`) among how many (`reviews`), in the last seven days and in each of the eight weeks before.

* **Test.** Fisher's exact test of the two shares, one side at a time. It is asked in the form of Altham (1969, *J. R.
  Stat. Soc. B* 31): P(hits in the week or more | all hits) = P(A ≤ B) of two beta variables, A of the week with
  (hits, others + 1) and B of the weeks before with (hits + 1, others). It equals the sum of the hypergeometric tail for
  whole numbers and is defined between them, too.
* **Over-dispersion.** Complaints come in company: a bad batch, one long thread. Counts of a week with inner correlation
  ρ vary 1 + (reviews − 1)·ρ times as much as drawn ones; hits and reviews of each window are divided by that design
  effect before the test (Rao & Scott 1992, *Biometrics* 48). ρ is one number for all series of a kind, from the eight
  weeks before by moments (Kleinman 1973, *JASA* 68), as far as it is sure: eight weeks of few series could not tell.
* **Many questions at once.** Bonferroni's correction over those series alone that could come out at all: with its
  totals given, a series has a smallest p value that any outcome could reach, and one that could never reach the level
  takes nothing from the others (Tarone 1990, *Biometrics* 46). An alarm is corrected for the looks of a week, too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.int64]
Array = NDArray[np.float64]

WEEKS = 8
NODES, WEIGHTS = np.polynomial.legendre.leggauss(96)
"""Of the integral over (−1, 1)."""
PIECES, REACH = 6, 14.0
"""The stretch is `REACH` standard deviations to each side, cut into pieces."""
SURE = 1.64
"""Standard errors that a correlation must stand above nothing: one side of 95 %."""
LOOKS_A_WEEK = 7
"""A window of seven days is looked at every night: as many looks before it holds none of the same reviews."""


@dataclass(frozen=True)
class Tested:
    """All [series]. `p`: of the side that a series leans to, twice that and at most one; `adjusted`: the same after
    correction for all series tested together; `alarm`: of a rise alone, after correction for all series and for the
    looks of a week; `leans`: 1 up, −1 down, 0 neither."""

    p: Array
    adjusted: Array
    alarm: Array
    leans: NDArray[np.int8]


def tail(hits: Array, reviews: Array, hits_before: Array, reviews_before: Array) -> Array:
    """P(as many `hits` among `reviews` or more), given all hits of both windows, when the shares are equal [series].

    Counts may be broken numbers. One where a window is empty, or where there are no hits.
    """
    hits, reviews, before, all_before = np.broadcast_arrays(
        *(np.asarray(one, float) for one in (hits, reviews, hits_before, reviews_before))
    )
    found = np.ones(hits.shape)
    # Without reviews, without a hit now, or where each review before was a hit, nothing is more than expected.
    asked = (hits > 0) & (reviews > 0) & (all_before - before > 0)
    if not asked.any():
        return found
    a, b = hits[asked], reviews[asked] - hits[asked] + 1.0
    c, d = before[asked] + 1.0, all_before[asked] - before[asked]
    found[asked] = np.clip(_ordered(a, b, c, d), 0.0, 1.0)
    return found


def _ordered(a: Array, b: Array, c: Array, d: Array) -> Array:
    """P(A ≤ B) of A ~ Beta(a, b), B ~ Beta(c, d), independent: the integral of the distribution of A over the density
    of B by the rule of Gauss and Legendre, over the logit, where what is integrated has one hill.

    The hill lies between that of B and that of the product of both densities; where B is far below A it is the second.
    """
    low, high = np.full(a.shape, np.inf), np.full(a.shape, -np.inf)
    for one, other in ((c, d), (a + c, b + d)):
        centre = special.digamma(one) - special.digamma(other)
        width = np.sqrt(special.polygamma(1, one) + special.polygamma(1, other))
        low, high = np.minimum(low, centre - REACH * width), np.maximum(high, centre + REACH * width)
    half = (high - low) / PIECES / 2
    total = np.zeros(a.shape)
    for piece in range(PIECES):
        z = low[:, None] + half[:, None] * (2 * piece + 1.0 + NODES)
        log_density = c[:, None] * special.log_expit(z) + d[:, None] * special.log_expit(-z)
        value = np.exp(log_density - special.betaln(c, d)[:, None])
        total += half * ((value * special.betainc(a[:, None], b[:, None], special.expit(z))) @ WEIGHTS)
    return total


def smallest(hits: Array, reviews: Array, hits_before: Array, reviews_before: Array) -> Array:
    """The smallest p value of a rise that any outcome could have had, with these totals: all hits in the week, as far
    as it has reviews [series]."""
    hits, reviews, before, all_before = (np.asarray(one, float) for one in (hits, reviews, hits_before, reviews_before))
    most = np.minimum(hits + before, reviews)
    return tail(most, reviews, hits + before - most, all_before)


def correlation(hits: Counts, reviews: Counts) -> float:
    """ρ of the hits of a week within their series, from `hits` and `reviews` [series × weeks], as far as chance does
    not explain it: few series vary by themselves, so the estimate less `SURE` standard errors counts. 0 where nothing
    can be told."""
    hits, reviews = np.asarray(hits, float), np.asarray(reviews, float)
    total = reviews.sum(axis=1)
    share = np.divide(hits.sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)
    spread = share * (1 - share)
    usable = (spread > 0) & ((reviews > 0).sum(axis=1) > 1)
    if not usable.any():
        return 0.0
    hits, reviews, total, share, spread = (one[usable] for one in (hits, reviews, total, share, spread))
    has = reviews > 0
    squares = np.where(has, (hits - reviews * share[:, None]) ** 2 / np.where(has, reviews, 1), 0.0) / spread[:, None]
    # Without correlation a week's square is (1 − reviews/total)·total/(total − 1) on average.
    left = np.where(has, 1 - reviews / total[:, None], 0.0)
    above = squares.sum(axis=1) * (1 - 1 / total) - left.sum(axis=1)
    per_rho = (left * (reviews - 1)).sum()
    sure = above.sum() - SURE * np.sqrt((above**2).sum())
    return float(max(sure / per_rho, 0.0)) if per_rho > 0 else 0.0


def compare(
    hits: Counts, reviews: Counts, before: Counts, reviews_before: Counts, *, rho: float | Array = 0.0
) -> Tested:
    """Each series' week against the weeks before.

    `hits`, `reviews` [series]: of the last seven days; `before`, `reviews_before` [series × weeks]; `rho`: one for all
    or [series]. Raises ValueError where there are more hits than reviews.
    """
    hits, reviews = np.asarray(hits), np.asarray(reviews)
    before, reviews_before = np.asarray(before), np.asarray(reviews_before)
    if (hits > reviews).any() or (before > reviews_before).any():
        raise ValueError("more hits than reviews")
    if not len(hits):
        return Tested(np.empty(0), np.empty(0), np.empty(0), np.empty(0, np.int8))
    each = np.broadcast_to(np.asarray(rho, float), hits.shape)
    effect, effects = design_effect(reviews, each), design_effect(reviews_before, each[:, None])
    now, of = hits / effect, reviews / effect
    then, of_then = (before / effects).sum(axis=1), (reviews_before / effects).sum(axis=1)
    up, down = (now, of, then, of_then), (of - now, of, of_then - then, of_then)
    rise, fall = tail(*up), tail(*down)
    least_rise, least_fall = smallest(*up), smallest(*down)
    p = np.minimum(2 * np.minimum(rise, fall), 1.0)
    least = np.minimum(2 * np.minimum(least_rise, least_fall), 1.0)
    leans = np.where(p < 1.0, np.where(rise < fall, 1, -1), 0).astype(np.int8)
    alarm = np.minimum(LOOKS_A_WEEK * adjust(rise, least_rise), 1.0)
    return Tested(p, adjust(p, least), alarm, leans)


def design_effect(reviews: Counts, rho: Array) -> Array:
    """How much more the hits among so many reviews vary than drawn ones."""
    return 1.0 + np.maximum(np.asarray(reviews, float) - 1.0, 0.0) * rho


def adjust(p: Array, least: Array) -> Array:
    """Tarone's correction of p values whose smallest possible values are `least` [series]: p times the number of series
    that could reach as little, at most one. Never below p, and in the order of p."""
    could = np.sort(least)
    family = np.searchsorted(could, p, side="right")
    adjusted = np.minimum(p * np.maximum(family, 1), 1.0)
    order = np.argsort(p, kind="stable")
    adjusted[order] = np.maximum.accumulate(adjusted[order])
    return adjusted
