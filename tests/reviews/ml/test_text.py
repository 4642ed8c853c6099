import time
from datetime import UTC, datetime

import pytest

from catalog.services.orders import _new_number
from reviews.ml.text import LONGEST, clauses, has_contact, masked, normalise, words


def pieces(text):
    return [text[span.start : span.end] for span in clauses(text)]


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("", ""),
        (" \t\r\n\u3000 ", ""),
        ("這個手機很好看，質量也不錯！", "这个手机很好看,质量也不错!"),
        ("ＡＢＣ１２３ Ｇｏｏｄ", "abc123 good"),
        ("a\u200bb\u2060c\ufeff\x00d\ud800e\u202ef", "abcdef"),
        ("好好好好好好吃！！！！！！", "好好好吃!!!"),
        ("sooooooo hahahahahaha", "sooo hahaha"),
        ("1000000.5 yuan for 88888", "[number].5 yuan for 88888"),
        ("<script>alert('x')</script><b onclick=x>Nice</b> &amp; cheap", "nice & cheap"),
        ("3 < 5 and 7 > 6", "3 < 5 and 7 > 6"),
        ("😀👍🏽 OK ❤️", "😀👍🏽 ok ❤"),
    ],
)
def test_texts_are_read_in_one_form(raw, read):
    assert normalise(raw) == read


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("write to Ann.Lee+x@mail.example.com now", "write to [mail] now"),
        ("see https://a.example/b?c=1 or www.shop.example", "see [link] or [link]"),
        ("打13812345678或138-1234-5678", "打[phone]或[phone]"),
        ("call +44 7700 900123 or (555) 010-9999", "call [phone] or [phone]"),
        ("加微信：abc_12345领红包", "加微信：[account]领红包"),
        ("订单号2023110512345678，快递SF1234567890123", "订单号[number]，快递[number]"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("240-250元，1917--1960年，iphone12 256gb，12,000元", "240-250元，1917--1960年，iphone12 256gb，12,000元"),
    ],
)
def test_personal_data_and_long_numbers_give_way_to_what_they_were(raw, read):
    assert masked(raw) == read


@pytest.mark.parametrize("around", ["order {} broke", "订单{}坏了", "Nr.{}, {}"])
def test_the_shops_own_order_numbers_give_way_whole(around):
    drawn = [_new_number(datetime(2026, 11, 27, tzinfo=UTC)) for _each in range(200)]
    for number in [*drawn, "261127-6QQ23456", "261127-VX345678"]:
        assert masked(around.replace("{}", number)) == around.replace("{}", "[number]")
        assert masked(around.replace("{}", number.lower())) == around.replace("{}", "[number]")


def test_contacts_are_noticed():
    assert has_contact("加我vx: shop8888")
    assert not has_contact("微信支付很方便，38码 99元")


@pytest.mark.parametrize(
    "unit", ["好评", "a", "1", "<", "a1", "1-", "@", ". ", "&lt;", "😀", "www.", "a@", "<script>", "ab ", "\n", "，"]
)
def test_a_megabyte_of_anything_is_read_at_once_and_cut(unit):
    text = unit * (1_000_000 // len(unit))

    started = time.process_time()
    read = normalise(text)
    found = clauses(read)

    assert len(read) <= LONGEST
    assert all(0 <= span.start < span.end <= len(read) for span in found)
    # Not a measure of speed: a pattern that tries everything would need minutes.
    assert time.process_time() - started < 5.0


def test_clauses_end_at_signs_and_words_of_contrast():
    assert pieces("质量很好,就是物流慢。但是客服不错") == ["质量很好", "就是物流慢", "但是客服不错"]
    assert pieces("nice fabric but too small. 3.5 stars, $12,000!") == [
        "nice fabric", "but too small", "3.5 stars", "$12,000",
    ]  # fmt: skip
    assert pieces("好看 便宜 👍") == ["好看", "便宜 👍"]
    assert pieces("...!!!") == []


def test_words_are_those_of_the_search_and_stop_words_can_be_left_out():
    assert words("这个手机很好看 and it's nice") == ["这个", "手机", "很", "好看", "and", "it's", "nice"]
    assert words("这个手机很好看 and a case", without_stop_words=True) == ["手机", "好看", "case"]
