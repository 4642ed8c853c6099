import numpy as np
import pytest
from scipy.special import beta as beta_function
from scipy.special import hyp2f1

from analytics.ml import bgnbd
from analytics.ml.bgnbd import BgNbd, CannotFit, Histories

PUBLISHED = BgNbd(0.2426, 4.4136, 0.7929, 2.4259)


def planted(size=40_000, seed=3, r=0.5, alpha=6.0, a=0.9, b=3.0):
    """Customers who live by the model, seen for 20 to 60 weeks."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(r, 1 / alpha, size), rng.beta(a, b, size)
    seen = rng.integers(20, 60, size).astype(float)
    x, last, now, there = np.zeros(size, int), np.zeros(size), np.zeros(size), np.ones(size, bool)
    while there.any():
        now = now + rng.exponential(1, size) / rate
        there &= now < seen
        x[there] += 1
        last[there] = np.round(now[there], 2)
        there &= rng.random(size) > leave
    return x, np.minimum(last, seen), seen


def by_paper(model, x, last, seen, ahead):
    """Equation 10 of Fader, Hardie & Lee (2005)."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    z = ahead / (alpha + seen + ahead)
    power = ((alpha + seen) / (alpha + seen + ahead)) ** (r + x)
    bought = (a + b + x - 1) / (a - 1) * (1 - power * hyp2f1(r + x, b + x, a + b + x - 1, z))
    left = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + seen) / (alpha + last)) ** (r + x), 0)
    return bought / (1 + left), 1 / (1 + left)


