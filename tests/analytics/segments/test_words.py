"""Rules in words, in both languages."""

import pytest
from django.utils import translation

from analytics.segments import rules, words
from analytics.segments.fields import FIELDS, SETS, Type
from tests.factories import CategoryFactory, SegmentFactory, ShopProfileFactory

pytestmark = pytest.mark.django_db


def said(data, language="en"):
    with translation.override(language):
        return words.sentence(rules.parse(data))


@pytest.fixture(autouse=True)
def shop():
    ShopProfileFactory.create(base_currency="EUR")


def test_a_rule_reads_as_one_sentence_in_both_languages():
    top = CategoryFactory.create(name="Lamps", name_translations={"zh-hans": "灯具"})
    data = {
        "all": [
            {"field": "orders", "op": "gte", "value": 3},
            {"any": [
                {"field": "country", "op": "in", "value": ["DE", "FR"]},
                {"field": "revenue", "op": "gt", "value": 500},
            ]},
            {"not": {"field": "bought_category", "op": "in", "value": [top.public_id], "days": 30}},
        ]
    }  # fmt: skip

    assert said(data) == (
        "paid orders at least 3 and (country is Germany or France or revenue more than €500.00)"
        " and none of (bought Lamps in the last 30 days)"
    )
    assert said(data, "zh-hans") == (
        "已付款订单至少 3，且（国家/地区为“德国、法国”或收入多于 €500.00），且以下均不满足（最近 30 天内买过“灯具”）"
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"field": "last_day", "op": "within", "value": 90}, "last order in the last 90 days"),
        ({"field": "last_day", "op": "within", "value": 1}, "last order today"),
        ({"field": "last_day", "op": "longer_ago", "value": 30}, "last order 30 days ago or longer"),
        ({"field": "joined_at", "op": "since", "value": "2026-01-31"}, "customer since on 31 Jan 2026 or later"),
        ({"field": "orders", "op": "between", "value": [2, 5]}, "paid orders from 2 to 5"),
        ({"field": "churn_90", "op": "gte", "value": 0.7}, "churn risk, 90 days at least 70%"),
        ({"field": "has_email", "op": "is", "value": False}, "has no e-mail address"),
        ({"field": "birthday_month", "op": "in", "value": [5]}, "month of birthday is May"),
        ({"field": "rfm_segment", "op": "in", "value": ["new"]}, "RFM segment is New customers"),
        ({"field": "trait", "op": "not_in", "value": ["gold"], "kind": "tier"}, "trait tier is not gold"),
        ({"field": "viewed_product", "op": "in", "value": ["0" * 32]}, "looked at gone (00000000)"),
        (
            {"field": "country", "op": "in", "value": list("ABCDEFGH")},
            "country is A, B, C, D, E, F or 2 others",
        ),
        (
            {"not": {"all": [{"field": "orders", "op": "eq", "value": 1}] * 2}},
            "not all of (paid orders exactly 1 and paid orders exactly 1)",
        ),
    ],
)  # fmt: skip
def test_conditions_in_words(data, text):
    assert said(data) == text


def test_every_field_and_operator_has_words_without_english_in_chinese():
    segment = SegmentFactory.create(name="人群一")
    values = {
        "within": 7, "longer_ago": 7, "since": "2026-01-31", "before": "2026-01-31", "between": [0, 1], "is": True,
    }  # fmt: skip
    for field in FIELDS.values():
        for op in field.ops:
            value = values.get(op, 1)
            if op in SETS:
                value = {
                    Type.MONTH: [5], Type.RFM: ["champions"], Type.TRAIT: [1], Type.TEXT: ["中国"],
                }.get(field.type, [segment.public_id])  # fmt: skip
            data = {"field": field.key, "op": op, "value": value}
            if field.takes_kind:
                data["kind"] = "t"
            for days in (None, 30) if field.takes_days else (None,):
                if days:
                    data["days"] = days
                text = said(data, "zh-hans")
                plain = text.replace(segment.public_id[:8], "").replace("RFM", "")
                assert not any(letter.isascii() and letter.isalpha() and letter != "t" for letter in plain), text


def test_names_of_many_rules_are_read_with_one_query_for_each_kind(django_assert_num_queries):
    one = SegmentFactory.create()
    some = [rules.parse({"field": "segment", "op": "in", "value": [one.public_id]})] * 5

    with django_assert_num_queries(1):
        names = words.names_of(some)
        assert [words.sentence(rule, names) for rule in some] == [f"in the segment {one}"] * 5
