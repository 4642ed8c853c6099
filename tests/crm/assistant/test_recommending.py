"""Recommendations in a chat: asked for in words, or beside what is sold out; with a reason, counted like any list."""

import pytest

from catalog.models import Interaction, Product, Variant
from catalog.partitions import ensure_partitions
from catalog.search import index, vocabulary
from core.experiments import Placed
from core.models import ShopProfile
from core.shop import forget_shop
from crm.admin import log_words
from crm.assistant.answering import Talk, decide
from crm.assistant.asking import Advice, advice_asked
from crm.models import Message
from recommender import tokens
from recommender.models import RecommendationDay
from recommender.online import counting
from reviews.understanding import ANSWER, ASK, HAND_OVER, Why
from tests.crm.assistant.test_asking import understood
from tests.factories import CategoryFactory, IntentFactory
from tests.recommender.conftest import NOW, listed, shop, trained  # noqa: F401

ANY, ALIKE = Advice(False), Advice(True)


@pytest.mark.parametrize("said", [
    "What do you recommend?", "hi, can you recommend something?", "any recommendations", "what should I buy",
    "Can you suggest a gift for my mother?", "surprise me", "show me something I might like", "推荐", "有什么推荐的吗",
    "帮我推荐一下", "推荐点东西", "推荐一款", "能推荐个礼物吗", "买什么好？", "您有什么推荐", "给我推荐几款商品",
])  # fmt: skip
def test_words_for_a_recommendation_are_known(said):
    assert advice_asked(said) == ANY


@pytest.mark.parametrize(("said", "like"), [
    ("Do you have something like this?", ""), ("anything similar?", ""), ("any alternatives", ""),
    ("something similar in blue", ""), ("Do you have anything similar to the Linen shirt?", "the linen shirt"),
    ("有什么类似的", ""), ("有没有类似的现货", ""), ("还有类似款吗", ""), ("有和这款相似的商品吗", ""),
    ("有没有和红色购物包差不多的", "红色购物包"), ("类似红色购物包的有吗", "红色购物包"),
])  # fmt: skip
def test_words_for_something_alike_are_known(said, like):
    assert advice_asked(said) == Advice(True, like)


@pytest.mark.parametrize(("said", "place"), [
    ("something like the first one", 0), ("anything similar to the second", 1), ("something like the last one", -1),
    ("有没有和第二个差不多的", 1), ("类似第三款的有吗", 2),
])  # fmt: skip
def test_a_place_among_what_was_shown_is_no_name(said, place):
    assert advice_asked(said) == Advice(True, place=place)


@pytest.mark.parametrize("said", [
    "", "which size do you recommend", "inbetween 40 and 41, what do you recommend", "recommend a movie",
    "推荐部好看的电影", "推荐个尺码", "推荐朋友有奖励吗", "推荐码在哪", "介于40和41之间，推荐哪个", "零分，不推荐",
    "和图片差不多吗", "材质差不多吗", "are they similar", "it looks like it is broken", "what do you recommend " * 20,
    "有" * 9_000,
])  # fmt: skip
def test_words_about_something_else_are_left_alone(said):
    assert advice_asked(said) is None


@pytest.fixture
def goods(shop, listed, profile, monkeypatch):  # noqa: F811
    """A shop that knows what is bought together, without a model. What words mean stays open: a recommendation is asked
    for whatever a model of intents thinks."""
    ShopProfile.objects.update(holdout_percent=0)
    forget_shop()
    understood(monkeypatch, ASK, Why.UNSURE)
    listed("together", shop.blue[1:4], key=shop.blue[0].pk, lifts=(3.0, 2.0, 1.5))
    listed("together", shop.green[5:9], key=shop.green[4].pk, lifts=(3.0, 2.0, 1.8, 1.5))
    vocabulary.synonyms.forget()
    index.refresh()
    index.count_terms()
    yield shop
    vocabulary.synonyms.forget()


def sell_out(product: Product) -> Product:
    Variant.objects.filter(product=product).update(stock=0)
    product.refresh_from_db()
    assert not product.is_in_stock
    return product


def told(reply):
    return [(one["name"], one.get("reason")) for one in reply.products]


def test_what_suits_somebody_comes_with_its_reason_and_nothing_personal_for_who_said_no(goods, trained):  # noqa: F811
    customer = goods.customers[0]
    english, chinese = (
        decide(text, Talk("en", customer=customer)) for text in ("What do you recommend?", "有什么推荐吗")
    )

    assert (english.act, english.why, len(english.products)) == ("products", "recommended", 3)
    assert all(one["reason"].startswith("Because you looked at ") and one["in_stock"] for one in english.products)
    assert [one["name"] for one in chinese.products] == [one["name"] for one in english.products]
    assert all(one["reason"].startswith("因为您看过") for one in chinese.products)
    assert (english.recommended["placement"], english.recommended["source"]) == ("home/chat", "personal")

    customer.is_personalised = goods.visitor.may_track = False
    customer.save()
    goods.visitor.save()
    goods.act(goods.visitor, goods.green[0])
    who = ({"customer": customer}, {"visitor": goods.visitor}, {})
    shown = [decide("what do you recommend", Talk("en", **one)) for one in who]
    assert len({tuple(told(one)) for one in shown}) == 1
    assert {reason for _name, reason in told(shown[0])} == {"Popular with our customers"}


