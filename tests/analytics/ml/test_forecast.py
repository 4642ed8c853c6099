import numpy as np
import pytest

from analytics.ml import forecast_models as models
from analytics.ml.forecast import COMBINATION, METHODS, Rolling, TooShort

WEEK = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 0.0, 60.0])


def noisy(weeks=30, seed=0, noise=0.1, growth=0.0):
    rng = np.random.default_rng(seed)
    days = np.arange(weeks * 7)
    return np.tile(WEEK, weeks) * (1 + growth * days / 7) * (1 + noise * rng.normal(size=len(days)))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_carries_an_exact_season_on(name):
    found = METHODS[name](np.tile(WEEK, 12), 17, 7)

    assert found == pytest.approx(np.tile(WEEK, 3)[:17], abs=1e-6)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("value", [0.0, 5.0])
def test_every_method_carries_a_constant_on(name, value):
    assert METHODS[name](np.full(60, value), 9, 7) == pytest.approx(np.full(9, value), abs=1e-9)
    assert METHODS[name](np.full(10, value), 3, 1) == pytest.approx(np.full(3, value), abs=1e-9)


def test_simple_methods_by_hand():
    past = np.arange(1.0, 57.0)

    assert models.seasonal_naive(past, 3, 7).tolist() == [50.0, 51.0, 52.0]
    assert models.season_mean_4(past, 2, 7).tolist() == [39.5, 40.5]
    assert models.season_mean_8(past, 2, 7).tolist() == [25.5, 26.5]
    assert models.trend_line(np.arange(10.0), 3, 1) == pytest.approx([10, 11, 12])


def test_a_damped_trend_by_hand():
    """Level 1 → start 10; error 4, level 10 + 0.5·4 = 12, trend 0.25·4 = 1; then 0.8 and 0.64 further."""
    found, error = models.smoothed(np.array([14.0]), 2, np.array([[0.5, 0.25, 0.8]]))
    assert found == pytest.approx([14.0, 14.0])
    assert error == 0.0

    found, error = models.smoothed(np.array([10.0, 14.0]), 2, np.array([[0.5, 0.25, 0.8]]))
    assert found == pytest.approx([12.8, 13.44])
    assert error == pytest.approx(16.0)


def test_a_trend_is_followed_and_wears_off():
    past = np.repeat(np.arange(1.0, 31.0), 7)

    found = models.damped_trend(past, 70, 7).reshape(10, 7)[:, 0]

    assert 30.5 < found[0] < 31.5
    assert np.all(np.diff(found) > 0)
    assert np.diff(found)[-1] < np.diff(found)[0]


def test_closed_days_stay_at_zero():
    found = models.forecasts(noisy(), 14, 7)

    assert all(values[5] == pytest.approx(0.0) for values in found.values())


def test_the_combination_is_the_mean_of_all_but_the_naive():
    found = models.forecasts(noisy(), 7, 7)

    others = [found[method.__name__] for method in models.COMBINED]
    assert found[COMBINATION] == pytest.approx(np.mean(others, axis=0))
    assert models.seasonal_naive not in models.COMBINED


def test_forecasts_of_returns_may_be_below_zero_and_of_sales_never():
    falling = np.maximum(100.0 - np.arange(60.0) * 2.0, 0.0)

    assert min(values.min() for values in models.forecasts(falling, 20, 1).values()) == 0.0
    assert models.forecasts(-falling - 1.0, 5, 1)["season_mean_4"].max() < 0.0


def test_sums_that_were_seldom_below_zero_are_not_foretold_below_it():
    values = np.maximum(noisy(weeks=40) * np.linspace(1.0, 0.05, 280), 0.0)
    values[100:105] = -30.0

    rolling = Rolling(values, 14, 7)
    made = rolling.forecast(280)
    week, low, _high = rolling.total(280, 7)

    assert made.low.min() >= 0.0
    assert made.values.min() >= 0.0
    assert 0.0 <= low <= week


def test_what_is_often_below_zero_is_not_foretold_below_the_least_there_ever_was():
    values = np.array([-1.0, -2.0, -4.0, 5.0] * 20)

    assert models.floor(values) == -4.0
    assert models.floor(values, 2) == -6.0
    assert models.floor(values[3::4]) == 0.0
    assert models.floor(np.empty(0)) == 0.0
    assert Rolling(np.tile(values, 4), 8, 4).forecast(320).low.min() >= -4.0


def test_the_choice_knows_nothing_of_the_window_it_is_for():
    values = noisy()
    other = values.copy()
    other[-14:] = 9_999.0

    one, two = Rolling(values, 14, 7), Rolling(other, 14, 7)
    origin = len(values) - 14

    assert one.choose(origin) == two.choose(origin)
    first, second = one.forecast(origin), two.forecast(origin)
    assert first.values.tolist() == second.values.tolist()
    assert first.high.tolist() == second.high.tolist()


