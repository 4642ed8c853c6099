"""What every method promises, whatever a shop looks like and whatever is asked."""

import functools

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ml.blend import Blend
from recommender.ml.category_affinity import CategoryAffinity
from recommender.ml.content import Content
from recommender.ml.ease import Ease, EaseParams
from recommender.ml.ials import Ials, IalsParams
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.item_knn import PLAIN, ItemKnn
from recommender.ml.popularity import Popularity
from recommender.ml.rp3beta import Rp3Beta
from recommender.ml.sequence_blend import customers_blend
from recommender.ml.sequences import SequenceRules, SequenceWalk
from recommender.ml.user_knn import UserKnn

ITEMS = 9
FACTS = ItemFacts([[f"kind={item % 3}", f"brand={item % 2}"] for item in range(ITEMS)])
METHODS = {
    "popularity": Popularity,
    "popularity_recent": lambda: Popularity(half_life_days=7.0),
    "item_cf": lambda: ItemKnn(PLAIN, name="item_cf"),
    "item_knn": ItemKnn,
    "user_cf": UserKnn,
    "ials": lambda: Ials(IalsParams(factors=4, sweeps=2)),
    "ease": lambda: Ease(EaseParams(regularisation=5.0)),
    "rp3beta": Rp3Beta,
    "sequence_rules": SequenceRules,
    "sequence_walk": SequenceWalk,
    "content": lambda: Content(FACTS),
    "affinity": lambda: CategoryAffinity([[f"category={item % 3}"] for item in range(ITEMS)]),
    "blend": lambda: Blend([ItemKnn(), Ials(IalsParams(factors=4, sweeps=2)), SequenceRules()], [1.0, 0.5, 0.3]),
    "sequence_blend": customers_blend,
}
acts = st.tuples(st.integers(0, 7), st.integers(0, ITEMS - 1), st.integers(0, 10**6), st.sampled_from([1.0, 4.0, 0.01]))
shops = st.lists(acts, min_size=1, max_size=40)
ids = st.integers(0, ITEMS - 1)
histories = st.lists(st.tuples(ids, st.floats(1e-3, 1e6)), max_size=ITEMS, unique_by=lambda act: act[0])


def shop(rows):
    frame = pd.DataFrame(rows, columns=["customer", "item", "timestamp", "value"])
    return Interactions.from_frame(frame, item_ids=np.arange(ITEMS), customer_ids=np.arange(8))


@functools.cache
def learned(name, rows):
    return METHODS[name]().fit(shop(rows))


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=25, deadline=None)
@given(rows=shops.map(tuple), history=histories, k=st.integers(0, 12), exclude=st.sets(ids))
def test_one_list_keeps_its_promises(name, rows, history, k, exclude):
    model = learned(name, rows)

    found = model.recommend(history, k, exclude)

    items = found.items.tolist()
    assert len(items) <= k
    assert len(set(items)) == len(items)
    assert not set(items) & exclude
    assert all(0 <= item < ITEMS for item in items)
    assert len(found.scores) == len(found.reasons) == len(found.shares) == len(items)
    assert np.isfinite(found.scores).all()
    assert (np.diff(found.scores) <= 1e-9 * np.maximum(np.abs(found.scores[:-1]), 1.0)).all()
    assert ((found.shares >= 0) & (found.shares <= 1 + 1e-9)).all()
    assert set(found.reasons.tolist()) <= {-1, *(item for item, _weight in history)}
    again = model.recommend(history, k, exclude)
    assert again.items.tolist() == items
    assert again.scores.tolist() == found.scores.tolist()


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=15, deadline=None)
@given(rows=shops.map(tuple), depth=st.integers(1, 12), barred=st.lists(st.tuples(st.integers(0, 7), ids), max_size=20))
def test_many_lists_at_once_keep_them_too(name, rows, depth, barred):
    data, model = shop(rows), learned(name, rows)
    where = ([row for row, _item in barred], [item for _row, item in barred])
    exclude = sp.csr_matrix((np.ones(len(barred)), where), shape=(8, ITEMS))

    ranked = model.rank(model.histories(data), depth, exclude=exclude, customers=np.arange(8))

    assert ranked.shape == (8, depth)
    for row, listed in enumerate(ranked):
        items = listed[listed >= 0].tolist()
        assert listed.tolist() == items + [-1] * (depth - len(items))
        assert len(set(items)) == len(items)
        assert not set(items) & {item for owner, item in barred if owner == row}
    assert model.rank(model.histories(data), depth, exclude=exclude, customers=np.arange(8)).tolist() == ranked.tolist()


@pytest.mark.parametrize("name", METHODS)
def test_the_same_events_teach_the_same(name):
    rows = tuple((n % 5, (n * n) % ITEMS, n, 1.0) for n in range(40))
    one, other = (METHODS[name]().fit(shop(rows)).recommend([(1, 1.0), (4, 2.0)], 9) for _ in range(2))

    assert one.items.tolist() == other.items.tolist()
    assert one.scores.tolist() == other.scores.tolist()


@pytest.mark.parametrize("name", METHODS)
def test_a_single_item_that_everybody_met_leaves_nothing_to_break(name):
    rows = tuple((customer, 0, customer, 1.0) for customer in range(6))
    model = learned(name, rows)

    found = model.recommend([(0, 1.0)], 5, exclude=[0])

    assert np.isfinite(found.scores).all()
    assert 0 not in found.items


@pytest.mark.parametrize("name", METHODS)
def test_items_that_training_never_met_may_stand_in_a_history(name):
    rows = tuple((customer, customer % 3, customer, 1.0) for customer in range(7))
    model = learned(name, rows)

    found = model.recommend([(8, 1.0)], 5, exclude=[8])

    assert np.isfinite(found.scores).all()
    assert 8 not in found.items
