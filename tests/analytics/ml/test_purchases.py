import numpy as np
import pandas as pd

from analytics.ml.purchases import Purchases, day_name, day_number


def bought(rows):
    frame = pd.DataFrame(rows, columns=["customer", "day", "amount"])
    frame["date"] = [day_number(day) * 86_400.0 + 3_600.0 for day in frame.pop("day")]
    return Purchases.from_frame(frame)


ROWS = [
    ("b", "2024-01-05", 10.0),
    ("a", "2024-01-01", 5.0),
    ("a", "2024-01-01", 2.5),
    ("a", "2024-02-01", 4.0),
    ("a", "2024-02-02", -3.0),
    ("c", "2024-03-01", -9.0),
]


def test_purchases_of_a_day_count_once_and_returns_stand_apart():
    found = bought(ROWS)

    assert found.customer_ids.tolist() == ["a", "b", "c"]
    assert found.customers.tolist() == [0, 0, 1]
    assert [day_name(day) for day in found.days] == ["2024-01-01", "2024-02-01", "2024-01-05"]
    assert found.amounts.tolist() == [7.5, 4.0, 10.0]
    assert found.return_amounts.tolist() == [-3.0, -9.0]


def test_the_summary_knows_nothing_of_later_days():
    found = bought(ROWS)

    then, now = found.summary(day_number("2024-01-31")), found.summary(day_number("2024-03-31"))

    assert then.frequency.tolist() == [1, 1]
    assert then.money.tolist() == [7.5, 10.0]
    assert now.frequency.tolist() == [2, 1]
    assert now.money.tolist() == [8.5, 10.0]
    assert now.recency.tolist() == [59, 86]
    assert now.tenure.tolist() == [90, 86]
    assert now.last_amount.tolist() == [4.0, 10.0]


def test_nobody_is_in_the_summary_of_a_day_before_the_first_purchase():
    early = bought(ROWS).summary(day_number("2023-12-31"))

    assert len(early) == 0
    assert early.money.tolist() == []


def test_the_order_of_rows_says_nothing():
    mixed = [ROWS[at] for at in (5, 2, 0, 4, 3, 1)]

    assert np.array_equal(bought(ROWS).amounts, bought(mixed).amounts)
    assert np.array_equal(bought(ROWS).customers, bought(mixed).customers)