def test_where_all_are_alike_the_combination_stays_and_a_clear_line_beats_it():
    rng = np.random.default_rng(0)
    still = Rolling(np.tile(WEEK, 20), 14, 7)
    line = Rolling(np.arange(120.0) * 3 + rng.normal(size=120), 4, 1)

    assert still.choose(140) == COMBINATION
    assert line.choose(120) == "trend_line"


def test_the_band_holds_about_four_fifths():
    rolling = Rolling(noisy(80, noise=0.3), 14, 7)
    origins = rolling.origins(len(rolling.values), 40)

    held = []
    for origin in origins:
        found = rolling.forecast(origin)
        actual = rolling.values[origin : origin + 14]
        held.append((actual >= found.low) & (actual <= found.high))

    assert np.mean(held) == pytest.approx(0.8, abs=0.06)
    assert np.all(
        np.diff(rolling.forecast(len(rolling.values)).high - rolling.forecast(len(rolling.values)).values) >= -1e-9
    )


def test_the_range_of_what_sells_seldom_holds_and_stays_within_reason():
    rng = np.random.default_rng(3)
    inside, widest, nothing, windows = 0, 0.0, 0, 0
    for _product in range(30):
        weeks = rng.poisson(rng.uniform(0.15, 0.6), 61) * rng.uniform(50, 900)
        for origin in (44, 52, 60):
            _value, low, high = Rolling(weeks, 4, 1).total(origin, 1)
            inside += low <= weeks[origin] <= high
            widest, nothing = max(widest, high / weeks.max()), nothing + (low == high)
            windows += 1

    assert 0.75 <= inside / windows <= 0.95
    assert widest < 10
    assert nothing <= 0.05 * windows


def test_what_sold_for_the_first_time_just_now_has_no_range_yet():
    weeks = np.r_[np.zeros(50), [3.0, 0, 4, 1]]

    value, low, high = Rolling(weeks, 4, 1).total(54, 1)

    assert value > 0
    assert (low, high) == (None, None)
    assert Rolling(weeks, 4, 1).forecast(54).high is None
    assert Rolling(np.zeros(54), 4, 1).total(54, 1) == (0, 0, 0)


def test_windows_follow_by_half_a_horizon_and_end_at_the_last_value():
    rolling = Rolling(noisy(30), 14, 7)

    assert rolling.origins(210, 4) == [175, 182, 189, 196]
    assert rolling.origins(77, 4) == [56, 63]


def test_errors_by_hand():
    """Past 1 2 1 2 …: naive of one step is off by 1. Forecast 2 for 1 and 2: error 0.5, WAPE 1 of 3."""
    rolling = Rolling(np.tile([1.0, 2.0], 9), 2, 1)

    found = rolling.score([16], ["seasonal_naive"])

    assert found.mase == pytest.approx(0.5)
    assert found.wape == pytest.approx(1 / 3)


def test_a_constant_series_is_foretold_without_error_and_one_that_leaves_it_has_no_mase():
    still = Rolling(np.full(80, 5.0), 7, 7)
    jump = Rolling(np.r_[np.full(73, 5.0), np.full(7, 9.0)], 7, 7)

    assert still.score([73], [COMBINATION]).mase == 0.0
    assert jump.score([73], [COMBINATION]).mase is None
    assert jump.score([73], [COMBINATION]).wape == pytest.approx(4 / 9)
    assert Rolling(np.zeros(80), 7, 7).score([73], [COMBINATION]).wape is None


def test_less_than_eight_seasons_are_refused():
    with pytest.raises(TooShort, match="56 values are needed"):
        Rolling(np.ones(55), 14, 7)
    with pytest.raises(TooShort, match="8 values are needed"):
        Rolling(np.ones(7), 1, 1)
    with pytest.raises(ValueError, match="must be 1 or more"):
        Rolling(np.ones(99), 0, 7)


def test_a_sum_has_a_range_narrower_than_its_days_added_up():
    values = noisy(weeks=40)
    rolling = Rolling(values[:-14], 14, 7)
    made = rolling.forecast(len(rolling.values))

    value, low, high = rolling.total(len(rolling.values), 7)

    assert value == pytest.approx(made.values[:7].sum())
    assert low < values[-14:-7].sum() < high
    assert high - low < (made.high - made.low)[:7].sum()


def test_a_sum_without_enough_windows_has_no_range():
    assert Rolling(noisy(weeks=9), 14, 7).total(63, 7)[1:] == (None, None)


def test_a_sum_of_what_was_never_below_zero_is_not_either():
    value, low, _high = Rolling(np.r_[np.zeros(100), np.array([70.0, 0, 0] * 20)], 14, 7).total(160, 7)

    assert 0.0 <= low <= value
