"""Each at their own hour: planted habits lead to planted hours, and what that brought is counted."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Customer, Order
from core.choices import Role
from core.exceptions import BadInput
from core.jobs import run_now
from core.rights.erasing import erase
from marketing.campaigns import audiences, lifecycle
from marketing.models import Campaign, MarketingSettings, MessageEvent, Recipient
from marketing.sending.claiming import claim
from marketing.timing import choosing
from marketing.timing.selectors import hourly
from tests.factories import (
    CampaignFactory,
    CampaignStepFactory,
    ConsentFactory,
    CustomerFactory,
    MessageEventFactory,
    OrderFactory,
    RecipientFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
Timing = Recipient.Timing


def did(people: list[Customer], hour: int, *, days: int, zone: ZoneInfo = SHANGHAI, minute: int = 10) -> None:
    """Each ordered at this hour of their day on so many days."""
    today = timezone.now().astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    Order.objects.bulk_create(
        OrderFactory.build(customer=one, number=f"T-{one.pk}-{hour}-{day}", placed_at=today - timedelta(days=day + 2))
        for one in people
        for day in range(days)
    )


@pytest.fixture
def noon(marketing_shop) -> datetime:
    """Half past twelve of tomorrow; quiet from ten in the evening until eight."""
    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from=time(22), quiet_until=time(8))
    now = timezone.now().astimezone(SHANGHAI) + timedelta(days=1)
    return now.replace(hour=12, minute=30, second=0, microsecond=0).astimezone(UTC)


def planned(made: Campaign, at: datetime, *, within: int | None = 24) -> Campaign:
    lifecycle.change(made, planned_for=at, send_within=within, holdout_share=Decimal(0))
    made.refresh_from_db()
    lifecycle.mark_checked(made, by=None)
    lifecycle.approve(made, by=StaffUserFactory.create())
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    made.refresh_from_db()
    return made


def hours_of(made: Campaign, people: list[Customer], timing: str) -> set[int]:
    rows = Recipient.objects.filter(campaign=made, customer__in=people, timing=timing)
    return {one.astimezone(SHANGHAI).hour for one in rows.values_list("due_at", flat=True)}


def test_planted_hours_are_the_hours_of_the_plan(agreed, campaign, noon):
    people = agreed(90)
    morning, evening, owls, new, private = people[:30], people[30:60], people[60:70], people[70:80], people[80:]
    did(morning, 9, days=6)
    did(evening, 20, days=8)
    did(owls, 3, days=6)
    did(owls, 18, days=3)
    did(new, 10, days=choosing.ml.FEWEST_OWN - 1)
    did(private, 9, days=6)
    Customer.objects.filter(pk__in=[one.pk for one in private]).update(is_personalised=False)
    made = campaign()
    message = made.steps.get().template
    lifecycle.set_steps(made, [{"template": message}, {"template": message, "wait_hours": 48}])

    planned(made, noon)

    rows = Recipient.objects.filter(campaign=made, step__position=1)
    assert hours_of(made, morning, Timing.OWN) == {9}
    assert hours_of(made, evening, Timing.OWN) == {20}
    assert hours_of(made, owls, Timing.OWN) == {18}  # three in the morning is quiet
    assert hours_of(made, new, Timing.SHOP) == {20}
    assert set(rows.filter(timing=Timing.OWN, customer__in=morning).values_list("timing_hour", "timing_events")) == {
        (9, 6)
    }
    assert set(rows.filter(customer__in=private).values_list("timing", "timing_hour", "due_at")) == {
        ("private", None, noon)
    }
    control = rows.filter(timing=Timing.CONTROL)
    assert set(control.values_list("due_at", flat=True)) == {noon}
    assert 6 <= control.count() <= 28
    assert not rows.exclude(due_at__gte=noon, due_at__lt=noon + timedelta(hours=24)).exists()
    second = dict(Recipient.objects.filter(campaign=made, step__position=2).values_list("customer", "due_at"))
    assert all(second[one.customer_id] - one.due_at == timedelta(hours=48) for one in rows)
    assert made.timing["hours"] == 30 * 6 + 30 * 8 + 10 * 9 + 10 * 2


def test_a_plan_that_is_made_twice_keeps_its_hours(agreed, campaign, noon):
    people = agreed(40)
    did(people, 9, days=6)
    made = planned(campaign(), noon)
    rows = Recipient.objects.filter(campaign=made).order_by("pk")
    before = list(rows.values_list("pk", "due_at", "timing"))
    did(people, 20, days=9)

    Campaign.objects.filter(pk=made.pk).update(state=Campaign.State.APPROVED)
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)

    assert list(rows.values_list("pk", "due_at", "timing")) == before


def test_where_little_is_known_everybody_gets_it_at_the_planned_moment(agreed, campaign, noon):
    people = agreed(20)
    did(people, 9, days=9)

    made = planned(campaign(), noon)

    rows = Recipient.objects.filter(campaign=made)
    assert set(rows.values_list("timing", "due_at")) == {("unknown", noon)}
    assert hourly(made).told == {}


def test_without_the_choice_nothing_is_said_of_hours(agreed, campaign, noon):
    did(agreed(30), 9, days=9)

    made = planned(campaign(), noon, within=None)

    assert set(Recipient.objects.filter(campaign=made).values_list("timing", "due_at")) == {("", noon)}
    assert made.timing == {}
    assert hourly(made) is None


def test_an_hour_counts_once_and_days_without_an_hour_do_not(agreed, noon):
    (ana,) = agreed(1)
    shop = timezone.now().astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0) - timedelta(days=5)
    moments = [
        shop.replace(hour=0), shop.replace(hour=0, minute=5), shop.replace(hour=9, minute=5),
        shop.replace(hour=9, minute=50), shop.replace(hour=8), shop.replace(hour=8) - timedelta(days=400),
    ]  # fmt: skip
    for moment in moments:
        OrderFactory.create(customer=ana, placed_at=moment)
    OrderFactory.create(customer=ana, placed_at=shop.replace(hour=21, minute=9), status="cancelled")
    message = RecipientFactory.create(customer=ana)
    for kind, minute in (("opened", 1), ("clicked", 2), ("delivered", 3)):
        MessageEventFactory.create(recipient=message, kind=kind, at=shop.replace(hour=14, minute=minute))

    found = choosing._counts({ana.pk: "Asia/Shanghai"}, timezone.now())[ana.pk]

    # A whole hour, to the second, is what shops write that know only the day.
    assert {hour: count for hour, count in enumerate(found) if count} == {0: 1, 9: 1, 14: 1}


def test_hours_are_those_of_the_customers_own_zone(agreed, campaign, noon):
    people = agreed(30)
    Customer.objects.filter(pk__in=[one.pk for one in people]).update(country="IN")
    did(people, 17, days=8, zone=ZoneInfo("Asia/Kolkata"))
    rule = {"field": "country", "op": "in", "value": ["IN"]}
    made = campaign()
    Campaign.objects.filter(pk=made.pk).update(audience=audiences.of_rule("India", rule))
    made.refresh_from_db()

    planned(made, noon)

    local = {
        one.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%H:%M")
        for one in Recipient.objects.filter(campaign=made, timing=Timing.OWN).values_list("due_at", flat=True)
    }
    assert local == {"17:00"}


def test_an_hour_that_passed_before_the_start_comes_again_the_next_day(marketing_shop):
    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from=time(0), quiet_until=time(0))
    now = timezone.now()
    made = CampaignFactory.create(state="running", send_within=24, started_at=now)
    step = CampaignStepFactory.create(campaign=made)
    rows = {}
    for timing, hours in (("own", 3), ("shop", 0.5), ("control", 3), ("own", 30)):
        who = CustomerFactory.create(email=f"a{hours}{timing}@shop.example")
        ConsentFactory.create(customer=who)
        rows[timing, hours] = RecipientFactory.create(
            campaign=made, step=step, customer=who, timing=timing, due_at=now - timedelta(hours=hours)
        )

    done = claim(made.pk, now=now)

    assert {one.recipient_id for one in done.claimed} == {rows["shop", 0.5].pk, rows["control", 3].pk}
    for key, wanted in ((("own", 3), 21), (("own", 30), 18)):
        rows[key].refresh_from_db()
        assert (rows[key].state, rows[key].due_at) == ("planned", now + timedelta(hours=wanted))
    later = claim(made.pk, now=now + timedelta(hours=21))
    assert {one.recipient_id for one in later.claimed} == {rows["own", 3].pk, rows["own", 30].pk}


@pytest.fixture
def lived(marketing_shop) -> Campaign:
    """A campaign that is over: at their own hour one of four clicked, at the planned moment one of ten."""
    begin = timezone.now() - timedelta(days=20)
    made = CampaignFactory.create(
        state="done", send_within=24, started_at=begin, ended_at=begin + timedelta(days=2), name="Tea days",
        timing={
            "as_of": begin.isoformat(), "begin": begin.isoformat(), "within": 24, "shares": [1 / 24] * 24,
            "strength": 6.5, "hours": 4321, "people": 900,
        },
    )  # fmt: skip
    step = CampaignStepFactory.create(campaign=made)
    people = Customer.objects.bulk_create(CustomerFactory.build(name=f"P{n}", email="") for n in range(2_500))
    kinds = ["own"] * 1_200 + ["shop"] * 300 + ["control"] * 900 + ["private"] * 100
    rows = Recipient.objects.bulk_create(
        Recipient(
            campaign=made, step=step, customer=who, purpose="offers", channel="email", arm="a", state="sent",
            due_at=begin, sent_at=begin, timing=kind, timing_hour=None if kind == "private" else 9 + n % 2,
            timing_events=5 if kind == "own" else 0,
        )
        for n, (who, kind) in enumerate(zip(people, kinds, strict=True))
    )  # fmt: skip
    rng = np.random.default_rng(4)
    chances = {"own": 0.25, "shop": 0.25, "control": 0.1, "private": 0.5}
    MessageEvent.objects.bulk_create(
        MessageEvent(
            recipient=one, provider="click", provider_event=str(one.pk), kind="clicked",
            at=begin + timedelta(hours=30),
        )
        for one in rows
        if rng.random() < chances[one.timing]
    )  # fmt: skip
    return made


def test_what_the_hour_brought_is_counted_against_the_planned_moment(lived):
    found = hourly(lived)

    assert found.people == {"own": 1_200, "shop": 300, "control": 900, "private": 100}
    assert (found.hours[9], found.hours[10], sum(found.hours)) == (750, 750, 1_500)
    told = found.told["clicked"]
    assert (told.n, told.n_control) == (1_500, 900)
    low, high = told.always_valid
    assert low < 0.15 < high
    assert low > 0.05
    assert found.told["ordered"].always_valid is None


def test_the_page_says_why_as_of_when_and_what_it_brought(lived, client, django_assert_max_num_queries):
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    address = reverse("admin:marketing_campaign_change", args=[lived.pk])
    client.get(address)

    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()

    assert "From 4,321 hours of the last year" in page
    assert "Their own hours" in page
    assert "more at their own hour." in page
    row = lived.recipients.filter(timing="own").first()
    assert "Not yet" in page  # nobody ordered
    page = client.get(reverse("admin:marketing_recipient_change", args=[row.pk])).content.decode()
    assert "Their own hours · best hour 09:00 of their day · 5 hours of their own · as of" in page


def test_with_too_few_people_the_page_says_what_it_waits_for(lived, client):
    lived.recipients.filter(timing="control", pk__gt=lived.recipients.filter(timing="control")[99].pk).delete()
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))

    page = client.get(reverse("admin:marketing_campaign_change", args=[lived.pk])).content.decode()

    assert "Not yet: each group needs 500 people, and 25 with something to count." in page
    assert "more at their own hour." not in page


def test_the_form_keeps_the_choice_and_shows_what_a_program_chose(agreed, campaign, client):
    agreed(1)
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    made = campaign(send_within=30)
    address = reverse("admin:marketing_campaign_change", args=[made.pk])
    form = client.get(address).context["form"]
    assert [value for value, _name in form.fields["within"].choices] == ["", "12", "24", "30", "48", "72"]
    said = {name: "" if value is None else value for name, value in form.initial.items()}

    client.post(address, said | {"within": "48"})
    made.refresh_from_db()
    assert made.send_within == 48

    refused = client.post(address, said | {"within": "24", "trigger": "first_order", "first_order_wait_hours": "24"})
    assert "With a trigger a message goes when it happens." in refused.content.decode()
    made.refresh_from_db()
    assert (made.send_within, made.trigger) == (48, "")


@pytest.mark.parametrize("within", [0, 1, 73])
def test_a_window_that_is_none_is_refused(campaign, within):
    made = campaign()
    with pytest.raises(BadInput):
        lifecycle.change(made, send_within=within)
    made.refresh_from_db()
    assert made.send_within is None


def test_an_erasure_leaves_no_habits(lived):
    row = lived.recipients.filter(timing="own").first()

    erase("catalog.Customer", row.customer_id)

    row.refresh_from_db()
    assert (row.timing, row.timing_hour, row.timing_events) == ("own", None, None)
