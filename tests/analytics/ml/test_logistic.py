import numpy as np
import pytest

from analytics.ml import logistic
from analytics.ml.serving import LinearScorer, probability

TRUTH = np.array([1.0, -2.0, 0.0])


def planted(size=20_000, seed=2):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size, 3)) * [1.0, 0.5, 4.0] + [3.0, 0.0, -1.0]
    chances = probability(-2.0 + rows @ TRUTH)
    return rows, (rng.random(size) < chances).astype(int), chances


def test_planted_weights_come_back():
    rows, outcomes, chances = planted()

    found = logistic.fit(rows, outcomes, ["a", "b", "c"], ridge=1e-6)

    assert found.weights / found.spread == pytest.approx(TRUTH, abs=0.08)
    assert np.abs(found.score(rows) - chances).mean() < 0.01


def test_two_groups_by_hand():
    """x = 0: 1 of 4 with the outcome; x = 1: 3 of 4. Log-odds −ln 3 and ln 3."""
    rows = np.array([[0.0]] * 4 + [[1.0]] * 4)

    found = logistic.fit(rows, np.array([1, 0, 0, 0, 1, 1, 1, 0]), ["x"], ridge=1e-9)

    assert found.log_odds(np.array([[0.0], [1.0]])) == pytest.approx([-np.log(3), np.log(3)], abs=1e-5)


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_single_kind_of_outcome_gives_the_share_without_weights(outcome):
    found = logistic.fit(np.random.default_rng(0).normal(size=(98, 2)), np.full(98, outcome), ["a", "b"])

    assert found.weights.tolist() == [0.0, 0.0]
    assert found.score(np.zeros((1, 2)))[0] == pytest.approx(0.99 if outcome else 0.01)


def test_perfectly_parted_and_constant_columns_stay_finite():
    rows = np.column_stack([np.r_[np.zeros(50), np.ones(50)], np.full(100, 1e9)])

    found = logistic.fit(rows, np.r_[np.zeros(50), np.ones(50)], ["x", "same"])

    assert np.isfinite(found.log_odds(rows)).all()
    assert found.weights[1] == pytest.approx(0.0, abs=1e-9)
    assert logistic.auc(found.score(rows), np.r_[np.zeros(50), np.ones(50)]) == 1.0


@pytest.mark.parametrize("how", ["platt", "isotonic"])
def test_overstated_scores_are_brought_back(how):
    _rows, outcomes, chances = planted()
    odds = 3.0 * np.log(chances / (1 - chances)) + 1.0
    model = LinearScorer(("x",), np.ones(1), np.zeros(1), np.ones(1), 0.0, np.empty(0), np.empty(0))

    found = logistic.calibrated(model, odds[:10_000], outcomes[:10_000], how)

    now = logistic.calibration_table(found.calibrated(odds[10_000:]), outcomes[10_000:])
    before = logistic.calibration_table(model.calibrated(odds[10_000:]), outcomes[10_000:])
    assert logistic.calibration_error(now) < 0.015 < 0.05 < logistic.calibration_error(before)
    assert np.all(np.diff(found.levels) >= 0)


def test_scores_that_say_nothing_become_the_share():
    model = LinearScorer(("x",), np.ones(1), np.zeros(1), np.ones(1), 0.0, np.empty(0), np.empty(0))

    found = logistic.calibrated(model, np.linspace(-2, 2, 400), np.r_[np.ones(100), np.zeros(300)], "isotonic")
    worse = logistic.calibrated(model, np.linspace(-2, 2, 400), np.r_[np.ones(100), np.zeros(300)], "platt")

    assert found.calibrated(np.array([-9.0, 0.0, 9.0])) == pytest.approx([0.25, 0.25, 0.25])
    assert worse.calibrated(np.array([-9.0, 9.0])).tolist() == [0.25, 0.25]


