import numpy as np
import pytest

from reviews.ml.aspects import AspectJudge, AspectTerms, clause_of, locate, marked, starter
from reviews.ml.lexicon import shipped
from reviews.ml.text import Span, normalise


def said(text, term):
    read = normalise(text)
    return AspectJudge(shipped()).positive([read], [locate(read, normalise(term))])[0]


@pytest.mark.parametrize(
    ("text", "aspects"),
    [
        ("做工很好，物流太慢，客服态度差", ["quality", "delivery", "service", "service"]),
        ("Great fabric, but the size runs small and shipping was slow", ["quality", "fit", "delivery"]),
        ("電池續航不錯", ["battery", "battery"]),
        ("the battery life is short", ["battery"]),
        ("I resized the outfits", []),
        ("Prettier than in the picture", ["genuine"]),
        ("看起来比照片好看", ["genuine"]),
        ("the picture quality and the screen are fine", ["screen", "screen"]),
        ("she sent me pictures of her photos", []),
        ("这个quality很好", ["quality"]),
        ("la qualité, naïvely", []),
        ("", []),
    ],
)
def test_shipped_terms_name_the_aspects_in_both_languages(text, aspects):
    assert [mention.aspect for mention in starter().mentions(normalise(text))] == aspects


def test_a_mention_tells_its_term_and_its_place():
    text = normalise("The battery life is fine")
    (mention,) = starter().mentions(text)

    assert (mention.term, text[mention.span.start : mention.span.end]) == ("battery life", "battery life")


def test_terms_of_staff_replace_the_shipped_ones_and_none_find_nothing():
    assert [one.aspect for one in AspectTerms({"zip": ["zipper", "拉链"]}).mentions("拉链 zipper zippers")] == [
        "zip"
    ] * 2
    assert AspectTerms({}).mentions("quality") == []


def test_no_shipped_term_stands_for_two_aspects():
    terms = [normalise(term) for some in starter().terms.values() for term in some]

    assert sorted(terms) == sorted(set(terms))


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("屏幕非常清晰，但是电池太差", "屏幕", "电池"),
        ("The fabric is lovely and soft but the stitching is terrible", "fabric", "stitching"),
        ("物流很快，就是包装破损", "物流", "包装"),
        ("not a good fit, great colour though", "colour", "fit"),
    ],
)
def test_each_aspect_gets_the_opinion_of_its_own_clause(text, good, bad):
    assert said(text, good) > 0.5 > said(text, bad)


def test_the_nearer_word_counts_more_within_a_clause():
    assert said("soft fabric and a rather disappointing colour", "fabric") > said(
        "soft fabric and a rather disappointing colour", "colour"
    )


def test_terms_are_found_as_words_before_parts_of_words():
    assert locate("misfit fit", "fit") == Span(7, 10)
    assert locate("outfits", "fit") == Span(3, 6)
    assert locate("价格", "质量") is None
    assert locate("text", "") is None
    assert marked("good, the fit is ok", Span(10, 13)) == "good, the ⟦fit⟧ is ok\nthe ⟦fit⟧ is ok"
    assert clause_of("good, fit ok", Span(6, 9)) == Span(6, 12)


def test_nothing_asked_is_nothing_answered():
    assert AspectJudge(shipped()).positive([], []).shape == (0,)
    assert np.isfinite(AspectJudge(shipped()).positive(["", "😀"], [Span(0, 0), Span(0, 1)])).all()
