"""Batches of a campaign: planted versions get planted shares, nobody is lost, and what it brought is counted."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Customer
from core.choices import Role
from core.exceptions import BadInput
from core.jobs import Job, run_now
from core.models import Alert, Exposure
from core.rights.erasing import erase
from marketing.campaigns import lifecycle
from marketing.models import BatchChoice, Campaign, Consent, MarketingSettings, MessageEvent, Recipient, Template
from marketing.sending.claiming import claim
from marketing.shifting import batches, deciding
from marketing.shifting.selectors import shifting
from tests.factories import ConsentFactory, CustomerFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
ARMS = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "subject": {"en": "New tea", "zh-hans": "新茶"}}]
PEOPLE, FIRST = 600, 240


@pytest.fixture
def crowd(marketing_shop, monkeypatch) -> list[Customer]:
    """More than a first batch; made at once. A shop's own limits are higher."""
    monkeypatch.setattr(batches, "FEWEST_FIRST", FIRST)
    monkeypatch.setattr(deciding.ml, "FEWEST_SHOWN", 50)
    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from="00:00", quiet_until="00:00")
    people = Customer.objects.bulk_create(
        CustomerFactory.build(name=f"P{n}", email=f"p{n}@shop.example", country="CN", language="zh" if n % 3 else "en")
        for n in range(PEOPLE)
    )
    Consent.objects.bulk_create(ConsentFactory.build(customer=one) for one in people)
    return people


@pytest.fixture
def going(crowd, campaign) -> Campaign:
    """Planned two days ago, and started."""
    made = campaign(arms=ARMS)
    lifecycle.change(made, shift_by="clicked", shift_hours=24, holdout_share=Decimal("0.1"), salt="tea" * 8)
    return started(made)


def started(made: Campaign) -> Campaign:
    made.refresh_from_db()
    lifecycle.mark_checked(made, by=None)
    lifecycle.approve(made, by=StaffUserFactory.create())
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    made.refresh_from_db()
    lifecycle.run(made, by=None)
    return made


def lived(made: Campaign, clicked: dict[str, int], complained: dict[str, int] | None = None) -> None:
    """The batches that went were sent a day and more ago: one in so many clicked, and complained, by version."""
    then = timezone.now() - timedelta(hours=25)
    out = Campaign.objects.get(pk=made.pk).batches_out
    rows = Recipient.objects.filter(campaign=made, batch=out, state="planned")
    rows.update(state="sent", sent_at=then, due_at=then)
    Campaign.objects.filter(pk=made.pk).update(started_at=then)
    BatchChoice.objects.filter(campaign=made, released_at__isnull=False).update(released_at=then)
    events = []
    for kind, every in (("clicked", clicked), ("unsubscribed", complained or {})):
        for arm, one_in in every.items():
            of = Recipient.objects.filter(campaign=made, batch=out, state="sent", arm=arm).order_by("pk")
            events += [
                MessageEvent(recipient=row, provider="click", provider_event=f"{kind}{row.pk}", kind=kind,
                             at=then + timedelta(hours=1))
                for row in list(of)[::one_in]
            ]  # fmt: skip
    MessageEvent.objects.bulk_create(events)


def arms(made: Campaign, **more) -> Counter[str]:
    return Counter(Recipient.objects.filter(campaign=made, **more).values_list("arm", flat=True))


def test_a_plan_puts_everybody_in_a_batch_and_only_the_first_goes(going):
    rows = Recipient.objects.filter(campaign=going)
    sent = rows.filter(state="planned")
    sizes = Counter(sent.values_list("batch", flat=True))

    assert rows.count() == PEOPLE
    assert set(sizes) == {1, 2, 3, 4, 5}
    assert sizes[1] / sent.count() == pytest.approx(FIRST / PEOPLE, abs=0.08)
    assert set(sent.filter(batch=1).values_list("split", flat=True)) == {"first"}
    later = Counter(sent.filter(batch__gt=1).values_list("split", flat=True))
    assert later["fixed"] / later.total() == pytest.approx(batches.CONTROL_SHARE, abs=0.08)
    # What chance decided for good: nothing, or a message, counted from the moment of one's batch.
    exposed = Counter(Exposure.objects.filter(experiment=going.experiment).values_list("arm__key", flat=True))
    assert set(exposed) == {"control", "message"}
    assert exposed["message"] == sent.count()
    assert Exposure.objects.filter(experiment=going.experiment).dates("exposed_at", "day").count() == 5
    choice = going.batch_choices.get()
    assert (choice.batch, choice.reason, choice.people) == (1, "first", sizes[1])
    # Even when all are due: the versions of later batches are not chosen.
    taken = claim(going.pk, most=PEOPLE, now=timezone.now() + timedelta(days=9))
    assert len(taken.claimed) == sizes[1]


