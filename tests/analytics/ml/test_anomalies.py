import numpy as np
import pytest

from analytics.ml import anomalies


def week(weeks=12, seed=0):
    rng = np.random.default_rng(seed)
    return np.tile([10.0, 20, 30, 40, 50, 60, 70], weeks) + rng.normal(0, 1, weeks * 7)


def test_a_planted_day_is_found_with_what_was_expected():
    values = week()
    values[60] += 25.0

    (found,) = anomalies.find(values)

    assert found.at == 60
    assert found.expected == pytest.approx(50.0, abs=1.5)
    assert found.score > 10


def test_a_quiet_day_among_quiet_weekdays_is_ordinary():
    assert anomalies.find(np.tile([0.0, 100.0, 100, 100, 100, 100, 100], 12)) == []


def test_an_earlier_outlier_does_not_hide_a_later_one():
    values = week()
    values[[60, 74]] += 25.0

    assert [found.at for found in anomalies.find(values)] == [60, 74]


def test_later_values_say_nothing_about_earlier_ones():
    values = week()
    other = np.r_[values[:70], np.full(14, 9_999.0)]

    before = [found for found in anomalies.find(other) if found.at < 70]
    assert before == [found for found in anomalies.find(values) if found.at < 70]


def test_leaving_a_constant_is_an_anomaly_and_staying_is_none():
    assert anomalies.find(np.full(80, 3.0)) == []
    (found,) = anomalies.find(np.r_[np.full(79, 3.0), 4.0])
    assert found.score == anomalies.LIMIT


def test_the_first_eight_weeks_are_not_judged():
    assert anomalies.find(np.r_[np.full(55, 1.0), 99.0]) == []
    assert anomalies.find(np.empty(0)) == []


def test_drivers_by_hand():
    """Shoes 10 → 40, bags 5 → 10, hats 6 → 1: of 30 in all, 1, 1/6 and −1/6."""
    still = {"shoes": 10.0, "bags": 5.0, "hats": 6.0}
    parts = {name: np.full(57, value) for name, value in still.items()}
    for name, value in {"shoes": 40.0, "bags": 10.0, "hats": 1.0}.items():
        parts[name][56] = value

    found = anomalies.drivers(parts, 56)

    assert [(driver.part, driver.value, driver.expected) for driver in found] == [
        ("shoes", 40.0, 10.0), ("bags", 10.0, 5.0), ("hats", 1.0, 6.0),
    ]  # fmt: skip
    assert [driver.share for driver in found] == pytest.approx([1.0, 1 / 6, -1 / 6])
    assert [driver.part for driver in anomalies.drivers(parts, 56, most=1)] == ["shoes"]


def test_parts_are_held_to_the_same_weekday():
    values = np.tile([1.0, 2, 3, 4, 5, 6, 7], 9)
    values[58] = 13.0

    (found,) = anomalies.drivers({"all": values}, 58)

    assert (found.expected, found.share) == (3.0, 1.0)


def test_parts_that_cancel_out_drive_nothing():
    parts = {"up": np.r_[np.zeros(56), 1.0], "down": np.r_[np.zeros(56), -1.0]}

    assert anomalies.drivers(parts, 56) == []
    assert anomalies.drivers({}, 56) == []
