import json

import numpy as np
import pytest

from core.evaluation import Run, UsageError, evaluate
from marketing.privacy_evaluators import PrivacyEvaluator
from tests.analytics.ml.test_churn import shop


@pytest.fixture
def transactions(tmp_path):
    found = shop(400)
    days = np.datetime64("1970-01-01") + found.days
    rows = zip(found.customers.tolist(), days.tolist(), found.amounts.round(2).tolist(), strict=True)
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["customer,date,amount", *(",".join(map(str, row)) for row in rows)]) + "\n", "utf-8")
    return str(path)


def judged(path, **options):
    settings = {"transactions": path, "as_of": "2022-11-07", "horizon": 60, "shops": 3, "draws": 20}
    return evaluate("privacy", PrivacyEvaluator(), Run(settings | options))


def test_every_way_of_learning_stands_beside_that_of_all_rows_together(transactions):
    found = judged(transactions)

    assert set(found["strategies"]) == {"together", "federated", "alone_mean", "alone_worst"}
    assert abs(found["federated_lost"]) < 0.01
    assert list(found["private"]) == [f"epsilon {value}" for value in ("0.1", "0.3", "1", "3", "10")]
    row = found["private"]["epsilon 1"]
    assert row["lost"] == pytest.approx(found["auc"] - row["auc"], abs=2e-6)
    assert len(found["data"]["shops"]) == 3
    assert sum(found["data"]["shops"]) == found["data"]["learned_from"]
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shops": 1}, "--shops must be between 2 and 100"),
        ({"as_of": "2023-02-01"}, "the file ends before"),
        ({"as_of": "2022-02-01"}, "customers 60 days before it are too few"),
        ({"horizon": 0}, "--horizon"),
    ],
)
def test_refusals_say_what_is_missing(transactions, options, message):
    with pytest.raises(UsageError, match=message):
        judged(transactions, **options)
