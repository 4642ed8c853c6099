"""What goes to a person whatever a model thinks. The lists of risks were written before the rules."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from crm.assistant.rules import READ_AT_MOST, Rule, rule_of
from reviews.ml.text import normalise

HERE = Path(__file__).resolve().parent
LANGUAGES = ["en", "zh"]
RISKS = {
    "refund_dispute": Rule.REFUND_DISPUTE, "injury": Rule.INJURY, "legal_threat": Rule.LEGAL,
    "data_deletion": Rule.DATA,
}  # fmt: skip
ORDINARY_EN = (
    "please cancel my order 12345, email ana@example.com", "remove my phone case from the order",
    "cancel my order, my name is Ana and my email is ana@example.com", "please remove the phone from my basket",
    "cancel the parcel and tell me the details", "do you sell data cables", "can you share the tracking number with me",
    "could you share more details about the blue jacket", "how do I change my details",
    "why is my address not accepted at checkout", "why can't I enter my phone number",
    "do I have to give my email to order", "I gave my address with a mistake in the street",
    "the bottle leaked, my order number is 1001", "please close my parcel claim, the details arrived",
    "cancel my record player order", "remove the name tag from my order",
)  # fmt: skip
ORDINARY_ZH = (
    "我的数据线坏了", "数据线买错了，帮我删掉这个订单", "库存我的尺码还有吗", "怎么修改我的地址",
    "为什么我的手机号填不了", "怎么完全去掉衣服上的异味", "瓶子泄漏了，要换一个", "录音笔能存多少小时", "隐私膜有货吗",
    "怎么修改个人信息", "把行车记录仪从订单里删掉", "删掉订单里的数据线", "收货信息填错了，把订单删了重下",
    "音箱怎么彻底关闭",
)  # fmt: skip
STARTER = HERE.parents[2] / "reviews" / "starter"


def risks(language: str) -> list[dict[str, str]]:
    with (HERE / f"risks_{language}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def examples(language: str) -> list[dict[str, str]]:
    with (STARTER / f"examples_{language}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_sentences_of_each_risk(language):
    counts = Counter(row["risk"] for row in risks(language))

    assert set(counts) == set(RISKS)
    assert min(counts.values()) >= 11


def test_no_sentence_of_the_list_teaches_the_model():
    taught = {normalise(row["text"]) for language in LANGUAGES for row in examples(language)}

    assert [row["text"] for one in LANGUAGES for row in risks(one) if normalise(row["text"]) in taught] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_risk_list_goes_to_a_person_without_any_model(language):
    assert [row["text"] for row in risks(language) if rule_of(row["text"]) is None] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_take_few_ordinary_questions_for_a_risk(language):
    """Beside the risks: complaints, returns and the like use the same words."""
    ordinary = [row["text"] for row in examples(language) if row["intent"] not in {*RISKS, "human_agent"}]
    taken = [text for text in ordinary if rule_of(text) is not None]

    assert len(taken) <= 0.015 * len(ordinary), taken


@pytest.mark.parametrize(
    "text",
    [
        "人工", "转人工", "人 工", "真。人。", "轉人工客服", "我要human客服", "Human", "HUMAN!!!", "agent",
        "talk to a person",
        "I don’t want to talk to a bot", "human where is my order 1001", "我的订单到哪了，算了转人工", "ｈｕｍａｎ",
        "<b>human</b>", "hu\u200bman",
    ],
)  # fmt: skip
def test_words_for_a_person_always_win(text):
    assert rule_of(text) == Rule.PERSON


@pytest.mark.parametrize(
    "text",
    ["人工智能音箱有货吗", "这款包是人工皮革吗", "is this made of human hair", "where is my order", "退货流程是什么",
     "转接头有卖吗", "", "   ", "😀😀", "1001", "支付卡住了"],
)  # fmt: skip
def test_ordinary_words_stay_with_the_assistant(text):
    assert rule_of(text) is None


@pytest.mark.parametrize("text", [*ORDINARY_EN, *ORDINARY_ZH])
def test_words_about_orders_and_products_are_no_risk(text):
    assert rule_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "delete my order history", "remove my phone from your system", "cancel my order and delete my account",
        "please delete my account, it had order 12", "why do you have my number", "leaked my email and my address",
        "把这个号彻底关闭", "我的资料泄露了", "用户信息漏出去了", "录音删了没有", "你们存了我的护照",
    ],
)  # fmt: skip
def test_words_about_personal_data_still_are(text):
    assert rule_of(text) == Rule.DATA


def test_a_number_is_a_hotline_only_where_somebody_calls_it():
    assert rule_of("where is order 12345") is None
    assert rule_of("我的订单 12345 到哪了") is None
    assert rule_of("打12345投诉你们") == rule_of("12315见") == Rule.LEGAL


def test_who_may_be_hurt_comes_before_who_may_sue():
    assert rule_of("the heater exploded, my lawyer will call you") == Rule.INJURY
    assert rule_of("你们的水壶漏电，我要起诉，转人工") == Rule.INJURY


def test_the_end_of_a_long_message_is_read():
    assert rule_of("hello " * 1_600 + "I will sue you") == Rule.LEGAL
    assert rule_of("x" * READ_AT_MOST + " I will sue you") is None
