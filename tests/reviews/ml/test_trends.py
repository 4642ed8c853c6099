"""A planted truth about counts of reviews, and noise that must stay silent."""

import numpy as np
import pytest
from scipy import stats

from reviews.ml import trends

LEVEL, LEAST = 0.01, 5


def test_the_tail_is_that_of_fishers_exact_test():
    rng = np.random.default_rng(0)
    reviews, before = rng.integers(1, 80, 500), rng.integers(1, 900, 500)
    share = rng.uniform(0.01, 0.9, 500)
    hits, hits_before = rng.binomial(reviews, np.clip(share * 1.5, 0, 1)), rng.binomial(before, share)

    found = trends.tail(hits, reviews, hits_before, before)

    exact = stats.hypergeom.sf(hits - 1, reviews + before, hits + hits_before, reviews)
    assert np.allclose(found, exact, rtol=1e-6, atol=1e-12)


def test_a_window_without_reviews_or_hits_says_nothing():
    found = trends.tail(np.array([0, 0, 3, 3]), np.array([0, 9, 3, 3]), np.array([2, 2, 0, 7]), np.array([9, 9, 0, 7]))

    assert found.tolist() == [1.0, 1.0, 1.0, 1.0]


def test_the_smallest_p_value_is_that_of_all_hits_in_the_week():
    least = trends.smallest(np.array([1]), np.array([4]), np.array([5]), np.array([96]))

    assert least == pytest.approx(stats.hypergeom.sf(3, 100, 6, 4), rel=1e-6)


def test_series_that_can_never_reach_the_level_take_nothing_from_the_others():
    p, least = np.array([0.002, 0.5, 1.0, 1.0]), np.array([0.001, 0.2, 0.3, 0.9])

    assert trends.adjust(p, least).tolist() == [0.002, 1.0, 1.0, 1.0]
    assert trends.adjust(np.array([0.002, 0.5, 0.003]), np.zeros(3)).tolist() == pytest.approx([0.006, 1.0, 0.009])


@pytest.mark.parametrize("planted", [0.0, 0.02, 0.1])
def test_the_correlation_within_weeks_is_found(planted):
    rng = np.random.default_rng(3)
    reviews = rng.integers(0, 40, (1500, 8))
    share = rng.uniform(0.05, 0.3, 1500)[:, None].repeat(8, axis=1)
    if planted:
        share = rng.beta(share * (1 / planted - 1), (1 - share) * (1 / planted - 1))

    assert trends.correlation(rng.binomial(reviews, share), reviews) == pytest.approx(planted, abs=0.012)
    assert trends.correlation(rng.binomial(reviews[:4], share[:4]), reviews[:4]) <= planted + 0.02


def test_correlation_of_nothing_is_none():
    empty = np.zeros((3, 8), int)

    assert trends.correlation(empty, empty) == 0.0
    assert trends.correlation(empty, empty + 5) == 0.0


def test_complaints_in_company_count_for_less():
    series = np.array([12]), np.array([40]), np.full((1, 8), 2), np.full((1, 8), 40)

    drawn, in_company = trends.compare(*series), trends.compare(*series, rho=0.05)

    assert drawn.p[0] < 0.001 < in_company.p[0]
    assert drawn.leans.tolist() == in_company.leans.tolist() == [1]


def test_a_share_that_falls_leans_down():
    found = trends.compare(np.array([1, 8]), np.array([60, 60]), np.full((2, 8), 8), np.full((2, 8), 60))

    assert found.leans[0] == -1
    assert found.p[0] == pytest.approx(2 * stats.hypergeom.cdf(1, 540, 65, 60), rel=1e-6)
    assert found.alarm[0] == 1.0
    assert found.p[1] == 1.0


def test_more_hits_than_reviews_are_refused():
    with pytest.raises(ValueError, match="more hits than reviews"):
        trends.compare(np.array([2]), np.array([1]), np.zeros((1, 8), int), np.zeros((1, 8), int))


def test_without_series_there_is_nothing():
    assert trends.compare(np.empty(0, int), np.empty(0, int), np.empty((0, 8), int), np.empty((0, 8), int)).p.size == 0


class Shop:
    """Reviews of `products` × 6 aspects, day by day: eight weeks before, then eight weeks that are looked at."""

    def __init__(self, *, seed, products=50, company=0.0, surge=()):
        rng = np.random.default_rng(seed)
        days = 56 + 7 + 56
        reviews = rng.poisson(rng.lognormal(0.0, 1.0, products)[:, None], (products, days))
        share = rng.uniform(0.005, 0.06, (products, 6))[:, :, None].repeat(days // 7, axis=2)
        if company:
            share = rng.beta(share * (1 / company - 1), (1 - share) * (1 / company - 1))
        hits = rng.binomial(reviews[:, None, :], share.repeat(7, axis=2))
        for product, aspect, day, each in surge:
            hits[product, aspect, day : day + 4] += each
            reviews[product, day : day + 4] += each
        self.days = days
        self.hits = np.concatenate([np.zeros((products, 6, 1), int), hits.cumsum(axis=2)], axis=2)
        self.reviews = np.concatenate([np.zeros((products, 1), int), reviews.cumsum(axis=1)], axis=1)

    def alarms(self):
        """(series, day) of each night's alarms."""
        found = []
        for day in range(63, self.days):
            hits, reviews = self._window(day, 0)
            before = [self._window(day, back) for back in range(1, 9)]
            many, of = (np.stack(one, axis=1) for one in zip(*before, strict=True))
            told = trends.compare(hits, reviews, many, of, rho=trends.correlation(many, of))
            found += [(series, day) for series in np.flatnonzero((hits >= LEAST) & (told.alarm < LEVEL))]
        return found

    def _window(self, day, back):
        end = day - 7 * back
        hits = self.hits[:, :, end] - self.hits[:, :, end - 7]
        return hits.ravel(), (self.reviews[:, end] - self.reviews[:, end - 7]).repeat(6)


@pytest.mark.parametrize("company", [0.0, 0.02])
def test_eight_weeks_of_noise_over_many_products_stay_silent(company):
    assert Shop(seed=1, company=company).alarms() == []


def test_a_planted_surge_is_told_and_nothing_else():
    surges = Shop(seed=1, surge=[(7, 2, 90, 4)]).alarms()

    assert {series for series, _day in surges} == {7 * 6 + 2}
    assert min(day for _series, day in surges) <= 94
