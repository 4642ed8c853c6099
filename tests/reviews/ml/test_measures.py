import numpy as np
import pytest

from reviews.ml import measures


def test_f1_is_worked_out_by_hand():
    right, told = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 0])

    assert measures.class_figures(told, right, 0) == {"precision": 0.5, "recall": 2 / 3, "f1": 4 / 7, "texts": 3}
    assert measures.class_figures(told, right, 2) == {"precision": None, "recall": 0.0, "f1": 0.0, "texts": 1}
    assert measures.macro_f1(told, right, 4) == pytest.approx((4 / 7 + 0.5 + 0.0) / 3)


def test_calibration_error_is_the_mean_distance_over_equal_bins():
    chances = np.array([0.1, 0.1, 0.9, 0.9])
    came = np.array([False, True, True, True])

    assert measures.calibration_error(chances, came, bins=2) == pytest.approx((0.4 + 0.1) / 2)


def test_auroc_counts_pairs_and_ties_half():
    scores = np.array([0.9, 0.5, 0.5, 0.1])

    assert measures.auroc(scores, np.array([True, True, False, False])) == pytest.approx(3.5 / 4)
    assert measures.auroc(scores, np.ones(4, bool)) is None


def test_answered_at_takes_the_most_confident_and_ties_whole():
    confidence = np.array([0.9, 0.8, 0.7, 0.7, 0.1])
    hits = np.array([True, True, False, True, False])

    assert measures.answered_at(confidence, hits, 1.0) == pytest.approx(2 / 5)
    assert measures.answered_at(confidence, hits, 0.75) == pytest.approx(4 / 5)
    assert measures.answered_at(confidence, ~hits, 0.9) == 0.0
    assert measures.answered_at(np.empty(0), np.empty(0, bool), 0.9) == 0.0


def test_wilson_range_is_the_published_one():
    low, high = measures.share_interval(np.r_[np.ones(8, bool), np.zeros(2, bool)])

    assert (low, high) == (pytest.approx(0.4902, abs=1e-3), pytest.approx(0.9433, abs=1e-3))


def test_paired_ranges_hold_the_difference():
    rng = np.random.default_rng(0)
    right = rng.integers(2, size=2000)
    one = np.where(rng.random(2000) < 0.9, right, 1 - right)
    other = np.where(rng.random(2000) < 0.8, right, 1 - right)

    accuracy = measures.paired(one == right, other == right, 0)
    f1 = measures.paired_f1(one, other, right, 2, 0)

    assert accuracy["difference"] == pytest.approx((one == right).mean() - (other == right).mean())
    assert 0.05 < accuracy["low"] < accuracy["difference"] < accuracy["high"] < 0.15
    assert f1["difference"] == pytest.approx(measures.macro_f1(one, right, 2) - measures.macro_f1(other, right, 2))
    assert f1["low"] < f1["difference"] < f1["high"]
    assert measures.paired(one == right, one == right, 0) == {"difference": 0.0, "low": 0.0, "high": 0.0}


def test_the_range_of_two_aurocs_on_the_same_texts_holds_their_difference():
    rng = np.random.default_rng(1)
    came = rng.random(600) < 0.5
    good, poor = came + rng.normal(0, 0.5, 600), came + rng.normal(0, 2.0, 600)

    told = measures.paired_auroc(good, poor, came, 0)

    assert told["difference"] == pytest.approx(measures.auroc(good, came) - measures.auroc(poor, came))
    assert 0.1 < told["low"] < told["difference"] < told["high"]
    assert measures.paired_auroc(good, poor, np.ones(600, bool), 0) == {}
