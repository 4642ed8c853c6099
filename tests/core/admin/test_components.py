"""Numbers, money, moments and pills as pages write them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from django.utils.formats import number_format

from core.components import (
    Explanation,
    Figure,
    Meaning,
    Reason,
    Score,
    ago,
    compact,
    confidence_bar,
    figure,
    money,
    percent,
    pill,
    score_badge,
    sparkline,
    when,
)
from core.components.words import duration, money_about, money_short, points, signed


@pytest.fixture(autouse=True)
def yuan(monkeypatch):
    monkeypatch.setattr("core.components.words.base_currency", lambda: "CNY")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (128, "", "¥128.00"),
        ("-4.2", "", "−¥4.20"),
        ("12.5", "USD", "$12.50 USD"),
        (1234567, "CNY", "¥1,234,567.00"),
        (1500, "JPY", "¥1,500 JPY"),
        ("0.125", "", "¥0.13"),
        (3, "XYZ", "3.00 XYZ"),
        (None, "", "–"),
    ],
)
def test_money_has_its_sign_first_and_a_code_when_it_is_not_the_shop_s(amount, currency, text):
    assert money(amount, currency) == text


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (12, "12", "12"),
        (9_999, "9,999", "9,999"),
        (12_345, "12.3K", "1.2 万"),
        (266_301, "266K", "26.6 万"),
        (1_200_000, "1.2M", "120 万"),
        (340_000_000, "340M", "3.4 亿"),
        (-20_000, "−20K", "−2 万"),
        (None, "–", "–"),
    ],
)
def test_cards_write_large_numbers_short_in_each_language(value, english, chinese):
    assert compact(value) == english
    with translation.override("zh-hans"):
        assert compact(value) == chinese


@pytest.mark.parametrize("language", ["en", "zh-hans", None])
@pytest.mark.parametrize("number", [0, 7, 999, 1_000, 12_345_678, 10**15])
def test_numbers_are_grouped_as_the_language_says(number, language):
    with translation.override(language):
        whole, exact = (number_format(x, force_grouping=True) for x in (number, Decimal(f"{number}.05")))

        assert (figure(number), figure(-number)) == (whole, f"−{whole}" if number else whole)
        assert money(Decimal(f"{number}.05")) == f"¥{exact}"


def test_money_on_cards_is_short_from_ten_thousand_on():
    assert [money_short(x) for x in (9_999.5, 266_301, -12_000)] == ["¥9,999.50", "¥266K", "−¥12K"]


def test_an_estimated_amount_has_no_decimals_that_nobody_knows():
    amounts = (22_340.49, -199.5, 42.5, 0.0, None)
    assert [money_about(x) for x in amounts] == ["¥22,340", "−¥200", "¥42.50", "¥0", "–"]


def test_changes_have_a_sign_unless_nothing_is_left_of_them():
    assert [signed(x) for x in (1240.46, -0.31, -0.04)] == ["+1,240.5", "−0.3", "0.0"]
    assert [points(0.0123), points(-0.5), points(None)] == ["+1.2 points", "−50.0 points", "–"]


def test_shares_have_one_decimal_below_ten_and_name_their_base():
    assert [percent(0.0412), percent(0.233), percent(-0.05)] == ["4.1%", "23%", "−5.0%"]
    assert [percent(12.4), percent(-267.18), percent(0)] == ["1,240%", "−26,718%", "0%"]
    assert [percent(0.0994), percent(0.0996), percent(-0.0996), percent(0.1)] == ["9.9%", "10%", "−10%", "10%"]
    assert percent(0.041, 2318) == "4.1% of 2,318"


def test_moments_are_written_as_each_language_does():
    moment = datetime(2026, 11, 23, 6, 5, tzinfo=UTC)
    with timezone.override("Asia/Shanghai"):
        assert when(moment) == "23 Nov 2026, 14:05"
        with translation.override("zh-hans"):
            assert when(moment) == "2026年11月23日 14:05"


def test_an_age_below_a_day_is_said_and_the_moment_stands_in_the_element():
    now = timezone.now()
    assert ">12 min ago</time>" in ago(now - timedelta(minutes=12))
    assert ">3 hours ago</time>" in ago(now - timedelta(hours=3, minutes=20))
    old = ago(now - timedelta(days=2))
    assert f">{when(now - timedelta(days=2))}</time>" in old
    assert 'datetime="' in old


def test_a_duration_grows_from_seconds_to_hours():
    assert [duration(x) for x in (3.4, 300, 8_000)] == ["3 s", "5 min", "2 h"]


def test_there_are_six_meanings_and_no_seventh():
    assert len(Meaning) == 6
    assert "✓" in pill("good", "live")
    assert ">Live<" in pill(Meaning.GOOD, "live").replace("</span>Live</span>", ">Live<")
    assert "&lt;b&gt;" in pill("idle", "<b>")
    with pytest.raises(ValueError, match="success"):
        pill("success", "live")


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (0.667, 2, "0.67"),
        (100 * 0.29, 1, "29.0"),
        (Decimal("4.25"), 1, "4.2"),
        (99.6, 0, "100"),
        (-0.04, 1, "0.0"),
        (-1234.56, 1, "−1,234.6"),
    ],
)
def test_figures_are_rounded_and_not_cut(value, places, shown):
    with translation.override("en"):
        assert figure(value, places) == shown


def test_a_rise_is_good_or_bad_as_the_figure_says():
    rise = {"label": "x", "value": 120, "previous": 100, "period": "previous 28 days"}
    assert Figure(**rise).change_text == "▲ 20%"
    assert Figure(**rise).tone == "good"
    assert Figure(**rise, more_is="bad").tone == "bad"
    assert Figure(**rise, noise=0.25).tone == "neutral"


def test_a_change_that_reads_as_nothing_is_neither_rise_nor_fall():
    assert Figure("x", 99_960, previous=100_000).change_text == "＝ 0.0%"
    assert Figure("x", 99_960, previous=100_000).tone == "neutral"
    assert Figure("x", 99_940, previous=100_000).change_text == "▼ 0.1%"
    assert Figure("x", 99_940, previous=100_000).tone == "bad"


def test_without_enough_behind_it_nothing_is_compared():
    few = Figure("x", 3, previous=2, base=5)
    assert few.change_text == ""
    assert few.why_no_change == "too few to compare"
    assert Figure("x", 3, previous=0).why_no_change == "nothing to compare with"


def test_a_share_changes_in_points():
    assert Figure("x", 0.052, previous=0.04, kind="share").change_text == "▲ 1.2 points"


def test_a_sparkline_says_its_course_in_words_and_is_absent_without_one():
    assert 'aria-label="from 12 to 31 in 28 days"' in sparkline([12, 20, 31], days=28)
    assert sparkline([5]) == ""
    assert sparkline([0, 0, 0]) == ""


def test_a_score_shows_value_word_reason_and_age():
    explanation = Explanation(
        what="Chance to stop buying",
        reasons=[Reason("last order 94 days ago", 1)],
        as_of=timezone.now() - timedelta(days=3, hours=1),
        model_version="churn.v2",
    )
    fresh = score_badge(Score(72, "high", explanation))
    old = score_badge(Score(72, "high", explanation, stale_after=timedelta(days=1)))

    assert "72" in fresh
    assert "last order 94 days ago" in fresh
    assert "churn.v2" in fresh
    assert "3 days old" not in fresh
    assert "3 days old" in old


def test_a_missing_score_says_why_and_never_zero():
    badge = score_badge(Score(None, missing="needs 200 orders, has 140"))
    assert "not yet" in badge
    assert "needs 200 orders, has 140" in badge
    assert ">0<" not in badge


def test_below_the_threshold_a_person_decides():
    assert "a person decides" in confidence_bar(0.61, 0.8)
    assert "a person decides" not in confidence_bar(0.83, 0.8)
    assert "0.83" in confidence_bar(0.83, 0.8)
