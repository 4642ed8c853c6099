"""The form of a rule: what is taken, what is refused and where, and that nothing is lost on the way."""

import json

import pytest
from django.utils import translation

from analytics.ml import rfm
from analytics.segments import fields, named, rules
from analytics.segments.rules import BadRule, Condition, Group

ORDERS = {"field": "orders", "op": "gte", "value": 3}
BIG = {"field": "revenue", "op": "gt", "value": 99.5}


def nested(levels, inner=ORDERS):
    for _level in range(levels):
        inner = {"all": [inner]}
    return inner


def refusal(data):
    with pytest.raises(BadRule) as caught:
        rules.parse(data)
    return str(caught.value.message), caught.value.extra["path"]


def test_a_tree_is_read_and_written_back():
    data = {"all": [ORDERS, {"any": [BIG, {"field": "country", "op": "in", "value": ["DE", "FR"]}]}]}

    rule = rules.parse(data)

    assert rule == Group(
        "all",
        (
            Condition("orders", "gte", 3),
            Group("any", (Condition("revenue", "gt", 99.5), Condition("country", "in", ["DE", "FR"]))),
        ),
    )
    assert rules.dump(rule) == data
    assert rules.parse(rules.dump(rule)) == rule


def test_not_and_its_group_are_one_part():
    none, not_all = {"not": {"any": [ORDERS, BIG]}}, {"not": {"all": [ORDERS, BIG]}}

    assert (rules.parse(none).mode, rules.parse(not_all).mode) == ("none", "not_all")
    assert (rules.dump(rules.parse(none)), rules.dump(rules.parse(not_all))) == (none, not_all)
    assert rules.dump(rules.parse({"not": ORDERS})) == {"not": {"any": [ORDERS]}}


def test_a_single_condition_is_a_rule():
    assert rules.parse(ORDERS) == Group("all", (Condition("orders", "gte", 3),))


def test_five_groups_inside_each_other_are_taken_and_six_are_not():
    assert rules.parse(nested(5))

    assert refusal(nested(6)) == ("A rule may have at most 5 groups inside each other.", "0.0.0.0.0")


@pytest.mark.parametrize("levels", [50, 5_000])
@pytest.mark.parametrize("word", ["all", "any", "not"])
def test_a_rule_of_any_depth_is_refused_in_words(levels, word):
    data = ORDERS
    for _level in range(levels):
        data = {word: data if word == "not" else [data]}

    assert refusal(data)[0] == "A rule may have at most 5 groups inside each other."


def test_text_that_is_no_rule_is_refused_also_when_it_is_too_deep_to_be_read():
    for text in ("", "{", "[" * 100_000, "null", "3", json.dumps(nested(50))):
        with pytest.raises(BadRule):
            rules.parse_text(text)


def test_fifty_conditions_are_taken_and_one_more_is_not():
    assert len(list(rules.conditions(rules.parse({"any": [ORDERS] * 50})))) == 50

    assert refusal({"any": [ORDERS] * 51})[0] == "A rule may have at most 50 conditions."
    assert refusal({"all": [{"any": [ORDERS] * 26}, {"any": [ORDERS] * 25}]})[0].startswith(
        "A rule may have at most 50"
    )


@pytest.mark.parametrize(
    ("data", "message", "path"),
    [
        ({}, "Each part of a rule is a condition or a group.", ""),
        ([], "Each part of a rule is a condition or a group.", ""),
        ({"all": [ORDERS], "any": [ORDERS]}, "Each part of a rule is a condition or a group.", ""),
        ({"all": []}, "A group has at least one condition.", ""),
        ({"all": [{"any": []}]}, "A group has at least one condition.", "0"),
        ({"all": {"field": "orders"}}, "A group holds a list of conditions and groups.", ""),
        ({"all": [ORDERS, "orders > 3"]}, "Each part of a rule is a condition or a group.", "1"),
        ({"field": "password", "op": "in", "value": ["x"]}, "There is no field “password” to ask for.", ""),
        ({"field": "stats__orders", "op": "gte", "value": 1}, "There is no field “stats__orders” to ask for.", ""),
        ({"field": ["orders"], "op": "gte", "value": 1}, "There is no field “['orders']” to ask for.", ""),
        (ORDERS | {"sql": "1=1"}, "Not part of a condition: sql.", ""),
        (ORDERS | {"days": 3}, "“Paid orders” takes no more than a value.", ""),
        (ORDERS | {"op": "regex"}, "“Paid orders” is asked with one of: gte, lte, gt, lt, eq, between.", ""),
        (ORDERS | {"op": None}, "“Paid orders” is asked with one of: gte, lte, gt, lt, eq, between.", ""),
    ],
)
def test_what_is_not_allowed_is_named(data, message, path):
    assert refusal(data) == (message, path)


