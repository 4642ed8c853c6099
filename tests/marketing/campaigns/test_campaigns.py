"""From a draft to what a campaign brought."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from catalog.models import Customer
from core.choices import Role
from core.exceptions import DomainError
from core.experiments import looking
from core.jobs import execute, run_now
from core.models import Experiment, ExperimentArm, Exposure, Job
from core.shop import forget_shop
from marketing import addresses
from marketing.campaigns import audiences, effect, eligibility, funnels, lifecycle, planning
from marketing.models import (
    AudienceMember,
    Campaign,
    CampaignEvent,
    Consent,
    MarketingSettings,
    Recipient,
    Restriction,
    Suppression,
)
from tests.factories import ConsentFactory, CustomerFactory, MessageEventFactory, OrderFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
State = Campaign.State


def planned(made: Campaign) -> Campaign:
    """Checked, approved and planned."""
    lifecycle.mark_checked(made, by=made.created_by)
    lifecycle.approve(made, by=StaffUserFactory.create())
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    made.refresh_from_db()
    return made


def test_everybody_who_cannot_be_reached_has_the_first_reason_that_holds(agreed, campaign, marketing_shop):
    people = agreed(9)
    ConsentFactory.create(customer=CustomerFactory.create(email="", country="CN"))
    ConsentFactory.create(customer=CustomerFactory.create(email="not an address", country="CN"))
    Consent.objects.filter(customer=people[0]).update(state="withdrawn")
    Consent.objects.filter(customer=people[1]).update(state="pending")
    Consent.objects.filter(customer=people[2]).update(purpose="news")
    Suppression.objects.create(
        channel="email", address_hash=addresses.hash_of("email", "ANA3@shop.example"), reason="bounce",
        at=timezone.now(),
    )  # fmt: skip
    Restriction.objects.create(customer=people[4], since=timezone.now())
    for number in range(3):
        Recipient.objects.create(
            customer=people[5], key=f"k{number}", purpose="offers", channel="email", state="sent",
            due_at=timezone.now(), claimed_at=timezone.now() - timedelta(days=1),
        )  # fmt: skip
    made = campaign()

    said = lifecycle.count(made)

    assert said == {
        "all": 11, "reachable": 3, "no_consent": 3, "no_address": 2, "suppressed": 1, "restricted": 1, "capped": 1,
    }  # fmt: skip
    made.refresh_from_db()
    assert made.counts == said


def test_messages_longer_ago_than_the_cap_asks_for_do_not_count(agreed, campaign):
    person = agreed(1)[0]
    for number in range(3):
        Recipient.objects.create(
            customer=person, key=f"k{number}", purpose="offers", channel="email", state="sent", due_at=timezone.now(),
            claimed_at=timezone.now() - timedelta(days=8),
        )  # fmt: skip
    assert lifecycle.count(campaign())["reachable"] == 1
    assert lifecycle.count(campaign(cap_messages=3, cap_days=9))["capped"] == 1


def test_the_shops_holdout_gets_nothing_and_takes_no_part(agreed, campaign, marketing_shop):
    agreed(200)
    marketing_shop.holdout_percent = 20
    marketing_shop.save()
    forget_shop()
    made = planned(campaign())
    held = Recipient.objects.filter(campaign=made, skip_reason="holdout", is_holdout=False).count()
    assert 20 <= held <= 60
    assert Exposure.objects.filter(experiment=made.experiment).count() == 200 - held


def test_a_plan_writes_one_row_for_each_person_and_twice_writes_nothing_twice(agreed, campaign):
    agreed(60)
    CustomerFactory.create(name="Nobody asked", email="b@shop.example", country="CN")
    made = planned(campaign())

    assert made.state == State.PLANNED
    rows = Recipient.objects.filter(campaign=made)
    assert rows.count() == 61
    held = rows.filter(is_holdout=True)
    assert set(held.values_list("state", "skip_reason", "arm")) == {("skipped", "holdout", "control")}
    assert rows.filter(skip_reason="no_consent").count() == 1
    going = rows.filter(state="planned")
    assert going.count() == 60 - held.count()
    assert set(going.values_list("arm", "language", "template_version")) == {
        ("a", "en", made.steps.get().template_version_id)
    }
    assert made.counts["reachable"] == 60
    assert made.counts["drawn"] == held.count()
    assert Exposure.objects.filter(experiment=made.experiment).count() == 60
    before = list(rows.order_by("pk").values_list("pk", "arm", "due_at"))

    Campaign.objects.filter(pk=made.pk).update(state=State.APPROVED)
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)

    assert list(rows.order_by("pk").values_list("pk", "arm", "due_at")) == before
    assert Exposure.objects.filter(experiment=made.experiment).count() == 60
    assert Experiment.objects.count() == 1


def test_a_withdrawal_on_a_merged_record_counts_before_the_plan_as_it_does_afterwards(agreed, campaign):
    people = agreed(2)
    other = CustomerFactory.create(merged_into=people[0], country="CN")
    ConsentFactory.create(customer=other, state="withdrawn", at=timezone.now())

    said = lifecycle.count(campaign())

    assert (said["reachable"], said["no_consent"]) == (1, 1)


# --- taken back while it is planned -----------------------------------------------------------------------------------


def interrupted(monkeypatch, act, *, after=1):
    """`act()` is done in the middle of a plan, behind so many batches."""
    monkeypatch.setattr(eligibility, "BATCH", 5)
    write, seen = planning._write, []

    def and_then(*args):
        write(*args)
        seen.append(1)

    def asked(done, total=None):
        if len(seen) == after:
            seen.append(0)
            act()

    monkeypatch.setattr(planning, "_write", and_then)
    monkeypatch.setattr(planning, "progress", asked)


def approved(made: Campaign) -> Campaign:
    lifecycle.mark_checked(made, by=made.created_by)
    return lifecycle.approve(made, by=StaffUserFactory.create())


def test_back_to_the_draft_takes_back_what_a_plan_wrote_and_ends_it(agreed, campaign, monkeypatch):
    people, made = agreed(12), campaign()
    approved(made)
    interrupted(monkeypatch, lambda: lifecycle.back_to_draft(made, by=None))

    assert planning.plan(made.pk) == {"skipped": "draft"}

    assert not Recipient.objects.exists()
    assert not AudienceMember.objects.exists()
    assert not Experiment.objects.exists()
    assert not Exposure.objects.exists()
    made.refresh_from_db()
    assert (made.state, made.experiment) == (State.DRAFT, None)

    # What goes out in the end is to whom, and what, was approved in the end.
    monkeypatch.undo()
    people[0].country = "DE"
    people[0].save()
    message = made.steps.get().template
    message.body = {**message.body, "en": "Other words. {{unsubscribe_url}}"}
    message.save()
    planned(made)
    rows = Recipient.objects.filter(campaign=made)
    assert rows.count() == 11
    assert set(rows.exclude(template_version=None).values_list("template_version__text__en", flat=True)) == {
        message.body["en"]
    }


def test_a_plan_that_was_taken_back_and_approved_anew_in_its_middle_begins_anew(agreed, campaign, monkeypatch):
    agreed(12)
    made = campaign()
    approved(made)

    def other_words():
        lifecycle.back_to_draft(made, by=None)
        message = made.steps.get().template
        message.body = {**message.body, "en": "Other words. {{unsubscribe_url}}"}
        message.save()
        made.refresh_from_db()
        approved(made)

    interrupted(monkeypatch, other_words)

    assert planning.plan(made.pk)["people"] == 12

    rows = Recipient.objects.filter(campaign=made)
    assert rows.count() == 12
    assert {text.startswith("Other") for text in rows.values_list("template_version__text__en", flat=True)} == {True}


def test_a_plan_that_is_cancelled_in_its_middle_writes_nobody_more(agreed, campaign, monkeypatch):
    agreed(12)
    made = campaign()
    approved(made)
    interrupted(monkeypatch, lambda: lifecycle.cancel(made, by=None))

    assert planning.plan(made.pk) == {"skipped": "cancelled"}

    assert Recipient.objects.count() == 5
    assert not Recipient.objects.filter(state="planned").exists()


def test_an_audience_that_grew_since_the_check_needs_the_second_person(agreed, campaign):
    agreed(3)
    author = StaffUserFactory.create()
    MarketingSettings.current()
    MarketingSettings.objects.update(second_person_above=4)
    made = campaign(created_by=author)
    lifecycle.mark_checked(made, by=author)
    lifecycle.approve(made, by=author)
    for number in range(4):
        ConsentFactory.create(customer=CustomerFactory.create(email=f"more{number}@shop.example", country="CN"))

    assert planning.plan(made.pk)["refused"] == "second_person"

    made.refresh_from_db()
    assert (made.state, made.approved_by, made.counts["reachable"]) == (State.CHECKED, None, 7)
    assert "7 people can be reached by now" in made.events.latest("pk").note
    assert not Recipient.objects.exists()
    with pytest.raises(DomainError):
        lifecycle.approve(made, by=author)
    lifecycle.approve(made, by=StaffUserFactory.create())
    assert planning.plan(made.pk)["people"] == 7
    made.refresh_from_db()
    assert made.state == State.PLANNED


def test_a_plan_survives_that_the_shop_is_read_anew_in_the_middle(agreed, campaign, monkeypatch):
    agreed(5)
    people = eligibility.people

    def asked(*args):
        found = people(*args)
        forget_shop()
        return found

    monkeypatch.setattr(eligibility, "people", asked)
    assert planned(campaign()).state == State.PLANNED


def test_the_list_is_frozen_when_it_is_planned(agreed, campaign):
    people = agreed(5)
    made = planned(campaign())
    people[0].country = "DE"
    people[0].save()
    assert AudienceMember.objects.filter(campaign=made).count() == 5
    assert audiences.freeze(made) == 5


def test_a_list_of_very_many_people_may_take_longer_to_freeze_than_other_statements(agreed, campaign):
    agreed(1)

    audiences.freeze(campaign())

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == (audiences.FREEZING,)


def test_versions_share_what_the_holdout_leaves(agreed, campaign):
    agreed(300)
    made = planned(campaign(arms=[{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "subject": {"en": "Tea now"}}]))
    arms = list(made.experiment.arms.order_by("pk").values_list("key", "weight", "is_control"))
    assert arms == [("control", 20, True), ("a", 40, False), ("b", 40, False)]
    counted = {arm: Recipient.objects.filter(campaign=made, arm=arm).count() for arm in ("control", "a", "b")}
    assert sum(counted.values()) == 300
    assert 90 <= counted["a"] <= 150
    assert 90 <= counted["b"] <= 150
    said = set(Recipient.objects.filter(campaign=made).exclude(arm="control").values_list(
        "arm", "template_version__subject__en"
    ))  # fmt: skip
    assert said == {("a", "Tea"), ("b", "Tea now")}


@pytest.mark.parametrize(
    ("whole", "weights", "shares"), [(80, [1, 1], [40, 40]), (90, [1, 1, 1], [30, 30, 30]), (100, [2, 1], [67, 33]),
                                     (95, [1, 1, 1], [32, 32, 31]), (50, [1], [50])],
)  # fmt: skip
def test_shares_are_whole_and_add_up(whole, weights, shares):
    assert planning._shares(whole, weights) == shares


def test_steps_wait_for_each_other(agreed, campaign):
    agreed(3)
    made = campaign()
    message = made.steps.get().template
    lifecycle.set_steps(made, [{"template": message}, {"template": message, "wait_hours": 48}])
    Campaign.objects.filter(pk=made.pk).update(holdout_share=0)
    made.refresh_from_db()
    made = planned(made)
    first, second = (
        Recipient.objects.filter(campaign=made, step__position=place).values_list("due_at", flat=True).first()
        for place in (1, 2)
    )
    assert second - first == timedelta(hours=48)
    assert made.experiment is None


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_only_known_steps_lead_from_state_to_state(before, after, marketing_shop):
    made = Campaign.objects.create(name="Tea", state=before)
    if after in lifecycle.NEXT[before]:
        lifecycle.move(made, after, by=None)
        assert list(CampaignEvent.objects.values_list("before", "after")) == [(before, after)]
    else:
        with pytest.raises(lifecycle.WrongState):
            lifecycle.move(made, after, by=None)
        assert not CampaignEvent.objects.exists()


def test_a_campaign_that_was_checked_is_not_edited(agreed, campaign):
    agreed(1)
    made = campaign()
    lifecycle.mark_checked(made, by=None)
    with pytest.raises(lifecycle.WrongState):
        lifecycle.change(made, name="Other")
    with pytest.raises(lifecycle.WrongState):
        lifecycle.set_steps(made, [])
    lifecycle.back_to_draft(made, by=None)
    assert lifecycle.change(made, name="Other").name == "Other"


def test_a_campaign_for_nobody_or_without_a_language_is_not_checked(agreed, campaign):
    made = campaign()
    with pytest.raises(lifecycle.NotReady, match="Nobody"):
        lifecycle.mark_checked(made, by=None)
    agreed(1)
    message = made.steps.get().template
    message.body = {"en": "Hello {{unsubscribe_url}}"}
    message.save()
    with pytest.raises(lifecycle.NotReady):
        lifecycle.mark_checked(made, by=None)
    made.refresh_from_db()
    assert made.state == State.DRAFT


def test_many_people_need_a_second_person(agreed, campaign):
    agreed(3)
    author, checker, other = StaffUserFactory.create(), StaffUserFactory.create(), StaffUserFactory.create()
    MarketingSettings.current()
    MarketingSettings.objects.update(second_person_above=2)
    made = campaign(created_by=author)
    lifecycle.mark_checked(made, by=checker)
    for person in (author, checker, None):
        with pytest.raises(DomainError):
            lifecycle.approve(made, by=person)
    assert lifecycle.approve(made, by=other).state == State.APPROVED


def test_a_changed_message_is_frozen_anew_and_what_was_frozen_stays(agreed, campaign):
    agreed(1)
    made = campaign()
    lifecycle.mark_checked(made, by=None)
    first = made.steps.get().template_version
    lifecycle.back_to_draft(made, by=None)
    lifecycle.mark_checked(made, by=None)
    assert made.steps.get().template_version == first
    lifecycle.back_to_draft(made, by=None)
    message = made.steps.get().template
    message.body = {**message.body, "en": "Other words. {{unsubscribe_url}}"}
    message.save()
    lifecycle.mark_checked(made, by=None)
    second = made.steps.get().template_version
    assert (first.number, second.number) == (1, 2)
    first.refresh_from_db()
    assert first.text["en"].startswith("Hello")


def test_a_cancelled_campaign_takes_back_who_waits(agreed, campaign):
    agreed(10)
    made = planned(campaign())
    lifecycle.run(made, by=None)
    lifecycle.pause(made, by=None, why="A typo")
    waiting = Recipient.objects.filter(campaign=made, state="planned").count()
    assert lifecycle.cancel(made, by=None) == waiting > 0
    assert not Recipient.objects.filter(campaign=made, state="planned").exists()


def test_a_campaign_is_done_when_nobody_waits(agreed, campaign):
    agreed(4)
    made = planned(campaign())
    lifecycle.run(made, by=None)
    assert lifecycle.finish_all() == 0
    Recipient.objects.filter(campaign=made, state="planned").update(state="sent", sent_at=timezone.now())
    assert lifecycle.finish_all() == 1
    made.refresh_from_db()
    assert made.state == State.DONE
    assert made.ended_at is not None


def test_the_effect_is_what_was_planted(campaign):
    """A quarter of those who were to get it order for 100; of the holdout one in ten. Half of the messages fail, and
    still everybody counts where they were put."""
    people = Customer.objects.bulk_create(
        Customer(name=f"Ana {n}", email=f"ana{n}@shop.example", country="CN", joined_at=timezone.now())
        for n in range(3_000)
    )  # fmt: skip
    Consent.objects.bulk_create(
        Consent(customer=one, purpose="offers", channel="email", state="given", source="api", at=timezone.now())
        for one in people
    )
    made = planned(campaign(cost_per_message=Decimal("0.5")))
    long_ago = timezone.now() - timedelta(days=10)
    Exposure.objects.update(exposed_at=long_ago)
    arms = dict(Recipient.objects.filter(campaign=made).values_list("customer_id", "arm"))
    for arm, every in (("a", 4), ("control", 10)):
        mine = [one for one in people if arms[one.pk] == arm]
        for one in mine[::every]:
            OrderFactory.create(
                customer=one, status="paid", paid_at=long_ago + timedelta(days=1), lines_total=100, total=100,
                paid_total=100, currency="CNY",
            )  # fmt: skip
    rows = Recipient.objects.filter(campaign=made, state="planned")
    sent = list(rows.values_list("pk", flat=True)[::2])
    Recipient.objects.filter(pk__in=sent).update(state="sent", sent_at=long_ago)
    rows.filter(state="planned").update(state="failed")
    looking.look(made.experiment_id)
    MessageEventFactory.create(recipient_id=sent[0], kind="clicked")

    told = effect.funnel(made)
    found = effect.effect(made, messages=told.messages)

    treated = sum(arm == "a" for arm in arms.values())
    assert (told.planned, told.sent, told.failed) == (treated, len(sent), treated - len(sent))
    assert (told.clicked, told.delivered) == (1, None)  # a click comes from the shop, no provider said anything
    assert found is not None
    one = found.arms[0]
    assert (one.name, one.people, one.people_control) == ("The message", treated, 3_000 - treated)
    assert one.share == pytest.approx(0.25, abs=0.01)
    assert one.share_control == pytest.approx(0.10, abs=0.01)
    estimate, low, high = one.orders
    assert low < 0.15 * treated < high
    assert low > 0
    assert estimate == pytest.approx(0.15 * treated, rel=0.05)
    assert found.total is not None
    assert found.total[0] == pytest.approx(15 * treated, rel=0.06)
    assert found.cost == pytest.approx(len(sent) / 2)
    assert found.returned is not None
    assert found.returned[1] > 0
    assert found.verdict.kind == "works"


def test_a_version_without_a_name_is_called_by_its_letter_as_in_the_editor():
    experiment = Experiment(kind="campaign")

    assert effect.title_of(ExperimentArm(experiment=experiment, key="b", name="b")) == "Version B"
    assert effect.title_of(ExperimentArm(experiment=experiment, key="b", name="Short one")) == "Short one"


def test_an_uploaded_list_finds_people_by_number_and_address(agreed, marketing_shop):
    people = agreed(3)
    text = f"{people[0].public_id}\nANA1@shop.example,more\n\nnobody@shop.example\n{people[0].public_id}\n"
    audience = audiences.of_upload("List", text)
    assert set(audiences.customers_of(audience).values_list("pk", flat=True)) == {people[0].pk, people[1].pk}
    assert (audience.size, audience.definition) == (2, {"lines": 3, "missing": 1})


def test_questions_are_few_however_many_people(agreed, campaign, django_assert_max_num_queries):
    people = agreed(30)
    made = campaign()
    question = eligibility.Question.of(made)
    with django_assert_max_num_queries(3):
        assert len(eligibility.people([one.pk for one in people], question)) == 30


@pytest.mark.parametrize(
    ("said", "found"), [("zh-CN", "zh-hans"), ("zh_Hans", "zh-hans"), ("en-US", "en"), ("fr", "zh-hans"),
                        ("", "zh-hans")],
)  # fmt: skip
def test_people_read_in_the_nearest_language_of_the_shop(said, found):
    assert planning.spoken(said, {"zh-hans": "", "en": ""}, "zh-hans") == found


# --- how far it came --------------------------------------------------------------------------------------------------


def test_a_small_campaign_is_counted_when_somebody_looks(agreed, campaign):
    agreed(5)
    made = lifecycle.run(planned(campaign()), by=None)

    told = funnels.look(made)

    assert told.funnel == effect.funnel(made)
    assert told.as_of is not None
    assert not Job.objects.filter(kind="marketing.funnel").exists()


def test_a_large_campaign_is_counted_by_a_job_and_shown_with_its_moment(agreed, campaign, monkeypatch):
    cache.clear()
    monkeypatch.setattr(funnels, "MOST_LIVE", 3)
    agreed(10)
    made = lifecycle.run(planned(campaign()), by=None)
    Recipient.objects.filter(campaign=made).update(state="sent", sent_at=timezone.now())

    assert funnels.look(made) == funnels.Counted(None, None, 10)
    assert funnels.look(made).messages == 10
    job = Job.objects.get(kind="marketing.funnel")
    execute(job.pk)

    told = funnels.look(made)
    assert (told.funnel.sent, told.messages) == (10, 10)
    assert Job.objects.filter(kind="marketing.funnel").count() == 1  # what is a minute old is fresh
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr(funnels.timezone, "now", lambda: later)
    assert funnels.look(made).as_of == told.as_of
    assert Job.objects.filter(kind="marketing.funnel").count() == 2


def test_the_page_of_a_large_campaign_does_not_wait_for_its_count(agreed, campaign, monkeypatch, client):
    cache.clear()
    monkeypatch.setattr(funnels, "MOST_LIVE", 3)
    monkeypatch.setattr(effect, "funnel", None)
    agreed(10)
    made = lifecycle.run(planned(campaign()), by=None)
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))

    page = client.get(reverse("admin:marketing_campaign_change", args=[made.pk])).content.decode()

    assert "a job counts how far they came" in page
