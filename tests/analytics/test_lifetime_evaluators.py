import json

import numpy as np
import pytest
from django.core.management import call_command

from analytics.lifetime_evaluators import LifetimeEvaluator
from core.evaluation import Run, UsageError, evaluate


def judged(path, end="2024-06-30"):
    return evaluate("clv", LifetimeEvaluator(), Run({"transactions": path, "calibration_end": end}))


def shop(size=1_500, seed=0):
    rng, rows = np.random.default_rng(seed), []
    rate, leave, worth = rng.gamma(0.6, 1 / 50, size), rng.beta(0.8, 4.0, size), rng.gamma(4.0, 10.0, size)
    for number in range(size):
        day = float(rng.integers(0, 90))
        while day < 360:
            rows.append(
                (f"c{number}", np.datetime64("2024-01-01") + int(day), round(worth[number] * rng.gamma(5, 0.2), 2))
            )
            if rng.random() < leave[number]:
                break
            day += 1 + rng.exponential() / max(rate[number], 1e-4)
    return rows


def test_foretold_purchases_of_a_planted_shop_are_near_what_came(write):
    found = judged(write(shop()))

    assert set(found["params"]) == {"r", "alpha", "a", "b"}
    assert abs(found["total_error"]) < 0.15
    assert found["mae"] < found["naive_mae"]
    assert abs(found["money"]["total_error"]) < 0.25
    assert found["gamma_gamma"]["used"] == "gamma_gamma"
    assert sum(row["customers"] for row in found["by_repeats"].values()) == found["data"]["customers"]
    json.dumps(found, allow_nan=False)


def test_nothing_later_is_learned_from(write):
    rows = shop(600)
    early = [row for row in rows if row[1] <= np.datetime64("2024-06-30")]

    whole = judged(write(rows))
    other = judged(write([*early, ("new", "2024-12-20", 99_999)], name="other.csv"))

    assert other["params"] == whole["params"]
    assert other["gamma_gamma"] == whole["gamma_gamma"]
    assert "1 customers bought first after --calibration-end; nothing was foretold of them." in other["notes"]


@pytest.mark.parametrize(
    "rows",
    [
        [(f"c{n % 40}", np.datetime64("2024-01-01") + n, 5) for n in range(300)],
        [("big", np.datetime64("2024-01-01") + n % 300, 5) for n in range(100_000)] + [("b", "2024-02-01", 2)] * 2,
        [(f"c{n % 9}", np.datetime64("2024-01-01") + n, (-1) ** (n % 2) * 7) for n in range(300)],
        [*((f"c{n % 40}", np.datetime64("2024-01-01") + n, 5 + n) for n in range(200)), ("future", "2999-01-01", 3)],
    ],
    ids=["all the same amount", "one customer with all orders", "negative totals", "a date in the future"],
)
def test_odd_shops_get_an_answer_without_nan(write, rows):
    json.dumps(judged(write(rows)), allow_nan=False)


@pytest.mark.parametrize(
    ("rows", "end", "message"),
    [
        ([("a", "2024-05-01", 5)], "2024-05-01", r"must lie between the first purchase \(2024-05-01\)"),
        ([("a", "2024-05-01", 5), ("b", "2024-05-09", 5)], "2024-05-02", "Nobody bought on a second day"),
        ([("a", f"2024-05-0{day}", 0) for day in range(1, 9)], "2024-05-05", "No purchase has an amount above 0"),
        ([("a", "2024-05-01", 5)], "yesterday", "'yesterday' is not a date"),
    ],
)
def test_refusals_say_what_is_missing(write, rows, end, message):
    with pytest.raises(UsageError, match=message):
        judged(write(rows), end)


def test_the_command_ends_with_two_and_names_the_cell(write, capsys):
    path = write([("a", "2024-01-01", 5), ("a", "someday", 5)])

    with pytest.raises(SystemExit) as stopped:
        call_command("evaluate", "clv", "--transactions", path, "--calibration-end", "2024-01-05")

    assert stopped.value.code == 2
    assert f"{path}, line 3, column date: 'someday' is not a time" in capsys.readouterr().err
