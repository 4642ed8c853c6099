import numpy as np
import pytest

from analytics.ml import rfm
from tests.analytics.ml.test_purchases import bought, day_number

AS_OF = day_number("2024-12-31")


def test_a_fifth_gets_each_score():
    scores = rfm.quintiles(np.arange(100.0))

    assert np.bincount(scores).tolist() == [0, 20, 20, 20, 20, 20]
    assert scores[0] == 1
    assert scores[99] == 5


def test_equal_values_are_parted_by_the_next_measure_and_then_by_number():
    assert rfm.quintiles(np.ones(5) * [1, 1, 1, 1, 2], np.array([4.0, 3.0, 2.0, 1.0, 0.0])).tolist() == [4, 3, 2, 1, 5]
    assert rfm.quintiles(np.array([1.0, 1.0, 1.0, 1.0, 2.0])).tolist() == [1, 2, 3, 4, 5]


def test_a_measure_that_is_the_same_for_everybody_scores_three():
    assert rfm.quintiles(np.full(7, 2.0)).tolist() == [3] * 7
    assert rfm.quintiles(np.array([1.0])).tolist() == [3]
    assert rfm.quintiles(np.empty(0)).tolist() == []


def test_names_say_what_recency_and_frequency_say():
    rows = []
    for number in range(25):
        last = day_number("2024-12-31") - number * 10
        rows += [
            (f"c{number:02d}", str(np.datetime64(last - 400 + step * 20, "D")), 10.0) for step in range(number % 5)
        ]
        rows.append((f"c{number:02d}", str(np.datetime64(last, "D")), 10.0))

    found = rfm.score(bought(rows).summary(AS_OF))

    assert found.recency[0] == 5
    assert found.frequency[0] == 1
    assert found.segments[0] == "new"
    assert found.segments[4] == "champions"
    assert found.segments[24] == "cannot_lose"
    assert found.segments[20] == "hibernating"
    assert sum(found.sizes().values()) == 25


def test_every_cell_has_a_known_name():
    assert set(rfm.GRID.ravel()) == set(rfm.SEGMENTS)


@pytest.mark.parametrize(
    "rows", [[("only", "2024-05-01", 3.0)], [("one", "2024-05-01", 0.0), ("two", "2024-05-01", 0.0)]]
)
def test_one_order_and_equal_customers_get_the_middle(rows):
    found = rfm.score(bought(rows).summary(AS_OF))

    assert found.recency.tolist() == found.frequency.tolist() == found.money.tolist() == [3] * len(rows)
    assert set(found.segments) == {"needs_attention"}
