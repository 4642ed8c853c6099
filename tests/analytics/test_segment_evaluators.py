import json

import numpy as np
import pytest
from django.core.management import call_command

from analytics.segment_evaluators import SegmentEvaluator
from core.evaluation import Run, UsageError, evaluate
from core.ml.tables import TableError


def judged(path, as_of="2024-12-31", **options):
    return evaluate("segments", SegmentEvaluator(), Run({"transactions": path, "as_of": as_of, "max_k": 5, **options}))


def shop(groups=((3, 10, 300.0), (200, 2, 20.0)), size=40):
    """Customers of planted groups: (days since the last purchase, purchases, amount)."""
    rng, rows = np.random.default_rng(1), []
    for group, (ago, count, amount) in enumerate(groups):
        for number in range(size):
            last = np.datetime64("2024-12-31") - int(rng.integers(ago, ago + 5))
            rows += [(f"g{group}n{number}", last - 7 * step, amount + rng.random()) for step in range(count)]
    return rows


def test_planted_groups_come_back_with_what_sets_them_apart(write):
    found = judged(write(shop()))

    assert found["k"] == 2
    assert found["bootstrap_ari"] > 0.99
    assert found["sizes"] == [40, 40]
    assert found["smallest_share"] == 0.5
    assert {profile["means"]["frequency"] for profile in found["profiles"]} == {10.0, 2.0}
    assert {row["feature"] for row in found["profiles"][0]["apart"]} == {"recency", "frequency", "money"}
    assert sum(found["rfm"]["customers"].values()) == 80
    assert [report["name"] for report in found["preparation"]] == ["recency", "frequency", "money"]
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "2024-05-01", 5)],
        [(f"c{n}", "2024-05-01", 5) for n in range(30)],
        [("a", "2024-05-01", 5), ("a", "2024-06-01", -50), ("b", "2024-06-01", 1)],
        [("b", "2020-01-01", 2), *(("big", np.datetime64("1900-01-01") + n // 3, 1) for n in range(100_000))],
    ],
    ids=["one order", "all the same", "more returned than bought", "one customer with all orders"],
)  # fmt: skip
def test_odd_shops_get_an_answer_without_nan(write, rows):
    found = judged(write(rows))

    assert found["k"] >= 1
    assert sum(found["sizes"]) == found["data"]["customers"]
    json.dumps(found, allow_nan=False)


def test_days_after_the_date_are_not_looked_at(write):
    path = write([*shop(), ("future", "2031-01-01", 9)])

    found = judged(path)

    assert found["data"]["customers"] == 80
    assert "1 purchase days after --as-of are not looked at." in found["notes"]


def test_refusals_name_file_line_and_column(write):
    with pytest.raises(UsageError, match="nobody bought anything until that day; the first purchase is of 2024"):
        judged(write(shop()), as_of="2001-01-01")
    with pytest.raises(UsageError, match="'soon' is not a date"):
        judged(write(shop()), as_of="soon")
    with pytest.raises(UsageError, match="--max-k"):
        judged(write(shop()), max_k=1)
    with pytest.raises(TableError, match=r"rows.csv, line 3, column amount: 'many' is not a number"):
        judged(write([("a", "2024-01-01", 1), ("b", "2024-01-01", "many")]))
    with pytest.raises(TableError, match="no row is a purchase"):
        judged(write([("a", "2024-01-01", -1)]))
    with pytest.raises(TableError, match=r"line 3, column currency: 'EUR' cannot be added to 'GBP'"):
        judged(write([("a", "2024-01-01", 1, "GBP"), ("b", "2024-01-02", 1, "EUR")], "customer,date,amount,currency"))
    with pytest.raises(TableError, match=r"line 2, column amount: the amount is larger than 1e12"):
        judged(write([("a", "2024-01-01", 1e13)]))


def test_the_command_writes_json_and_ends_with_two_on_bad_files(write, tmp_path, capsys):
    out = tmp_path / "out.json"

    call_command("evaluate", "segments", "--transactions", write(shop()), "--as-of", "2024-12-31", "--json", str(out))
    with pytest.raises(SystemExit) as stopped:
        call_command("evaluate", "segments", "--transactions", write([]), "--as-of", "2024-12-31")

    assert json.loads(out.read_text())["k"] == 2
    assert stopped.value.code == 2
    assert "there are no rows below the header" in capsys.readouterr().err
