import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from recommender.ml.interactions import Interactions
from recommender.ml.popularity import DAY, Popularity


def world(rows):
    return Interactions.from_frame(pd.DataFrame(rows, columns=["customer", "item", "timestamp"]))


def test_ranks_by_number_of_customers_then_by_item():
    data = world([(1, "b", 0.0), (2, "b", 0.0), (1, "c", 0.0), (1, "a", 0.0)])

    found = Popularity().fit(data).recommend([], 3)

    assert data.item_ids[found.items].tolist() == ["b", "a", "c"]
    assert found.scores.tolist() == [2.0, 1.0, 1.0]
    assert found.reasons.tolist() == [-1, -1, -1]


def test_excluded_items_are_passed_over_in_one_list_and_in_many():
    model = Popularity().fit(world([(1, "b", 0.0), (2, "b", 0.0), (1, "c", 0.0), (1, "a", 0.0)]))
    exclude = sp.csr_matrix(np.array([[0, 1, 0], [1, 1, 1]]))

    assert model.recommend([], 2, exclude=[1]).items.tolist() == [0, 2]
    assert model.rank(sp.csr_matrix((2, 3)), 2, exclude=exclude).tolist() == [[0, 2], [-1, -1]]


def test_recent_popularity_halves_with_age():
    data = world([(1, "old", 0.0), (2, "old", 0.0), (3, "old", 0.0), (4, "new", 20 * DAY)])

    model = Popularity(half_life_days=10.0).fit(data)

    assert model.score[data.item_ids == "old"].tolist() == pytest.approx([0.75])
    assert model.score[data.item_ids == "new"].tolist() == pytest.approx([1.0])
    assert model.name == "popularity_recent"


def test_one_customer_cannot_push_an_item_by_repeating():
    data = world([(1, "pushed", 1.0), (1, "pushed", 2.0), (1, "pushed", 3.0), (2, "liked", 1.0), (3, "liked", 2.0)])

    for model in (Popularity().fit(data), Popularity(half_life_days=10.0).fit(data)):
        assert data.item_ids[model.order].tolist() == ["liked", "pushed"]
