"""Planted campaigns: what moved whom is known, so learners, measures and guard can be held to it."""

import numpy as np
import pytest

from marketing.ml import guard, learners, qini, suspects
from marketing.ml.encoding import Encoder
from marketing.ml.learners import EffectModel, TooFew


def campaign(kind, n=12_000, seed=0):
    """Columns, outcome, arm and true effect of a campaign drawn by chance.

    `effect`: the message moves those who like it, who do not come more often by themselves; `null`: it moves everybody
    alike; `response`: it moves those who come anyway.
    """
    rng = np.random.default_rng(seed)
    likes = rng.integers(0, 2, n)
    age = rng.normal(40, 10, n)
    city = rng.choice(["north", "south", "west"], n)
    treated = rng.integers(0, 2, n)
    base = 0.10 + 0.10 * (city == "north")
    effect = {"effect": 0.15 * likes, "null": np.full(n, 0.05), "response": 0.5 * base}[kind]
    outcome = (rng.random(n) < base + effect * treated).astype(np.int64)
    columns = {"likes": likes.astype(float), "age": age, "city": city.astype(str)}
    return columns, outcome, treated, effect


# --- measures -----------------------------------------------------------------------------------------------------


def test_qini_by_hand():
    score = np.array([4.0, 3.0, 2.0, 1.0])
    outcome, treated = np.array([1, 0, 0, 1]), np.array([1, 0, 1, 0])

    curve = qini.curve(score, outcome, treated)

    assert curve.share.tolist() == [0, 0.25, 0.5, 0.75, 1.0]
    assert curve.incremental.tolist() == [0, 1, 1, 1, 0]
    assert qini.qini(score, outcome, treated) == 1.0  # it is the perfect order itself
    assert qini.qini(-score, outcome, treated) == pytest.approx(-0.5)  # 0, −1, −½, 0: area −1.5 of 3


def test_tied_customers_share_a_straight_piece_so_that_no_ranking_is_worth_nothing():
    _columns, outcome, treated, _effect = campaign("effect")

    assert qini.qini(np.zeros(len(outcome)), outcome, treated) == pytest.approx(0.0, abs=1e-12)


def test_qini_with_weights_is_that_of_repeated_rows():
    rng = np.random.default_rng(3)
    outcome, treated, score = rng.integers(0, 2, 400), rng.integers(0, 2, 400), rng.integers(0, 9, 400).astype(float)
    times = rng.integers(0, 4, 400)

    found = qini.Ranking(score, outcome, treated).qini(times[None, :].astype(float))[0]

    again = np.repeat(np.arange(400), times)
    assert found == pytest.approx(qini.qini(score[again], outcome[again], treated[again]), abs=1e-12)


def test_uplift_at_is_the_difference_of_rates_among_the_first():
    score = np.arange(10.0)[::-1]
    treated = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    outcome = np.array([1, 0, 1, 1, 0, 0, 0, 0, 0, 0])

    assert qini.uplift_at(score, outcome, treated, 0.4) == 1.0 - 0.5
    assert qini.uplift_at(score, outcome, treated, 0.1) is None  # nobody of the control arm


def test_bootstrap_interval_covers_the_true_order_and_holds_nothing_for_chance():
    _columns, outcome, treated, effect = campaign("effect")
    rankings = {"true": effect, "chance": np.random.default_rng(1).random(len(outcome))}

    draws = qini.resampled(rankings, outcome, treated, redraws=200)

    true, chance = (qini.interval(qini.qini(s, outcome, treated), draws[name]) for name, s in rankings.items())
    assert 0 < true.low < true.value < true.high
    assert chance.low < 0 < chance.high


# --- learners -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learner", [*learners.LEARNERS, "mean"])
def test_every_learner_recovers_a_planted_effect_on_others(learner):
    columns, outcome, treated, _effect = campaign("effect", n=40_000)
    encoder = Encoder.learn(columns)
    model = learners.fit(encoder.matrix(columns), outcome, treated, encoder.names)
    others, _outcome, _treated, effect = campaign("effect", n=5_000, seed=9)

    found = model.score(learner, encoder.matrix(others))

    assert found[effect > 0].mean() == pytest.approx(0.15, abs=0.02)
    assert found[effect == 0].mean() == pytest.approx(0.0, abs=0.02)
    assert np.corrcoef(found, effect)[0, 1] > 0.9


def test_the_response_model_follows_who_comes_anyway():
    columns, outcome, treated, _effect = campaign("effect")
    encoder = Encoder.learn(columns)

    found = learners.fit(encoder.matrix(columns), outcome, treated, encoder.names).score(
        "response", encoder.matrix(columns)
    )

    assert found[columns["city"] == "north"].mean() > found[columns["city"] != "north"].mean() + 0.08