def test_a_planted_better_version_gets_most_of_the_next_batch(going, django_assert_max_num_queries):
    assert deciding.ask() == 0  # a day has to pass
    lived(going, {"a": 20, "b": 3})

    with django_assert_max_num_queries(6):
        assert deciding.ask(timezone.now() + timedelta(minutes=1)) == 1
    assert Job.objects.filter(kind="marketing.shift").count() == 1
    run_now("marketing.tasks.let_batch_go", campaign_id=going.pk)

    choice = going.batch_choices.get(batch=2)
    told = {one["key"]: one for one in choice.versions}
    assert choice.reason == "shifted"
    assert told["b"]["share"] == pytest.approx(0.9, abs=0.04)
    assert told["b"]["low"] < told["b"]["yes"] / told["b"]["sent"] < told["b"]["high"]
    shifted = arms(going, batch=2, split="shifted")
    assert shifted["b"] / shifted.total() > 0.7
    fixed = arms(going, batch=2, split="fixed")
    assert fixed["a"] > 0
    waits = arms(going, batch=3, split="shifted")
    assert 0.25 < waits["b"] / waits.total() < 0.75
    # Each gets the words of their version.
    versions = {arm["key"]: arm["template_version"] for arm in going.steps.get().arms}
    pairs = Recipient.objects.filter(campaign=going, state="planned").values_list("arm", "template_version_id")
    assert set(pairs) == set(versions.items())
    # Nobody of the holdout is touched.
    assert Recipient.objects.filter(campaign=going, is_holdout=True).exclude(arm="control").count() == 0
    going.refresh_from_db()
    assert going.batches_out == 2
    waiting = Recipient.objects.filter(campaign=going, batch=2, state="planned").count()
    assert len(claim(going.pk, most=PEOPLE, now=timezone.now() + timedelta(hours=25)).claimed) == waiting


def test_a_second_run_changes_nothing(going):
    lived(going, {"a": 20, "b": 3})
    deciding.run(going.pk)
    before = list(Recipient.objects.filter(campaign=going).order_by("pk").values_list("pk", "arm", "due_at", "state"))

    assert "skipped" in deciding.run(going.pk)
    assert deciding.ask() == 0

    assert BatchChoice.objects.filter(campaign=going).count() == 2
    now = list(Recipient.objects.filter(campaign=going).order_by("pk").values_list("pk", "arm", "due_at", "state"))
    assert now == before


@pytest.mark.parametrize("line", ["_carry_out", "_let_go"])
def test_a_job_that_dies_between_batches_loses_nobody_and_goes_on_by_the_same_choice(going, monkeypatch, line):
    lived(going, {"a": 20, "b": 3})
    whole = getattr(deciding, line)

    def dies(campaign, choice):
        raise KeyboardInterrupt

    monkeypatch.setattr(deciding, line, dies)
    with pytest.raises(KeyboardInterrupt):
        deciding.run(going.pk)
    monkeypatch.setattr(deciding, line, whole)
    waiting = Recipient.objects.filter(campaign=going, batch=2, state="planned").count()
    assert claim(going.pk, most=PEOPLE, now=timezone.now() + timedelta(days=9)).looked == 0
    # What is known meanwhile does not change what was written down.
    MessageEvent.objects.all().delete()
    done = deciding.run(going.pk)

    assert done["reason"] == "shifted"
    assert arms(going, batch=2, split="shifted")["b"] > 2 * arms(going, batch=2, split="shifted")["a"]
    assert Recipient.objects.filter(campaign=going, batch=2, state="planned").count() == waiting
    assert len(claim(going.pk, most=PEOPLE, now=timezone.now() + timedelta(days=9)).claimed) == waiting


