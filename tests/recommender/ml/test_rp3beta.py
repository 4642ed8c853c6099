import numpy as np
import pytest

from recommender.ml.interactions import Interactions
from recommender.ml.rp3beta import Rp3Beta, Rp3BetaParams
from tests.recommender.ml.data import from_matrix, two_taste_groups

WALK = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 0]])
PLAIN = Rp3BetaParams(alpha=1.0, beta=0.0, weighting="binary", history_weighting="binary")


def test_the_walk_is_the_product_of_its_steps():
    """From item 0 to customers 0 and 1 with 1/2 each, from them to item 1 with 1/2 and 1/3: 5/12 in all."""
    weights = Rp3Beta(PLAIN).fit(from_matrix(WALK)).spoken.toarray()

    assert weights[0] == pytest.approx([0.0, 1 / 2 * 1 / 2 + 1 / 2 * 1 / 3, 1 / 2 * 1 / 3])
    assert weights[1] == pytest.approx([1 / 3 * 1 / 2 + 1 / 3 * 1 / 3, 0.0, 1 / 3 * 1 / 3])
    assert weights[2] == pytest.approx([1 / 3, 1 / 3, 0.0])


def test_beta_divides_popularity_away_and_alpha_sharpens_the_steps():
    weights = Rp3Beta(Rp3BetaParams(2.0, 0.5, weighting="binary")).fit(from_matrix(WALK)).spoken.toarray()

    assert weights[0, 1] == pytest.approx((1 / 4 * 1 / 4 + 1 / 4 * 1 / 9) / np.sqrt(3))
    assert weights[0, 2] == pytest.approx(1 / 4 * 1 / 9)


def test_only_the_likeliest_ends_of_a_start_stay():
    data = Interactions.from_frame(two_taste_groups(items=20))
    whole, cut = Rp3Beta().fit(data).spoken.toarray(), Rp3Beta(Rp3BetaParams(neighbours=3)).fit(data).spoken.toarray()

    assert (np.count_nonzero(cut, axis=1) == 3).all()
    for row in range(20):
        assert cut[row].sum() == pytest.approx(np.sort(whole[row])[-3:].sum())


def test_two_taste_groups_are_recovered():
    data = Interactions.from_frame(two_taste_groups(items=40))

    found = Rp3Beta().fit(data).recommend([(1, 1.0), (3, 1.0)], 5, exclude=[1, 3])

    assert (found.items % 2).tolist() == [1] * 5


def test_without_events_there_are_no_neighbours():
    assert Rp3Beta().fit(from_matrix(np.zeros((0, 3)))).recommend([(0, 1.0)], 2).items.tolist() == []
