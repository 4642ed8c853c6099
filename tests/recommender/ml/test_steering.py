"""Planted candidates: what a placement wants is what the list shows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.steering import (
    EXPLORED,
    NO_GROUP,
    PINNED,
    RANKED,
    Candidates,
    Plan,
    _explored_slots,
    relevance,
    similarity_of,
    steer,
)


def candidates(n, *, factors=None, groups=None, new=()):
    """Items 100, 101, …, best first."""
    is_new = np.zeros(n, bool)
    is_new[list(new)] = True
    return Candidates(
        np.arange(100, 100 + n),
        np.ones(n) if factors is None else np.asarray(factors, float),
        np.full(n, NO_GROUP) if groups is None else np.asarray(groups),
        is_new,
    )


def shown(candidates, plan, **more):
    return candidates.items[steer(candidates, plan, **more).chosen].tolist()


def test_without_wishes_the_ranking_stays():
    assert shown(candidates(6), Plan(4)) == [100, 101, 102, 103]


def test_relevance_is_the_discount_of_the_place_times_the_factor():
    found = relevance(np.array([1.0, 2.0, 1.0]))

    assert found.tolist() == pytest.approx([1.0, 2 / np.log2(3), 1 / np.log2(4)])
    assert relevance(np.ones(600))[599] == 1 / np.log2(601)


def test_a_boosted_item_rises_and_a_buried_one_sinks():
    assert shown(candidates(4, factors=[1, 1, 3, 1]), Plan(4)) == [102, 100, 101, 103]
    assert shown(candidates(4, factors=[0.1, 1, 1, 1]), Plan(4)) == [101, 102, 103, 100]


def test_pinned_items_stand_in_their_slots_and_the_others_flow_around_them():
    found = steer(candidates(6), Plan(4, pins={0: 105, 2: 103}))

    assert (found.chosen.tolist(), found.why) == ([5, 0, 3, 1], [PINNED, RANKED, PINNED, RANKED])


def test_a_pin_of_an_item_that_may_not_be_shown_does_nothing():
    assert shown(candidates(3), Plan(2, pins={0: 999})) == [100, 101]


def test_an_item_that_is_pinned_twice_stands_there_once():
    assert shown(candidates(4), Plan(4, pins={1: 103, 3: 103})) == [100, 103, 101, 102]


def test_no_group_has_more_than_its_cap_and_items_of_no_group_are_not_counted():
    groups = [1, 1, 1, 2, NO_GROUP, NO_GROUP]

    assert shown(candidates(6, groups=groups), Plan(5, cap=1)) == [100, 103, 104, 105]


def test_pinned_items_count_in_the_cap():
    assert shown(candidates(4, groups=[1, 1, 2, 2]), Plan(3, cap=1, pins={0: 101})) == [101, 102]


def test_diversity_takes_the_other_kind_before_the_twin():
    alike = np.eye(3)
    alike[0, 1] = alike[1, 0] = 0.9

    assert shown(candidates(3), Plan(3, diversity=0.0), similarity=alike) == [100, 101, 102]
    assert shown(candidates(3), Plan(3, diversity=0.5), similarity=alike) == [100, 102, 101]


def test_without_similarities_items_of_one_group_count_as_alike():
    assert shown(candidates(3, groups=[7, 7, 8]), Plan(3, diversity=0.5)) == [100, 102, 101]


def test_exploration_gives_new_items_their_share_on_average_and_in_every_slot():
    rows = candidates(40, new=range(30, 40))
    lists = [steer(rows, Plan(10, exploration=0.15), seed=seed) for seed in range(400)]
    explored = np.array([[why == EXPLORED for why in one.why] for one in lists])

    assert explored.sum(axis=1).min() == 1
    assert explored.sum(axis=1).max() == 2
    assert explored.mean() == pytest.approx(0.15, abs=0.01)
    assert (explored.sum(axis=0) > 0).all()


def test_without_new_items_nothing_is_explored():
    assert steer(candidates(5), Plan(5, exploration=1.0)).why == [RANKED] * 5


def test_similarity_is_symmetric_scaled_and_one_on_the_diagonal():
    indptr, indices, weights = np.array([0, 2, 3, 3]), np.array([1, 2, 0]), np.array([4.0, 1.0, 2.0])

    found = similarity_of(indptr, indices, weights, np.array([0, 1, -1]))

    assert found.tolist() == [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


@given(
    st.integers(0, 30), st.integers(1, 20), st.floats(0, 1), st.floats(0, 1), st.none() | st.integers(1, 3),
    st.dictionaries(st.integers(0, 19), st.integers(95, 140), max_size=4), st.integers(0, 9),
)  # fmt: skip
def test_whatever_is_wanted_nothing_is_added_nothing_doubled_and_the_list_is_the_same_again(
    n, slots, diversity, exploration, cap, pins, seed
):
    rows = candidates(n, groups=[i % 3 for i in range(n)], new=range(0, n, 4))
    plan = Plan(slots, diversity, cap, exploration, pins)

    found = steer(rows, plan, seed=seed)

    chosen = found.chosen.tolist()
    assert len(chosen) == len(set(chosen)) == len(found.why) <= slots
    assert set(chosen) <= set(range(n))
    assert chosen == steer(rows, plan, seed=seed).chosen.tolist()
    if cap is None:
        assert len(chosen) == min(slots, n)


def slowly(candidates, plan, *, similarity=None, seed=0):
    """The same list the plain way: each slot looks at all candidates anew. Without pins and new items' slots given, as
    in `steer`, these are fixed first."""
    value = relevance(candidates.factors)
    fixed = {}
    for slot, item in sorted(plan.pins.items()):
        at = np.flatnonzero(candidates.items == item)
        if 0 <= slot < plan.slots and len(at) and int(at[0]) not in fixed.values():
            fixed[slot] = int(at[0])
    chance = _explored_slots(plan, fixed, candidates.is_new, seed)
    taken, chosen, why = list(fixed.values()), [], []

    def is_open(position):
        group = candidates.groups[position]
        used = sum(candidates.groups[other] == group for other in taken)
        return position not in taken and (plan.cap is None or group == NO_GROUP or used < plan.cap)

    def alike(one, other):
        if similarity is not None:
            return similarity[other, one]
        return 0.5 if candidates.groups[one] == candidates.groups[other] != NO_GROUP else 0.0

    def worth(position):
        nearest = max((alike(position, other) for other in taken), default=0.0) if plan.diversity else 0.0
        return (1 - plan.diversity) * value[position] - plan.diversity * max(nearest, 0.0)

    for slot in range(plan.slots):
        free = [position for position in range(len(value)) if is_open(position)]
        new = [position for position in free if candidates.is_new[position]]
        if slot in fixed:
            chosen.append(fixed[slot])
            why.append(PINNED)
        elif free:
            explores = slot in chance and bool(new)
            taken.append(max(new if explores else free, key=lambda position: (worth(position), -position)))
            chosen.append(taken[-1])
            why.append(EXPLORED if explores else RANKED)
    return chosen, why


@pytest.mark.parametrize("diversity", [0.0, 0.3, 1.0])
def test_three_thousand_lists_are_those_of_the_plain_way(diversity):
    rng = np.random.default_rng(round(100 * diversity))
    for case in range(1_000):
        n = int(rng.integers(1, 15))
        some = candidates(
            n, factors=rng.choice([0.5, 1.0, 1.5, 3.0], n), groups=rng.integers(-1, 4, n),
            new=np.flatnonzero(rng.random(n) < 0.3),
        )  # fmt: skip
        alike = rng.integers(0, 5, (n, n)) / 4.0
        similarity = np.maximum(alike, alike.T) if case % 2 else None
        pins = {int(slot): 100 + int(rng.integers(n + 2)) for slot in rng.integers(0, 8, rng.integers(0, 3))}
        plan = Plan(
            int(rng.integers(0, 8)), diversity, rng.choice([None, 1, 2]), float(rng.choice([0.0, 0.4])), pins
        )  # fmt: skip

        found = steer(some, plan, similarity=similarity, seed=case)

        assert (found.chosen.tolist(), found.why) == slowly(some, plan, similarity=similarity, seed=case)
