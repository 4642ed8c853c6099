import numpy as np
import pytest

from recommender.ml import ease
from recommender.ml.ease import Ease, EaseParams, UnorderedEase
from recommender.ml.interactions import Interactions
from tests.recommender.ml.data import from_matrix, two_taste_groups


def test_weights_solve_the_published_problem_by_hand():
    """XᵀX + I of two items met by (2, 3) customers, 1 in common, is [[3, 1], [1, 4]] with the inverse
    [[4, −1], [−1, 3]] / 11, so B(0,1) = −P(0,1)/P(1,1) = 1/3 and B(1,0) = 1/4."""
    data = from_matrix(np.array([[1, 1], [1, 0], [0, 1], [0, 1]]))

    weights = Ease(EaseParams(regularisation=1.0)).fit(data).spoken.toarray()

    assert weights == pytest.approx(np.array([[0.0, 1 / 3], [1 / 4, 0.0]]), abs=1e-6)


def test_no_weight_can_be_changed_for_the_better():
    """The gradient of ‖X − XB‖² + λ‖B‖² vanishes everywhere but on the diagonal, which is zero."""
    data = Interactions.from_frame(two_taste_groups(customers=50, items=12, events=6))
    values = np.minimum(data.matrix().toarray(), 1.0)
    learned = Ease(EaseParams(regularisation=3.0)).fit(data).spoken.toarray()

    gradient = values.T @ (values @ learned - values) + 3.0 * learned

    np.fill_diagonal(gradient, 0.0)
    assert np.abs(gradient).max() < 1e-4
    assert np.diag(learned).tolist() == [0.0] * 12


def test_strong_acts_speak_louder_when_values_count():
    data = from_matrix(np.array([[5, 5, 1]] * 6 + [[5, 1, 5], [1, 0, 0], [0, 1, 0], [0, 0, 1]]))
    plain = Ease(EaseParams(regularisation=1.0)).fit(data).spoken.toarray()
    weighted = Ease(EaseParams(regularisation=1.0, weighting="value")).fit(data).spoken.toarray()

    assert plain[0, 1] == pytest.approx(plain[0, 2], abs=1e-6)
    assert weighted[0, 1] > 1.5 * weighted[0, 2]


def test_only_the_strongest_neighbours_of_a_shown_item_stay():
    data = Interactions.from_frame(two_taste_groups(items=20))
    whole, cut = Ease().fit(data).spoken.toarray(), Ease(EaseParams(neighbours=3)).fit(data).spoken.toarray()

    for item in range(20):
        kept = np.flatnonzero(cut[:, item])
        assert set(kept) == set(np.argsort(-np.abs(whole[:, item]))[:3])
        assert cut[kept, item].tolist() == whole[kept, item].tolist()


def test_items_that_nobody_met_have_no_neighbours():
    data = from_matrix(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0]]))
    model = Ease(EaseParams(regularisation=1.0)).fit(data)

    assert model.spoken.toarray()[2].tolist() == [0, 0, 0]
    assert model.spoken.toarray()[:, 2].tolist() == [0, 0, 0]
    assert Ease().fit(from_matrix(np.zeros((0, 3)))).recommend([(0, 1.0)], 2).items.tolist() == []


def test_blocks_do_not_change_what_is_learned(monkeypatch):
    data = Interactions.from_frame(two_taste_groups())
    whole = Ease().fit(data).spoken.toarray()
    monkeypatch.setattr(ease, "BLOCK", 7)

    assert Ease().fit(data).spoken.toarray() == pytest.approx(whole, abs=1e-6)


def test_too_many_items_and_too_little_regularisation_are_refused(monkeypatch):
    data = from_matrix(np.ones((3, 4)))
    with pytest.raises(ValueError, match="too small for single precision"):
        Ease(EaseParams(regularisation=-5.0)).fit(data)
    monkeypatch.setattr(ease, "LARGEST", 3)
    with pytest.raises(ValueError, match="at most 3 items, not 4"):
        Ease().fit(data)


def test_two_taste_groups_are_recovered_with_their_reasons():
    data = Interactions.from_frame(two_taste_groups(items=40))

    found = Ease(EaseParams(regularisation=20.0)).fit(data).recommend([(0, 1.0), (2, 1.0)], 5, exclude=[0, 2])

    assert (found.items % 2).tolist() == [0] * 5
    assert set(found.reasons.tolist()) <= {0, 2}
    assert ((found.shares >= 0.5) & (found.shares <= 1.0)).all()


def test_without_order_the_same_weights_answer_a_history_whose_items_all_count_alike():
    data = Interactions.from_frame(two_taste_groups())
    ordered = Ease(EaseParams(half_life=3.0)).fit(data)

    plain = UnorderedEase(ordered).fit(data)

    assert plain.name == "ease_unordered"
    assert plain.spoken is ordered.spoken
    assert np.unique(plain.histories(data).data).tolist() == [1.0]
    assert ordered.histories(data).data.min() < 0.5
