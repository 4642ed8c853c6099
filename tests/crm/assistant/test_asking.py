"""What a message asks the shop for, and that the catalogue answers before an article that is only a little like it."""

import pytest

from catalog.search import index, vocabulary
from crm.assistant.answering import Talk, decide
from crm.assistant.asking import asked_for
from reviews import understanding
from reviews.understanding import ANSWER, ASK, HAND_OVER, IntentCandidate, Passage, Understanding, Why
from tests.factories import IntentFactory, ProductFactory


@pytest.mark.parametrize(
    ("said", "what"),
    [("Do you have a red bag?", "a red bag"), ("hi, do you still sell blue ceramic mugs please", "blue ceramic mugs"),
     ("I’m looking for a green lantern", "a green lantern"), ("any white shirts in stock?", "white shirts"),
     ("Have you got heart shaped candles", "heart shaped candles"), ("I'd like to buy a lamp", "a lamp"),
     ("where can I find party bunting?", "party bunting"), ("有红色的包吗", "红色的包"),
     ("有没有蓝色马克杯？", "蓝色马克杯"),
     ("你们卖陶瓷花瓶吗", "陶瓷花瓶"), ("我想买一条黑色连衣裙", "黑色连衣裙"), ("请问店里有白色的T恤吗？", "白色的t恤"),
     ("红色的包有货吗", "红色的包"), ("帮我推荐一款台灯", "台灯")],
)  # fmt: skip
def test_what_is_asked_for_is_what_is_left_of_the_question(said, what):
    assert asked_for(said) == what


@pytest.mark.parametrize(
    "said", ["", "where is my order", "do you have it in red", "它有货吗", "这款还有货吗", "我要退货", "a red bag",
             "do you have " + "a very " * 40 + "red bag", "有" + "？" * 9_000 + "x"],
)  # fmt: skip
def test_what_asks_for_nothing_or_points_at_something_is_left_alone(said):
    assert asked_for(said) == ""


@pytest.fixture
def bags(profile):
    for zh, en, about in (
        ("红色购物包", "Red jumbo bag", "With a warranty."), ("蓝色购物包", "Blue jumbo bag", ""),
        ("感谢卡", "Do you have a card", ""),
    ):  # fmt: skip
        ProductFactory.create(name=zh, name_translations={"en": en, "zh-hans": zh}, stock=5, description=about)
    vocabulary.synonyms.forget()
    index.refresh()
    index.count_terms()
    yield
    vocabulary.synonyms.forget()


def understood(monkeypatch, act, why, *found):
    weak = Passage(1, "k", 1, "en", "Delivery", "We deliver.", "We deliver.", 0.7, None)
    meant = [IntentCandidate(intent, sure, 1) for intent, sure in found]
    monkeypatch.setattr(
        understanding,
        "understand",
        lambda text, language=None: Understanding(act, why, language or "en", meant, [weak]),
    )


def shown(text, language="en"):
    reply = decide(text, Talk(language))
    return reply.act, [one["name"] for one in reply.products]


@pytest.mark.parametrize(("act", "why"), [(ANSWER, Why.ARTICLE), (ASK, Why.UNSURE), (HAND_OVER, Why.NO_ANSWER)])
@pytest.mark.parametrize(
    ("text", "name"), [("Do you have a red bag?", "Red jumbo bag"), ("有红色的包吗", "红色购物包")]
)
def test_a_question_for_a_product_is_answered_from_the_catalogue(bags, monkeypatch, act, why, text, name):
    understood(monkeypatch, act, why)

    assert shown(text) == ("products", [name])


def test_a_question_whose_words_fit_many_products_shows_the_first(bags, monkeypatch):
    """An intent that answers with products once searched for "do you have" as well and gave up where many fit."""
    monkeypatch.setattr("crm.assistant.products.FEW", 1)
    understood(monkeypatch, ANSWER, Why.INTENT, (IntentFactory.create(key="stock", answers_with="product"), 0.3))

    act, names = shown("Do you have a jumbo bag?")

    assert (act, sorted(names)) == ("products", ["Blue jumbo bag", "Red jumbo bag"])


@pytest.mark.parametrize("text", ["Do you have a warranty?", "Do you have a green bag?", "Do you have it?"])
def test_what_no_product_is_called_stays_with_the_articles(bags, monkeypatch, text):
    understood(monkeypatch, ANSWER, Why.ARTICLE)

    assert shown(text) == ("article", [])


def test_a_sure_intent_keeps_its_answer(bags, monkeypatch):
    understood(monkeypatch, ANSWER, Why.INTENT, (IntentFactory.create(key="bags"), 0.9))

    assert shown("Do you have a red bag?") == ("article", [])
