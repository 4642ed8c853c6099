"""Campaigns for programs of staff."""

import json

import pytest
from django.test import Client

from core.choices import Role
from core.jobs import execute
from core.models import Job
from marketing.campaigns import audiences
from marketing.effects import counting
from marketing.models import Campaign, MarketingSettings, Recipient
from tests.factories import SegmentFactory, StaffTokenFactory, StaffUserFactory
from tests.marketing.campaigns.conftest import TEXT, agreed, marketing_shop  # noqa: F401 (fixtures)
from tests.marketing.effects.conftest import spring  # noqa: F401 (fixture)

BASE = "/api/v1/staff/campaigns"
MESSAGE = {"subject": {"en": "Tea", "zh-hans": "茶"}, "preheader": {"en": "New", "zh-hans": "新"}, "body": TEXT}
pytestmark = pytest.mark.django_db


def caller(role=Role.MARKETER):
    person = StaffUserFactory.create(role=role)
    value = StaffTokenFactory.create(person=person).value

    def send(method, path="", body=None, **more):
        headers = {"Authorization": f"Bearer {value}", **more}
        kwargs = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(Client(), method)(f"{BASE}{path}", headers=headers, **kwargs)

    return send


@pytest.fixture
def call(marketing_shop):  # noqa: F811
    return caller()


def draft(**more):
    segment = SegmentFactory.create(rule={"field": "country", "op": "in", "value": ["CN"]})
    return {
        "name": "Autumn", "segment": segment.public_id, "channel": "sms", "holdout_percent": 20, "message": MESSAGE,
        "cost_per_message": "0.05", **more,
    }  # fmt: skip


def act(call, ident, name, **more):
    return call("post", f"/{ident}/acts", {"act": name, **more})


def test_a_campaign_goes_from_the_draft_to_running_and_is_paused_resumed_and_cancelled(call, agreed):  # noqa: F811
    for one in agreed(20):
        one.phone = "+86 138 0000 0000"
        one.save()
        one.consents.update(channel="sms")
    MarketingSettings.current()
    made = call("post", body=draft())
    assert made.status_code == 201, made.json()
    ident = made.json()["id"]
    assert (made.json()["state"], made.json()["holdout_share"], made.json()["acts"]) == (
        "draft", 0.2, ["check", "cancel"],
    )  # fmt: skip
    campaign = Campaign.objects.get()
    assert campaign.steps.get().template.subject == MESSAGE["subject"]

    checked = act(call, ident, "check")
    assert (checked.status_code, checked.json()["state"]) == (200, "checked"), checked.json()
    assert checked.json()["reach"]["reachable"] == 20
    assert act(call, ident, "approve").json()["state"] == "approved"
    assert act(call, ident, "plan").status_code == 200
    execute(Job.objects.get(kind="marketing.plan").pk)
    assert act(call, ident, "start").json()["state"] == "running"
    assert act(call, ident, "pause", note="Wait").json()["pause_reason"] == "Wait"
    assert act(call, ident, "resume").json()["state"] == "running"
    ended = act(call, ident, "cancel").json()

    assert (ended["state"], ended["acts"]) == ("cancelled", ["count"])
    assert ended["funnel"]["sent"] == 0
    assert not Recipient.objects.filter(state="planned").exists()
    assert list(campaign.events.order_by("pk").values_list("after", flat=True)) == [
        "checked", "approved", "planned", "running", "paused", "running", "cancelled",
    ]  # fmt: skip


def test_a_large_audience_is_counted_by_a_job(call, agreed, monkeypatch):  # noqa: F811
    for one in agreed(3):
        one.phone = "+86 138 0000 0000"
        one.save()
        one.consents.update(channel="sms")
    monkeypatch.setattr(audiences, "MOST_LIVE", 2)
    ident = call("post", body=draft()).json()["id"]

    asked = act(call, ident, "check")

    assert (asked.status_code, asked.json()["state"]) == (200, "draft")
    execute(Job.objects.get(kind="marketing.check").pk)
    assert call("get", f"/{ident}").json()["state"] == "checked"


def test_a_draft_with_something_to_mend_says_what_and_is_not_checked(call):
    ident = call("post", body=draft(segment=None) | {"segment": "0" * 32}).json()
    assert ident["code"] == "bad_input"

    body = draft()
    del body["segment"]
    made = call("post", body=body).json()
    assert {"level": "stop", "field": "audience", "text": "Choose an audience."} in made["findings"]
    refused = act(call, made["id"], "check")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    assert "Choose an audience." in refused.json()["findings"]
    assert Campaign.objects.get().state == "draft"


