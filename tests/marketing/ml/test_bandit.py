import numpy as np
import pytest

from marketing.ml.bandit import Bandit, Rails


def lived(rounds=30, batch=400, rates=None, complain=(0.0, 0.0), seed=0, rails=None):
    """A bandit after so many batches; the second arm is better for those with x = 1, the first for the others."""
    rng = np.random.default_rng(seed)
    bandit, won, chances = Bandit.start(["usual", "new"], 1, rails=rails), [], []
    for _round in range(rounds):
        x = rng.integers(0, 2, batch)
        table = rates if rates is not None else np.array([[0.20, 0.05], [0.05, 0.20]])
        choice = bandit.choose(x[:, None].astype(float), rng)
        chance = table[x, choice.arms]
        outcome = (rng.random(batch) < chance).astype(np.int64)
        angry = (rng.random(batch) < np.array(complain)[choice.arms]).astype(np.int64)
        bandit = bandit.learn(x[:, None].astype(float), choice.arms, outcome, angry)
        won.append(chance.mean())
        chances.append(choice.chances)
    return bandit, np.array(won), np.concatenate(chances)


def test_each_kind_of_customer_comes_to_its_own_arm():
    _bandit, won, _chances = lived()

    # By lot 0.125; the best that the floor of 5 % for the other arm leaves is 0.95·0.20 + 0.05·0.05.
    assert won[:1].mean() == pytest.approx(0.125, abs=0.02)
    assert won[-5:].mean() > 0.185
    assert won.mean() > 0.17


def test_every_arm_keeps_its_floor_and_chances_sum_to_one():
    _bandit, _won, chances = lived()

    assert chances.min() >= 0.05 - 1e-12
    assert np.allclose(chances.sum(axis=1), 1.0)


def test_arms_that_are_alike_are_both_kept():
    _bandit, _won, chances = lived(rates=np.full((2, 2), 0.1), rounds=20)

    assert 0.2 < chances[:, 0].mean() < 0.8


def test_posterior_means_recover_the_planted_rates():
    bandit, _won, _chances = lived(rounds=60)

    found = bandit.expected(np.array([[0.0], [1.0]]))

    assert np.allclose(np.diag(found), 0.20, atol=0.02)


def test_an_arm_that_people_complain_about_is_stopped_and_gets_nobody():
    bandit, _won, chances = lived(rates=np.array([[0.05, 0.30], [0.05, 0.30]]), complain=(0.0, 0.03))

    assert bandit.running.tolist() == [True, False]
    assert chances[-1].tolist() == [1.0, 0.0]
    choice = bandit.choose(np.zeros((500, 1)), np.random.default_rng(1))
    assert set(choice.arms.tolist()) == {0}


def test_the_usual_arm_is_never_stopped():
    bandit, _won, _chances = lived(complain=(0.05, 0.05))

    assert bandit.running.tolist() == [True, False]


def test_nobody_is_steered_before_each_arm_was_shown_often_enough():
    _bandit, _won, chances = lived(rounds=2, batch=50, rails=Rails(fewest=100))

    assert np.allclose(chances, 0.5)


def test_batches_say_the_same_as_all_at_once_nearly():
    rng = np.random.default_rng(2)
    x, arms = rng.normal(size=(2_000, 1)), np.zeros(2_000, np.int64)
    outcome = (rng.random(2_000) < 1 / (1 + np.exp(-(x[:, 0] - 1)))).astype(np.int64)
    start = Bandit.start(["a", "b"], 1)

    once = start.learn(x, arms, outcome)
    parts = start
    for part in np.array_split(np.arange(2_000), 8):
        parts = parts.learn(x[part], arms[part], outcome[part])

    assert np.allclose(once.arms[0].mean, parts.arms[0].mean, atol=0.08)
    assert once.arms[0].mean == pytest.approx([-1.0, 1.0], abs=0.15)


@pytest.mark.parametrize(("names", "floor"), [(["a"], 0.05), (["a", "a"], 0.05), (["a", "b"], 0.5)])
def test_a_bandit_without_a_choice_is_refused(names, floor):
    with pytest.raises(ValueError, match=r"arms|floor"):
        Bandit.start(names, 1, rails=Rails(floor=floor))
