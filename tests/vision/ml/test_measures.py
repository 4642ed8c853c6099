"""What one threshold tells without a person."""

import numpy as np
import pytest

from vision.ml import measures


def said(*chances: float) -> np.ndarray:
    """Chances of two classes; the first is told."""
    return np.array([[one, 1 - one] for one in chances], np.float32)


HELD = said(*[0.9] * 30, *[0.8] * 10, *[0.7] * 10)
HELD_RIGHT = np.array([0] * 30 + [0] * 9 + [1] + [0] * 5 + [1] * 5, np.int32)
ASKED, ASKED_RIGHT = said(0.95, 0.9, 0.85, 0.8, 0.75), np.array([0, 0, 0, 1, 0], np.int32)


def test_a_plain_share_reaches_down_to_where_one_in_forty_is_wrong():
    share, right, threshold = measures.covered(HELD, HELD_RIGHT, ASKED, ASKED_RIGHT, is_promised=False)

    assert (share, right, threshold) == (pytest.approx(0.8), pytest.approx(0.75), pytest.approx(0.8))


def test_thirty_right_ones_are_too_few_to_promise_it():
    assert measures.covered(HELD, HELD_RIGHT, ASKED, ASKED_RIGHT) == (0.0, None, None)


def test_what_is_promised_needs_thirty_two_in_a_row():
    held, right = said(*[0.9] * 32, *[0.6] * 8), np.array([0] * 32 + [1] * 8, np.int32)

    assert measures.covered(held, right, ASKED, ASKED_RIGHT)[:2] == (pytest.approx(0.4), 1.0)


def test_what_a_shop_applies_is_asked_of_each_class_and_few_examples_wait_for_a_person():
    held, right = said(*[0.9] * 32, *[0.6] * 8, *[0.05] * 10), np.array([0] * 32 + [1] * 18, np.int32)
    asked, is_it = said(0.95, 0.9, 0.85, 0.05, 0.02), np.array([0, 1, 0, 1, 1], np.int32)

    # The first class holds from 0.9 on; of the second 18 examples say too little, however sure it is.
    assert measures.applied(held, right, asked, is_it) == (pytest.approx(0.4), pytest.approx(0.5))
    assert measures.applied(held[:20], right[:20], asked, is_it) == (0.0, None)
