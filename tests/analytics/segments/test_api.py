"""Segments for programs of staff."""

import json

import pytest
from django.test import Client

from analytics.models import Segment
from analytics.segments import keeping
from core.choices import Role
from tests.factories import (
    CustomerFactory,
    CustomerStatsFactory,
    SegmentFactory,
    ShopProfileFactory,
    StaffTokenFactory,
    StaffUserFactory,
)

BASE = "/api/v1/staff/segments"
BUYERS = {"all": [{"field": "orders", "op": "gte", "value": 1}]}
pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    ShopProfileFactory.create(base_currency="EUR")
    return StaffUserFactory.create(role=Role.ANALYST)


@pytest.fixture
def call(person):
    value = StaffTokenFactory.create(person=person).value

    def send(method, path="", body=None, **more):
        headers = {"Authorization": f"Bearer {value}", **more}
        kwargs = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(Client(), method)(f"{BASE}{path}", headers=headers, **kwargs)

    return send


def test_a_segment_is_made_read_and_changed(call, person):
    made = call("post", body={"name": "Buyers", "names": {"zh-hans": "买家"}, "rule": BUYERS})

    assert made.status_code == 201
    path = f"/{made.json()['id']}"
    segment = Segment.objects.get(kind="rule")
    assert (segment.owner, segment.public_id) == (person, made.json()["id"])
    read = call("get", path).json()
    assert (read["name"], read["rule"], read["version"], read["size"]) == ("Buyers", BUYERS, 1, None)
    assert read["sentence"] == "paid orders at least 1"
    chinese = call("get", f"{path}?lang=zh-hans").json()
    assert (chinese["name"], chinese["sentence"]) == ("买家", "已付款订单至少 1")

    again = {"all": [{"field": "orders", "op": "gte", "value": 2}]}
    changed = call("put", path, {"name": "Two and more", "rule": again, "version": 1})
    assert (changed.status_code, changed.json()["version"], changed.json()["rule"]) == (200, 2, again)
    late = call("put", path, {"name": "Late", "rule": BUYERS, "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")


def test_the_same_key_makes_one_segment(call):
    for _again in range(2):
        answer = call("post", body={"name": "Once", "rule": BUYERS}, **{"Idempotency-Key": "one"})
        assert answer.status_code == 201

    assert Segment.objects.filter(kind="rule").count() == 1


def test_the_list_is_in_pages_and_by_kind(call):
    for number in range(3):
        SegmentFactory.create(name=f"S{number}")

    first = call("get", "?kind=rule&limit=2").json()
    rest = call("get", first["next"].partition(BASE)[2]).json()

    assert [row["name"] for row in first["results"]] == ["S2", "S1"]
    assert ([row["name"] for row in rest["results"]], rest["next"]) == (["S0"], None)
    assert {row["key"] for row in call("get", "?kind=rfm&limit=100").json()["results"]} >= {"champions", "new"}
    assert call("get", "?kind=nonsense").status_code == 400


def test_a_rule_is_counted_without_writing_anything(call):
    CustomerStatsFactory.create()
    CustomerFactory.create()

    answer = call("post", "/count", {"rule": BUYERS}).json()

    assert (answer["count"], answer["is_estimate"], answer["notes"]) == (1, False, [])
    assert not Segment.objects.filter(kind="rule").exists()


def nested(levels):
    rule = {"field": "orders", "op": "gte", "value": 1}
    for _level in range(levels):
        rule = {"all": [rule]}
    return rule


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        (nested(6), 422, "bad_rule"),
        (nested(50), 400, "too_deep"),
        ({"field": "password", "op": "in", "value": ["x"]}, 422, "bad_rule"),
        ({"field": "orders", "op": "gte", "value": "3 OR 1=1"}, 422, "bad_rule"),
        ({"field": "country", "op": "in", "value": [str(n) for n in range(10_000)]}, 422, "bad_rule"),
        ([], 422, "bad_rule"),
        (None, 400, "validation_failed"),
        ("all", 422, "bad_rule"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_in_words(call, rule, status, code):
    answer = call("post", "/count", {"rule": rule})

    assert answer.status_code == status, answer.json()
    if status == 422:
        assert answer.json()["code"] == code
    assert answer.json()["detail"]


def test_members_are_those_of_now_in_pages(call):
    segment = SegmentFactory.create(rule=BUYERS)
    people = [CustomerStatsFactory.create(customer__name=f"P{n}", revenue=n).customer for n in range(3)]
    CustomerFactory.create(name="Not a buyer")

    first = call("get", f"/{segment.public_id}/members?limit=2").json()
    rest = call("get", first["next"].partition(BASE)[2]).json()

    assert [row["name"] for row in first["results"]] == ["P2", "P1"]
    assert [(row["id"], row["orders"], row["revenue"]) for row in rest["results"]] == [(people[0].public_id, 1, "0.00")]
    assert "email" not in first["results"][0]


def test_what_is_private_or_unknown_is_404(call, person):
    other = SegmentFactory.create(is_shared=False)
    mine = SegmentFactory.create(is_shared=False, owner=person)

    for path in (f"/{other.public_id}", f"/{other.public_id}/members", "/unknown", "/ext:1", f"/{'0' * 32}"):
        assert call("get", path).status_code == 404, path
    assert call("put", f"/{other.public_id}", {"name": "Mine now"}).status_code == 404
    assert call("get", f"/{mine.public_id}").status_code == 200


def test_named_segments_take_a_name_and_no_rule(call):
    path = f"/{Segment.objects.get(key='champions').public_id}"

    assert call("put", path, {"name": "The best"}).json()["name"] == "The best"
    assert call("put", path, {"name": "The best", "rule": BUYERS}).status_code == 422


def test_a_counted_segment_tells_size_and_revenue(call):
    CustomerStatsFactory.create(revenue=40)
    segment = SegmentFactory.create(rule=BUYERS)
    keeping.keep()

    row = call("get", f"/{segment.public_id}").json()

    assert (row["size"], row["revenue"], row["revenue_share"]) == (1, "40.00", 1.0)
