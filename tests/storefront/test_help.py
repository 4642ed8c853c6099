"""Help: articles by question, quoted with their version, and whether they helped."""

import pytest

from reviews.answers import articles, library
from reviews.models import Article, ArticleHelp
from tests.factories import ArticleFactory

HELP = "/shop/help/"


@pytest.fixture
def returns(shop):
    library.forget()
    article = ArticleFactory.create(key="returns", published=True)
    ArticleFactory.create(
        key="paying", category="payment", title_en="Ways of paying", body_en="Cards and **bank transfer**.",
        questions_en="Can I pay by card?", title_zh="", body_zh="", questions_zh="", published=True,
    )  # fmt: skip
    yield article
    library.forget()


def test_all_articles_stand_by_what_they_are_about_and_every_page_leads_to_them(visit, returns):
    page = visit.get(HELP)

    assert [(str(title), [one["key"] for one in rows]) for title, rows in page.context["groups"]] == [
        ("Returns and refunds", ["returns"]), ("Payment and prices", ["paying"])
    ]  # fmt: skip
    assert f'href="{HELP}"' in visit.get("/shop/").content.decode()


def test_a_question_finds_its_article_quoted_word_for_word_with_a_link_to_that_version(visit, returns):
    page = visit.get(HELP, {"q": "how long can i return it"})

    assert [one["key"] for one in page.context["found"]] == ["returns"]
    text = page.content.decode()
    assert "Within 30 days of delivery, unused." in text
    assert 'href="/shop/help/returns?version=1"' in text


def test_what_no_article_answers_is_said_so(visit, returns):
    page = visit.get(HELP, {"q": "zzz qqq"})

    assert page.context["found"] == []
    assert "No article answers this" in page.content.decode()


def test_an_earlier_version_says_that_it_is_one(visit, returns):
    Article.objects.filter(pk=returns.pk).update(body_en="Within 60 days.")
    articles.publish([returns.pk], by=None)

    then = visit.get(f"{HELP}returns", {"version": 1}).content.decode()
    now = visit.get(f"{HELP}returns").content.decode()

    assert "Within 30 days of delivery" in then
    assert "This is an earlier version" in then
    assert "Within 60 days." in now
    assert "earlier version" not in now


def test_whether_it_helped_is_counted_for_the_version_that_was_read(visit, returns):
    for said in ("yes", "yes", "no"):
        answer = visit.post(f"{HELP}returns/helped", {"version": 1, "language": "en", "helped": said})

    assert answer.status_code == 302
    assert list(ArticleHelp.objects.values_list("article", "version", "language", "helped", "did_not")) == [
        (returns.pk, 1, "en", 2, 1)
    ]
    assert "needs better words" in visit.get(answer["Location"]).content.decode()


def test_an_article_or_version_that_is_not_there_counts_nothing(visit, returns):
    assert visit.get(f"{HELP}none").status_code == 404
    assert visit.post(f"{HELP}returns/helped", {"version": 9, "language": "en", "helped": "yes"}).status_code == 404
    assert not ArticleHelp.objects.exists()


def test_chinese_readers_find_chinese_words(visit, returns):
    from storefront.frame import LANGUAGE_COOKIE

    visit.cookies[LANGUAGE_COOKIE] = "zh-hans"
    page = visit.get(HELP, {"q": "多久之内可以退"})

    assert [one["quote"] for one in page.context["found"]] == ["签收后 30 天内，未使用。"]
