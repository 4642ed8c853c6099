import subprocess
import sys
from math import sqrt

import numpy as np
import pytest

from recommender.ml.shelves import head, popular_in_category, rising


def test_rising_is_measured_against_the_items_own_past_by_hand():
    """Past 8 and 2; now 2 and 3, so 4 and 1 were to be expected."""
    found = rising(np.array([2.0, 3.0]), np.array([8.0, 2.0]))

    assert found == pytest.approx([0.0, (3 - 1) / sqrt(2)])


def test_a_busy_season_lifts_nobody():
    past = np.array([8.0, 2.0, 5.0])

    assert rising(past * 10, past) == pytest.approx([0.0, 0.0, 0.0])


def test_a_shop_without_a_past_shows_what_is_chosen_now():
    assert rising(np.array([2.0, 1.0]), np.zeros(2)).tolist() == [2, 1]
    assert rising(np.zeros(0), np.zeros(0)).tolist() == []


def test_the_head_is_in_order_and_holds_nothing_without_a_score():
    assert head(np.array([1.0, 0.0, 3.0, 1.0, -2.0]), 3).tolist() == [2, 0, 3]
    assert head(np.array([1.0, 0.0]), 3).tolist() == [0]


def test_every_category_has_its_own_list():
    shelves = popular_in_category(np.array([1.0, 5, 3, 3, 9]), np.array([0, 0, 0, 0, -1]), count=2, longest=3)

    assert shelves.of(0).tolist() == [1, 2, 3]
    assert shelves.of(1).tolist() == []
    assert shelves.of(7).tolist() == []


def test_counting_loads_neither_pandas_nor_scipy():
    code = (
        "import sys, recommender.ml.shelves, recommender.ml.lifts; "
        "print(sorted({'pandas', 'scipy'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
