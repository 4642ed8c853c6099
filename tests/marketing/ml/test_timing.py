"""Hours of customers: planted habits are found, and few of them say little."""

import numpy as np
import pytest

from marketing.ml import timing


def shares_of(peak: int) -> np.ndarray:
    """A curve around one hour."""
    away = np.abs((np.arange(24) - peak + 12) % 24 - 12)
    curve = np.exp(-away / 2.0)
    return curve / curve.sum()


def lived(people: int, hours: int, strength: float, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Chances of customers around a curve that peaks at eight in the evening, and so many hours of each."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(strength * shares_of(20), size=people)
    return truth, np.array([rng.multinomial(hours, one) for one in truth])


def test_the_formula_is_that_of_the_docstring():
    curve = timing.Curve(np.full(24, 1 / 24), 12.0, 1_000)
    counts = np.zeros((1, 24), np.int64)
    counts[0, [9, 21]] = 1, 3

    found = timing.chances(curve, counts)[0]

    assert found[21] == pytest.approx((3 + 0.5) / (4 + 12))
    assert found[9] == pytest.approx((1 + 0.5) / 16)
    assert found[0] == pytest.approx(0.5 / 16)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("strength", [3.0, 30.0, 300.0])
def test_a_planted_strength_is_recovered(strength):
    _truth, counts = lived(4_000, 8, strength)

    found = timing.fit(counts)

    assert found.shares == pytest.approx(shares_of(20), abs=0.02)
    assert strength / 1.4 < found.strength < 1.4 * strength


def test_planted_hours_are_recovered_and_drawn_to_the_shop_they_are_better_than_either_alone():
    truth, counts = lived(3_000, 6, 6.0)
    curve = timing.fit(counts)
    asked = np.arange(24)

    def hit(place: np.ndarray) -> float:
        return float(truth[np.arange(len(truth)), place].mean())

    drawn = hit(timing.best(timing.chances(curve, counts), asked))
    own = hit(np.argmax(counts, axis=1))
    shop = hit(np.full(len(truth), int(np.argmax(curve.shares))))
    known = hit(np.argmax(truth, axis=1))

    assert shop < own < drawn < known
    assert drawn > 0.8 * known


def test_customers_who_are_alike_all_get_the_hour_of_the_shop():
    rng = np.random.default_rng(2)
    counts = rng.multinomial(4, shares_of(20), size=5_000)

    curve = timing.fit(counts)

    assert curve.strength > 200
    found = timing.best(timing.chances(curve, counts), np.arange(24))
    assert (np.abs(found - 20) <= 1).mean() > 0.99


def test_few_own_hours_say_nothing():
    curve = timing.Curve(shares_of(20), 0.5, 1_000)
    counts = np.zeros((2, 24), np.int64)
    counts[0, 7], counts[1, 7] = timing.FEWEST_OWN - 1, timing.FEWEST_OWN

    assert timing.best(timing.chances(curve, counts), np.arange(24)).tolist() == [20, 7]


def test_of_the_possible_moments_the_best_is_taken_and_of_equal_ones_the_earliest():
    curve = timing.Curve(np.full(24, 1 / 24), 5.0, 1_000)
    counts = np.zeros((2, 24), np.int64)
    counts[0, 3], counts[0, 11] = 9, 5

    # Three in the morning is not among them.
    assert timing.best(timing.chances(curve, counts), np.array([10, 11, 12, 10])).tolist() == [1, 0]


def test_a_shop_of_which_little_is_known_has_no_curve():
    counts = np.zeros((2, 24), np.int64)
    counts[:, 8] = 99
    assert not timing.fit(counts).is_known
    counts[0, 8] = 101
    assert timing.fit(counts).is_known
