from math import sqrt

import numpy as np
import pytest

from recommender.ml.affinity import affinity, similarity


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
