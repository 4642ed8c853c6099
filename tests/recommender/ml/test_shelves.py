from math import sqrt

import numpy as np
import pandas as pd
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.shelves import DAY, new_arrivals, popular_in_category, trending


def events(rows):
    return Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item", "timestamp"]))


def test_rising_is_measured_against_the_items_own_past_by_hand():
    """Past without fading: item 1 has 8, item 2 has 2 customer days; now 2 and 3. Expected 4 and 1."""
    past = [(c, 1, 0.0) for c in range(8)] + [(c, 2, 0.0) for c in range(2)]
    now = [(c, 1, 10 * DAY) for c in range(2)] + [(c, 2, 10 * DAY) for c in range(3)]

    found = trending(events(past + now), half_life_days=1e12)

    assert found == pytest.approx([0.0, (3 - 1) / sqrt(2)])


def test_one_busy_customer_does_not_make_a_trend():
    rows = [(1, 1, 20 * DAY)] * 50 + [(c, 2, 20 * DAY) for c in range(2, 5)] + [(9, 1, 0.0), (9, 2, 0.0)]

    found = trending(events(rows))

    assert found.argmax() == 1


def test_a_shop_without_a_past_shows_what_is_chosen_now():
    assert trending(events([(1, 1, 5.0), (2, 1, 5.0), (1, 2, 5.0)])).tolist() == [2, 1]
    assert trending(events([]).take(np.array([], int))).tolist() == []


def test_every_category_has_its_own_list():
    shelves = popular_in_category(np.array([1.0, 5, 3, 3, 9]), np.array([0, 0, 0, 0, -1]), count=2, longest=3)

    assert shelves.of(0).tolist() == [1, 2, 3]
    assert shelves.of(1).tolist() == []
    assert shelves.of(7).tolist() == []


def test_new_is_what_came_lately_and_not_what_is_still_to_come():
    published = np.array([0.0, 95.0, 99.0, 101.0, 99.0]) * DAY

    assert new_arrivals(published, np.array([9.0, 9, 1, 9, 2]), now=100 * DAY).tolist() == [4, 2, 1]