@pytest.mark.parametrize(
    ("field", "op", "value", "reason"),
    [
        ("orders", "gte", "3", "a number is wanted."),
        ("orders", "gte", True, "a number is wanted."),
        ("orders", "gte", None, "a number is wanted."),
        ("orders", "gte", 2.5, "a whole number is wanted."),
        ("orders", "gte", -1, "the number must not be below 0."),
        ("orders", "gte", float("nan"), "a number is wanted."),
        ("orders", "gte", float("inf"), "a number is wanted."),
        ("orders", "gte", 10**30, "the number may be at most 1e+12."),
        ("orders", "between", [1], "two numbers are wanted."),
        ("orders", "between", [3, 1], "the first number must not be larger than the second."),
        ("churn_90", "gte", 1.5, "the number may be at most 1."),
        ("recency", "eq", 6, "the number may be at most 5."),
        ("last_day", "within", 0, "a number of days from 1 to 36500 is wanted."),
        ("last_day", "since", "31.1.2026", "a day such as 2026-01-31 is wanted."),
        ("last_day", "since", "2026-02-30", "a day such as 2026-01-31 is wanted."),
        ("last_day", "since", "9999-01-01", "a day such as 2026-01-31 is wanted."),
        ("country", "in", "DE", "a list of values is wanted."),
        ("country", "in", [], "at least one value is wanted."),
        ("country", "in", [1], "texts of at most 120 characters are wanted."),
        ("country", "in", ["a\x00b"], "texts of at most 120 characters are wanted."),
        ("country", "in", ["\ud800"], "texts of at most 120 characters are wanted."),
        ("country", "in", ["x" * 121], "texts of at most 120 characters are wanted."),
        ("birthday_month", "in", [13], "months from 1 to 12 are wanted."),
        ("has_email", "is", "yes", "yes or no is wanted."),
        ("segment", "in", ["1; DROP TABLE"], "IDs of 32 hexadecimal digits are wanted."),
        ("rfm_segment", "in", [{"a": 1}], "names of RFM segments are wanted: " + ", ".join(named.RFM) + "."),
    ],
)
def test_a_value_of_another_type_is_refused_in_words(field, op, value, reason):
    assert refusal({"field": field, "op": op, "value": value})[0].partition(": ")[2] == reason


def test_a_list_of_ten_thousand_values_is_refused():
    message, _path = refusal({"field": "country", "op": "in", "value": [f"C{n}" for n in range(10_000)]})

    assert message == "Country: a list has at most 200 values, this one has 10000."


def test_a_trait_says_which_and_days_are_days():
    trait = {"field": "trait", "op": "in", "value": ["gold", 3, True], "kind": "tier"}

    assert rules.dump(rules.parse(trait)) == {"all": [trait]}
    assert refusal(trait | {"kind": "Tier; --"})[0] == "Trait: say which trait."
    bought = {"field": "bought_brand", "op": "in", "value": ["0" * 32], "days": "30"}
    assert refusal(bought)[0] == "Bought from the brand: a number of days from 1 to 36500 is wanted."


def test_the_fingerprint_tells_rules_apart_but_not_their_order():
    one = rules.parse({"all": [ORDERS, BIG, {"field": "country", "op": "in", "value": ["DE", "FR"]}]})
    same = rules.parse({"all": [{"field": "country", "op": "in", "value": ["FR", "DE"]}, {"any": [BIG]}, ORDERS]})
    other = rules.parse({"any": [ORDERS, BIG, {"field": "country", "op": "in", "value": ["DE", "FR"]}]})
    between = [rules.parse({"field": "orders", "op": "between", "value": value}) for value in ([1, 2], [1, 3])]

    assert rules.fingerprint(one) == rules.fingerprint(same)
    assert rules.fingerprint(one) != rules.fingerprint(other)
    assert rules.fingerprint(between[0]) != rules.fingerprint(between[1])


def test_the_address_carries_the_rule_and_a_name():
    address = rules.rule_address(ORDERS, "Three and more")

    assert address.startswith("/admin/analytics/segment/add/?rule=%7B%22all%22")
    assert address.endswith("&name=Three+and+more")
    long = {"field": "country", "op": "in", "value": [f"{n:0100}" for n in range(200)]}
    assert rules.rule_address(long) == ""


def test_names_of_rfm_segments_are_those_that_the_mathematics_gives():
    assert tuple(named.RFM) == rfm.SEGMENTS


def test_every_field_has_operators_and_a_title_in_both_languages():
    for language in ("en", "zh-hans"):
        with translation.override(language):
            titles = [str(field.title) for field in fields.FIELDS.values()]
            assert all(titles)
            assert len(set(titles)) == len(titles)
    assert all(field.ops for field in fields.FIELDS.values())
