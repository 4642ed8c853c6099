"""Audiences: what finds their customers, how they are counted, and their staff pages."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from analytics.models import ScoreRun
from core.choices import Role
from core.exceptions import BadInput
from core.jobs import execute, run_now
from core.models import Job, ModelVersion
from marketing.campaigns import audiences, checking, lifecycle
from marketing.models import Audience, AudienceMember, Campaign
from tests.factories import (
    AudienceFactory,
    CustomerFactory,
    CustomerScoreFactory,
    ModelVersionFactory,
    SegmentFactory,
    StaffUserFactory,
    UpliftScoreFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(marketing_shop):
    def sign_in(role: Role = Role.MARKETER) -> Client:
        client = Client()
        client.force_login(StaffUserFactory.create(role=role))
        return client

    return sign_in


@pytest.fixture
def small(monkeypatch):
    """A shop in which four people are many."""
    monkeypatch.setattr(audiences, "MOST_LIVE", 3)


def keys(audience: Audience) -> list[int]:
    return sorted(audiences.customers_of(audience).values_list("pk", flat=True))


def of_form(name: str) -> str:
    return reverse("admin:marketing_audience_add") + f"?way={name}"


# --- by a score -------------------------------------------------------------------------------------------------------


def test_the_highest_share_and_a_limit_find_whom_the_score_says(marketing_shop):
    people = [CustomerScoreFactory.create(churn_90=n / 10, value=Decimal(100 * n)).customer for n in range(10)]
    CustomerScoreFactory.create()  # no score
    top = audiences.of_score("Top", {"score": "churn", "way": "top", "limit": "0.2"})
    above = audiences.of_score("Above", {"score": "value", "way": "above", "limit": "700"})
    below = audiences.of_score("Below", {"score": "churn", "way": "below", "limit": "0.2"})
    assert keys(top) == [people[8].pk, people[9].pk]
    assert keys(above) == [people[7].pk, people[8].pk, people[9].pk]
    assert keys(below) == [people[0].pk, people[1].pk]


@pytest.mark.parametrize(
    "said", [{"score": "shoe_size", "way": "top", "limit": 0.2}, {"score": "churn", "way": "nearby", "limit": 0.2},
             {"score": "churn", "way": "top", "limit": 0}, {"score": "churn", "way": "above", "limit": 2},
             {"score": "value", "way": "top", "limit": "NaN"}],
)  # fmt: skip
def test_a_score_that_says_nothing_makes_no_audience(marketing_shop, said):
    with pytest.raises(BadInput):
        audiences.of_score("Score", said)
    assert not Audience.objects.exists()


def test_whom_messages_move_is_chosen_only_while_the_guard_says_so(marketing_shop):
    with pytest.raises(BadInput, match="No reliable ranking"):
        audiences.of_uplift("Moved", "0.5")
    version = ModelVersionFactory.create(kind="uplift", state="active", report={"guard": "use"})
    scores = [UpliftScoreFactory.create(model_version=version, value=n) for n in range(4)]

    made = audiences.of_uplift("Moved", "0.5")

    assert keys(made) == [scores[2].customer_id, scores[3].customer_id]
    found = audiences.evidence(made)
    assert (found.version, found.as_of, found.problem) == (version, scores[3].as_of, "")
    ModelVersion.objects.update(state="retired")
    with pytest.raises(BadInput, match="No reliable ranking"):
        audiences.customers_of(made)
    assert "No reliable ranking" in audiences.evidence(made).problem


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_long_list_is_read_by_a_job_and_lines_without_a_customer_can_be_fetched(small, staff, agreed):
    people = agreed(4)
    client = staff()
    text = "\n".join([one.public_id for one in people] + ["=cmd()", "nobody@shop.example"])

    answer = client.post(of_form("upload"), {"name": "List", "list": text})

    made = Audience.objects.get()
    assert made.size is None
    assert "being read" in lifecycle._problem_of(made)
    execute(Job.objects.get(kind="marketing.list").pk)
    made.refresh_from_db()
    assert (made.size, made.definition) == (4, {"lines": 6, "missing": 2})
    run_now("marketing.tasks.read_audience_list", audience_id=made.pk)
    assert AudienceMember.objects.count() == 4
    assert "2 lines of the list named nobody." in client.get(answer.url).content.decode()
    lines = client.get(reverse("admin:marketing_audience_lines", args=[made.pk]))
    assert b"".join(lines).decode() == "\ufeff'=cmd()\r\nnobody@shop.example\r\n"
    assert staff(Role.ANALYST).get(reverse("admin:marketing_audience_lines", args=[made.pk])).status_code == 403


@pytest.mark.parametrize(
    ("raw", "said"), [("李娜,x\r\n".encode("gb18030"), 1), (b"\xef\xbb\xbfana\n\n", 1), (b"\xff\xfe\x00\x01\xff", None),
                      (b"\n\n", None)],
)  # fmt: skip
def test_files_are_read_in_their_encoding_or_refused(staff, raw, said):
    answer = staff().post(of_form("upload"), {"name": "List", "file": SimpleUploadedFile("list.csv", raw)})
    assert answer.status_code == (302 if said else 200)
    assert Audience.objects.count() == (1 if said else 0)


def test_a_list_that_is_too_long_is_refused(marketing_shop, monkeypatch):
    with pytest.raises(BadInput):
        audiences.of_upload("List", "x" * (audiences.LONGEST_UPLOAD + 1))
    monkeypatch.setattr(audiences, "MOST_UPLOADED", 2)
    with pytest.raises(BadInput):
        audiences.of_upload("List", "a\nb\nc")
    assert not Audience.objects.exists()


# --- counting ---------------------------------------------------------------------------------------------------------


def test_many_are_counted_by_a_job_and_few_at_once(small, staff, agreed):
    agreed(3)
    client = staff()
    segment = SegmentFactory.create(rule={"field": "country", "op": "in", "value": ["CN"]})
    client.post(of_form("segment"), {"segment": segment.pk})
    made = Audience.objects.get()
    address = reverse("admin:marketing_audience_count", args=[made.pk])

    client.post(address, {"purpose": "offers", "channel": "email"})
    made.refresh_from_db()
    assert made.counts == {"purpose": "offers", "channel": "email", "all": 3, "reachable": 3}
    assert not Job.objects.exists()

    CustomerFactory.create(country="CN", email="no@shop.example")
    client.post(address, {"purpose": "offers", "channel": "email"})
    client.post(address, {"purpose": "offers", "channel": "email"})
    execute(Job.objects.get(kind="marketing.count").pk)
    made.refresh_from_db()
    assert made.counts == {"purpose": "offers", "channel": "email", "all": 4, "reachable": 3, "no_consent": 1}
    assert made.size == 4


def test_the_card_of_a_large_audience_asks_until_the_job_has_counted(small, staff, agreed, campaign):
    agreed(4)
    made = campaign()
    client = staff()
    said = {"audience": f"segment:{made.audience.segment_id}", "purpose": "offers", "channel": "email", "holdout": "0"}
    address = reverse("admin:marketing_campaign_reach")

    page = client.post(address, said).content.decode()
    assert "every 3s" in page
    assert "can be reached" not in page
    execute(Job.objects.get(kind="marketing.count").pk)
    page = client.post(address, said).content.decode()

    assert "4 of 4 can be reached" in page
    assert "every 3s" not in page
    assert Job.objects.count() == 1


def test_a_large_audience_is_checked_by_a_job(small, staff, agreed, campaign):
    agreed(4)
    made, person = campaign(), StaffUserFactory.create()
    assert checking.ask(made, by=person) is not None
    made.refresh_from_db()
    assert made.state == "draft"
    page = staff().get(reverse("admin:marketing_campaign_change", args=[made.pk])).content.decode()
    assert "Being checked" in page
    assert "Check campaign" not in page

    execute(Job.objects.get(kind="marketing.check").pk)

    made.refresh_from_db()
    assert (made.state, made.checked_by, made.counts) == ("checked", person, {"all": 4, "reachable": 4})


def test_a_draft_that_was_changed_while_it_was_counted_is_checked_again(small, staff, agreed, campaign, monkeypatch):
    agreed(4)
    made = campaign()
    checking.ask(made, by=None)
    count = lifecycle.count

    def counted(*args, **more):
        Campaign.objects.filter(pk=made.pk).update(name="Other", updated_at=timezone.now())
        return count(*args, **more)

    monkeypatch.setattr(lifecycle, "count", counted)
    job = Job.objects.get(kind="marketing.check")
    execute(job.pk)
    job.refresh_from_db()
    made.refresh_from_db()
    assert (made.state, job.result) == ("draft", {"refused": "changed"})
    assert "check it again" in staff().get(reverse("admin:marketing_campaign_change", args=[made.pk])).content.decode()


def test_an_empty_audience_is_refused_at_the_check(small, marketing_shop, campaign):
    made = campaign()
    with pytest.raises(lifecycle.NotReady, match="Nobody"):
        checking.ask(made, by=None)
    made.refresh_from_db()
    assert made.state == "draft"


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_list_stays_within_twelve_queries(staff, agreed, campaign, django_assert_max_num_queries):
    for number in range(6):
        AudienceFactory.create(name=f"Tea {number}", definition={"lines": 3})
        campaign()
    client = staff()
    address = reverse("admin:marketing_audience_changelist")
    client.get(address)
    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()
    assert page.count("Tea ") >= 6


def test_an_audience_is_called_like_its_segment_in_the_readers_language_until_somebody_renames_it(marketing_shop):
    segment = SegmentFactory.create(name="Champions", name_translations={"en": "Champions", "zh-hans": "最佳客户"})
    made = audiences.of_segment(segment)

    with translation.override("zh-hans"):
        assert str(made) == "最佳客户"
        made.name = "Tea lovers"
        assert str(made) == "Tea lovers"
    with translation.override("en"):
        assert str(Audience.objects.get()) == "Champions"


@pytest.mark.parametrize(
    "said", [{"score": "churn", "way": "top", "limit": 0.25}, {"score": "value", "way": "above", "limit": 200.0}]
)
def test_an_audience_by_a_score_says_as_of_when_and_by_which_version(staff, said):
    made = audiences.of_score("Leaving", said)
    page = staff().get(reverse("admin:marketing_audience_change", args=[made.pk])).content.decode()
    assert "Nobody has this score yet." in page


def test_every_way_has_its_form_and_the_rule_is_built_as_for_segments(staff, agreed):
    client = staff()
    agreed(2)
    for name in ("rule", "segment", "score", "uplift", "upload", "nonsense"):
        assert client.get(of_form(name)).status_code == 200
    assert "No reliable ranking" in client.get(of_form("uplift")).content.decode()
    answer = client.post(
        of_form("rule"),
        {"name": "China", "mode.r": "all", "node": "r.0", "field.r.0": "country", "op.r.0": "in", "value.r.0": "CN"},
    )
    made = Audience.objects.get()
    assert answer.url == reverse("admin:marketing_audience_change", args=[made.pk])
    assert len(keys(made)) == 2
    page = client.get(answer.url).content.decode()
    assert "Write a campaign" in page
    start = client.get(reverse("admin:marketing_campaign_add") + f"?audience={made.pk}")
    assert start.context["form"].initial["audience"] == f"audience:{made.pk}"


def test_an_audience_that_was_checked_with_is_not_changed_and_a_used_one_not_deleted(staff, agreed, campaign):
    agreed(2)
    made = campaign()
    own = audiences.of_rule("China", {"field": "country", "op": "in", "value": ["CN"]})
    lifecycle.change(made, audience=own)
    lifecycle.mark_checked(made, by=None)
    client = staff()
    address = reverse("admin:marketing_audience_edit", args=[own.pk])
    said = {"name": "Asia", "mode.r": "all", "node": "r.0", "field.r.0": "country", "op.r.0": "in", "value.r.0": "JP"}
    assert "take that back to the draft" in client.post(address, said).content.decode()
    own.refresh_from_db()
    assert own.name == "China"
    lifecycle.back_to_draft(made, by=None)
    assert client.post(address, said).status_code == 302
    own.refresh_from_db()
    assert own.name == "Asia"
    assert client.post(reverse("admin:marketing_audience_delete", args=[own.pk]), {"post": "yes"}).status_code == 403


def test_who_may_only_look_changes_nothing(staff, agreed):
    made = AudienceFactory.create(counted_at=timezone.now() - timedelta(days=1))
    client = staff(Role.ANALYST)
    page = client.get(reverse("admin:marketing_audience_change", args=[made.pk])).content.decode()
    assert "Edit audience" not in page
    for name in ("edit", "count"):
        assert client.post(reverse(f"admin:marketing_audience_{name}", args=[made.pk])).status_code == 403
    assert client.get(of_form("rule")).status_code == 403


@pytest.mark.parametrize(("score", "problem"), [("churn_30", ""), ("churn", "Nobody has this score yet.")])
def test_a_young_shop_chooses_by_the_days_of_churn_that_were_learned(score, problem):
    likely = CustomerScoreFactory.create(churn_30=0.9, churn_60=None, churn_90=None)
    CustomerScoreFactory.create(churn_30=0.2, churn_60=None, churn_90=None)
    version = ModelVersionFactory.create(kind="customer_churn")
    ScoreRun.objects.create(
        kind="churn", as_of="2026-01-05", model_version=version, finished_at=timezone.now(),
        figures={"bins": {"churn_30": [0] * 20}},
    )  # fmt: skip

    made = audiences.of_score("Leaving", {"score": score, "way": "above", "limit": "0.5"})

    assert audiences.evidence(made).problem == problem
    assert keys(made) == ([] if problem else [likely.customer_id])
