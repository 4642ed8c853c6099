import numpy as np
import pytest

from analytics.ml import gamma_gamma
from analytics.ml.bgnbd import CannotFit
from analytics.ml.gamma_gamma import GammaGamma, ShrunkenMean, Spending


def planted(size=20_000, p=6.0, q=4.0, v=15.0, seed=5):
    rng = np.random.default_rng(seed)
    scale = rng.gamma(q, 1 / v, size)
    count = rng.integers(1, 8, size)
    owners = np.repeat(np.arange(size), count)
    return Spending.of(owners, rng.gamma(p, 1 / scale[owners]), size)


def test_planted_parameters_come_back():
    found = gamma_gamma.fit(planted())

    assert (found.p, found.q, found.v) == pytest.approx((6.0, 4.0, 15.0), rel=0.06)
    assert found.is_trusted


def test_expected_values_by_hand():
    """p (v + n·mean) / (p·n + q − 1) = 6 (15 + 2·50) / (12 + 3) = 46, and 6·15/3 = 30 without a purchase."""
    model = GammaGamma(6.0, 4.0, 15.0, 0.0, 1, ShrunkenMean(0.0, 0.0))

    found = model.expected_value(Spending(np.array([2.0, 0.0]), np.array([50.0, 0.0]), np.zeros(2)))

    assert found.tolist() == [46.0, 30.0]


def test_money_in_another_unit_gives_the_same_model():
    spending = planted(3_000)
    cents = Spending(spending.count, spending.mean * 100, spending.squares * 10_000)

    one, other = gamma_gamma.fit(spending), gamma_gamma.fit(cents)

    assert (other.p, other.q, other.v) == pytest.approx((one.p, one.q, one.v * 100), rel=1e-3)


def test_equal_amounts_fall_back_to_that_amount():
    found = gamma_gamma.fit(Spending.of(np.repeat(np.arange(30), 2), np.full(60, 9.99), 31))

    assert not found.is_trusted
    assert found.why == "equal_amounts"
    assert found.expected_value(Spending.of(np.array([0]), np.array([9.99]), 2)).tolist() == pytest.approx([9.99, 9.99])


def test_a_parameter_at_its_bound_is_named_and_not_used():
    """Every customer always pays his own sum: the means do not show how amounts of one customer vary."""
    sums = np.random.default_rng(0).gamma(5.0, 10.0, 400)
    spending = Spending.of(np.repeat(np.arange(400), 3), np.repeat(sums, 3), 400)

    found = gamma_gamma.fit(spending)

    assert found.at_bounds
    assert not found.is_trusted
    assert found.why == "at_bounds"
    assert found.expected_value(spending) == pytest.approx(sums)


def test_heavy_tails_end_at_the_bound_of_q():
    amounts = np.exp(np.random.default_rng(0).normal(0, 6, 2_000))

    found = gamma_gamma.fit(Spending.of(np.arange(2_000), amounts, 2_000))

    assert found.at_bounds
    assert np.isfinite(found.expected_value(Spending.of(np.array([0]), np.array([5.0]), 2))).all()


def test_the_shrunken_mean_by_hand():
    """Two customers with 1, 3 and 7, 9: variance within 2, between ((8 + … ) − 2) / 2 = 17."""
    spending = Spending.of(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 7.0, 9.0]), 3)

    found = ShrunkenMean.of(spending)

    assert found.centre == 5.0
    assert found.k == pytest.approx(2 / ((2 * 9 + 2 * 9 - 2) / 2))
    assert found.expected_value(spending) == pytest.approx(
        [(2 * 2 + found.k * 5) / (2 + found.k), (2 * 8 + found.k * 5) / (2 + found.k), 5.0]
    )


def test_few_customers_are_not_fitted():
    found = gamma_gamma.fit(Spending.of(np.array([0, 1]), np.array([5.0, 7.0]), 2))

    assert found.why == "few_customers"
    assert found.expected_value(Spending.of(np.array([0]), np.array([5.0]), 1)).tolist() == [6.0]


@pytest.mark.parametrize("amounts", [[], [0.0, 0.0]])
def test_no_money_at_all_is_a_refusal(amounts):
    with pytest.raises(CannotFit, match="No purchase has an amount above 0"):
        gamma_gamma.fit(Spending.of(np.arange(len(amounts)), np.array(amounts), 2))
