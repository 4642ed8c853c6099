import json

import numpy as np
import pytest
from django.core.management import call_command

from analytics.forecast_evaluators import ForecastEvaluator
from core.evaluation import Run, UsageError, evaluate
from core.ml.tables import TableError
from tests.analytics.ml.test_forecast import noisy

HEADER = "date,value"


def judged(path, horizon=14, season=7, windows=8):
    options = {"series": path, "horizon": horizon, "season": season, "windows": windows}
    return evaluate("forecast", ForecastEvaluator(), Run(options))


def rows(values, step=1, first="2024-01-01"):
    return [(np.datetime64(first) + step * at, round(float(value), 2)) for at, value in enumerate(values)]


def test_all_methods_stand_beside_the_served_one_with_band_and_future(write):
    found = judged(write(rows(noisy(40)), HEADER))

    assert set(found["per_model"]) == {
        "served", "seasonal_naive", "season_mean_4", "season_mean_8", "damped_trend", "decomposition_ets", "trend_line",
        "combination",
    }  # fmt: skip
    assert found["mase"] < found["seasonal_naive_mase"]
    assert 0.6 < found["coverage"] <= 1.0
    assert sum(row["windows"] for name, row in found["per_model"].items() if name != "served") == 8
    assert len(found["forecast"]) == 14
    assert found["forecast"][0]["date"] == "2024-10-07"
    assert all(row["low"] <= row["value"] <= row["high"] for row in found["forecast"])
    assert [row["first"] for row in found["chosen_by_window"]][-1] == "2024-09-23"
    json.dumps(found, allow_nan=False)


def test_weeks_are_told_by_their_dates_and_the_order_of_rows_says_nothing(write):
    lines = rows(np.random.default_rng(0).gamma(9, 10, 40), step=7)

    one = judged(write(lines, HEADER), 4, 1)
    other = judged(write(lines[::-1], HEADER, name="other.csv"), 4, 1)

    assert one["data"]["step_days"] == 7
    assert one["forecast"] == other["forecast"]


def test_days_without_a_row_count_as_zero_with_a_note(write):
    lines = [row for row in rows(noisy(20)) if row[0].astype("datetime64[D]").astype(int) % 7 != 1]

    found = judged(write(lines, HEADER))

    assert "20 dates without a row count as 0." in found["notes"][0]


@pytest.mark.parametrize(
    "values",
    [np.full(120, 7.0), np.zeros(120), np.r_[np.full(110, 5.0), np.full(10, 50.0)], -np.arange(120.0), [1e14] * 120],
    ids=["constant", "nothing ever", "constant, then a jump", "falling below zero", "huge"],
)
def test_odd_series_get_an_answer_without_nan(write, values):
    json.dumps(judged(write(rows(values), HEADER)), allow_nan=False)


def test_a_planted_anomaly_is_listed(write):
    values = noisy(20)
    values[100] += 400.0

    found = judged(write(rows(values), HEADER))

    assert "2024-04-10" in [row["date"] for row in found["anomalies"]]


def test_refusals_name_line_and_column(write):
    with pytest.raises(UsageError, match="a forecast needs eight weeks; the series has 55 days"):
        judged(write(rows(np.ones(55)), HEADER))
    with pytest.raises(UsageError, match="a forecast needs eight weeks; the series has 1 days"):
        judged(write(rows([5.0]), HEADER))
    with pytest.raises(UsageError, match="no window of 14 values is left"):
        judged(write(rows(np.ones(60)), HEADER))
    with pytest.raises(UsageError, match="--horizon must be between"):
        judged(write(rows(np.ones(100)), HEADER), horizon=0)
    with pytest.raises(TableError, match=r"line 4, column date: 2024-01-02 is there twice"):
        judged(write([*rows(np.ones(2)), ("2024-01-02", 1)], HEADER))
    with pytest.raises(TableError, match=r"line 3, column value: 'lots' is not a number"):
        judged(write([*rows(np.ones(1)), ("2024-01-02", "lots")], HEADER))
    with pytest.raises(TableError, match=r"line 2, column value: the value is out of range"):
        judged(write(rows([1e20, 1.0]), HEADER))
    with pytest.raises(UsageError, match="more than 20000 steps"):
        judged(write([("1900-01-01", 1), ("1900-01-02", 1), ("2024-01-01", 1)], HEADER))


def test_the_command_ends_with_two_and_one_line(write, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("evaluate", "forecast", "--series", write([("2024-01-01",)], "date"))

    assert stopped.value.code == 2
    assert "line 1, column value: the column is missing" in capsys.readouterr().err
