"""Planted truths: the segment that is moved is found, and twenty that are not invent no winner."""

import numpy as np
import pytest

from core.ml.experiments import Sums, compare
from marketing.ml import groups
from marketing.ml.groups import MESSAGE, NOTHING


def pair(rng, share, lift, people=2_000):
    return {
        NOTHING: Sums.of((rng.random(people) < share).astype(float)),
        MESSAGE: Sums.of((rng.random(people) < share + lift).astype(float)),
    }


def judged(pairs, tuned_for=5_000):
    return {one.group: one for one in groups.judge({("rfm", "conversion"): pairs}, tuned_for=tuned_for)}


def test_the_one_segment_of_twenty_that_was_moved_is_found_and_set_apart():
    rng = np.random.default_rng(1)
    found = judged({f"s{n}": pair(rng, 0.2, 0.15 if n == 7 else 0.0) for n in range(20)})

    assert [name for name, one in found.items() if one.p_holm <= 0.05] == ["s7"]
    assert [name for name, one in found.items() if one.p_apart_holm <= 0.05] == ["s7"]
    assert found["s7"].apart > 0
    low, high = found["s7"].told.always_valid
    assert low < 0.15 < high


def test_twenty_segments_without_any_effect_name_a_winner_in_at_most_one_of_twenty_shops():
    rng = np.random.default_rng(2)
    shops = 200
    wrong = sum(
        any(
            min(one.p_holm, one.p_apart_holm) <= 0.05
            for one in judged({f"s{n}": pair(rng, 0.2, 0.0, 1_000) for n in range(20)}).values()
        )
        for _shop in range(shops)
    )

    assert wrong / shops <= 0.05


def test_an_effect_that_is_the_same_everywhere_works_and_sets_nobody_apart():
    rng = np.random.default_rng(3)
    found = judged({f"s{n}": pair(rng, 0.2, 0.12, 3_000) for n in range(5)})

    assert all(one.p_holm <= 0.05 for one in found.values())
    assert all(one.p_apart_holm > 0.05 for one in found.values())


def test_a_small_segment_has_no_range_and_is_still_one_of_the_questions():
    rng = np.random.default_rng(4)
    found = judged({"large": pair(rng, 0.2, 0.12, 3_000), "small": pair(rng, 0.2, 0.5, 100)})

    assert found["small"].told.always_valid is None
    assert (found["small"].p, found["small"].p_holm, found["small"].p_apart) == (None, None, None)
    assert found["large"].p_holm == pytest.approx(2 * found["large"].p)


def test_holm_counts_every_question_once():
    rng = np.random.default_rng(5)
    asked = {
        ("rfm", "conversion"): {"a": pair(rng, 0.2, 0.05, 3_000), "b": pair(rng, 0.2, 0.0, 3_000)},
        ("cluster", "conversion"): {"c": pair(rng, 0.2, 0.0, 3_000)},
    }
    found = groups.judge(asked, tuned_for=5_000)

    smallest = min(found, key=lambda one: one.p)
    assert smallest.group == "a"
    assert smallest.p_holm == pytest.approx(min(1.0, 3 * smallest.p))
    assert next(one for one in found if one.group == "c").p_apart is None


def test_a_year_adds_up_what_one_person_brought_times_all_of_them():
    rng = np.random.default_rng(6)
    parts = [compare(pair(rng, 0.2, 0.05, 2_000), control=NOTHING, tuned_for=5_000).comparisons[0] for _n in range(6)]

    found = groups.total(parts, tuned_for=50_000, is_enough=True)

    assert found.value == pytest.approx(sum(one.difference.value * 2_000 for one in parts))
    assert found.error == pytest.approx(2_000 * np.sqrt(sum(one.difference.error**2 for one in parts)))
    assert found.people == 24_000
    assert found.interval[0] < 6 * 2_000 * 0.05 < found.interval[1]
    assert groups.total(parts, tuned_for=50_000, is_enough=False).interval is None


def test_ranges_of_a_year_hold_the_truth_when_the_same_people_are_in_every_campaign():
    """Chance divides anew each time, so estimates of campaigns do not hang together although people do."""
    rng = np.random.default_rng(7)
    held, tries = 0, 200
    for _try in range(tries):
        often = rng.beta(0.5, 3, 1_500)
        parts = []
        for _campaign in range(8):
            told = rng.integers(0, 2, 1_500).astype(bool)
            bought = (rng.random(1_500) < np.minimum(1, often + 0.04 * told)).astype(float)
            parts.append(
                compare(
                    {NOTHING: Sums.of(bought[~told]), MESSAGE: Sums.of(bought[told])}, control=NOTHING, tuned_for=5_000
                ).comparisons[0]
            )
        low, high = groups.total(parts, tuned_for=50_000, is_enough=True).interval
        # The chance of an order is cut off at one, so a little less than the planted four points arrives.
        truth = sum(one.n for one in parts) * float(np.mean(np.minimum(1, often + 0.04) - often))
        held += low <= truth <= high

    assert held / tries >= 0.95


def test_groups_of_people_together_are_as_if_counted_at_once():
    rng = np.random.default_rng(8)
    first, second, before = rng.random(50), rng.random(70), rng.random(120)

    both = Sums.of(first, x=before[:50]) + Sums.of(second, x=before[50:])

    whole = Sums.of(np.concatenate([first, second]), x=before)
    assert both.n == whole.n
    assert both.xy == pytest.approx(whole.xy)
    assert both.yy == pytest.approx(whole.yy)