def test_with_few_results_the_fixed_shares_hold(going):
    before = arms(going, batch=2)
    lived(going, {"b": 60})

    deciding.run(going.pk)

    assert going.batch_choices.get(batch=2).reason == "few"
    assert arms(going, batch=2) == before


def test_a_version_that_people_leave_over_is_stopped_for_all_and_somebody_hears_of_it(going):
    rest = Recipient.objects.filter(campaign=going, batch=1, state="planned", arm="b").order_by("pk").first()
    lived(going, {"a": 20, "b": 3}, {"b": 8})
    Recipient.objects.filter(pk=rest.pk).update(state="planned", sent_at=None)

    deciding.run(going.pk)

    choice = going.batch_choices.get(batch=2)
    assert (choice.reason, [one["stopped"] for one in choice.versions]) == ("alone", [False, True])
    assert set(arms(going, batch=2, state="planned")) == {"a"}  # those of the fixed shares, too
    rest.refresh_from_db()
    assert rest.arm == "a"
    alert = Alert.objects.get(rule="version_stopped")
    assert "version B was stopped" in str(alert.said)
    lived(going, {"a": 20})
    deciding.run(going.pk)
    assert set(arms(going, batch=3, state="planned")) == {"a"}
    assert Alert.objects.get(rule="version_stopped").count == alert.count


def test_a_late_batch_keeps_the_distance_of_its_steps(crowd, campaign):
    made = campaign(arms=ARMS)
    message = Template.objects.get(pk=made.steps.get().template_id)
    lifecycle.set_steps(made, [{"template": message, "arms": ARMS}, {"template": message, "wait_hours": 48}])
    lifecycle.change(made, shift_by="clicked", shift_hours=2, holdout_share=Decimal(0))
    started(made)
    lived(made, {"a": 20, "b": 3})
    Recipient.objects.filter(campaign=made, batch=2).update(due_at=timezone.now() - timedelta(hours=30))
    second = Recipient.objects.filter(campaign=made, batch=2, step__position=2)
    second.update(due_at=timezone.now() + timedelta(hours=18))

    deciding.run(made.pk)

    first = dict(Recipient.objects.filter(campaign=made, batch=2, step__position=1).values_list("customer", "due_at"))
    found = list(second.values_list("customer", "due_at", "arm"))
    assert all(timedelta(hours=47.9) < due - first[who] < timedelta(hours=48.1) for who, due, _arm in found)
    assert all(abs(timezone.now() - due) < timedelta(minutes=2) for due in first.values())
    # A step without versions goes on with that of the first, in its own words.
    own = dict(Recipient.objects.filter(campaign=made, batch=2, step__position=1).values_list("customer", "arm"))
    assert all(own[who] == arm for who, _due, arm in found)
    assert second.exclude(template_version=made.steps.get(position=2).template_version).count() == 0


def test_a_paused_campaign_waits_and_a_cancelled_one_takes_all_back(going):
    lived(going, {"a": 20, "b": 3})
    lifecycle.pause(going, by=None)
    assert deciding.run(going.pk) == {"skipped": "paused"}
    going.refresh_from_db()

    lifecycle.cancel(going, by=None)

    assert Recipient.objects.filter(campaign=going, state="planned").count() == 0


def test_a_small_campaign_is_one_batch(agreed, campaign):
    agreed(20)
    made = campaign(arms=ARMS)
    lifecycle.change(made, shift_by="ordered", holdout_share=Decimal(0))
    started(made)

    assert set(Recipient.objects.filter(campaign=made).values_list("batch", flat=True)) == {1}
    assert made.experiment is None
    lived(made, {})
    assert deciding.ask() == 0


def test_without_the_choice_versions_are_as_before(agreed, campaign):
    agreed(10)
    made = campaign(arms=ARMS)
    started(made)

    assert set(Recipient.objects.filter(campaign=made).values_list("batch", "split")) == {(None, "")}
    assert {arm.key for arm in made.experiment.arms.all()} == {"control", "a", "b"}
    assert (made.batches_out, shifting(made)) == (0, None)


