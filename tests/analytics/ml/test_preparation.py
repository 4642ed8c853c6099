import numpy as np
import pytest

from analytics.ml.preparation import ColumnPlan, Preparation, fences, filling, robust_spread

GAPS = np.array([1.0, np.nan, 3.0, 3.0, np.nan, 13.0])


@pytest.mark.parametrize(("how", "value"), [("mean", 5.0), ("median", 3.0), ("most_frequent", 3.0)])
def test_missing_values_are_filled_as_chosen_and_reported(how, value):
    preparation = Preparation({"x": ColumnPlan(missing=how, scale="none", flag=True)})

    rows, kept = preparation.fit_apply({"x": GAPS})

    assert rows[:, 0].tolist() == [1.0, value, 3.0, 3.0, value, 13.0]
    assert rows[:, 1].tolist() == [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    assert preparation.names == ["x", "x_missing"]
    assert kept.all()
    (report,) = preparation.reports
    assert (report.rows, report.missing, report.filled_with) == (6, 2, value)


def test_of_equally_frequent_values_the_lowest_is_filled_in():
    assert filling(np.array([4.0, 2.0, 4.0, 2.0]), "most_frequent") == 2.0


def test_a_column_without_any_value_becomes_zero():
    preparation = Preparation({"x": ColumnPlan(outliers="tukey", treatment="clip", log=True)})

    rows, _kept = preparation.fit_apply({"x": np.array([np.nan, np.inf])})

    assert rows.tolist() == [[0.0], [0.0]]
    assert preparation.reports[0].missing == 2


def test_fences_of_both_rules_by_hand():
    """Median 3, deviations 2 1 0 1 97: MAD 1. Quartiles 2 and 4."""
    values = np.array([1.0, 2.0, 3.0, 4.0, 100.0])

    assert fences(values, "robust_z") == pytest.approx((3 - 3.5 * 1.4826, 3 + 3.5 * 1.4826))
    assert fences(values, "tukey") == (-1.0, 7.0)
    assert fences(values, "none") == (-np.inf, np.inf)


def test_a_column_without_spread_has_no_outliers():
    assert fences(np.full(4, 7.0), "robust_z") == fences(np.full(4, 7.0), "tukey") == (-np.inf, np.inf)


def test_where_most_values_are_equal_the_mean_deviation_tells_the_spread():
    assert robust_spread(np.array([0.0, 0.0, 0.0, 4.0])) == pytest.approx(1.2533)
    assert robust_spread(np.empty(0)) == 0.0


@pytest.mark.parametrize(
    ("treatment", "left"), [("keep", [1, 2, 3, 4, 100]), ("clip", [1, 2, 3, 4, 7]), ("drop", [1, 2, 3, 4])]
)
def test_outliers_are_treated_as_chosen_and_counted(treatment, left):
    preparation = Preparation({"x": ColumnPlan(outliers="tukey", treatment=treatment, scale="none")})

    rows, kept = preparation.fit_apply({"x": np.array([1.0, 2.0, 3.0, 4.0, 100.0])})

    assert rows[:, 0].tolist() == left
    assert kept.sum() == len(left)
    assert preparation.reports[0].outliers == 1
    assert preparation.reports[0].high == 7.0


@pytest.mark.parametrize(
    ("plan", "rows"),
    [
        (ColumnPlan(scale="standard"), [-1.0, 1.0]),
        (ColumnPlan(scale="min_max"), [0.0, 1.0]),
        (ColumnPlan(scale="none", log=True), [np.log1p(2.0), np.log1p(4.0)]),
    ],
)
def test_scales(plan, rows):
    assert Preparation({"x": plan}).fit_apply({"x": np.array([2.0, 4.0])})[0][:, 0].tolist() == pytest.approx(rows)


def test_later_rows_are_measured_by_the_past():
    preparation = Preparation({"x": ColumnPlan(scale="min_max")}).fit({"x": np.array([0.0, 10.0])})

    rows, _kept = preparation.apply({"x": np.array([20.0, np.nan])})

    assert rows[:, 0].tolist() == [2.0, 0.5]


def test_a_constant_column_says_nothing_and_is_named():
    preparation = Preparation({"x": ColumnPlan()})

    assert preparation.fit_apply({"x": np.full(3, 9.0)})[0].tolist() == [[0.0]] * 3
    assert preparation.reports[0].constant
