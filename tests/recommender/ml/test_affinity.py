from math import sqrt

import numpy as np
import pytest

from recommender.ml.affinity import affinity, similarity
from recommender.ml.category_affinity import CategoryAffinity
from tests.recommender.ml.data import from_matrix


def test_similarity_and_affinity_by_hand():
    """Preferences (3, 4), offers (1, 0), (1, 1) and (0, 2): cosines 3/5, 7/(5√2) and 4/5; r̂ = sim² / (1 + sim)."""
    offers = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    sims = [3 / 5, 7 / (5 * sqrt(2)), 4 / 5]

    assert similarity(np.array([3.0, 4.0]), offers)[0] == pytest.approx(sims)
    assert affinity(np.array([3.0, 4.0]), offers)[0] == pytest.approx([s * s / (1 + s) for s in sims])
    assert affinity(np.array([3.0, 4.0]), offers)[0, 0] == pytest.approx(0.225)


def test_affinity_keeps_the_order_of_similarity_and_ends_at_one_half():
    rng = np.random.default_rng(0)
    preferences, offers = rng.random((20, 5)), rng.random((50, 5))

    sims, fits = similarity(preferences, offers), affinity(preferences, offers)

    assert (np.argsort(sims, axis=1) == np.argsort(fits, axis=1)).all()
    assert affinity(np.ones(3), np.ones((1, 3)))[0, 0] == pytest.approx(0.5)


def test_nothing_known_is_like_nothing():
    assert affinity(np.zeros(2), np.array([[1.0, 1.0], [0.0, 0.0]])).tolist() == [[0.0, 0.0]]


def test_negative_amounts_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        affinity(np.array([1.0, -1.0]), np.array([[1.0, 1.0]]))


def test_customers_are_ranked_by_their_affinity_to_categories_and_then_by_popularity():
    """Items 0 and 1 are of a, 2 of a and b, 3 and 4 of b; the first customer chose 0 with 3 and 3 with 1, so that
    preferences are (3, 1): sims 3/√10, 4/(√2·√10), 1/√10."""
    attributes = [
        ["category=a"],
        ["category=a", "brand=x"],
        ["category=a", "category=b"],
        ["category=b"],
        ["category=b"],
    ]
    data = from_matrix(np.array([[3.0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 2]]))
    model = CategoryAffinity(attributes).fit(data)

    found = model.recommend([(0, 3.0), (3, 1.0)], 5, exclude=[0])
    many = model.rank(model.histories(data), 3, exclude=data.matrix())

    sims = [3 / sqrt(10), 4 / (sqrt(2) * sqrt(10)), 1 / sqrt(10)]
    assert found.items.tolist() == [1, 2, 4, 3]  # of the last two, which are alike, 4 was chosen more often
    assert found.scores == pytest.approx([sims[0] ** 2 / (1 + sims[0]), sims[1] ** 2 / (1 + sims[1]),
                                          *[sims[2] ** 2 / (1 + sims[2])] * 2])  # fmt: skip
    assert found.reasons.tolist() == [0, 0, 3, 3]
    assert found.shares == pytest.approx([1.0, 0.75, 1.0, 1.0])
    assert many[0].tolist() == [1, 2, 4]
    assert many[1].tolist()[:2] == [3, 2]
    assert CategoryAffinity.work(attributes) == 10
    assert CategoryAffinity.work([["brand=x"]]) == 0
