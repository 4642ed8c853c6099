import json

import numpy as np
import pytest
from django.core.management import call_command

from analytics.churn_evaluators import ChurnEvaluator
from core.evaluation import Run, UsageError, evaluate
from tests.analytics.ml.test_churn import shop


def judged(path, as_of="2022-11-07", horizon=60):
    return evaluate("churn", ChurnEvaluator(), Run({"transactions": path, "as_of": as_of, "horizon": horizon}))


def rows():
    found = shop(400)
    days = np.datetime64("1970-01-01") + found.days
    return list(zip(found.customers.tolist(), days.tolist(), found.amounts.round(2).tolist(), strict=True))


def test_the_served_model_stands_beside_its_references_with_table_and_reasons(write):
    found = judged(write(rows()))

    assert set(found["strategies"]) == {"served", "recency", "logistic_rfm", "logistic", "logistic_mean"}
    assert found["auc"] == found["strategies"]["served"]["auc"] > found["recency_auc"]
    assert found["auc_above_recency_low"] < found["auc"] - found["recency_auc"] < found["auc_above_recency_high"]
    assert sum(row["customers"] for row in found["calibration"]) == found["data"]["customers"]
    assert sum(found["confusion"].values()) == found["data"]["customers"]
    assert found["accuracy"] == pytest.approx(
        (found["confusion"]["true_positive"] + found["confusion"]["true_negative"]) / found["data"]["customers"],
        abs=1e-6,
    )
    assert found["reasons"][0]["chance"] >= found["reasons"][2]["chance"]
    assert found["data"]["dates_learned_at"][0] == "2022-09-08"
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    "lines",
    [
        [(f"c{n % 7}", np.datetime64("2022-01-01") + n, 5) for n in range(400)],
        [("big", np.datetime64("2022-01-01") + n % 400, 5) for n in range(100_000)] + [("b", "2022-02-01", 2)],
        [(f"c{n % 50}", np.datetime64("2022-01-01") + n, -5 if n % 3 else 0) for n in range(401)],
    ],
    ids=["all alike", "one customer with all orders", "negative and empty amounts"],
)
def test_odd_shops_get_an_answer_without_nan(write, lines):
    json.dumps(judged(write(lines)), allow_nan=False)


@pytest.mark.parametrize(
    ("as_of", "horizon", "message"),
    [
        ("2023-02-01", 60, "who stays away is not known yet"),
        ("2022-02-01", 60, "90 days of purchases before the date are needed"),
        ("2022-11-07", 0, "--horizon must be between 1 and 3650"),
        ("never", 60, "'never' is not a date"),
    ],
)
def test_refusals_say_what_is_missing(write, as_of, horizon, message):
    with pytest.raises(UsageError, match=message):
        judged(write(rows()), as_of, horizon)


def test_one_order_is_a_refusal(write):
    with pytest.raises(UsageError, match="who stays away is not known yet"):
        judged(write([("a", "2022-11-01", 5)]))


def test_the_command_ends_with_two_and_one_line(write, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("evaluate", "churn", "--transactions", write([("a", "x", 5)]), "--as-of", "2022-01-05")

    assert stopped.value.code == 2
    assert "line 2, column date: 'x' is not a time" in capsys.readouterr().err
