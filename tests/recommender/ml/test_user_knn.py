from math import sqrt

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ml.user_knn import UserKnn
from tests.recommender.ml.data import REFERENCE, from_matrix

FIRST = [(0, 5.0), (1, 4.0), (4, 3.0)]


def test_reference_example_of_ten_customers_and_six_items():
    model = UserKnn(neighbours=10).fit(from_matrix(REFERENCE))

    found = model.recommend(FIRST, 6, exclude=[0, 1, 4], customer=0)

    third = 4 * 5 / sqrt(50 * 26) + 5 * 16 / sqrt(50 * 41)
    fourth = 3 * 5 / sqrt(50 * 26) + 2 * 25 / sqrt(50 * 29) + 5 * 12 / sqrt(50 * 41) + 4 * 15 / sqrt(50 * 41)
    sixth = 1 * 32 / sqrt(50 * 33)
    assert found.items.tolist() == [3, 2, 5]
    assert found.scores.tolist() == pytest.approx([fourth, third, sixth])
    assert found.scores.round(3).tolist() == [4.379, 2.322, 0.788]


def test_the_list_is_cut_to_the_length_wanted():
    model = UserKnn(neighbours=10).fit(from_matrix(REFERENCE))

    assert model.recommend(FIRST, 1, exclude=[0, 1, 4], customer=0).items.tolist() == [3]


def test_only_the_nearest_customers_count():
    model = UserKnn(neighbours=3).fit(from_matrix(REFERENCE))

    found = model.recommend(FIRST, 6, exclude=[], customer=0)

    near = {3: 46 / sqrt(50 * 43), 5: 31 / sqrt(50 * 26), 1: 32 / sqrt(50 * 32)}
    assert found.items.tolist() == [0, 4, 1]
    assert found.scores[0] == pytest.approx(5 * near[3] + 3 * near[5] + 4 * near[1])


def test_neighbours_with_nothing_new_give_no_score():
    model = UserKnn(neighbours=2).fit(from_matrix(REFERENCE))

    assert model.recommend(FIRST, 6, exclude=[0, 1, 4], customer=0).items.tolist() == []
    assert model.recommend([], 6).items.tolist() == []


def test_many_lists_equal_single_ones():
    data = from_matrix(REFERENCE)
    model = UserKnn(neighbours=4).fit(data)
    seen = data.matrix()

    many = model.rank(model.histories(data), 3, exclude=seen, customers=np.arange(10))

    for customer in range(10):
        row = sp.csr_matrix(seen[customer])
        history = list(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        one = model.recommend(history, 3, exclude=row.indices.tolist(), customer=customer).items.tolist()
        assert many[customer][many[customer] >= 0].tolist() == one
