from dataclasses import replace
from math import log, log1p, sqrt

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ml import item_to_item
from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import PLAIN, ItemKnn, ItemKnnParams, weigh
from tests.recommender.ml.data import REFERENCE, from_matrix, two_taste_groups

FIRST = [(0, 5.0), (1, 4.0), (4, 3.0)]
"""What the first customer of the reference example rated."""
S03, S34, S02, S12 = 13 / sqrt(117 * 54), 40 / sqrt(54 * 107), 4 / sqrt(117 * 41), 20 / sqrt(42 * 41)
S05, S45 = 4 / sqrt(117), 4 / sqrt(107)


def reference(**changes):
    return ItemKnn(replace(PLAIN, **changes)).fit(from_matrix(REFERENCE))


def test_similarity_is_the_cosine_of_rating_columns():
    similarity = reference().spoken.toarray()

    assert similarity[0, 3] == pytest.approx(S03)
    assert similarity[4, 3] == pytest.approx(S34)
    assert similarity[1, 2] == pytest.approx(S12)
    assert similarity[1, 3] == 0.0
    assert np.diag(similarity).tolist() == [0.0] * 6


@pytest.mark.parametrize(
    ("normalise", "third", "fourth", "sixth"),
    [
        ("none", 5 * S02 + 4 * S12, 5 * S03 + 3 * S34, 5 * S05 + 3 * S45),
        (
            "similarity",
            (5 * S02 + 4 * S12) / (S02 + S12),
            (5 * S03 + 3 * S34) / (S03 + S34),
            (5 * S05 + 3 * S45) / (S05 + S45),
        ),
        ("ratings", (5 * S02 + 4 * S12) / 9, (5 * S03 + 3 * S34) / 8, (5 * S05 + 3 * S45) / 8),
    ],
)
def test_reference_scores_in_all_three_forms(normalise, third, fourth, sixth):
    found = reference(normalise=normalise).recommend(FIRST, 6, exclude=[0, 1, 4])

    scores = dict(zip(found.items.tolist(), found.scores.tolist(), strict=True))
    assert scores == {2: pytest.approx(third), 3: pytest.approx(fourth), 5: pytest.approx(sixth)}
    assert sorted(found.scores.tolist(), reverse=True) == found.scores.tolist()


@pytest.mark.parametrize("normalise", ["none", "similarity", "ratings"])
def test_an_empty_neighbourhood_gives_no_score(normalise):
    alone = from_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    model = ItemKnn(replace(PLAIN, normalise=normalise)).fit(alone)

    assert model.recommend([(0, 1.0)], 3).items.tolist() == [1]
    assert model.recommend([(2, 1.0)], 3).items.tolist() == []
    assert model.recommend([], 3).items.tolist() == []


def test_the_reason_is_the_item_that_brought_most():
    found = reference(normalise="none").recommend(FIRST, 1, exclude=[0, 1, 4])

    assert found.items.tolist() == [5]
    assert found.reasons.tolist() == [0]
    assert found.shares.tolist() == [pytest.approx(5 * S05 / (5 * S05 + 3 * S45))]


def test_shrinkage_pulls_rare_meetings_down():
    data = from_matrix(np.array([[1, 1, 0, 0]] + [[0, 0, 1, 1]] * 10))

    params = replace(PLAIN, shrinkage=5.0)
    similarity = ItemKnn(params).fit(data).spoken.toarray()

    assert similarity[0, 1] == pytest.approx(1 / (1 + 5))
    assert similarity[2, 3] == pytest.approx(10 / (10 + 5))


def test_alpha_lets_popular_items_through():
    data = from_matrix(np.array([[1, 1]] * 2 + [[1, 0]] * 6))

    similarity = ItemKnn(replace(PLAIN, alpha=0.25)).fit(data).spoken.toarray()

    assert similarity[1, 0] == pytest.approx(2 / (8**0.25 * 2**0.75))
    assert similarity[0, 1] == pytest.approx(2 / (2**0.25 * 8**0.75))


