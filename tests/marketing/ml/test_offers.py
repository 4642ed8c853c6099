import numpy as np
import pytest

from marketing.ml.allocation import allocate, frontier
from marketing.ml.offers import FEWEST, expected, measure, order_values


def test_the_effect_of_an_offer_is_found_again_and_its_range_holds_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _again in range(300):
        treated = (rng.random(1_000) < 0.8).astype(np.int64)
        outcome = (rng.random(1_000) < np.where(treated, 0.16, 0.10)).astype(np.int64)

        found = measure(outcome, treated, outcome * treated)

        ordered = int(outcome[treated == 1].sum())
        assert found.used == (ordered + 1) / (ordered + 2)
        inside += found.effect[1] <= 0.06 <= found.effect[2]
    assert 0.87 <= inside / 300 <= 0.94


def test_nothing_is_said_of_too_few():
    few = np.ones(FEWEST - 1, np.int64)
    treated = np.concatenate([few, np.zeros(500, np.int64)])

    assert measure(treated, treated, treated) is None


def test_what_an_order_is_worth_is_drawn_to_the_mean_as_far_as_orders_of_one_customer_differ():
    rng = np.random.default_rng(1)
    own = rng.normal(100, 20, 3_000)
    count = rng.integers(1, 6, 3_000)
    orders = [rng.normal(own[at], 40, count[at]) for at in range(3_000)]
    total = np.array([one.sum() for one in orders])
    squares = np.array([(one**2).sum() for one in orders])

    found = order_values(total, squares, count)

    kept = 40**2 / 20**2
    best = (total + kept * 100) / (count + kept)
    assert np.abs(found - best).mean() < 1.0
    assert ((found - own) ** 2).mean() < 0.5 * ((total / count - own) ** 2).mean()


def test_customers_who_do_not_differ_and_those_without_orders_count_as_the_mean():
    total, squares = np.array([30.0, 40.0, 0.0]), np.array([500.0, 850.0, 0.0])

    assert order_values(total, squares, np.array([2, 2, 0])).tolist() == [17.5, 17.5, 17.5]
    assert order_values(np.zeros(2), np.zeros(2), np.zeros(2, np.int64)).tolist() == [0.0, 0.0]


def test_whoever_would_have_ordered_anyway_costs_and_brings_nothing():
    gain, cost = expected(
        np.array([0.10, 0.0]), np.array([0.15, 0.9]), np.array([200.0, 200.0]), np.array([20.0, 20.0]), used=0.5,
        margin=0.4,
    )  # fmt: skip

    assert cost.tolist() == [pytest.approx(1.5), pytest.approx(9.0)]
    assert gain.tolist() == [pytest.approx(8.0 - 1.5), pytest.approx(-9.0)]


def test_the_curve_is_what_allocations_reach_and_bends_downwards():
    rng = np.random.default_rng(2)
    gain, cost = rng.normal(2, 2, (2_000, 3)), rng.uniform(0.5, 3, (2_000, 3))

    budgets, brought = frontier(gain, cost, points=20)

    for at in (0, 5, 12, 20):
        found = allocate(gain, cost, float(budgets[at]))
        assert found.at_most == pytest.approx(brought[at])
        assert found.gain <= brought[at] + 1e-6
    steps = np.diff(brought)
    assert (steps > 0).all()
    assert (np.diff(steps) < 1e-9).all()


def test_the_curve_of_nothing_is_flat():
    budgets, brought = frontier(np.full((4, 2), -1.0), np.ones((4, 2)), points=3)

    assert budgets.tolist() == brought.tolist() == [0.0] * 4
