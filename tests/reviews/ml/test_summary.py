"""Quotes are sentences of reviews, word for word, the ones that most others stand behind."""

import pytest

from reviews.ml.summary import Sentence, choose, is_quotable, sentences
from reviews.ml.text import Span


def said(review, text, aspect="lid", **more):
    return Sentence(review, Span(0, len(text)), text, aspect, is_praise=True, **more)


LIDS = ["The lid closes tightly and never leaks", "The lid is tight and never leaks", "Lid closes tightly, never leaks"]


def test_sentences_are_cut_at_their_signs_and_stand_in_the_text_as_they_are():
    text = "Great bottle!\n  Keeps tea hot for 2.5 hours. The lid leaks… a little!!\n"
    text += "物流很快，第二天就到了。颜色和图片一样"

    assert [text[one.start : one.end] for one in sentences(text)] == [
        "Great bottle!", "Keeps tea hot for 2.5 hours.", "The lid leaks… a little!!",
        "物流很快，第二天就到了。", "颜色和图片一样",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sentence",
    ["", "Good.", "好。", "Call me 138 1234 5678 for more", "Write to ana@example.com please", "加微信 abcd1234 领红包",
     "<b>It is very</b> nice indeed", "see https://cheap.example for this", "x" * 300],
)  # fmt: skip
def test_what_is_short_long_or_personal_is_not_quoted(sentence):
    assert not is_quotable(sentence)


def test_the_most_central_sentence_speaks_for_its_cluster():
    odd = said(9, "Purple elephants dance on my lid")

    (quote,) = choose([odd, *(said(n, text) for n, text in enumerate(LIDS))])

    assert quote.sentence.text in LIDS
    assert quote.support == 4


def test_clusters_with_more_reviews_come_first_and_one_review_backs_nothing():
    lids = [said(n, text) for n, text in enumerate(LIDS)]
    prices = [said(10 + n, f"A fair price for what you get {n}", "price") for n in range(2)]
    alone = [said(20, "The colour is lovely in the sun", "look"), said(20, "The colour is lovely at night", "look")]

    assert [(one.sentence.aspect, one.support) for one in choose([*alone, *prices, *lids])] == [
        ("lid", 3),
        ("price", 2),
    ]


def test_no_review_is_quoted_twice_and_nothing_that_is_said_already():
    lids = [said(n, "The lid closes tightly and never leaks in the bag") for n in (1, 2, 3)]
    same = [said(n, "The lid closes tightly and never leaks in the bag", "quality") for n in (1, 2, 3)]

    assert len(choose([*lids, *same])) == 1


def test_verified_and_helpful_reviews_speak_rather_than_others_that_say_the_same():
    rows = [said(1, LIDS[0]), said(2, LIDS[0], is_verified=True, helpful=6), said(3, LIDS[0])]
    assert choose(rows)[0].sentence.review == 2


def test_the_order_of_reviews_changes_nothing():
    rows = [said(n, text) for n, text in enumerate(LIDS)] + [
        said(10 + n, f"Good value for the price {n}", "price") for n in range(3)
    ]
    assert choose(rows) == choose(rows[::-1])
    assert choose([]) == []
