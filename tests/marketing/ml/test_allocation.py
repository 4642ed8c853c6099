import itertools

import numpy as np
import pytest

from marketing.ml.allocation import NOTHING, allocate, by_chance, by_fit


def test_of_offers_that_are_the_same_each_gets_the_one_that_fits_best_and_nobody_else_changes():
    chosen = np.array([0, 0, 1, 2, NOTHING])
    fit = np.array([[0.1, 0.3, 0.5], [0.2, 0.2, 0.5], [0.4, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.5, 0.5]])

    found = by_fit(chosen, fit, same=np.array([0, 0, 2]))

    assert found.tolist() == [1, 0, 0, 2, NOTHING]
    assert chosen.tolist() == [0, 0, 1, 2, NOTHING]
    assert by_fit(chosen, fit, same=np.zeros(3, int)).tolist() == [2, 2, 0, 0, NOTHING]


def best_by_hand(gain, cost, budget):
    """The optimum by trying everything."""
    n, width = gain.shape
    best = 0.0
    for choice in itertools.product(range(-1, width), repeat=n):
        paid = sum(cost[i, j] for i, j in enumerate(choice) if j >= 0)
        if paid <= budget + 1e-12:
            best = max(best, sum(gain[i, j] for i, j in enumerate(choice) if j >= 0))
    return best


def test_small_cases_come_close_to_the_exact_optimum_and_never_pass_what_is_promised():
    rng = np.random.default_rng(0)
    shares = []
    for _case in range(150):
        n, width = int(rng.integers(1, 6)), int(rng.integers(1, 4))
        gain, cost = rng.normal(2, 2, (n, width)), rng.integers(0, 6, (n, width)).astype(float)
        budget = float(rng.integers(0, 12))

        found, best = allocate(gain, cost, budget), best_by_hand(gain, cost, budget)

        assert found.cost <= budget + 1e-9
        assert best / 2 - 1e-9 <= found.gain <= best + 1e-9 <= found.at_most + 2e-9
        shares.append(found.gain / best if best > 0 else 1.0)
    assert np.mean(shares) > 0.97


def test_many_customers_are_within_one_upgrade_of_the_linear_programme():
    rng = np.random.default_rng(1)
    gain, cost = rng.gamma(2, 3, (20_000, 4)), rng.uniform(1, 10, (20_000, 4))

    found = allocate(gain, cost, 25_000.0)

    assert found.cost <= 25_000.0
    assert found.at_most - found.gain < gain.max()
    assert found.gain / found.at_most > 0.9999


def test_the_dearer_offer_is_given_only_where_its_further_gain_is_worth_its_further_cost():
    gain = np.array([[5.0, 6.0], [4.0, 4.1]])
    cost = np.array([[1.0, 2.0], [1.0, 4.0]])

    assert allocate(gain, cost, 1.0).offers.tolist() == [0, NOTHING]
    assert allocate(gain, cost, 2.0).offers.tolist() == [0, 0]
    assert allocate(gain, cost, 3.0).offers.tolist() == [1, 0]
    assert allocate(gain, cost, 9.0).offers.tolist() == [1, 1]


def test_what_harms_is_never_given_and_what_is_free_always():
    gain = np.array([[-1.0, 2.0], [-3.0, -0.5]])
    cost = np.array([[0.0, 0.0], [0.0, 0.0]])

    found = allocate(gain, cost, 0.0)

    assert (found.offers.tolist(), found.gain, found.cost) == ([1, NOTHING], 2.0, 0.0)


def test_one_large_offer_takes_the_place_of_small_ones_that_bring_less():
    gain, cost = np.array([[2.0], [10.0]]), np.array([[1.0], [10.0]])

    assert allocate(gain, cost, 10.0).offers.tolist() == [NOTHING, 0]


def test_nobody_gets_anything_without_customers_or_offers():
    assert allocate(np.empty((0, 3)), np.empty((0, 3)), 5.0).gain == 0.0
    assert allocate(np.empty((2, 0)), np.empty((2, 0)), 5.0).offers.tolist() == [NOTHING, NOTHING]


@pytest.mark.parametrize(("gain", "cost", "budget"), [(np.nan, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0)])
def test_numbers_that_mean_nothing_are_refused(gain, cost, budget):
    with pytest.raises(ValueError, match=r"finite|below 0"):
        allocate(np.array([[gain]]), np.array([[cost]]), budget)


def test_without_knowledge_people_are_taken_in_the_order_of_chance_until_the_budget_ends():
    drawn = np.array([1, 0, 1, 0, 0])

    assert by_chance(drawn, np.array([2.0, 5.0]), 12.0).tolist() == [1, 0, 1, NOTHING, NOTHING]
    assert by_chance(drawn, np.array([2.0, 5.0]), 4.9).tolist() == [NOTHING] * 5
    assert by_chance(np.empty(0, np.int64), np.array([2.0]), 4.0).tolist() == []
