"""What a message asks the shop for, and that the catalogue answers before an article that is only a little like it."""

import pytest
from django.utils import translation

from catalog.search import index, vocabulary
from core.models import ShopProfile
from crm.assistant import wording
from crm.assistant.answering import Talk, decide
from crm.assistant.asking import asked_for
from reviews import understanding
from reviews.understanding import ANSWER, ASK, HAND_OVER, IntentCandidate, Passage, Understanding, Why
from tests.factories import CategoryFactory, IntentFactory, ProductFactory


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


@pytest.fixture
def shoes_and_bags(bags):
    both = CategoryFactory.create(name="鞋包", name_translations={"en": "Shoes and bags", "zh-hans": "鞋包"})
    for zh, en in (("红色跑鞋", "Red running shoes"), ("绿色跑鞋", "Green running shoes")):
        ProductFactory.create(name=zh, name_translations={"en": en, "zh-hans": zh}, stock=5, category=both)
    index.refresh()
    index.count_terms()


@pytest.mark.parametrize(
    ("text", "language", "name", "said"),
    [("Do you have a red bag?", "en", "Red jumbo bag", "This is what I found:"),
     ("Do you have a green bag?", "en", "Green running shoes", "We have nothing that is called so. This comes near:"),
     ("green bag", "en", "Green running shoes", "We have nothing that is called so. This comes near:"),
     ("有绿色的鞋包吗", "zh-hans", "绿色跑鞋", "没有叫这个名字的商品，最接近的是：")],
)  # fmt: skip
@pytest.mark.parametrize("act", [ASK, ANSWER])
def test_shoes_from_the_category_shoes_and_bags_are_offered_for_a_bag_only_as_what_comes_near(
    shoes_and_bags, monkeypatch, act, text, language, name, said
):
    """Once "do you have a red bag?" was answered with red shoes."""
    stock = IntentFactory.create(key="stock", answers_with="product")
    understood(monkeypatch, act, Why.UNSURE if act == ASK else Why.INTENT, (stock, 0.9))

    with translation.override(language):
        reply = decide(text, Talk(language))

    is_near = said != "This is what I found:"
    if text == "green bag" and act == ANSWER:
        said = "This is what I found:"
    assert [one["name"] for one in reply.products] == [name]
    assert reply.text == said
    assert (reply.why == "near") is (is_near and act == ASK)


def test_a_category_of_one_kind_says_what_its_products_are(shoes_and_bags, monkeypatch):
    ProductFactory.create(name="Tote", category=CategoryFactory.create(name="Canvas bags"), stock=5)
    index.refresh()
    index.count_terms()
    understood(monkeypatch, ASK, Why.UNSURE)

    reply = decide("Do you have a canvas bag?", Talk("en"))

    assert (reply.text, [one["name"] for one in reply.products]) == ("This is what I found:", ["Tote"])


def test_a_latin_name_stands_apart_from_the_chinese_around_it(monkeypatch):
    monkeypatch.setattr(wording, "current_shop", lambda: ShopProfile(name="Zhanggui"))

    with translation.override("zh-hans"):
        assert "我是 Zhanggui 的智能助手" in wording.greeting()
