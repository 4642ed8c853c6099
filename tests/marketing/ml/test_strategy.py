import numpy as np
import pytest

from marketing.ml import strategy

EXAMPLE = {
    "discount": np.array([10.0, 15, 20, 25, 30]),
    "free_shipping": np.array([1.0, 1, 0, 1, 0]),
    "bonus_points": np.array([50.0, 100, 150, 200, 250]),
}


def test_the_example_rows_make_three_groups_with_their_strategies():
    found = strategy.propose(EXAMPLE, k=3, seed=42)

    by_first = {int(np.flatnonzero(found.labels == p.cluster)[0]): p for p in found.proposals}
    assert {first: (p.size, p.discount, p.free_shipping, p.bonus_points) for first, p in by_first.items()} == {
        0: (2, 12.5, True, 75.0),
        2: (2, 25.0, False, 200.0),
        3: (1, 25.0, True, 200.0),
    }
    assert found.stability is None
    assert {answer.strength for p in found.proposals for answer in p.answers.values()} == {"thin"}
    assert by_first[3].answers["discount"].low is None  # one customer has no spread


def planted(seed=0):
    """Bargain hunters, and collectors of points who pay for shipping."""
    rng = np.random.default_rng(seed)
    kind = np.repeat([0, 1], [300, 200])
    return kind, {
        "discount": np.where(kind == 0, 25, 5) + rng.normal(0, 2, 500),
        "free_shipping": (rng.random(500) < np.where(kind == 0, 0.9, 0.2)).astype(float),
        "bonus_points": np.where(kind == 0, 20, 200) + rng.normal(0, 10, 500),
    }


def test_planted_groups_are_found_with_clear_evidence_and_intervals_that_hold_the_truth():
    kind, responses = planted()

    found = strategy.propose(responses, k=2)

    assert np.array_equal(found.labels, kind)  # the largest first
    hunters, collectors = found.proposals
    assert (hunters.free_shipping, collectors.free_shipping) == (True, False)
    assert hunters.answers["discount"].low < 25 < hunters.answers["discount"].high
    assert collectors.answers["free_shipping"].low < 0.2 < collectors.answers["free_shipping"].high
    assert {a.strength for p in found.proposals for a in p.answers.values()} == {"clear"}
    assert found.stability > 0.95


def test_groups_of_noise_are_not_stable():
    rng = np.random.default_rng(1)
    noise = {name: rng.random(400) for name in strategy.OFFERS}

    assert strategy.propose(noise, k=5).stability < 0.7


def test_customers_who_never_met_an_offer_count_for_the_others_alone():
    responses = {
        "discount": np.array([10.0, np.nan, np.nan, np.nan]),
        "free_shipping": np.array([1.0, 1.0, 0.0, 0.0]),
        "bonus_points": np.full(4, np.nan),
    }

    first, second = strategy.for_groups(responses, np.array([0, 0, 1, 1]))

    assert (first.discount, first.answers["discount"].customers, first.bonus_points) == (10.0, 1, None)
    assert (second.discount, second.free_shipping) == (None, False)


def test_a_group_like_everybody_is_said_to_be():
    rng = np.random.default_rng(5)
    responses = {name: rng.random(400) for name in strategy.OFFERS}

    halves = strategy.for_groups(responses, np.zeros(400, np.int64))

    assert {answer.strength for answer in halves[0].answers.values()} == {"like_everybody"}


def test_a_share_beyond_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        strategy.propose(EXAMPLE | {"free_shipping": np.array([1.0, 1, 0, 1, 2])})


def test_no_customers_are_refused():
    with pytest.raises(ValueError, match="no customer"):
        strategy.propose({name: np.empty(0) for name in strategy.OFFERS})
