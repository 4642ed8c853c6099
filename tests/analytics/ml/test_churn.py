import numpy as np
import pytest

from analytics.ml import churn, logistic
from analytics.ml.churn import TooShort
from analytics.ml.purchases import Purchases

START = 19_000


def shop(size=800, days=400, seed=0):
    """Half of the customers buy often and stay, half buy seldom and may leave; the purchase rate is what tells them."""
    rng = np.random.default_rng(seed)
    who, when = [], []
    for number in range(size):
        gap = 12.0 if number % 2 else 45.0
        day, end = float(rng.integers(0, 200)), days if rng.random() < 0.6 else rng.integers(100, days)
        while day < end:
            who.append(number)
            when.append(START + int(day))
            day += 1 + rng.exponential(gap)
    return Purchases.from_arrays(
        np.array(who), np.array(when), rng.gamma(4.0, 10.0, len(who)), np.array([f"c{n}" for n in range(size)], object)
    )


AS_OF = START + 300


def test_the_model_beats_recency_and_its_chances_are_right():
    purchases = shop()

    model = churn.learn(purchases, AS_OF, 60)

    page = churn.sheet(purchases, AS_OF, 60)
    chances = model.score(page)
    assert logistic.auc(chances, page.outcomes) > logistic.auc(page.rows[:, 0], page.outcomes)
    assert abs(chances.mean() - page.outcomes.mean()) < 0.05
    assert logistic.calibration_error(logistic.calibration_table(chances, page.outcomes)) < 0.08
    assert model.form in churn.FORMS
    assert set(model.trial_auc) == set(churn.FORMS)


def test_nothing_after_the_date_is_learned():
    purchases = shop()
    past = purchases.between(None, AS_OF)

    one, other = churn.learn(purchases, AS_OF, 60), churn.learn(past, AS_OF, 60)

    assert one.scorer.weights.tolist() == other.scorer.weights.tolist()
    assert one.scorer.levels.tolist() == other.scorer.levels.tolist()
    assert max(one.dates) == AS_OF - 60
    assert churn.sheet(purchases, AS_OF).rows.tolist() == churn.sheet(past, AS_OF).rows.tolist()


def test_held_back_dates_are_foretold_by_what_was_known_then():
    found = churn.learn(shop(), AS_OF, 60)

    assert found.trial_dates == [AS_OF - 60 - 14 * step for step in range(6)]
    assert found.dates == [AS_OF - 60 - 14 * step for step in range(8)]


def test_features_by_hand():
    days = START + np.array([0, 40, 80, 90])
    purchases = Purchases.from_arrays(
        np.array([0, 0, 0, 1]), days, np.array([10.0, 20.0, 60.0, 5.0]), np.array(["a", "b"], object)
    )

    page = churn.sheet(purchases, START + 100, 30)

    row = dict(zip(churn.WIDE, page.rows[0], strict=True))
    assert row["recency"] == 20
    assert row["purchases_log"] == pytest.approx(np.log(3))
    assert row["money_log"] == pytest.approx(np.log1p(90))
    assert row["overdue"] == pytest.approx(np.log(27 / 47))
    assert row["purchases_30_log"] == pytest.approx(np.log(2))
    assert row["purchases_90_log"] == pytest.approx(np.log(3))
    assert row["last_amount_log"] == pytest.approx(np.log1p(60))
    assert dict(zip(churn.WIDE, page.rows[1], strict=True))["bought_once"] == 1.0
    assert page.outcomes.tolist() == [1, 1]


def test_the_day_after_the_date_is_the_first_of_the_horizon_and_its_last_day_counts():
    def outcome(after):
        purchases = Purchases.from_arrays(
            np.array([0, 0]), np.array([START, START + after]), np.ones(2), np.array(["a"], object)
        )
        return churn.sheet(purchases, START + 10, 30).outcomes.tolist()

    assert (outcome(10), outcome(11), outcome(40), outcome(41)) == ([1], [0], [0], [1])


def test_a_short_history_is_refused_with_what_it_needs():
    with pytest.raises(TooShort, match=r"90 days of purchases before the date are needed .* there are 70"):
        churn.learn(shop(), START + 70, 60)


def test_without_held_back_dates_the_plain_form_is_used():
    model = churn.learn(shop(), START + 100, 60)

    assert (model.form, model.calibration, model.trial_dates) == ("logistic_rfm", "none", [])


def test_everybody_alike_and_one_heavy_customer_stay_finite():
    days = np.r_[START + np.arange(300), np.full(100, START)]
    purchases = Purchases.from_arrays(
        np.r_[np.zeros(300, int), np.arange(1, 101)], days, np.r_[np.zeros(300), np.full(100, 1e11)],
        np.array([f"c{n}" for n in range(101)], object),
    )  # fmt: skip

    page = churn.sheet(purchases, START + 200, 60)

    assert np.isfinite(page.rows).all()
    assert np.isfinite(churn.learn(purchases, START + 200, 60).score(page)).all()
