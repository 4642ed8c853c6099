"""Near duplicates are found whatever is turned in them, and each reason weighs what its rule says."""

import numpy as np
import pytest

from reviews.ml.suspicion import ALIKE, Code, Facts, alike, burst_chance, fingerprints, judge

ENGLISH = "Arrived quickly and the fabric is soft; after three washes it still looks new. I would buy it again."
CHINESE = "物流很快，质量也不错，穿了一周没有起球，颜色和图片一样，下次还会来买的，推荐给大家"


def codes(facts):
    return [reason["code"] for reason in judge(facts).reasons]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ENGLISH, ENGLISH.upper().replace(" ", "  ")),
        (ENGLISH, ENGLISH.replace("quickly", "fast").replace("soft", "really soft")),
        (CHINESE, CHINESE.replace("推荐给大家", "推荐大家") + "！！！"),
        (CHINESE, CHINESE.replace("颜色", "顏色").replace("图片一样", "圖片一樣")),
    ],
)
def test_a_text_turned_a_little_says_nearly_the_same(one, other):
    assert alike(fingerprints([one, other])) == [(0, 1)]


def test_other_words_on_the_same_matter_are_not_alike():
    battery = "屏幕有点暗，电池用半天就没电了，客服态度倒是还可以，总体来说不太满意，等待退款"
    cloth = "It came fast. The cloth feels nice, and it has been in the machine three times without harm."
    prints = fingerprints([ENGLISH, CHINESE, battery, cloth])

    assert alike(prints) == []
    assert max(prints[0].likeness(other) for other in prints[1:]) < 0.2


@pytest.mark.parametrize("text", ["", "  ", "好评", "Great product", "👍👍👍", "<b></b>", "\u200b"])
def test_short_praise_is_compared_with_nothing(text):
    (found,) = fingerprints([text])
    assert (len(found.runs), found.bands) == (0, ())


def test_pairs_meet_in_a_band_as_often_as_the_theory_says():
    """Sets of 60 runs that share a planted part: 1 − (1 − J⁴)¹⁶."""
    from reviews.ml.suspicion import _bands

    rng = np.random.default_rng(3)
    for shared in (0.3, 0.55, 0.75):
        common = round(60 * 2 * shared / (1 + shared))
        met = 0
        for _ in range(300):
            drawn = rng.integers(0, 1 << 63, 120, np.uint64)
            one, other = drawn[:60], np.r_[drawn[:common], drawn[60 : 120 - common]]
            met += bool(set(_bands(np.sort(one))) & set(_bands(np.sort(other))))
        jaccard = common / (120 - common)
        assert abs(met / 300 - (1 - (1 - jaccard**4) ** 16)) < 0.09


def test_without_any_reason_the_score_is_that_of_the_prior():
    found = judge(Facts(rating=5))
    assert (found.score, found.reasons, found.is_high) == (0.02, [], False)


def test_a_pair_is_far_from_suspicious_and_thirty_alike_within_a_day_are_certain():
    pair = judge(Facts(5, runs=60, others=1))
    series = judge(Facts(5, runs=60, others=29, near=30, is_verified=False, unverified_share=0.3))

    assert pair.score == pytest.approx(0.12, abs=0.005)
    assert series.score > 0.97
    assert [reason["code"] for reason in series.reasons] == ["near_duplicates", "burst", "unverified"]


@pytest.mark.parametrize(
    "facts",
    [
        Facts(5, near=60, before=0),
        Facts(5, runs=80, copies=40),
        Facts(5, is_verified=False, unverified_share=0.01),
        Facts(5, account_days=0.1),
        Facts(5, positive=0.0),
        Facts(1, positive=1.0),
        Facts(5, at_once=30),
        Facts(5, runs=15, others=12),
    ],
)
def test_nothing_that_honest_people_do_suffices_alone(facts):
    found = judge(facts)
    assert len(found.reasons) == 1
    assert not found.is_high


def test_a_contact_or_a_dozen_copies_suffice_and_one_of_a_rejected_series_needs_fewer():
    assert judge(Facts(5, has_contact=True)).is_high
    assert judge(Facts(5, runs=60, others=13)).is_high
    assert not judge(Facts(5, runs=60, others=5)).is_high
    assert judge(Facts(5, runs=60, others=5, rejected=2)).is_high


def test_where_nobodys_purchase_is_known_it_says_nothing():
    assert codes(Facts(5, is_verified=False, unverified_share=1.0)) == []
    assert codes(Facts(5, is_verified=False, unverified_share=0.3)) == [Code.UNVERIFIED]


def test_the_score_is_the_prior_and_the_shown_weights():
    found = judge(Facts(5, runs=60, others=4, account_days=3.0, is_verified=False, unverified_share=0.45))
    odds = np.log(0.02 / 0.98) + sum(reason["weight"] for reason in found.reasons)

    assert found.score == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-3)
    assert [reason["weight"] for reason in found.reasons] == sorted(
        (reason["weight"] for reason in found.reasons), reverse=True
    )


def test_a_burst_is_measured_by_the_products_own_rate():
    """Checked against a simulation of the same model: rate by a gamma, counts by Poisson."""
    rng = np.random.default_rng(1)
    rates = rng.gamma(0.5 + 40, 1 / 127, 400_000)
    simulated = float((rng.poisson(2 * rates) >= 3).mean())

    assert burst_chance(4, 40, 120) == pytest.approx(simulated, rel=0.05)
    assert burst_chance(30, 0) < 1e-30 < burst_chance(8, 400)
    assert burst_chance(1, 0) == 1.0


def test_alike_is_what_the_rule_says():
    assert 0.5 < ALIKE < 0.7
