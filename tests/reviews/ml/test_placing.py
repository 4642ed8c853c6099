"""A stretch of the normalised text is found again in what the customer wrote, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.ml.aspects import clause_of, starter
from reviews.ml.placing import Placed
from reviews.ml.text import Span, clauses, normalise

PIECES = [
    "quality", "Quality", "ＱＵＡＬＩＴＹ", "ﬁnish", "the price", "價格", "质量很好", "質量很差", "物流太慢", "，",
    ". ", " ", "\n", "!!!!!!", "<b>", "</b>", "<br>", "&amp;", "&nbsp;", "\u200b", "\u00ad", "😀", "e\u0301", "é",
    "soooooooo", "哈哈哈哈哈哈", "13800138000", "微信 abc12345", "a@b.cn", "but ", "但是", "<script>x</script>", "\x00",
    "שלום", "1,000", "box", "br", "delivery",
]  # fmt: skip


def quote(written: str, term: str) -> tuple[str, str]:
    normalised = normalise(written)
    at = normalised.index(term)
    span = Span(at, at + len(term))
    placed = Placed(written, normalised)
    exact = placed.exact(span)
    assert exact is not None
    around = placed.around(clause_of(normalised, span), exact, 500)
    return written[exact.start : exact.end], written[around.start : around.end]


@pytest.mark.parametrize(
    ("written", "term", "word", "clause"),
    [
        ("Good quality, slow delivery.", "delivery", "delivery", "slow delivery"),
        ("質量很好，物流太慢了！！！！", "物流", "物流", "物流太慢了"),
        ("Ｑｕａｌｉｔｙ good，DELIVERY late", "quality", "Ｑｕａｌｉｔｙ", "Ｑｕａｌｉｔｙ good"),
        ("del\u200bivery came late", "delivery", "del\u200bivery", "del\u200bivery came late"),
        ("sooooooooooo good quality", "quality", "quality", "sooooooooooo good quality"),
        ("The ﬁnish is rough", "finish", "ﬁnish", "The ﬁnish is rough"),
        ("Fish &amp; chips. The <b>price</b> is high", "price", "price", "The <b>price</b> is high"),
        ("<br>box broken", "box", "box", "box broken"),
        ("call 13800138000 about delivery", "delivery", "delivery", "call 13800138000 about delivery"),
        ("Smell.\nNice cafe\u0301 price", "price", "price", "Nice cafe\u0301 price"),
    ],
)
def test_a_term_and_its_clause_are_quoted_as_they_were_written(written, term, word, clause):
    assert quote(written, term) == (word, clause)


def test_the_second_of_two_equal_terms_is_not_taken_for_the_first():
    written = "price good, price baaaaaaaad"
    normalised = normalise(written)
    first, second = (one.span for one in starter().mentions(normalised))
    placed = Placed(written, normalised)

    assert (placed.exact(first), placed.exact(second)) == (Span(0, 5), Span(12, 17))


def test_a_mask_is_not_found_in_what_was_written():
    written = "my number 13800138000"
    normalised = normalise(written)
    at = normalised.index("phone")

    assert Placed(written, normalised).exact(Span(at, at + 5)) is None


def test_a_quote_keeps_to_its_length_and_holds_the_term():
    written = "very " * 300 + "good quality " + "indeed " * 300
    normalised = normalise(written)
    span = starter().mentions(normalised)[0].span
    placed = Placed(written, normalised)
    exact = placed.exact(span)
    assert exact is not None

    around = placed.around(clause_of(normalised, span), exact, 500)

    assert around.end - around.start <= 500
    assert "quality" in written[around.start : around.end]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=80))
def test_what_is_found_reads_the_same_however_odd_the_text(written):
    normalised = normalise(written)
    placed = Placed(written, normalised)

    for span in [*clauses(normalised), *(one.span for one in starter().mentions(normalised))]:
        exact = placed.exact(span)
        if exact is not None:
            assert 0 <= exact.start < exact.end <= len(written)
            assert normalise(written[exact.start : exact.end]) == normalised[span.start : span.end]
            around = placed.around(span, exact, 30)
            assert around.start <= around.end <= around.start + max(30, exact.end - exact.start)
