"""The two-tower source: a planted rule of what follows what, recovered; all else is as with other item neighbours."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recommender.ml import deep
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.sources import Kitchen, Size, recipes_for
from recommender.ml.two_tower import NO_ITEM, Examples, TwoTower, TwoTowerParams, described_by

ITEMS = 30
SMALL = TwoTowerParams(dimensions=16, context=3, epochs=40, popularity=0.0)


def ring(*, customers=150, length=6, seed=0):
    """Everybody starts somewhere on a ring of items and goes on item by item: after n comes n + 1. The last item of the
    ring is never chosen; the walk skips it."""
    rng = np.random.default_rng(seed)
    rows = [
        (customer, (start + step) % (ITEMS - 1), 1_700_000_000.0 + step)
        for customer, start in enumerate(rng.integers(ITEMS - 1, size=customers))
        for step in range(length)
    ]
    frame = pd.DataFrame(rows, columns=["customer", "item", "timestamp"])
    return Interactions.from_frame(frame, item_ids=np.arange(ITEMS))


@pytest.fixture(scope="module")
def learned():
    facts = ItemFacts(attributes=[[f"shelf={item // 3}", f"kind={item % 3}"] for item in range(ITEMS)])
    return TwoTower(facts, SMALL, seed=1).fit(ring())


def test_examples_are_each_item_with_the_items_before_it_newest_first():
    frame = pd.DataFrame(
        {"customer": [7, 7, 7, 8, 9, 9], "item": [3, 1, 2, 5, 4, 0], "timestamp": [1.0, 2.0, 3.0, 1.0, 1.0, 2.0]}
    )
    pairs = Interactions.from_frame(frame).pairs()

    found = Examples.of(pairs, 2, 100, seed=0)

    assert found.target.tolist() == [2, 1, 0]
    assert found.context.tolist() == [[1, 3], [3, NO_ITEM], [4, NO_ITEM]]


def test_of_too_many_examples_some_are_drawn_the_same_each_time():
    pairs = ring().pairs()

    drawn = Examples.of(pairs, 3, 50, seed=4)

    assert len(drawn) == 50
    assert drawn.target.tolist() == Examples.of(pairs, 3, 50, seed=4).target.tolist()


def test_what_follows_what_is_recovered(learned):
    following = [int(learned.recommend([(item, 1.0)], 1, exclude=[item]).items[0]) for item in range(ITEMS - 1)]

    right = sum(found == (item + 1) % (ITEMS - 1) for item, found in enumerate(following))
    assert right >= 0.9 * (ITEMS - 1)


def test_reasons_name_the_item_of_the_history_that_asked(learned):
    found = learned.recommend([(20, 1.0), (5, 1.0)], 10, exclude=[5, 20])

    reasons = dict(zip(found.items.tolist(), found.reasons.tolist(), strict=True))
    assert (reasons[21], reasons[6]) == (20, 5)
    assert np.all((found.shares >= 0) & (found.shares <= 1))


def test_an_item_that_nobody_chose_is_like_those_described_like_it(learned):
    alone = ITEMS - 1
    near = learned.alike[alone]

    assert near.nnz > 0
    shelf = {item for item in range(ITEMS) if item // 3 == alone // 3 or item % 3 == alone % 3}
    assert set(near.indices[:3].tolist()) <= shelf


def test_vectors_have_length_one_and_come_again_with_the_same_seed(learned):
    again = TwoTower(learned.facts, SMALL, seed=1).fit(ring())

    assert np.linalg.norm(learned.asking, axis=1) == pytest.approx(np.ones(ITEMS), abs=1e-5)
    assert np.array_equal(again.asking, learned.asking)
    assert np.array_equal(again.offering, learned.offering)


def test_neighbours_are_likeness_to_a_power_times_how_many_chose_the_item(learned):
    params = replace(SMALL, sharpness=3.0, popularity=0.5, neighbours=4)

    twin = learned.with_params(params)

    likeness = np.maximum(learned.asking @ learned.offering.T, 0.0).astype(np.float64)
    expected = likeness[2] ** 3.0 * np.sqrt(1.0 + learned.customers)
    expected[2] = 0.0
    best = np.argsort(-expected)[:4]
    assert sorted(twin.spoken[2].indices.tolist()) == sorted(best.tolist())
    assert twin.spoken[2].toarray().ravel()[best] == pytest.approx(expected[best], rel=1e-5)


def test_other_parameters_of_the_network_need_a_new_fit(learned):
    with pytest.raises(ValueError, match="need a new fit"):
        learned.with_params(replace(SMALL, dimensions=8))


@pytest.mark.parametrize("rows", [[], [(1, 4, 1.0)]])
def test_nothing_to_learn_from_is_no_error(rows):
    frame = pd.DataFrame(rows, columns=["customer", "item", "timestamp"])
    model = TwoTower(ItemFacts(), SMALL).fit(Interactions.from_frame(frame, item_ids=np.arange(5)))

    assert np.isfinite(model.asking).all()
    assert 2 not in model.recommend([(2, 1.0)], 5, exclude=[2]).items


def test_a_description_is_cut_to_its_main_components():
    facts = ItemFacts(attributes=[["red", "cup"], ["red", "cup"], ["blue", "bag"], ["blue", "bag"], []])

    found = described_by(facts, ring(), 2, seed=0)[:5]

    assert found.shape == (5, 2)
    assert found[0] == pytest.approx(found[1])
    assert abs(found[0] @ found[2]) < 1e-6
    assert found[4].tolist() == [0.0, 0.0]


def test_where_nothing_is_described_there_are_no_features():
    assert described_by(ItemFacts(), ring(), 8, seed=0).shape == (ITEMS, 0)


def test_only_a_training_that_may_use_networks_has_the_source():
    size = Size(events=1000, customers=100, items=30)

    def names(kitchen):
        return [recipe.name for recipe in recipes_for(size, kitchen)]

    assert "two_tower" not in names(Kitchen())
    assert "two_tower" in names(Kitchen(deep=True))
    assert "two_tower" not in [recipe.name for recipe in recipes_for(replace(size, items=60_000), Kitchen(deep=True))]


def test_the_module_is_light_until_it_learns():
    import subprocess
    import sys

    code = "import sys, recommender.ml.deep, recommender.ml.sources; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert callable(deep.learn_towers)