def test_planted_parameters_come_back():
    found = bgnbd.fit(Histories.of(*planted()))

    assert found.parameters == pytest.approx({"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 3.0}, rel=0.1)
    assert found.at_bounds == ()


def test_the_likelihood_is_that_of_the_paper():
    """Equation 6: L = B(a, b+x)/B(a,b) Γ(r+x)α^r/Γ(r) (α+T)^-(r+x) + … for one customer with x = 2."""
    from math import gamma

    r, alpha, a, b = 0.5, 3.0, 0.8, 2.0
    common = gamma(r + 2) * alpha**r / gamma(r)
    stayed = beta_function(a, b + 2) / beta_function(a, b) * common * (alpha + 40) ** -(r + 2)
    left = beta_function(a + 1, b + 1) / beta_function(a, b) * common * (alpha + 30) ** -(r + 2)

    found = bgnbd.log_likelihood(Histories.of(np.array([2]), np.array([30.0]), np.array([40.0])), r, alpha, a, b)

    assert found == pytest.approx(np.log(stayed + left))


def test_expected_purchases_and_the_chance_to_be_there_are_those_of_the_paper():
    x, last, seen = np.array([2, 1, 0, 7, 2]), np.array([30.43, 1.71, 0.0, 30.0, 30.43]), np.full(5, 38.86)
    histories = Histories.of(x, last, seen)

    expected, alive = by_paper(PUBLISHED, x, last, seen, 39.0)

    assert PUBLISHED.expected_purchases(histories, 39.0) == pytest.approx(expected, rel=1e-10)
    assert PUBLISHED.probability_alive(histories) == pytest.approx(alive, rel=1e-12)
    assert PUBLISHED.expected_purchases(histories, 39.0)[0] == pytest.approx(1.226, abs=5e-4)


def test_equal_histories_are_one_row_and_weigh_as_many():
    x, last, seen = planted(2_000)
    twice = Histories.of(np.tile(x, 3), np.tile(last, 3), np.tile(seen, 3))
    once = Histories.of(x, last, seen)

    assert len(twice.x) == len(once.x)
    assert bgnbd.log_likelihood(twice, 0.5, 6.0, 0.9, 3.0) == pytest.approx(
        3 * bgnbd.log_likelihood(once, 0.5, 6.0, 0.9, 3.0)
    )


def test_the_gradient_is_that_of_the_likelihood():
    histories = Histories.of(*planted(3_000))
    place = np.log([0.3, 5.0, 0.9, 2.0])

    _value, slope = bgnbd._likelihood(place, histories)

    for at in range(4):
        step = np.eye(4)[at] * 1e-6
        ahead, back = bgnbd._likelihood(place + step, histories)[0], bgnbd._likelihood(place - step, histories)[0]
        assert slope[at] == pytest.approx((ahead - back) / 2e-6, rel=1e-4)


@pytest.mark.parametrize("a", [0.5, 1.0, 1.0 + 1e-12, 4.0])
def test_expected_purchases_are_exact_where_the_formula_divides_by_zero(a):
    """The chance to leave is integrated with 200,000 steps beside it."""
    model = BgNbd(0.4, 5.0, a, 2.0)
    p = (np.arange(200_000) + 0.5) / 200_000
    p = p**4  # finer near 0, where the density of a < 1 is steep
    weight = p ** (a - 1) * (1 - p) ** (2.0 + 3 - 1) * 4 * p**0.75
    integral = (weight * (1 - (1 + p * 20 / 55.0) ** -3.4) / p).sum() / weight.sum()
    histories = Histories.of(np.array([3]), np.array([50.0]), np.array([50.0]))

    alive = model.probability_alive(histories)[0]

    assert model.expected_purchases(histories, 20.0)[0] / alive == pytest.approx(integral, rel=1e-6)


def test_a_customer_with_a_hundred_thousand_orders_has_finite_figures():
    histories = Histories.of(np.array([100_000, 100_000, 0]), np.array([52.0, 10.0, 0.0]), np.array([52.0, 52.0, 0.0]))

    alive, expected = PUBLISHED.probability_alive(histories), PUBLISHED.expected_purchases(histories, 13.0)

    assert alive[0] > 0.9999
    assert alive[1] == pytest.approx(0.0, abs=1e-300)
    assert 4_000 < expected[0] < 25_000
    assert np.isfinite(expected).all()
    assert np.isfinite(bgnbd.log_likelihood(histories, 0.25, 4.4, 0.8, 2.4))


def test_large_tables_start_on_a_part_and_end_at_the_same_place(monkeypatch):
    histories = Histories.of(*planted(8_000))
    whole = bgnbd.fit(histories)
    monkeypatch.setattr(bgnbd, "FIRST_ROWS", 500)

    assert bgnbd.fit(histories).parameters == pytest.approx(whole.parameters, rel=1e-3)


def test_parameters_that_run_away_are_named():
    """Nobody ever leaves: a/b goes to 0."""
    x = np.full(200, 5)

    found = bgnbd.fit(Histories.of(x, np.full(200, 50.0), np.full(200, 50.0)))

    assert found.at_bounds
    assert np.isfinite(found.log_likelihood)


@pytest.mark.parametrize("size", [0, 1, 50])
def test_nobody_who_came_twice_is_a_refusal(size):
    with pytest.raises(CannotFit, match="Nobody bought on a second day"):
        bgnbd.fit(Histories.of(np.zeros(size, int), np.zeros(size), np.full(size, 9.0)))


@pytest.mark.parametrize(("x", "last", "seen"), [(1, 5.0, 4.0), (-1, 0.0, 4.0), (0, 2.0, 4.0), (1, 1.0, np.inf)])
def test_impossible_histories_are_refused(x, last, seen):
    with pytest.raises(ValueError, match="Customer 0 has an impossible history"):
        Histories.of(np.array([x]), np.array([last]), np.array([seen]))


def test_the_gauss_rule_knows_the_moments_of_beta():
    nodes, weights = bgnbd.beta_rule(0.8, np.array([2.5, 400.0]))

    assert weights.sum(axis=1) == pytest.approx([1, 1])
    assert (weights * nodes).sum(axis=1) == pytest.approx([0.8 / 3.3, 0.8 / 400.8])
    assert (weights * nodes**2).sum(axis=1) == pytest.approx([0.8 * 1.8 / (3.3 * 4.3), 0.8 * 1.8 / (400.8 * 401.8)])