def test_auc_by_hand():
    """Pairs of one with and one without: 0.8 > 0.3, 0.8 > 0.5, 0.5 > 0.3, 0.5 = 0.5."""
    assert logistic.auc(np.array([0.8, 0.5, 0.3, 0.5]), np.array([1, 1, 0, 0])) == 3.5 / 4
    assert logistic.auc(np.array([0.1, 0.2]), np.array([1, 1])) is None


def test_brier_and_confusion_by_hand():
    chances, outcomes = np.array([0.9, 0.6, 0.2, 0.5]), np.array([1, 0, 0, 1])

    assert logistic.brier(chances, outcomes) == pytest.approx((0.01 + 0.36 + 0.04 + 0.25) / 4)
    assert logistic.confusion(chances, outcomes) == {
        "true_positive": 2, "false_positive": 1, "false_negative": 0, "true_negative": 1,
    }  # fmt: skip


def test_the_calibration_table_by_hand():
    table = logistic.calibration_table(np.array([0.1, 0.9, 0.2, 0.8]), np.array([0, 1, 1, 1]), bins=2)

    assert [(row.customers, row.observed) for row in table] == [(2, 0.5), (2, 1.0)]
    assert [row.predicted for row in table] == pytest.approx([0.15, 0.85])
    assert table[0].low == pytest.approx(0.0945, abs=1e-4)
    assert logistic.calibration_error(table) == pytest.approx((0.35 + 0.15) / 2)
    assert logistic.calibration_table(np.array([0.3]), np.array([1]))[0].customers == 1


def test_the_slope_tells_overstated_differences():
    _rows, outcomes, chances = planted()
    odds = np.log(chances / (1 - chances))

    assert logistic.calibration_slope(chances, outcomes) == pytest.approx(1.0, abs=0.05)
    assert logistic.calibration_slope(probability(2 * odds + 1), outcomes) == pytest.approx(0.5, abs=0.03)
    assert logistic.calibration_slope(np.full(9, 0.3), np.r_[np.ones(4), np.zeros(5)]) is None


def test_reasons_add_up_to_the_score_and_survive_saving():
    rows, outcomes, _chances = planted(2_000)
    plain = logistic.fit(rows, outcomes, ["a", "b", "c"])
    model = logistic.calibrated(plain, np.array([-1.0, 0, 1, 2]), np.array([0, 1, 0, 1]), "platt")

    again = LinearScorer.from_arrays(model.to_arrays())

    assert again.score(rows).tolist() == model.score(rows).tolist()
    assert again.contributions(rows).sum(axis=1) + again.intercept == pytest.approx(again.log_odds(rows))
    first = again.reasons(rows[:1], most=2)[0]
    parts = again.contributions(rows[:1])[0]
    assert [name for name, _part in first] == [again.features[at] for at in np.argsort(-np.abs(parts))[:2]]


def test_arrays_that_do_not_fit_are_refused():
    arrays = logistic.fit(np.zeros((4, 2)), np.array([0, 1, 0, 1]), ["a", "b"]).to_arrays()

    with pytest.raises(ValueError, match="do not fit together"):
        LinearScorer.from_arrays(arrays | {"weights": np.zeros(3)})
    with pytest.raises(KeyError):
        LinearScorer.from_arrays({})


def test_a_shifted_model_has_the_level_asked_for_and_the_same_order():
    rows, outcomes = np.linspace(-2, 2, 200)[:, None], (np.arange(200) > 120).astype(int)
    plain = logistic.fit(rows, outcomes, ["x"])
    curved = logistic.calibrated(plain, plain.log_odds(rows), outcomes, "platt")
    rare = (np.arange(200) % 10 == 0).astype(int)

    for model in (plain, curved):
        found = logistic.shifted(model, logistic.level_gap(model.score(rows), rare)).score(rows)
        assert found.mean() == pytest.approx(21 / 202, abs=1e-3)
        assert (np.diff(found) >= 0).all()


def test_the_gap_of_nobody_is_nothing():
    assert logistic.level_gap(np.empty(0), np.empty(0)) == 0.0
