"""Planted changes are found and nothing is not: data, rates, and how exposures are spread."""

import math

import numpy as np
import pytest

from core.ml.experiments import Sums
from core.ml.stability import stability_index
from recommender.ml.drift import fall, gini, novelty


def week(rng, rate, people=800, lists=3):
    seen = rng.poisson(lists, people) + 1
    return Sums.of(rng.binomial(seen, rate), d=seen)


def test_the_stability_index_of_a_known_shift():
    before, now = {"view": 8_000_000, "cart": 2_000_000}, {"view": 6_000_000, "cart": 4_000_000}

    wanted = (0.6 - 0.8) * math.log(0.6 / 0.8) + (0.4 - 0.2) * math.log(0.4 / 0.2)

    assert stability_index(before, now) == pytest.approx(wanted, abs=1e-6)


def test_two_samples_of_one_distribution_are_not_drift():
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.ones(30))

    found = [
        stability_index(*(dict(enumerate(rng.multinomial(size, shares))) for size in (20_000, 2_000)))
        for _ in range(300)
    ]

    assert max(found) < 0.05
    assert np.mean(found) < 0.005


def test_a_class_that_nobody_had_before_is_drift_and_an_empty_side_says_nothing():
    assert stability_index({"a": 1000}, {"a": 500, "b": 500}) > 0.25
    assert stability_index({}, {"a": 10}) == stability_index({"a": 10}, {}) == 0.0


def test_a_planted_fall_of_the_click_rate_is_found_with_its_size():
    rng = np.random.default_rng(1)

    found = fall(week(rng, 0.03), [week(rng, 0.05) for _ in range(4)])

    assert found is not None
    assert found.relative == pytest.approx(-0.4, abs=0.1)
    assert found.before == pytest.approx(0.05, abs=0.005)


def test_a_thousand_quiet_placements_raise_nothing():
    rng = np.random.default_rng(2)

    assert [fall(week(rng, 0.05), [week(rng, 0.05) for _ in range(4)]) for _ in range(1000)] == [None] * 1000


def test_weeks_that_always_differ_are_no_fall():
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(500):
        rates = 0.05 * np.exp(rng.normal(0, 0.2, 5))
        alarms += fall(week(rng, rates[0]), [week(rng, rate) for rate in rates[1:]]) is not None

    assert alarms <= 5


def test_a_small_certain_fall_matters_to_nobody():
    rng = np.random.default_rng(5)

    assert fall(week(rng, 0.047, 60_000), [week(rng, 0.05, 60_000) for _ in range(4)]) is None


def test_nothing_clicked_any_more_is_a_fall():
    rng = np.random.default_rng(6)

    assert fall(week(rng, 0.0), [week(rng, 0.05) for _ in range(4)]) is not None


def test_too_few_weeks_or_clicks_say_nothing():
    rng = np.random.default_rng(7)

    assert fall(week(rng, 0.01), [week(rng, 0.05)]) is None
    assert fall(week(rng, 0.0), [week(rng, 0.001, 100) for _ in range(4)]) is None


def test_gini_is_zero_when_all_are_seen_alike_and_near_one_when_one_is():
    assert gini([5, 5, 5, 5]) == 0.0
    assert gini([0, 0, 0, 100]) == 0.75
    assert gini([]) == gini([0, 0]) == 0.0


def test_novelty_is_the_surprise_of_what_was_shown():
    # Shares (3+1)/8 and three times (0+1)/8... of 4 + 1 + 1 + 2 = 8 pieces.
    assert novelty([1, 0, 0, 0], [3, 0, 0, 1]) == 1.0
    assert novelty([0, 1, 0, 0], [3, 0, 0, 1]) == 3.0
    assert novelty([1, 1, 0, 0], [3, 0, 0, 1]) == 2.0
