"""Shares of versions: planted rates, planted complaints."""

import numpy as np
import pytest

from marketing.ml.shifting import ALONE, FEW, SHIFTED, Seen, decide

FIXED = np.array([1.0, 1.0])
NONE = np.zeros(2, bool)


def seen(shown, yes, complaints=None):
    shown, yes = np.array(shown), np.array(yes)
    return Seen(shown, yes, np.zeros_like(shown) if complaints is None else np.array(complaints))


def decided(what, weights=FIXED, stopped=NONE, seed=3):
    return decide(what, weights=weights, stopped=stopped, seed=seed)


def test_the_better_version_gets_all_but_the_floor():
    found = decided(seen([[1_000], [1_000]], [[30], [80]]))

    assert found.reason == SHIFTED
    assert found.shares[0] == pytest.approx([0.1, 0.9], abs=0.01)
    assert found.mean == pytest.approx([0.03, 0.08], abs=0.003)
    assert (found.low < [0.03, 0.08]).all()
    assert (found.high > [0.03, 0.08]).all()


def test_versions_that_brought_the_same_stay_near_equal():
    found = decided(seen([[2_000], [2_000]], [[100], [100]]))

    assert found.reason == SHIFTED
    assert found.shares[0] == pytest.approx([0.5, 0.5], abs=0.1)


@pytest.mark.parametrize(
    ("shown", "yes"), [([[99], [500]], [[10], [60]]), ([[500], [500]], [[4], [15]]), ([[0], [0]], [[0], [0]])]
)
def test_few_results_shift_nobody(shown, yes):
    found = decided(seen(shown, yes), weights=np.array([3.0, 1.0]))

    assert found.reason == FEW
    assert found.shares[0].tolist() == [0.75, 0.25]


def test_each_language_may_have_its_own_version():
    found = decided(seen([[1_000, 1_000], [1_000, 1_000]], [[100, 40], [40, 100]]))

    assert found.shares[0, 0] > 0.85
    assert found.shares[1, 1] > 0.85


def test_a_language_with_few_results_follows_the_others():
    found = decided(seen([[2_000, 50], [2_000, 50]], [[60, 3], [160, 3]]))

    assert found.shares[1, 1] > 0.7


def test_a_version_that_people_complain_about_is_stopped_however_much_it_is_clicked():
    found = decided(seen([[600], [600]], [[30], [120]], [[1], [24]]))

    assert found.stopped.tolist() == [False, True]
    assert found.reason == ALONE
    assert found.shares[0].tolist() == [1.0, 0.0]


def test_complaints_like_those_of_the_usual_version_stop_none():
    found = decided(seen([[600], [600]], [[30], [30]], [[24], [24]]))

    assert found.stopped.tolist() == [False, False]


def test_what_was_stopped_stays_so_and_the_others_go_on():
    shown, yes = [[1_000], [1_000], [1_000]], [[30], [90], [80]]

    found = decided(seen(shown, yes), weights=np.ones(3), stopped=np.array([False, True, False]))

    assert found.reason == SHIFTED
    assert found.shares[0] == pytest.approx([0.1, 0.0, 0.9], abs=0.01)


def test_the_same_results_and_seed_give_the_same_shares():
    what = seen([[400], [400]], [[20], [24]])

    assert decided(what, seed=5).shares.tolist() == decided(what, seed=5).shares.tolist()
