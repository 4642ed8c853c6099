import numpy as np
import pytest

from reviews.ml.lexicon import Lexicon, shipped
from reviews.ml.sentiment import MIXED, NEGATIVE, NEUTRAL, OUTCOMES, POSITIVE, judge
from reviews.ml.text import normalise

ODD = [
    "", "   \n\t ", "😀", "👍👍👍", "好评" * 500_000, "هذا المنتج رائع", "<script>alert(1)</script>", "<b>",
    "這個產品很好用，非常滿意", "aaaaaaaaaaaaaaaa", "very 好用 but 物流 slow", "\x00\ud800", "!!!???", "12345",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("质量不错，很喜欢", POSITIVE),
        ("這個產品很好用，非常滿意", POSITIVE),
        ("不好用，非常失望", NEGATIVE),
        ("没有异味，好评", POSITIVE),
        ("Love it, very comfortable and fits well!", POSITIVE),
        ("Not good at all, it broke after two days.", NEGATIVE),
        ("The fabric isn't soft and it is itchy", NEGATIVE),
        ("衣服非常漂亮，很喜欢，但是物流太慢，客服态度差", MIXED),
        ("The dress is gorgeous and beautiful, but the fabric is terrible and itchy", MIXED),
        ("质量很好 but delivery was terrible", MIXED),
        ("昨天收到的", NEUTRAL),
        ("I ordered the blue one.", NEUTRAL),
        ("😡😡", NEGATIVE),
        ("❤️👍", POSITIVE),
    ],
)
def test_day_one_knows_the_four_outcomes_in_both_languages(text, outcome):
    assert judge(shipped(), [text])[0].outcome == outcome


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_get_an_outcome_with_its_confidence(text):
    found = judge(shipped(), [text])[0]

    assert found.outcome in OUTCOMES
    assert 0.0 <= found.confidence <= 1.0
    assert "<" not in found.text


def test_nothing_to_read_is_neutral_without_confidence():
    assert [(one.outcome, one.confidence) for one in judge(shipped(), ["", "...", "<script>x</script>"])] == [
        (NEUTRAL, 0.0)
    ] * 3
    assert judge(shipped(), []) == []


def test_many_texts_get_the_answers_of_each():
    assert judge(shipped(), ODD) == [judge(shipped(), [text])[0] for text in ODD]


def test_an_engine_with_a_neutral_class_decides_for_itself():
    class Three:
        classes = ("negative", "neutral", "positive")

        def probabilities(self, texts):
            return np.tile([0.2, 0.5, 0.3], (len(texts), 1))

    found = judge(Three(), ["a text"])[0]

    assert (found.outcome, found.confidence) == (NEUTRAL, 0.5)
    assert found.positive == pytest.approx(0.6)


def test_negation_and_degree_change_what_a_word_is_worth():
    def values(text):
        return [round(one.value, 2) for one in shipped().opinions(normalise(text))]

    assert values("好看") == [1.0]
    assert values("非常好看") == [1.5]
    assert values("不好看") == [-0.8]
    assert values("很好") == values("太好了") == [1.5]
    assert values("不太好") == [-0.8]
    assert values("好的") == values("好多") == []
    assert values("有点失望") == [-0.6]
    assert values("not very good") == [-1.2]
    assert values("goods") == []
    assert values("不贵") == [1.0]


def test_staff_words_count_like_shipped_ones():
    words = Lexicon(shipped().values | {"拔草": -1.0})

    assert judge(words, ["已经拔草"])[0].outcome == NEGATIVE
    assert judge(shipped(), ["已经拔草"])[0].outcome == NEUTRAL
