"""Articles are found by their questions and their words, in both languages, and quoted as they stand."""

import pytest

from reviews.ml.retrieval import ArticleIndex, Entry

ENTRIES = (
    Entry("en", "Return a product", "Within 30 days.\n\nSend it to the warehouse in Leeds.", ("Can I send it back?",)),
    Entry("zh", "怎么退货", "签收后 30 天内可以退货。", ("不想要了能退吗",)),
    Entry("en", "Delivery times", "We deliver in two days.", ("How long does delivery take?", "When will it arrive?")),
    Entry("zh", "多久能送到", "两天内送达。", ("几天能到",)),
    Entry("en", "Ways of paying", "Cards and bank transfer.", ("Can I pay by card?",)),
)
INDEX = ArticleIndex(ENTRIES)


@pytest.mark.parametrize(
    ("asked", "entry"),
    [
        ("how long does the delivery take", 2),
        ("几天能到货", 3),
        ("不想要了，能退吗？", 1),
        ("can i pay with my card", 4),
        ("warehouse in leeds", 0),
    ],
)
def test_the_article_that_answers_comes_first(asked, entry):
    assert INDEX.search(asked)[0].entry == entry


def test_its_own_question_is_certain_and_what_nothing_is_like_is_not():
    assert INDEX.search("Can I pay by card?")[0].confidence == pytest.approx(1.0, abs=0.01)
    assert all(hit.confidence < 0.2 for hit in INDEX.search("xylophone lessons for quokkas"))


def test_the_heading_and_the_paragraph_that_are_most_like_it_are_named():
    hit = INDEX.search("what is the address of the warehouse in Leeds")[0]

    assert hit.entry == 0
    assert ENTRIES[0].paragraphs[hit.paragraph] == "Send it to the warehouse in Leeds."
    assert INDEX.search("when will my parcel arrive")[0].heading == "When will it arrive?"


def test_only_articles_in_the_language_asked_for_are_found():
    assert {ENTRIES[hit.entry].language for hit in INDEX.search("30 天 退货 return", "zh")} == {"zh"}


@pytest.mark.parametrize("asked", ["", "   ", "😀", "\u200b", "<script></script>", "أين", "a" * 1_000_000, "\ud800"])
def test_whatever_is_asked_gets_an_answer(asked):
    assert all(0.0 <= hit.confidence <= 1.0 for hit in INDEX.search(asked))


def test_nothing_is_found_in_no_articles():
    assert ArticleIndex([]).search("anything") == []
    assert ArticleIndex([Entry("en", "", "")]).search("anything") == []
