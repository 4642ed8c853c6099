"""Calibration, thresholds and doubts: a planted truth comes out again."""

import numpy as np
import pytest

from vision.ml import decisions
from vision.ml.examples import Classes, Examples, Group
from vision.ml.serving import Reading, sigmoid, softmax


def planted(count: int, classes: int, temperature: float, seed: int = 0):
    """Logits that are `temperature` times too steep for the labels that were drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2.0, (count, classes)).astype(np.float32)
    right = (softmax(logits).cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1).astype(np.int32)
    return (logits * np.float32(temperature)), right


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature_is_the_planted_one(temperature):
    logits, right = planted(20_000, 5, temperature)

    assert decisions.temperature_of(logits, right) == pytest.approx(temperature, rel=0.03)


def test_a_few_pictures_all_told_right_do_not_make_it_certain():
    logits = (np.eye(3, dtype=np.float32) * 20.0)[[0, 1, 2, 0, 1, 2]]
    right = np.array([0, 1, 2, 0, 1, 2], np.int32)

    temperature = decisions.temperature_of(logits, right)

    assert 0.75 < softmax(logits / np.float32(temperature)).max() < 0.97


def test_slope_and_shift_of_a_label_are_the_planted_ones_and_unknown_says_nothing():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3.0, 30_000).astype(np.float32)
    said = (sigmoid(0.6 * logits - 0.8) > rng.random(30_000)).astype(np.int8)
    said[20_000:] = -1
    logits[20_000:] = 1e6

    slope, shift = decisions.platt_of(logits, said)

    assert slope == pytest.approx(0.6, abs=0.03)
    assert shift == pytest.approx(-0.8, abs=0.05)


def test_a_label_with_too_few_of_either_answer_stays_as_it_is():
    said = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0], np.int8)

    assert decisions.platt_of(np.ones(9, np.float32), said) == (1.0, 0.0)


def test_lower_bounds_are_those_worked_out_by_hand():
    # (1 + z²/2n − z·√(z²/4n²)) / (1 + z²/n) with p = 1 is n / (n + z²)
    assert decisions.wilson_low(32, 32) == pytest.approx(32 / (32 + 1.2815515655446004**2))
    assert decisions.wilson_low(0, 0) == 0.0
    assert decisions.wilson_low(95, 100, z=1.959964) == pytest.approx(0.8882, abs=1e-4)


def test_a_threshold_lies_where_precision_begins_to_hold():
    rng = np.random.default_rng(1)
    chances = rng.random(40_000).astype(np.float32)
    share = np.where(chances >= 0.6, 0.97, np.where(chances >= 0.3, 0.6, 0.05))
    is_right = rng.random(40_000) < share

    found = decisions.threshold_of(chances, is_right, apply=0.95, suggest=0.7)

    # From t on precision is (0.97·0.4 + 0.6·(0.6 − t)) / (1 − t): 0.95 at t = 0.577; below 0.3 it is
    # (0.388 + 0.18 + 0.05·(0.3 − t)) / (1 − t): 0.7 at t = 0.18.
    assert found.apply == pytest.approx(0.577, abs=0.02)
    assert found.suggest == pytest.approx(0.18, abs=0.02)
    told = chances >= found.apply
    assert decisions.wilson_low(is_right[told].sum(), told.sum()) >= 0.95


def test_all_that_share_a_chance_stand_or_fall_together():
    chances = np.repeat(np.float32(0.9), 100)
    is_right = np.arange(100) < 80

    found = decisions.threshold_of(chances, is_right, apply=0.95, suggest=0.7)

    assert found.apply is None
    assert found.suggest == pytest.approx(0.9)


def test_below_twenty_examples_nothing_is_applied_by_itself_but_suggested():
    chances = np.linspace(0.5, 1.0, 19).astype(np.float32)

    found = decisions.threshold_of(chances, np.ones(19, bool), apply=0.6, suggest=0.5)

    assert (found.apply, found.suggest, found.positives) == (None, pytest.approx(0.5), 19)


def test_the_curve_tells_precision_and_coverage_at_a_threshold():
    chances = np.array([0.9, 0.9, 0.8, 0.6, 0.4], np.float32)
    is_right = np.array([True, True, False, True, False])

    at = {point["threshold"]: point for point in decisions.threshold_of(chances, is_right, positives=4).curve}

    assert (at[0.6]["precision"], at[0.6]["coverage"], at[0.6]["told"]) == (0.75, 0.75, 4)
    assert at[0.85]["precision"] == 1.0
    assert 0.95 not in at


def test_thresholds_have_the_key_of_their_set_and_label():
    told = Classes(("a", "b"), groups=(Group("pattern", ("dots",)),))
    category = np.array([[0.9, 0.1]] * 60 + [[0.2, 0.8]] * 60, np.float32)
    right = np.array([0] * 60 + [0] * 10 + [1] * 50, np.int32)
    dots = np.array([[1]] * 60 + [[-1]] * 60, np.int8)
    reading = Reading(category, {"pattern": np.full((120, 1), 0.7, np.float32)}, np.ones((120, 1), np.float32))
    examples = Examples(np.zeros((120, 8, 8, 3), np.uint8), right, {"pattern": dots}, np.arange(120))

    found = decisions.thresholds(reading, examples, told, targets={"category": (0.95, 0.7)})

    assert list(found) == ["category/a", "category/b", "pattern/dots"]
    assert found["category/a"]["apply"] == pytest.approx(0.9)
    assert found["category/b"]["apply"] is None  # 50 of 60
    assert found["category/b"]["suggest"] == pytest.approx(0.8)
    assert found["category/a"]["positives"] == 70
    assert found["pattern/dots"]["positives"] == 60
    assert "together" not in found["category/a"]


def test_labels_with_few_examples_hold_what_all_such_labels_of_their_set_keep_together():
    told = Classes(("a", "b", "c"))
    best = np.repeat(np.eye(3, dtype=np.float32), (40, 10, 10), axis=0)
    right = np.array([0] * 40 + [1] * 10 + [2] * 4 + [1] * 6, np.int32)
    reading = Reading(0.6 * best + 0.1, {}, np.ones((60, 1), np.float32))
    reading.category[40:50, 1] = 0.9
    examples = Examples(np.zeros((60, 8, 8, 3), np.uint8), right, {}, np.arange(60))

    found = decisions.thresholds(reading, examples, told)

    assert "together" not in found["category/a"]
    assert found["category/b"]["together"] == found["category/c"]["together"]
    least = min(found["category/c"]["together"], key=lambda point: point["threshold"])
    # From 0.7 on 14 of 20 are right, which says less than 0.58 of them; from 0.9 on ten of ten.
    assert (least["told"], least["low"]) == (20, pytest.approx(decisions.wilson_low(14, 20)))
    assert max(found["category/c"]["together"], key=lambda point: point["low"])["told"] == 10


TREE = Classes(
    ("shirt", "blouse", "boot"), {"shirt": "tops", "blouse": "tops", "boot": "shoes", "tops": "wear", "shoes": "wear"}
)


def read(*rows: list[float]) -> Reading:
    return Reading(np.array(rows, np.float32), {}, np.ones((len(rows), 1), np.float32))


def test_chances_of_children_add_up_to_their_parents():
    keys, chances = decisions.rolled_up(read([0.5, 0.3, 0.2]), TREE)

    assert dict(zip(keys, chances[0].tolist(), strict=True)) == pytest.approx({"tops": 0.8, "wear": 1.0, "shoes": 0.2})


def test_a_category_that_is_its_own_ancestor_is_refused():
    with pytest.raises(ValueError, match="its own ancestor"):
        decisions.parents_of(Classes(("a",), {"a": "b", "b": "c", "c": "b"}))


def test_planted_wrong_labels_are_found_and_few_others():
    rng = np.random.default_rng(0)
    right = rng.integers(0, 4, 2_000).astype(np.int32)
    logits = rng.normal(0, 1.0, (2_000, 4)) + 4.0 * np.eye(4)[right]
    said = right.copy()
    wrong = rng.choice(2_000, 60, replace=False)
    said[wrong] = (right[wrong] + 1) % 4
    said[:50] = np.where(np.isin(np.arange(50), wrong), said[:50], -1)

    found = decisions.label_errors(softmax(logits.astype(np.float32)), said)

    numbers = [at for at, _like, _margin in found]
    assert len(set(numbers[:50]) & set(wrong)) >= 48
    assert len(numbers) <= 75
    assert all(said[at] >= 0 for at in numbers)
    assert [margin for _at, _like, margin in found] == sorted((margin for *_rest, margin in found), reverse=True)


def test_two_versions_are_compared_on_the_pictures_where_they_differ():
    one = [True] * 80 + [True] * 10 + [False] * 2 + [False] * 8
    other = [True] * 80 + [False] * 10 + [True] * 2 + [False] * 8

    found = decisions.mcnemar(one, other)

    # 2 · P(X ≤ 2), X of 12 throws: 2 · (1 + 12 + 66) / 4096
    assert (found.only_one, found.only_other) == (10, 2)
    assert found.p == pytest.approx(158 / 4096)
    assert found.difference == pytest.approx(0.08)
    assert found.low < 0.08 < found.high
    assert decisions.mcnemar(one, one).p == 1.0