def test_only_the_nearest_neighbours_of_a_shown_item_stay():
    similarity = reference(neighbours=1).spoken

    assert np.diff(similarity.tocsc().indptr).max() == 1
    assert similarity.toarray()[4, 3] == pytest.approx(S34)
    assert similarity.toarray()[0, 3] == 0.0


def test_weightings_by_hand():
    matrix = sp.csr_matrix(np.array([[3.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]))

    assert weigh(matrix, "binary", 0.0).data.tolist() == [1, 1, 1]
    assert weigh(matrix, "value", 0.5).data.tolist() == pytest.approx([3 / sqrt(2), 1 / sqrt(2), 2])
    assert weigh(matrix, "log", 0.0).data.tolist() == pytest.approx([log(4), log(2), log(3)])
    assert weigh(matrix, "idf", 0.0).data.tolist() == pytest.approx([3 * log1p(2), log1p(2), 2 * log1p(4)])
    mean = 1.5
    assert weigh(matrix, "bm25", 0.0).data.tolist() == pytest.approx(
        [
            log1p(2) * 3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 2 / mean)),
            log1p(2) * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / mean)),
            log1p(4) * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 1 / mean)),
        ]
    )


def test_two_taste_groups_are_recovered():
    data = Interactions.from_frame(two_taste_groups(items=60))
    model = ItemKnn().fit(data)
    histories, seen = model.histories(data), data.matrix()

    ranked = model.rank(histories, 3, exclude=seen)

    shown = ranked[ranked >= 0]
    customers = np.nonzero(ranked >= 0)[0]
    own_group = (data.item_ids[shown] % 2) == (data.customer_ids[customers] % 2)
    assert own_group.mean() > 0.95


def test_one_list_and_many_lists_agree():
    data = Interactions.from_frame(two_taste_groups(events=6))
    pairs, seen = data.pairs(), data.matrix()
    for normalise in ("none", "similarity", "ratings"):
        model = ItemKnn(ItemKnnParams(normalise=normalise, half_life=5.0)).fit(data)
        many = model.rank(model.histories(data), 4, exclude=seen)
        for customer in range(data.customer_count):
            own = pairs.customers == customer
            history = list(zip(pairs.items[own].tolist(), pairs.values[own].tolist(), strict=True))
            one = model.recommend(history, 4, exclude=seen[customer].indices.tolist())
            assert many[customer][: len(one.items)].tolist() == one.items.tolist()


def test_blocks_do_not_change_what_is_learned(monkeypatch):
    data = Interactions.from_frame(two_taste_groups())
    whole = ItemKnn().fit(data).spoken
    monkeypatch.setattr(item_to_item, "BLOCK_PRODUCTS", 50)

    assert (ItemKnn().fit(data).spoken != whole).nnz == 0


def test_a_history_counts_its_newest_item_most():
    data = from_matrix(np.array([[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 3))
    model = ItemKnn(ItemKnnParams(half_life=1.0)).fit(data)

    assert model.recommend([(0, 1.0), (2, 1.0)], 2, exclude=[0, 2]).items.tolist() == [1, 3]
    assert model.recommend([(2, 1.0), (0, 1.0)], 2, exclude=[0, 2]).items.tolist() == [3, 1]


def test_answering_parameters_need_no_new_fit_and_others_do():
    model = reference()

    assert model.with_params(replace(PLAIN, normalise="none")).spoken is model.spoken
    with pytest.raises(ValueError, match="need a new fit"):
        model.with_params(replace(PLAIN, neighbours=3))


def test_without_events_there_are_no_neighbours():
    empty = from_matrix(np.zeros((0, 3)))

    model = ItemKnn().fit(empty)

    assert model.spoken.shape == (3, 3)
    assert model.recommend([(0, 1.0)], 2).items.tolist() == []
