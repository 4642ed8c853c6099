"""Articles over the API: found by what somebody asks, read as they are or as a quote names them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models.access import PUBLISHABLE_SCOPES
from reviews.answers import articles, library
from reviews.models import Article
from tests.factories import ApiKeyFactory, ArticleFactory

pytestmark = pytest.mark.django_db
PATH = "/api/v1/articles"


@pytest.fixture
def shop() -> Client:
    library.forget()
    ArticleFactory.create(key="returns", published=True)
    ArticleFactory.create(
        key="paying", category="payment", title_en="Ways of paying", body_en="Cards.\n\nBank **transfer** <b>x</b>.",
        questions_en="Can I pay by card?", title_zh="", body_zh="", questions_zh="", published=True,
    )  # fmt: skip
    ArticleFactory.create(key="draft", title_en="Can I pay by card?")
    key = ApiKeyFactory.create(publishable=True, scopes=list(PUBLISHABLE_SCOPES))
    return Client(headers={"Authorization": f"Bearer {key.value}"})


def test_published_articles_are_listed_in_the_language_asked_for(shop):
    assert [one["key"] for one in shop.get(PATH).json()["results"]] == ["returns", "paying"]
    (only,) = shop.get(PATH, {"language": "zh"}).json()["results"]
    assert (only["title"], only["quote"], only["confidence"]) == ("退货", "签收后 30 天内，未使用。", None)
    assert [one["key"] for one in shop.get(PATH, {"category": "payment"}).json()["results"]] == ["paying"]


def test_what_answers_a_question_comes_first(shop):
    found = shop.get(PATH, {"q": "can i pay with my card"}).json()["results"]

    assert found[0]["key"] == "paying"
    assert 0.5 < found[0]["confidence"] <= 1.0


def test_an_article_is_read_as_it_is_and_as_it_was(shop):
    Article.objects.filter(key="returns").update(body_en="Other.")
    articles.publish([Article.objects.get(key="returns").pk], by=None)

    now, then = shop.get(f"{PATH}/returns").json(), shop.get(f"{PATH}/returns", {"version": 1}).json()

    assert (now["version"], now["body"], now["is_current"]) == (2, "Other.", True)
    assert (then["version"], then["body"], then["is_current"]) == (1, "Within 30 days of delivery, unused.", False)


def test_html_is_safe_and_another_language_is_named(shop):
    told = shop.get(f"{PATH}/paying", {"language": "zh"}).json()

    assert told["language"] == "en"
    assert told["html"] == "<p>Cards.</p><p>Bank <strong>transfer</strong> &lt;b&gt;x&lt;/b&gt;.</p>"


@pytest.mark.parametrize("path", ["draft", "nothing", "returns?version=9"])
def test_what_is_not_published_is_not_there(shop, path):
    assert shop.get(f"{PATH}/{path}").status_code == 404


@pytest.mark.parametrize("query", ["language=fr", "category=x", "q=" + "x" * 501, "other=1"])
def test_questions_that_make_no_sense_are_refused(shop, query):
    assert shop.get(f"{PATH}?{query}").status_code in (400, 422)


@pytest.mark.parametrize("asked", ["😀", "\u200b", "<script>", "أين", "' OR 1=1"])
def test_whatever_is_asked_gets_an_answer(shop, asked):
    assert shop.get(PATH, {"q": asked}).status_code == 200


def test_articles_are_found_without_asking_the_database_for_them(shop):
    shop.get(PATH)

    with CaptureQueriesContext(connection) as asked:
        shop.get(PATH, {"q": "pay"})

    assert not [one for one in asked if "reviews_articleversion" in one["sql"] and "texts" in one["sql"]]