def test_the_page_says_each_choice_with_why_and_as_of_when(going, client, django_assert_max_num_queries):
    lived(going, {"a": 20, "b": 3})
    deciding.run(going.pk)
    Campaign.objects.filter(pk=going.pk).update(experiment=None)  # what it brought has queries of its own
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    address = reverse("admin:marketing_campaign_change", args=[going.pk])
    client.get(address)

    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()

    assert "Towards the better version" in page
    assert "Nothing is known yet" in page
    assert "Shifted towards what did better" in page
    assert "of those who are shifted get version B." in page
    assert "Not yet: each group needs 500 people" in page
    row = Recipient.objects.filter(campaign=going, batch=2, split="shifted", arm="b").first()
    page = client.get(reverse("admin:marketing_recipient_change", args=[row.pk])).content.decode()
    assert "B · batch 2 · by what earlier batches brought · shifted towards what did better · as of" in page
    row = Recipient.objects.filter(campaign=going, batch=3, state="planned").first()
    page = client.get(reverse("admin:marketing_recipient_change", args=[row.pk])).content.decode()
    assert "is chosen when batch 3 goes" in page


def test_what_shifting_brought_is_counted_within_the_later_batches(going):
    lived(going, {"a": 20, "b": 3})
    deciding.run(going.pk)
    lived(going, {"a": 20, "b": 3})

    found = shifting(Campaign.objects.get(pk=going.pk))

    rows = Recipient.objects.filter(campaign=going, batch=2)
    counts = Counter(rows.exclude(split="").values_list("split", flat=True))
    assert found.people == dict(counts)
    told = found.told["clicked"]
    assert (told.n, told.n_control) == (counts["shifted"], counts["fixed"])
    clicked = MessageEvent.objects.filter(kind="clicked", recipient__batch=2, recipient__split="shifted").count()
    assert told.mean == pytest.approx(clicked / counts["shifted"])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"shift_by": "luck"}, "shift_by"),
        ({"shift_by": "clicked", "shift_hours": 25}, "shift_hours"),
        ({"shift_by": "clicked", "shift_hours": 1}, "shift_hours"),
        ({"shift_by": "clicked", "trigger": "first_order"}, "shift_by"),
        ({"shift_by": "clicked", "send_within": 24}, "shift_by"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(campaign, said, field):
    made = campaign()
    with pytest.raises(BadInput) as refused:
        lifecycle.change(made, **said)
    assert refused.value.extra["field"] == field
    made.refresh_from_db()
    assert made.shift_by == ""


def test_the_check_stops_where_there_is_nothing_to_choose(agreed, campaign):
    agreed(1)
    made = campaign(shift_by="clicked", channel="sms")

    said = [one.text for one in lifecycle.findings(made)[0] if one.field == "shift"]

    assert said == [
        "There is only one version: write a second one, or give versions by fixed shares.",
        "Clicks are counted in e-mails and in the shop only: shift towards what is ordered more.",
    ]


def test_the_form_keeps_the_choice(agreed, campaign, client):
    agreed(1)
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    made = campaign(arms=ARMS)
    address = reverse("admin:marketing_campaign_change", args=[made.pk])
    form = client.get(address).context["form"]
    assert (form.initial["shift"], form.initial["shift_hours"]) == ("", 24)
    said = {name: "" if value is None else value for name, value in form.initial.items()}

    client.post(address, said | {"shift": "ordered", "shift_hours": "6"})
    made.refresh_from_db()
    assert (made.shift_by, made.shift_hours) == ("ordered", 6)

    refused = client.post(address, said | {"shift": "ordered", "shift_hours": "6", "within": "24"})
    assert "choose each at their own hour, or versions in batches." in refused.content.decode()


def test_an_erasure_keeps_only_why_the_version_was_given(going):
    row = Recipient.objects.filter(campaign=going, split="fixed").first()

    erase("catalog.Customer", row.customer_id)

    row.refresh_from_db()
    assert row.split == "fixed"
