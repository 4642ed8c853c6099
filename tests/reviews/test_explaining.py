"""Why a text is read as it is."""

import pytest

from reviews.ml import lexicon
from reviews.ml.explaining import sides, strongest
from reviews.ml.sentiment import judge
from reviews.ml.text import normalise


@pytest.fixture
def scorer():
    return lexicon.shipped()


def test_words_of_praise_speak_for_and_words_of_complaint_against(scorer):
    found = {one.words: one.effect for one in strongest(scorer, "excellent quality but terrible delivery")}

    assert found["excellent"] > 0.1
    assert found["terrible"] < -0.1
    assert "quality" not in found
    assert found["excellent"] == pytest.approx(-found["terrible"], abs=0.05)


def test_chinese_words_are_found_too(scorer):
    found = strongest(scorer, normalise("质量很差，不喜欢"))

    assert {one.words for one in found} & {"差", "很差", "喜欢", "不喜欢"}


def test_a_text_without_opinion_or_without_words_has_no_reason(scorer):
    assert strongest(scorer, "the parcel came on monday") == []
    assert strongest(scorer, "") == []


def test_clauses_of_both_sides_tell_why_a_text_is_mixed(scorer):
    judged = judge(scorer, ["The quality is excellent, but the delivery was terrible."])[0]

    good, bad = sides(judged)

    assert (good.words, good.effect > 0) == ("the quality is excellent", True)
    assert (bad.words.endswith("the delivery was terrible"), bad.effect < 0) == (True, True)
