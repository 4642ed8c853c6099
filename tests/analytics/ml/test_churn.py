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

    assert found.trial_dates == [AS_OF - 60 - 21 * step for step in range(6)]
    assert found.dates == [AS_OF - 60 - 21 * step for step in range(8)]
    assert len(found.trial_gaps) == 6


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

    assert (model.form, model.calibration, model.level) == ("logistic_mean", "none", "mean")
    assert (model.trial_dates, model.level_error) == ([], None)


def test_the_mean_of_two_forms_adds_their_log_odds():
    purchases = shop()
    page = churn.sheet(purchases, AS_OF, 60)

    narrow, wide, both = (
        churn.fit_form(purchases, AS_OF, 60, form).scorer.log_odds(page.of(form)) for form in churn.FORMS
    )

    assert np.allclose(both, (narrow + wide) / 2)


def test_the_level_is_the_mean_of_the_dates_until_three_windows_without_a_common_day_say_otherwise():
    short, long = churn.learn(shop(), AS_OF, 90), churn.learn(shop(days=600), START + 560, 60)

    assert (short.level, short.trial_level) == ("mean", {})
    assert short.trial_dates[0] - short.trial_dates[-1] < 180
    assert set(long.trial_level) == {"mean", "latest"}
    assert long.level == min(long.trial_level, key=long.trial_level.get)


def seasons(years, size=3_000):
    """Customers join on any day, buy every 60 days or so and every 15 in the last 60 days of each 364, and leave one
    day."""
    rng = np.random.default_rng(3)
    who, when = [], []
    for number in range(size):
        day = float(rng.integers(-364, years * 364))
        end = day + rng.exponential(500)
        while day < min(end, years * 364):
            if day >= 0:
                who.append(number)
                when.append(START + int(day))
            # The wait is used up four times as fast in the season.
            left = rng.exponential(60)
            while left > 0:
                left -= 4 if day % 364 >= 304 else 1
                day += 1
    return Purchases.from_arrays(
        np.array(who), np.array(when), np.full(len(who), 20.0), np.array([f"c{n}" for n in range(size)], object)
    )


def test_a_season_that_returns_is_half_believed_after_a_year_and_wholly_once_it_was_tried():
    purchases = seasons(4)

    found = {}
    for year in (0, 1, 3):
        as_of = START + 301 + year * 364
        page, model = churn.sheet(purchases, as_of, 60), churn.learn(purchases, as_of, 60)
        found[year] = (model.level, "season" in model.trial_level, model.score(page).mean() - page.outcomes.mean())

    assert [one[:2] for one in found.values()] == [("mean", False), ("season", False), ("season", True)]
    assert found[0][2] > 0.2
    assert 0.03 < found[1][2] < 0.12
    assert abs(found[3][2]) < 0.01


def test_features_from_elsewhere_join_every_form():
    def looked(customers, as_of):
        return (customers % 2).astype(float)[:, None]

    model = churn.learn(shop(), AS_OF, 60, acts=looked, act_names=("looked",))

    assert model.scorer.features[-1] == "looked"
    assert model.scorer.weights[-1] < 0


def test_everybody_alike_and_one_heavy_customer_stay_finite():
    days = np.r_[START + np.arange(300), np.full(100, START)]
    purchases = Purchases.from_arrays(
        np.r_[np.zeros(300, int), np.arange(1, 101)], days, np.r_[np.zeros(300), np.full(100, 1e11)],
        np.array([f"c{n}" for n in range(101)], object),
    )  # fmt: skip

    page = churn.sheet(purchases, START + 200, 60)

    assert np.isfinite(page.rows).all()
    assert np.isfinite(churn.learn(purchases, START + 200, 60).score(page)).all()
