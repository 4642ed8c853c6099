"""Models of planted customers, learned over shops and with noise."""

import numpy as np
import pytest

from analytics.ml import logistic
from analytics.ml.serving import probability
from marketing.ml import federated, private
from marketing.ml.private import Budget, BudgetSpent

NAMES = ["x", "y"]
RANGES = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}


def customers(n, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(shift, 1, (n, 2))
    return rows, (rng.random(n) < probability(0.5 + 1.5 * rows[:, 0] - 1.0 * rows[:, 1])).astype(np.int64)


# --- over shops ---------------------------------------------------------------------------------------------------


def test_averaging_over_unlike_shops_comes_to_the_weights_of_all_rows_together():
    parts = [customers(n, seed, shift) for n, seed, shift in ((300, 1, -1.0), (600, 2, 0.0), (1500, 3, 1.0))]
    rows, outcomes = (np.concatenate(column) for column in zip(*parts, strict=True))

    found = federated.average([federated.Shop(*part) for part in parts], NAMES)

    together = logistic.fit(rows, outcomes, NAMES)
    assert np.allclose(found.centre, together.centre)
    assert np.allclose(found.spread, together.spread)
    assert found.weights == pytest.approx(together.weights, abs=0.1)
    lost = logistic.auc(together.log_odds(rows), outcomes) - logistic.auc(found.log_odds(rows), outcomes)
    assert abs(lost) < 0.001


def test_one_local_step_is_gradient_descent_on_all_rows():
    parts = [customers(400, seed, seed - 1.0) for seed in range(3)]
    rows, outcomes = (np.concatenate(column) for column in zip(*parts, strict=True))

    by_shops = federated.average([federated.Shop(*part) for part in parts], NAMES, rounds=7, local_steps=1)
    at_once = federated.average([federated.Shop(rows, outcomes)], NAMES, rounds=7, local_steps=1)

    assert np.allclose(by_shops.weights, at_once.weights)
    assert by_shops.intercept == pytest.approx(at_once.intercept)


def test_a_shop_without_customers_changes_nothing():
    one = federated.Shop(*customers(500))
    empty = federated.Shop(np.empty((0, 2)), np.empty(0, np.int64))

    assert np.array_equal(federated.average([one, empty], NAMES).weights, federated.average([one], NAMES).weights)
    with pytest.raises(ValueError, match="No party has a customer"):
        federated.average([empty], NAMES)


# --- with noise ---------------------------------------------------------------------------------------------------


def test_no_row_is_longer_than_one():
    rows = np.array([[1e9, -1e9], [0.0, 0.0]])

    unit = private.in_unit_ball(rows, np.zeros(2), np.ones(2))

    assert np.linalg.norm(unit, axis=1).tolist() == pytest.approx([1.0, np.sqrt(1 / 3)])


def test_another_row_moves_the_weights_by_less_than_what_the_noise_is_made_for():
    rows, outcomes = customers(200)
    exact = private.fit(rows, outcomes, RANGES, NAMES, 1.0)
    rng = np.random.default_rng(4)

    for at in range(20):
        other_rows, other_outcomes = rows.copy(), outcomes.copy()
        other_rows[at], other_outcomes[at] = rng.choice([-1e6, 1e6], 2), 1 - outcomes[at]
        moved = private.fit(other_rows, other_outcomes, RANGES, NAMES, 1.0).weights - exact.weights
        assert np.linalg.norm(moved) <= 2 / (exact.customers * exact.penalty)


def test_the_noise_has_the_length_that_the_proof_asks_for_and_no_direction():
    exact = private.fit(*customers(1_000), RANGES, NAMES, 0.5)
    rng, size = np.random.default_rng(0), np.sqrt(3)

    drawn = [exact.released(0.5, rng) for _draw in range(4_000)]

    noise = np.array([np.append(one.intercept, one.weights) * size for one in drawn]) - exact.weights
    # A gamma distribution of shape 3 and scale 2/(n·Λ·ε): its mean, its spread, and no direction.
    scale = 2 / (1_000 * exact.penalty * 0.5)
    lengths = np.linalg.norm(noise, axis=1)
    assert lengths.mean() == pytest.approx(3 * scale, rel=0.03)
    assert lengths.std() == pytest.approx(np.sqrt(3) * scale, rel=0.05)
    assert np.abs(noise.mean(axis=0)).max() < 0.1 * scale


def test_the_released_scorer_says_the_same_as_the_weights_in_the_unit_ball():
    rows, outcomes = customers(500)
    exact = private.fit(rows, outcomes, RANGES, NAMES, 1.0)

    found = exact.without_noise().log_odds(private.cut(rows, RANGES, NAMES))

    assert np.allclose(found, private.in_unit_ball(rows, exact.middle, exact.reach) @ exact.weights)


def test_more_epsilon_costs_less_and_one_costs_little():
    later = customers(3_000, seed=9)

    table = private.budget_table(customers(3_000), later, RANGES, NAMES, draws=60)

    best = logistic.auc(1.5 * later[0][:, 0] - later[0][:, 1], later[1])
    by_epsilon = {cost.epsilon: cost for cost in table}
    assert [cost.auc for cost in table] == sorted(cost.auc for cost in table)
    assert best - by_epsilon[1.0].auc < 0.01
    assert by_epsilon[0.1].low < by_epsilon[0.1].auc < by_epsilon[0.1].high


def test_a_budget_adds_up_and_refuses_what_does_not_fit():
    budget = Budget(1.0).after("churn in May", 0.6).after("churn in June", 0.4)

    assert budget.left == pytest.approx(0.0)
    assert [what for what, _epsilon in budget.spent] == ["churn in May", "churn in June"]
    with pytest.raises(BudgetSpent, match=r"churn in July would take 0\.1 of a privacy budget of which 0 is left"):
        budget.after("churn in July", 0.1)
    with pytest.raises(ValueError, match="above 0"):
        Budget(1.0).after("nothing", 0.0)


def test_ranges_without_width_are_refused():
    with pytest.raises(ValueError, match="some width"):
        private.fit(*customers(10), {"x": (1.0, 1.0), "y": (0.0, 1.0)}, NAMES, 1.0)