def test_the_log_keeps_what_was_shown_and_why_and_a_click_is_credited(goods, chat):
    talk = chat(customer=goods.customers[0])
    (said,) = talk.say("anything similar?", product=goods.blue[0].public_id)
    answer, token = said["answer"], said["answer"]["recommendation"]
    row = Message.objects.filter(author="assistant").latest("pk")

    assert token == row.answer["recommended"]["id"]
    assert [one["reason"] for one in answer["products"]] == [one["reason"] for one in row.answer["products"]]
    lines = log_words.logged(row.answer, {}).lines
    assert lines[0].startswith("Products: blue-1 (Often bought together with blue-0), blue-2 (")
    assert lines[1] == "List “Chat: similar products”: no model could be used"

    made = tokens.read(token)
    assert (made.placement, made.source) == ("product/chat", "fallback")
    ensure_partitions(made.made_at.date(), made.made_at.date())
    seen = {"visitor": goods.visitor, "occurred_at": made.made_at, "context": {"recommendation": token}}
    Interaction.objects.create(kind="impression", value=3, **seen)
    clicked = Product.objects.get(public_id=answer["products"][0]["id"])
    Interaction.objects.create(kind="view", product=clicked, **seen)
    counting.count_touched()
    day = RecommendationDay.objects.get()
    assert (day.placement, day.lists, day.clicked) == ("product/chat", 1, 1)


def test_something_like_the_product_of_the_page_or_of_the_answer_before_or_of_a_name(goods):
    before = {"products": [{"id": goods.blue[0].public_id, "name": "blue-0"}]}
    page = decide("anything similar?", Talk("en", product=goods.blue[0]))
    after = decide("有类似的吗", Talk("zh", last=before))
    named = decide("something like blue-0", Talk("en"))

    assert (page.text, after.text) == ("Like blue-0, and in stock:", "与“blue-0”相似且有货：")
    alike = [(f"blue-{number}", "Often bought together with blue-0") for number in (1, 2, 3)]
    assert told(page) == told(named) == alike
    assert [one["name"] for one in after.products] == ["blue-1", "blue-2", "blue-3"]
    assert page.recommended["placement"] == "product/chat"


def test_what_is_only_chosen_together_is_not_called_alike(goods):
    other = CategoryFactory.create(name="Other")
    Product.objects.filter(pk__in=[one.pk for one in goods.blue[1:3]]).update(category=other)
    some = decide("anything similar?", Talk("en", product=goods.blue[0]))
    Product.objects.filter(pk=goods.blue[3].pk).update(category=other)
    none = decide("anything similar?", Talk("en", product=goods.blue[0]))

    assert (some.text, [one["name"] for one in some.products]) == ("Like blue-0, and in stock:", ["blue-3"])
    assert none.text == "Often chosen with blue-0, and in stock:"
    assert [one["name"] for one in none.products] == ["blue-1", "blue-2", "blue-3"]


def test_a_name_that_no_product_has_is_not_recommended_for(goods):
    reply = decide("something like the eiffel tower", Talk("en"))

    assert (reply.act, reply.why) == ("ask", "unsure")


@pytest.mark.parametrize("how", ["page", "named", "wanted"])
def test_what_is_sold_out_comes_with_what_is_like_it(goods, monkeypatch, how):
    gone = sell_out(goods.green[4])
    sell_out(goods.green[6])
    if how == "page":
        understood(monkeypatch, ANSWER, Why.INTENT, (IntentFactory.create(key="stock", answers_with="product"), 0.9))
        reply = decide("is it available?", Talk("en", product=gone))
    else:
        reply = decide("green-4" if how == "named" else "do you have green-4", Talk("en"))

    why = "Often bought together with green-4"
    assert told(reply) == [("green-4", None), ("green-5", why), ("green-7", why), ("green-8", why)]
    assert [one["in_stock"] for one in reply.products] == [False, True, True, True]
    assert reply.text == "green-4 is sold out at the moment.\n\nSimilar and in stock:"
    assert reply.recommended["placement"] == "product/chat"


def test_what_is_in_stock_comes_alone(goods):
    reply = decide("green-4", Talk("en"))

    assert told(reply) == [("green-4", None)]
    assert reply.recommended is None


def test_nothing_is_called_alike_that_is_only_new(goods):
    sell_out(goods.green[9])

    gone, asked = decide("green-9", Talk("en")), decide("something like green-9", Talk("en"))

    assert (told(gone), gone.text) == ([("green-9", None)], "This is what I found:")
    assert asked.text == "This is what I can recommend:"
    assert {reason for _name, reason in told(asked)} == {"New in the shop"}


def test_the_holdout_gets_the_popularity_list_and_nothing_beside_what_is_sold_out(goods, monkeypatch):
    apart = Placed(0, "holdout", 0, "popularity", {"strategy": "popularity"}, True, "x", is_held_out=True)
    monkeypatch.setattr("crm.assistant.recommending.trials.placed_at", lambda *_, **__: apart)
    sell_out(goods.green[4])

    assert decide("what do you recommend", Talk("en")).recommended["arm"] == "popularity"
    assert told(decide("green-4", Talk("en"))) == [("green-4", None)]


def test_an_answer_takes_few_queries(goods, django_assert_max_num_queries):
    talk = Talk("en", customer=goods.customers[0], product=goods.blue[0])
    decide("something like this", talk)

    with django_assert_max_num_queries(12):
        assert decide("something like this", talk).act == "products"


def test_an_empty_shop_answers_as_before(profile, monkeypatch):
    understood(monkeypatch, ASK, Why.UNSURE)

    assert decide("what do you recommend", Talk("en")).act == "ask"


def test_what_always_goes_to_a_person_still_does(profile, monkeypatch):
    understood(monkeypatch, HAND_OVER, Why.PERSON, (IntentFactory.create(key="injury", hand_over=True), 0.6))

    assert decide("what do you recommend", Talk("en")).act == "hand_over"
