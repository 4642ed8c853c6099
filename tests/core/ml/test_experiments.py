"""The mathematics of experiments: a planted truth comes back, and the published examples come out to the digit."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from core.ml import experiments as ml
from core.ml.experiments import Estimate, Split, Sums
from tests.core.ml.experiments_simulation import Trial, looks_that_alarm

GENERATOR = np.random.default_rng


def share(successes, n):
    return ml.mean_of(Sums.of([1.0] * successes + [0.0] * (n - successes)))


# --- who gets what ------------------------------------------------------------------------------------------------


def test_the_same_subject_always_gets_the_same_arm_and_arms_get_their_share():
    split = Split(b"salt", [50, 30, 20])

    arms = [split.arm_of(f"visitor-{n}") for n in range(20_000)]

    assert arms == [Split(b"salt", [50, 30, 20]).arm_of(f"visitor-{n}") for n in range(20_000)]
    assert ml.sample_ratio([arms.count(arm) for arm in range(3)], [50, 30, 20]) > 0.001


def test_two_experiments_divide_people_independently():
    one, other = Split(b"one", [50, 50]), Split(b"other", [50, 50])

    together = [(one.arm_of(f"v{n}"), other.arm_of(f"v{n}")) for n in range(20_000)]

    assert ml.sample_ratio([together.count((a, b)) for a in (0, 1) for b in (0, 1)], [1, 1, 1, 1]) > 0.001


def test_an_arm_without_weight_is_given_to_nobody():
    split = Split(b"salt", [0, 1, 0])

    assert {split.arm_of(f"v{n}") for n in range(2_000)} == {1}


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2]])
def test_weights_that_divide_nobody_are_refused(weights):
    with pytest.raises(ValueError):
        Split(b"salt", weights)


def test_an_assignment_is_the_hmac_that_its_docstring_names():
    # HMAC-SHA-256("key", "The quick brown fox jumps over the lazy dog") = f7bc83f430538424…, as published.
    expected = int("f7bc83f430538424", 16) / 2**64

    assert ml.share_of(b"key", "The quick brown fox jumps over the lazy dog") == expected


# --- differences --------------------------------------------------------------------------------------------------


def test_newcombes_example_comes_out_as_published():
    # Newcombe (1998), table II, (a) 56/70 against 48/80, method 10: 0.0524 to 0.3339.
    found = ml.difference(share(56, 70), share(48, 80))

    assert found.method == "newcombe"
    assert found.value == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_score_test_of_two_shares_is_pearsons_chi_square():
    found = ml.difference(share(56, 70), share(48, 80))

    pooled = 104 / 150
    z = 0.2 / math.sqrt(pooled * (1 - pooled) * (1 / 70 + 1 / 80))
    assert found.p_value == pytest.approx(2 * NormalDist().cdf(-z))


def test_means_are_compared_as_by_welch():
    from scipy.stats import ttest_ind

    draw = GENERATOR(1)
    a, b = draw.gamma(2, 3, 40), draw.gamma(2, 2, 25)
    reference = ttest_ind(a, b, equal_var=False)

    found = ml.difference(ml.mean_of(Sums.of(a)), ml.mean_of(Sums.of(b)))

    assert found.method == "welch"
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.interval == pytest.approx(tuple(reference.confidence_interval()))


def test_intervals_hold_the_truth_as_often_as_they_say():
    draw, hits, lifts = GENERATOR(2), 0, 0
    runs = 1_000
    for _ in range(runs):
        control, arm = draw.exponential(10, 400), draw.exponential(11, 400)
        found = ml.difference(ml.mean_of(Sums.of(arm)), ml.mean_of(Sums.of(control)))
        hits += found.interval[0] <= 1 <= found.interval[1]
        lifts += found.relative_interval[0] <= 0.1 <= found.relative_interval[1]

    assert 0.935 <= hits / runs <= 0.965
    assert 0.935 <= lifts / runs <= 0.965


def test_the_range_of_the_lift_leaves_zero_out_exactly_when_that_of_the_difference_does():
    control = Estimate(10.0, 1.0, 100)
    for value in np.linspace(5, 15, 201):
        arm = Estimate(float(value), 1.0, 100)
        for multiplier in (1.96, 3.0):
            low, high = ml.relative_interval(arm, control, multiplier)
            width = multiplier * math.sqrt(2)
            assert (low > 0) == (arm.value - control.value > width + 1e-12)
            assert (high < 0) == (arm.value - control.value < -width - 1e-12)


def test_a_control_that_may_be_zero_has_no_lift():
    found = ml.difference(Estimate(1.0, 0.1, 50), Estimate(0.1, 0.1, 50))

    assert found.relative == pytest.approx(9.0)
    assert found.relative_interval is None
    assert ml.difference(Estimate(1.0, 0.1, 50), Estimate(0.0, 0.1, 50)).relative is None


def test_one_person_says_nothing():
    found = ml.difference(ml.mean_of(Sums.of([3.5])), ml.mean_of(Sums.of([1.0, 2.5])))

    assert found.p_value == 1.0
    assert found.interval == (-math.inf, math.inf)


@pytest.mark.parametrize("amount", [0.0, 3.0])
def test_a_metric_that_is_the_same_for_everybody_shows_no_difference_and_is_made_of_numbers(amount):
    arms = {name: Sums.of([amount] * 600, x=[1.0] * 600) for name in ("control", "new")}

    compared = ml.compare(arms, control="control", tuned_for=1_000)

    (found,) = compared.comparisons
    assert (found.difference.value, found.difference.p_value, compared.removed) == (0.0, 1.0, 0.0)
    assert all(map(math.isfinite, found.difference.interval))
    # Nobody who did something: nothing is said at every look.
    assert found.always_valid == (None if amount == 0 else (0.0, 0.0))


# --- ratios, CUPED, winsorising -----------------------------------------------------------------------------------


def test_a_ratio_counts_people_not_views():
    """Views of one person go together; a method that took each view for itself would be far too sure."""
    draw, hits, runs, people = GENERATOR(3), 0, 600, 300
    for _ in range(runs):
        rate = draw.beta(2, 8, people)
        views = 1 + draw.poisson(20, people)
        clicks = draw.binomial(views, rate)
        found = ml.ratio_of(Sums.of(clicks, d=views))
        hits += abs(found.value - 0.2) <= 1.96 * math.sqrt(found.variance)

    assert 0.93 <= hits / runs <= 0.97


def test_cuped_takes_away_what_was_known_before_and_keeps_the_difference():
    draw, n, correlation = GENERATOR(4), 20_000, 0.8
    before = draw.normal(0, 1, (2, n))
    noise = draw.normal(0, 1, (2, n))
    after = 5 + correlation * before + math.sqrt(1 - correlation**2) * noise
    after[1] += 0.1

    arms = [Sums.of(after[i], x=before[i]) for i in (0, 1)]
    (control, arm), removed = ml.adjusted(arms)

    assert removed == pytest.approx(correlation**2, abs=0.01)
    assert arm.value - control.value == pytest.approx(0.1, abs=3 * 0.6 * math.sqrt(2 / n))
    assert control.variance == pytest.approx((1 - correlation**2) / n, rel=0.05)


def test_cuped_intervals_hold_the_truth_as_often_as_they_say():
    draw, hits, runs, n = GENERATOR(5), 0, 800, 300
    for _ in range(runs):
        before = draw.gamma(2, 2, (2, n))
        after = before + draw.gamma(2, 1, (2, n))
        after[1] += 0.3
        (control, arm), _removed = ml.adjusted([Sums.of(after[i], x=before[i]) for i in (0, 1)])
        low, high = ml.difference(arm, control).interval
        hits += low <= 0.3 <= high

    assert 0.93 <= hits / runs <= 0.97


def test_a_covariate_that_says_nothing_changes_nothing():
    draw = GENERATOR(6)
    arms = [Sums.of(draw.normal(1, 1, 500), x=np.zeros(500)) for _ in (0, 1)]

    found, removed = ml.adjusted(arms)

    assert removed == 0.0
    assert found == [ml.mean_of(arm) for arm in arms]


def test_a_ratio_is_adjusted_in_its_linear_form():
    draw, n = GENERATOR(7), 5_000
    views = 1 + draw.poisson(10, (2, n))
    rate = draw.beta(2, 8, (2, n))
    before = draw.binomial(50, rate)
    clicks = draw.binomial(views, rate)
    arms = [Sums.of(clicks[i], d=views[i], x=before[i]) for i in (0, 1)]

    found, removed = ml.adjusted(arms, is_ratio=True)

    assert 0.3 < removed < 0.9
    for one in found:
        assert one.value == pytest.approx(0.2, abs=4 * math.sqrt(one.variance))


def test_winsorising_caps_the_largest_and_says_how_many():
    values, cap, cut = ml.winsorised([1.0] * 98 + [50.0, 1_000.0], 0.98)

    assert values.max() == cap
    assert 1.0 <= cap < 50.0
    assert cut == 2


# --- at any look --------------------------------------------------------------------------------------------------


def test_watching_an_experiment_without_effect_raises_few_false_alarms():
    """2,000 runs of 20 looks at 12,000 people in each arm."""
    alarms = looks_that_alarm(Trial(base=0.10, lift=0.0, seed=11))

    assert alarms.always_valid <= 0.05
    assert alarms.one_look_at_a_time > 0.15  # what an ordinary interval would have claimed


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_amounts_that_few_people_spend_raise_few_false_alarms_too(spread):
    alarms = looks_that_alarm(Trial(base=0.05, lift=0.0, spread=spread, seed=13))

    assert alarms.always_valid <= 0.05


def test_a_lift_of_two_points_is_found():
    alarms = looks_that_alarm(Trial(base=0.10, lift=0.02, seed=12))

    assert alarms.always_valid >= 0.95


def test_the_range_is_narrowest_near_the_number_it_is_tuned_for():
    at = {n: ml.always_valid_multiplier(n, tuned_for=10_000) for n in (500, 10_000, 1_000_000)}

    assert at[10_000] == pytest.approx(3.035, abs=1e-3)
    assert min(at.values()) == at[10_000]


def test_few_people_or_few_events_are_too_few():
    assert ml.is_long_enough(500, 25)
    assert not ml.is_long_enough(499, 400)
    assert not ml.is_long_enough(100_000, 24)


# --- checks -------------------------------------------------------------------------------------------------------


def test_unequal_groups_are_noticed():
    # Pearson: (5200 − 4950)² / 4950 · 2 = 25.25, one degree of freedom.
    assert ml.sample_ratio([5_200, 4_700], [50, 50]) == pytest.approx(math.erfc(math.sqrt(25.2525 / 2)), rel=1e-3)
    assert ml.sample_ratio([5_200, 4_700], [50, 50]) < ml.MISMATCH_BELOW
    assert ml.sample_ratio([700, 300], [70, 30]) == 1.0
    assert ml.sample_ratio([0, 0], [50, 50]) == 1.0
    assert ml.sample_ratio([10, 1], [100, 0]) == 0.0


def test_holm_gives_the_textbook_values():
    assert ml.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert ml.holm([]) == []


# --- planning -----------------------------------------------------------------------------------------------------


def test_the_sample_size_of_two_shares_is_the_textbooks():
    # 10% against 12%, two-sided 5%, power 80%: 3,839 without continuity correction (unpooled variances).
    assert ml.sample_size(base=0.10, lift=0.20) == 3_839


def test_the_sample_size_finds_what_it_promises():
    n = ml.sample_size(base=50.0, lift=0.05, spread=30.0, power=0.9)
    draw, found, runs = GENERATOR(8), 0, 400
    for _ in range(runs):
        arms = [ml.mean_of(Sums.of(draw.normal(mean, 30.0, n))) for mean in (50.0, 52.5)]
        found += ml.difference(arms[1], arms[0]).p_value < 0.05

    assert 0.86 <= found / runs <= 0.94


def test_looking_often_costs_more_people():
    once = 2 * ml.sample_size(base=0.10, lift=0.20)

    assert 1.5 < ml.people_needed_always_valid(base=0.10, lift=0.20) / once < 2.0


@pytest.mark.parametrize("numbers", [{"base": 0, "lift": 0.1}, {"base": 0.9, "lift": 0.2}, {"base": 0.1, "lift": 0}])
def test_a_plan_that_cannot_be_is_refused(numbers):
    with pytest.raises(ValueError):
        ml.sample_size(**numbers)


def test_days_left_end_when_the_range_is_narrow_enough():
    plan = {"error": 0.02, "n": 4_000, "tuned_for": 10_000, "per_day": 500}

    days = ml.days_needed(target=0.02, **plan)

    people = 4_000 + days * 500
    width = ml.always_valid_multiplier(people, tuned_for=10_000) * 0.02 * math.sqrt(4_000 / people)
    assert width <= 0.02
    assert ml.days_needed(target=1.0, **plan) == 0
    assert ml.days_needed(target=0.02, **{**plan, "per_day": 0}) is None