def test_what_does_not_follow_is_refused_and_changes_nothing(call):
    ident = call("post", body=draft()).json()["id"]

    for name in ("approve", "plan", "start", "pause", "resume", "draft", "count"):
        answer = act(call, ident, name)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state"), name
        assert answer["Content-Type"] == "application/problem+json"

    assert Campaign.objects.get().state == "draft"
    assert not Campaign.objects.get().events.exists()


def test_each_act_needs_its_right(call):
    ident = call("post", body=draft()).json()["id"]
    analyst, support = caller(Role.ANALYST), caller(Role.SUPPORT)

    assert analyst("get", f"/{ident}").json()["acts"] == []
    assert act(analyst, ident, "cancel").status_code == 403
    assert analyst("post", body=draft()).status_code == 403
    assert support("get").status_code == 403
    assert Campaign.objects.get().state == "draft"


def test_above_the_number_of_people_the_author_does_not_approve(call, agreed):  # noqa: F811
    for one in agreed(3):
        one.phone = "+86 138 0000 0000"
        one.save()
        one.consents.update(channel="sms")
    MarketingSettings.current()
    MarketingSettings.objects.update(second_person_above=2)
    ident = call("post", body=draft()).json()["id"]
    act(call, ident, "check")

    refused = act(call, ident, "approve")

    assert (refused.status_code, refused.json()["code"]) == (409, "second_person")
    assert act(caller(), ident, "approve").json()["state"] == "approved"


def test_the_same_key_writes_one_campaign(call):
    body = draft()
    for _again in range(2):
        assert call("post", body=body, **{"Idempotency-Key": "one"}).status_code == 201

    assert Campaign.objects.count() == 1


def test_what_cannot_be_read_is_refused_with_its_field(call):
    for more, field in (
        ({"name": ""}, "name"), ({"holdout_percent": 60}, "holdout_percent"), ({"message": {}}, "message"),
        ({"message": {**MESSAGE, "body": {"xx": "?"}}}, "message"), ({"channel": "fax"}, "channel"),
        ({"audience": "0" * 32}, "audience"), ({"cost_per_message": "-1"}, "cost_per_message"),
    ):  # fmt: skip
        answer = call("post", body=draft(**more))
        assert answer.status_code == 400, more
        assert field in json.dumps(answer.json())

    assert Campaign.objects.count() == 0


def test_the_list_is_read_by_pages_and_by_state_within_few_queries(call, django_assert_max_num_queries):
    for n in range(5):
        call("post", body=draft(name=f"C{n}"))
    Campaign.objects.filter(name="C1").update(state="done")
    with django_assert_max_num_queries(12):
        first = call("get", "?limit=3").json()

    assert [one["name"] for one in first["results"]] == ["C4", "C3", "C2"]
    after = first["next"].partition("?")[2]
    assert [one["name"] for one in call("get", f"?{after}").json()["results"]] == ["C1", "C0"]
    assert [one["name"] for one in call("get", "?state=done").json()["results"]] == ["C1"]
    assert call("get", "?state=nothing").status_code == 400


def test_the_detail_tells_the_funnel_and_the_effect_by_segment(spring, django_assert_max_num_queries):  # noqa: F811
    from core.experiments import looking

    campaign, segments = spring
    looking.look(campaign.experiment_id)
    counting.count(campaign)
    call = caller(Role.ANALYST)
    with django_assert_max_num_queries(12):
        told = call("get", f"/{campaign.public_id}").json()

    assert told["funnel"]["sent"] == 1
    found = told["effect"]
    assert found["verdict"] == "works"
    assert found["more_revenue"]["low"] < 0.2 * 30 * 1_500 / 2 < found["more_revenue"]["high"]
    assert [one["verdict"] for one in found["segments"]] == ["works", "open", "open", "few"]
    assert found["segments"][0]["segment"] == segments[0].public_id
    assert found["segments"][0]["against_others"] == "more"


def test_a_foreign_or_damaged_id_is_not_found(call):
    for ident in ("0" * 32, "ext:1", "x", "1"):
        assert call("get", f"/{ident}").status_code == 404
        assert act(call, ident, "check").status_code == 404
