from math import log

import numpy as np
import pandas as pd
import pytest

from recommender.ml.bought_together import DAY, BoughtTogether, BoughtTogetherParams
from recommender.ml.interactions import Interactions
from recommender.ml.lifts import log_likelihood
from tests.recommender.ml.data import from_matrix

BASKETS = from_matrix(np.array([[1, 1, 0, 0]] * 4 + [[1, 0, 1, 0]] * 2 + [[0, 0, 1, 1]] * 3 + [[1, 0, 0, 0]]))
"""Ten baskets: tea in 7, pot in 4, cup in 5, tray in 3."""


def test_lift_by_hand():
    model = BoughtTogether(BoughtTogetherParams(support=2, order="lift")).fit(BASKETS)

    assert model.lift.toarray()[0].tolist() == [0, pytest.approx(4 * 10 / (7 * 4)), 0, 0]
    assert model.lift.toarray()[2].tolist() == [0, 0, 0, pytest.approx(3 * 10 / (5 * 3))]


def test_confidence_is_the_share_of_the_items_baskets():
    model = BoughtTogether(BoughtTogetherParams(support=2, order="confidence")).fit(BASKETS)

    assert model.spoken.toarray()[0, 1] == pytest.approx(4 / 7)
    assert model.spoken.toarray()[1, 0] == pytest.approx(1.0)


def test_pairs_below_the_support_do_not_count():
    model = BoughtTogether(BoughtTogetherParams(support=4)).fit(BASKETS)

    assert model.recommend([(0, 1.0)], 5).items.tolist() == [1]
    assert model.recommend([(3, 1.0)], 5).items.tolist() == []


def test_the_log_likelihood_ratio_by_hand():
    """Table 4, 3 | 0, 3: 2·Σ k·log(k·n / (row·column))."""
    by_hand = 2 * (4 * log(4 * 10 / (7 * 4)) + 3 * log(3 * 10 / (7 * 6)) + 3 * log(3 * 10 / (3 * 6)))

    assert log_likelihood(np.array([4.0]), 7.0, np.array([4.0]), 10)[0] == pytest.approx(by_hand)
    assert log_likelihood(np.array([2.0]), 4.0, np.array([5.0]), 10)[0] == pytest.approx(0.0, abs=1e-9)


def test_a_basket_is_an_order_or_else_a_day():
    frame = pd.DataFrame(
        {"customer": 1, "item": [1, 2, 1, 3, 1, 2], "timestamp": [0, 5, DAY, DAY + 5, 2 * DAY, 2 * DAY + 9]}
    )
    events = Interactions.from_frame(frame)
    two = BoughtTogetherParams(support=1, order="confidence")

    by_day = BoughtTogether(two).fit(events)
    by_order = BoughtTogether(two, baskets=np.array([1, 2, 1, 1, 3, 4])).fit(events)

    assert by_day._held(events).toarray().tolist() == [[1, 1, 0], [1, 0, 1], [1, 1, 0]]
    assert by_order._held(events).toarray().tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 0]]


def test_planted_pairs_are_found():
    rng = np.random.default_rng(1)
    held = (rng.random((400, 30)) < 0.1).astype(int)
    held[:, 1] = np.where(rng.random(400) < 0.8, held[:, 0], held[:, 1])

    model = BoughtTogether().fit(from_matrix(held))

    assert model.recommend([(0, 1.0)], 1).items.tolist() == [1]
