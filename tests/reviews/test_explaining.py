"""Why a text is read as it is."""

import numpy as np
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


class Settled:
    """Each of two words is enough for it: without one of them nothing moves."""

    classes = ("negative", "positive")

    def probabilities(self, texts):
        bad = np.array([0.999 if "坏" in text or "退货" in text else 0.3 if "价格" in text else 0.5 for text in texts])
        return np.column_stack([bad, 1.0 - bad])


def test_where_several_words_are_each_enough_they_are_the_reasons():
    found = strongest(Settled(), normalise("已经坏了，价格便宜，退货"))

    assert all(one.effect == pytest.approx(-0.499) for one in found)
    assert "退货" in {one.words for one in found}
    assert not any("价格" in one.words for one in found), "it speaks for the other side"