def test_a_model_comes_back_from_its_arrays():
    columns, outcome, treated, _effect = campaign("effect", n=2_000)
    encoder = Encoder.learn(columns)
    rows = encoder.matrix(columns)
    model = learners.fit(rows, outcome, treated, encoder.names)

    again = EffectModel.from_arrays(model.to_arrays())

    for name in (*learners.LEARNERS, "mean", "response"):
        assert np.array_equal(again.score(name, rows), model.score(name, rows))


def test_too_few_outcomes_are_refused_by_name():
    outcome = np.array([1] * 40 + [0] * 960)
    treated = np.array([1] * 500 + [0] * 500)

    with pytest.raises(TooFew, match="The control arm has 0 with the outcome and 500 without it; 30 of each"):
        learners.check_enough(outcome, treated)


def test_folds_hold_the_same_mix_of_arms_and_outcomes():
    _columns, outcome, treated, _effect = campaign("effect", n=1_003)

    folds = learners.folds_of(outcome, treated, seed=4)

    table = np.stack([np.bincount((2 * treated + outcome)[folds == fold], minlength=4) for fold in range(5)])
    assert np.ptp(table, axis=0).max() <= 1


# --- guard --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_guard_uses_a_planted_effect(seed):
    columns, outcome, treated, _effect = campaign("effect", seed=seed)

    verdict, scores = guard.judge(columns, outcome, treated, seed=seed)

    assert (verdict.decision, verdict.reason, verdict.may_be_used) == ("use", "", True)
    assert verdict.qini.low > 0
    assert verdict.above_response.low > 0
    assert len(scores["mean"]) == len(outcome)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", ["null", "response"])
def test_guard_refuses_where_nothing_or_only_the_response_can_be_ranked(kind, seed):
    columns, outcome, treated, _effect = campaign(kind, seed=seed)

    verdict, _scores = guard.judge(columns, outcome, treated, seed=seed)

    assert verdict.decision == "no_reliable_ranking"
    assert verdict.reason in {"not_above_chance", "not_above_response"}


def test_guard_refuses_arms_that_were_not_drawn_by_chance():
    columns, outcome, treated, _effect = campaign("effect", n=6_000)
    treated = np.where(np.random.default_rng(5).random(6_000) < 0.3, (columns["age"] > 40).astype(int), treated)

    verdict, _scores = guard.judge(columns, outcome, treated)

    assert (verdict.decision, verdict.reason) == ("no_reliable_ranking", "arms_not_random")
    assert verdict.arms_auc > 0.55


def test_guard_refuses_a_campaign_that_is_too_small():
    columns, outcome, treated, _effect = campaign("effect", n=150)

    verdict, scores = guard.judge(columns, outcome, treated)

    assert (verdict.decision, verdict.reason, scores) == ("no_reliable_ranking", "too_few", {})


# --- features -----------------------------------------------------------------------------------------------------


def test_features_are_numbers_logarithms_words_gaps_and_products():
    columns = {
        "spent": np.array([1.0, 2.0, 3.0, np.nan, 5000.0]),
        "vip": np.array([0.0, 1.0, 0.0, 1.0, 1.0]),
        "city": np.array(["a", "b", "a", "", "a"]),
    }

    encoder = Encoder.learn(columns)

    assert encoder.names[:5] == ("spent", "spent missing", "vip", "city=", "city=b")
    assert "spent × vip" in encoder.names
    assert "vip × vip" not in encoder.names
    rows = encoder.matrix(columns)
    assert np.isfinite(rows).all()
    assert rows[4, 0] == pytest.approx(np.log1p(5000))
    assert rows[:, 1].tolist() == [0, 0, 0, 1, 0]


def test_words_never_seen_count_as_the_most_frequent_one():
    encoder = Encoder.learn({"city": np.array(["a", "a", "b"]), "n": np.array([1.0, 2.0, 3.0])})

    new = encoder.matrix({"city": np.array(["z", "a"]), "n": np.array([1.0, 1.0])})

    assert np.array_equal(new[0], new[1])


def test_columns_that_come_after_the_message_are_found():
    columns, outcome, treated, _effect = campaign("effect")
    rng = np.random.default_rng(2)
    columns |= {
        "ordered": outcome * rng.integers(0, 2, len(outcome)).astype(float),
        "opened": (treated * rng.integers(0, 2, len(outcome))).astype(float),
        "note": np.where(treated == 1, "sent", "kept"),
    }

    assert suspects.after_the_message(columns, outcome, treated) == ["ordered", "opened", "note"]
