"""What a message asks the shop for, and that the catalogue answers before an article that is only a little like it."""

import pytest
from django.utils import translation

from catalog.search import index, vocabulary
from core.models import ShopProfile
from crm.assistant import wording
from crm.assistant.answering import Talk, decide
from crm.assistant.asking import asked_for, look_asked
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


@pytest.mark.parametrize(
    ("said", "look"),
    [("Do you have it in red?", "red"), ("do you have this bag in red", "red"), ("is this available in blue?", "blue"),
     ("Does it come in dark blue please?", "dark blue"), ("do you have a red one?", "red"), ("any in green?", "green"),
     ("same one in white", "white"), ("这款有红色的吗", "红色"), ("这个包有没有红色", "红色"), ("有红色的吗？", "红色"),
     ("有没有同款黑色的", "黑色"), ("它有红的吗", "红"), ("那双黑色的有货吗", "黑色")],
)  # fmt: skip
def test_words_for_another_look_of_what_is_meant_are_known(said, look):
    assert look_asked(said) == look


@pytest.mark.parametrize(
    "said",
    ["Do you have a red bag?", "is it in stock?", "is this in store", "do you have this in another colour",
     "show me the second one", "do you have the same one?", "are these made in china", "where is my order",
     "这款还有货吗", "有红色的包吗", "这款是什么颜色", "有其他颜色吗", "", "do you have it in " + "very " * 60 + "red"],
)  # fmt: skip
def test_words_that_name_a_product_or_no_look_are_left_alone(said):
    assert look_asked(said) == ""


@pytest.fixture
def kinds(profile):
    """Bags and shoes in two colours; red shoes sell best."""
    made = {}
    for zh, en in (("包", "Bags"), ("鞋", "Shoes")):
        category = CategoryFactory.create(name=zh, name_translations={"en": en, "zh-hans": zh})
        for colour_zh, colour in (("红色", "Red"), ("蓝色", "Blue")):
            name = f"{colour} {en[:-1].lower()}"
            made[name] = ProductFactory.create(
                name=f"{colour_zh}{zh}", name_translations={"en": name, "zh-hans": f"{colour_zh}{zh}"}, stock=5,
                category=category,
            )  # fmt: skip
    vocabulary.synonyms.forget()
    index.refresh()
    index.count_terms()
    yield made
    vocabulary.synonyms.forget()


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [("Do you have it in red?", "en", ["Red bag"]), ("do you have a red one?", "en", ["Red bag"]),
     ("这款有红色的吗", "zh-hans", ["红色包"]), ("有红色的吗", "zh-hans", ["红色包"]),
     ("is it available in blue?", "en", ["Blue bag"])],
)  # fmt: skip
@pytest.mark.parametrize("is_sure", [True, False])
def test_another_colour_of_the_product_of_the_page_is_looked_for_among_its_kind(
    kinds, monkeypatch, text, language, names, is_sure
):
    stock = IntentFactory.create(key="stock", answers_with="product")
    understood(monkeypatch, *((ANSWER, Why.INTENT, (stock, 0.9)) if is_sure else (ASK, Why.UNSURE)))

    with translation.override(language):
        reply = decide(text, Talk(language, product=kinds["Blue bag"]))

    assert (reply.act, reply.why, [one["name"] for one in reply.products]) == ("products", "wanted", names)


def test_another_colour_is_looked_for_among_the_kind_of_what_was_shown_last(kinds, monkeypatch):
    understood(monkeypatch, ASK, Why.UNSURE)
    before = {"products": [{"id": kinds["Red shoe"].public_id, "name": "Red shoe"}]}

    reply = decide("any in blue?", Talk("en", last=before))

    assert [one["name"] for one in reply.products] == ["Blue shoe"]


def test_a_colour_that_no_product_of_the_kind_has_is_no_yes_by_what_is_in_stock(kinds, monkeypatch):
    stock = IntentFactory.create(key="stock", answers_with="product")
    understood(monkeypatch, ANSWER, Why.INTENT, (stock, 0.9))

    reply = decide("Do you have it in green?", Talk("en", product=kinds["Blue bag"]))

    assert [one["name"] for one in reply.products] == ["Blue bag"]
    assert reply.text == "I found no “green” one of its kind.\nBlue bag is in stock."


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
