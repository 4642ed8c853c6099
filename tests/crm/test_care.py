"""Care programmes: who is due, who gets what, never twice, with a control group, killed in the middle."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from catalog.models import Customer, Order
from core.admin.experiment_forms import ways
from core.choices import Role
from core.experiments import placing
from core.extensions import message_doors
from core.models import Experiment, Exposure, LedgerEntry, ShopProfile
from crm.admin.care import came_of
from crm.care import conditions, programmes, running, trials, triggers, words
from crm.exceptions import BadInput
from crm.impact import LOYALTY
from crm.models import (
    CannedReply,
    CareEnrolment,
    CareProgramme,
    Conversation,
    LoyaltyAccount,
    LoyaltyTransaction,
    Macro,
    Ticket,
    Worklist,
    WorklistItem,
)
from crm.services import calendar
from tests.factories import (
    CareEnrolmentFactory,
    CareProgrammeFactory,
    ConversationFactory,
    CustomerFactory,
    OrderFactory,
    ReviewFactory,
    ShopProfileFactory,
    StaffUserFactory,
    WorklistItemFactory,
)

pytestmark = pytest.mark.django_db
State = CareEnrolment.State


@pytest.fixture
def now():
    return timezone.now()


def days(now, number):
    return now - timedelta(days=number)


def old_customer(now: Any, **more: Any) -> Customer:
    return CustomerFactory.create(joined_at=days(now, 400), **more)


def made(**fields: Any) -> CareProgramme:
    """Switched on without a control group unless one is asked for."""
    programme = CareProgrammeFactory.create(**fields)
    programmes.switch(programme.pk, "on")
    programme.refresh_from_db()
    return programme


def paid(customer: Customer, now: Any, ago: float, status: str = "paid") -> Order:
    at = days(now, ago)
    return OrderFactory.create(
        customer=customer, status=status, placed_at=at, paid_at=at, paid_total=10, total=10, lines_total=10
    )


# --- who is due -----------------------------------------------------------------------------------------------------


def who(programme, now):
    return {one.customer_id for one in triggers.due(programme, now, 100)}


def test_a_new_customer_is_due_after_the_wait_and_only_for_the_days_that_count(now):
    programme = CareProgrammeFactory.build(trigger="welcome", wait_days=2, reach_days=3)
    due = CustomerFactory.create(joined_at=days(now, 2.5))
    CustomerFactory.create(joined_at=days(now, 1.5))
    CustomerFactory.create(joined_at=days(now, 5.5))

    assert who(programme, now) == {due.pk}
    assert triggers.count(programme, now) == 1


def test_each_paid_order_is_an_occasion_of_its_own(now):
    programme = CareProgrammeFactory.build(trigger="post_purchase", wait_days=1, reach_days=3)
    lin = old_customer(now)
    orders = [paid(lin, now, 2), paid(lin, now, 3)]
    paid(lin, now, 2, status="cancelled")
    paid(lin, now, 0.5)

    assert {one.key for one in triggers.due(programme, now, 100)} == {f"order:{order.pk}" for order in orders}


def test_a_birthday_is_a_day_of_the_shop_and_counts_once_a_year(now):
    programme = CareProgrammeFactory.create(trigger="birthday", reach_days=1)
    today = calendar.today(now)
    lin = old_customer(now, birthday=today.replace(year=today.year - 30) if (today.month, today.day) != (2, 29)
                       else today.replace(year=today.year - 28))  # fmt: skip
    old_customer(now, birthday=today + timedelta(days=40))

    assert [(one.customer_id, one.key) for one in triggers.due(programme, now, 100)] == [
        (lin.pk, f"birthday:{today.year}")
    ]
    CareEnrolmentFactory.create(programme=programme, customer=lin, occasion=f"birthday:{today.year}")
    assert triggers.count(programme, now) == 0


def test_who_came_back_or_has_an_order_under_way_is_not_won_back(now):
    programme = CareProgrammeFactory.build(trigger="win_back", wait_days=90, reach_days=5)
    gone, back, waiting = (old_customer(now) for _number in range(3))
    for customer in (gone, back, waiting):
        paid(customer, now, 92)
    paid(back, now, 10)
    OrderFactory.create(customer=waiting, status="placed", placed_at=days(now, 1))

    assert who(programme, now) == {gone.pk}


def test_a_bad_review_has_one_or_two_stars_and_was_not_rejected(now):
    programme = CareProgrammeFactory.build(trigger="bad_review", reach_days=2)
    bad = ReviewFactory.create(customer=old_customer(now), rating=2, written_at=days(now, 1))
    ReviewFactory.create(customer=old_customer(now), rating=3, written_at=days(now, 1))
    ReviewFactory.create(
        customer=old_customer(now), rating=1, written_at=days(now, 1), status="rejected", reason="off_topic"
    )

    assert who(programme, now) == {bad.customer_id}


def test_an_order_is_late_while_nothing_was_sent_and_money_is_there(now):
    programme = CareProgrammeFactory.build(trigger="late_order", wait_days=5, reach_days=10)
    late = paid(old_customer(now), now, 6)
    paid(old_customer(now), now, 6, status="shipped")
    refunded = paid(old_customer(now), now, 6)
    Order.objects.filter(pk=refunded.pk).update(refunded_total=10)

    assert who(programme, now) == {late.customer_id}


def test_who_refused_to_be_followed_gets_help_but_no_programme_from_behaviour(now):
    refused = CustomerFactory.create(joined_at=days(now, 1), is_personalised=False)
    late = paid(refused, now, 6)

    assert who(CareProgrammeFactory.build(trigger="welcome"), now) == set()
    recovery = CareProgrammeFactory.build(trigger="late_order", wait_days=5, reach_days=3)
    assert who(recovery, now) == {late.customer_id}


@pytest.mark.parametrize("state", ["erased", "merged"])
def test_nobody_who_is_gone_is_due(now, state):
    customer = CustomerFactory.create(joined_at=days(now, 1))
    gone = {"erased_at": now} if state == "erased" else {"merged_into": CustomerFactory.create(joined_at=days(now, 99))}
    Customer.objects.filter(pk=customer.pk).update(**gone)

    assert triggers.count(CareProgrammeFactory.build(), now) == 0


# --- conditions -----------------------------------------------------------------------------------------------------


def test_conditions_keep_those_of_whom_all_are_true(now):
    twice, once, busy = (CustomerFactory.create(language="zh-hans", joined_at=days(now, 1)) for _n in range(3))
    for customer in (twice, twice, once, busy, busy):
        paid(customer, now, 1)
    from tests.factories import TicketFactory

    TicketFactory.create(conversation=ConversationFactory.create(customer=busy))
    programme = CareProgrammeFactory.build(conditions={"least_orders": 2, "language": "zh", "no_ticket": True})

    assert who(programme, now) == {twice.pk}


@pytest.mark.parametrize(
    "chosen",
    [{"password": "x"}, {"least_orders": -1}, {"least_orders": "2"}, {"least_orders": True}, {"language": "fr"},
     {"groups": ["nobody"]}, {"groups": []}, {"least_orders": 3, "most_orders": 2}, ["least_orders"],
     {"customer__email__startswith": "a"}],
)  # fmt: skip
def test_what_is_not_in_the_list_is_refused_and_narrows_to_nobody(now, chosen):
    CustomerFactory.create(joined_at=days(now, 1))

    assert conditions.refused(chosen)
    if isinstance(chosen, dict) and "most_orders" not in chosen:
        assert triggers.count(CareProgrammeFactory.build(conditions=chosen), now) == 0


# --- what happens ---------------------------------------------------------------------------------------------------


def test_points_are_given_once_however_often_it_runs(now, programme):
    lin = CustomerFactory.create(joined_at=days(now, 1))
    care = made(points=50)

    for _again in range(3):
        running.run(care.pk)

    assert LoyaltyAccount.objects.get(customer=lin).balance == 50
    enrolment = CareEnrolment.objects.get()
    assert (enrolment.state, enrolment.result, enrolment.why["trigger"]) == (State.DONE, {"points": 50}, "welcome")


def test_a_run_that_is_killed_between_points_and_mark_gives_them_once(now, programme, monkeypatch):
    lin = CustomerFactory.create(joined_at=days(now, 1))
    care = made(points=50)
    whole = running._end

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "_end", killed)
    with pytest.raises(KeyboardInterrupt):
        running.run(care.pk)
    assert CareEnrolment.objects.get().state == State.WAITING
    assert not LoyaltyTransaction.objects.filter(key__startswith="care:").exists()

    monkeypatch.setattr(running, "_end", whole)
    running.run(care.pk)
    assert LoyaltyAccount.objects.get(customer=lin).balance == 50


def test_points_while_the_loyalty_programme_is_off_are_told_as_none(now, db):
    CustomerFactory.create(joined_at=days(now, 1))
    care = made(points=50)

    running.run(care.pk)

    assert CareEnrolment.objects.get().result == {"points": 0}
    assert running.points_reach(care)


def test_a_worklist_of_the_month_holds_each_customer_once(now):
    lin = old_customer(now)
    paid(lin, now, 1)
    paid(lin, now, 2)
    care = made(trigger="post_purchase", action="worklist", points=None)

    running.run(care.pk)

    worklist = Worklist.objects.get()
    assert worklist.month is not None
    assert (worklist.programme, worklist.source, worklist.month.day) == (care, "care", 1)
    assert list(WorklistItem.objects.values_list("customer", "position")) == [(lin.pk, 0)]
    assert sorted(row.result["was_there"] for row in CareEnrolment.objects.all()) == [False, True]


def test_who_wanted_no_contact_is_put_on_no_list(now):
    lin = CustomerFactory.create(joined_at=days(now, 1))
    WorklistItemFactory.create(customer=lin, outcome="refused", done_at=days(now, 30))

    assert who(CareProgrammeFactory.build(action="worklist", points=None), now) == set()
    assert who(CareProgrammeFactory.build(action="points"), now) == {lin.pk}


def test_a_ticket_says_why_to_staff_and_nothing_to_the_customer(now):
    late = paid(old_customer(now, language="en"), now, 6)
    care = made(trigger="late_order", wait_days=5, action="ticket", points=None, instructions="Call and say sorry.")

    running.run(care.pk)
    running.run(care.pk)

    ticket = Ticket.objects.get()
    message = ticket.conversation.messages.get()
    assert (ticket.conversation.channel, ticket.conversation.customer_id) == ("care", late.customer_id)
    assert message.is_internal
    assert "Call and say sorry." in message.text
    assert ticket.conversation.state == Conversation.State.WAITING
    assert ticket.conversation.handover_reason == Conversation.Reason.CARE
    assert (ticket.priority, ticket.priority_reasons) == ("normal", [])


def test_an_order_that_was_sent_meanwhile_needs_nothing(now):
    late = paid(old_customer(now), now, 6)
    care = made(trigger="late_order", wait_days=5, action="ticket", points=None)
    running.enrol(care, now)
    Order.objects.filter(pk=late.pk).update(status="shipped")

    running.run(care.pk)

    assert CareEnrolment.objects.get().state == State.SKIPPED
    assert not Ticket.objects.exists()


def test_a_programme_that_is_off_or_paused_does_nothing(now, programme):
    CustomerFactory.create(joined_at=days(now, 1))
    care = made()
    programmes.switch(care.pk, "paused")

    assert running.run(care.pk)["enrolled"] == 0
    programmes.switch(care.pk, "off")
    assert running.run(care.pk)["enrolled"] == 0
    programmes.switch(care.pk, "on")
    assert running.run(care.pk)["enrolled"] == 1


# --- messages -------------------------------------------------------------------------------------------------------

SENT: list[Any] = []


def send_once(customer_id, *, template_public_id, purpose, key, due_at=None):
    SENT.append((customer_id, template_public_id, purpose, key))
    return "planned"


def test_without_a_sender_messages_do_not_exist(monkeypatch):
    monkeypatch.setattr(message_doors, "_entries", {})
    care = CareProgrammeFactory.create(action="message", template_public_id="t-1")

    assert "message" not in dict(programmes.actions())
    with pytest.raises(BadInput):
        programmes.switch(care.pk, "on")


def test_a_message_is_planned_under_the_key_of_its_enrolment(now, monkeypatch):
    monkeypatch.setattr(message_doors, "_entries", {})
    message_doors.register("send_once", "tests.crm.test_care.send_once")
    SENT.clear()
    lin = CustomerFactory.create(joined_at=days(now, 1))
    care = made(action="message", template_public_id="t-1", points=None)

    running.run(care.pk)
    running.run(care.pk)

    enrolment = CareEnrolment.objects.get()
    assert [(lin.pk, "t-1", "care", f"care:{enrolment.pk}")] == SENT
    assert "message" in dict(programmes.actions())
    assert words.came_of(enrolment) == "Message planned"


# --- the control group ----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh():
    placing.forget()
    yield
    placing.forget()


def test_the_control_group_gets_nothing_and_both_arms_are_exposed_with_their_enrolment(now, programme, fresh):
    ShopProfile.objects.update(holdout_percent=0)  # its people take part in no experiment
    people = [CustomerFactory.create(joined_at=days(now, 1)) for _number in range(60)]
    care = made(control_percent=30)
    placing.forget()

    running.run(care.pk)

    states = list(CareEnrolment.objects.values_list("state", flat=True))
    assert len(states) == 60
    assert 6 <= states.count(State.CONTROL) <= 30
    given = LoyaltyAccount.objects.filter(balance=50).count()
    assert given == states.count(State.DONE) == 60 - states.count(State.CONTROL)
    experiment = Experiment.objects.get(kind="care")
    control = experiment.arms.get(is_control=True)
    subjects = set(Exposure.objects.filter(experiment=experiment, arm=control).values_list("subject", flat=True))
    held = CareEnrolment.objects.filter(state=State.CONTROL).values_list("customer__public_id", flat=True)
    assert subjects == set(held)
    assert Exposure.objects.filter(experiment=experiment).count() == len(people)


def test_switching_off_ends_the_comparison_and_another_share_begins_a_new_one(fresh):
    care = made(control_percent=20)
    first = Experiment.objects.get(kind="care")
    programmes.switch(care.pk, "paused")
    programmes.switch(care.pk, "on")
    assert Experiment.objects.filter(kind="care").count() == 1

    CareProgramme.objects.filter(pk=care.pk).update(control_percent=40)
    programmes.changed(care)
    first.refresh_from_db()
    assert first.state == "stopped"
    assert Experiment.objects.running().get(kind="care").arms.get(is_control=True).weight == 40

    programmes.switch(care.pk, "off")
    assert not Experiment.objects.running().filter(kind="care").exists()


@pytest.mark.parametrize(("action", "points", "of_loyalty"), [("points", 50, ["care"]), ("worklist", None, [])])
def test_the_impact_page_measures_it_and_what_points_bring_where_it_gives_some(fresh, action, points, of_loyalty):
    made(control_percent=20, action=action, points=points)
    experiment = Experiment.objects.prefetch_related("arms").get(kind="care")

    assert trials.IMPACT.arms_of(experiment) == ["care"]
    assert LOYALTY.arms_of(experiment) == of_loyalty


def test_a_programme_that_came_along_is_named_in_the_language_of_whoever_reads():
    shipped = CareProgrammeFactory.create(name="Thanks after the first order")
    own = CareProgrammeFactory.create(name="Hello from Ada")

    with override("zh-hans"):
        assert trials.PROGRAMMES.targets[f"programme-{shipped.pk}"] == "首单感谢"
        assert trials.PROGRAMMES.targets[f"programme-{own.pk}"] == "Hello from Ada"


def test_a_programme_that_gives_points_from_now_on_begins_another_comparison(fresh):
    care = made(control_percent=20, action="worklist", points=None)
    first = Experiment.objects.get(kind="care")
    programmes.changed(care)
    assert Experiment.objects.running().get(kind="care") == first

    CareProgramme.objects.filter(pk=care.pk).update(action="points", points=50)
    programmes.changed(care)

    second = Experiment.objects.running().prefetch_related("arms").get(kind="care")
    assert second != first
    assert LOYALTY.arms_of(second) == ["care"]


def test_nobody_says_by_hand_that_a_programme_gives_points():
    offered = [key for _kind, choices in ways() for key, _title in choices if key.startswith("care:")]

    assert offered == ["care:care", "care:nothing"]


# --- pages ----------------------------------------------------------------------------------------------------------


def sign_in(role=Role.MARKETER, **person):
    client = Client()
    client.force_login(StaffUserFactory.create(role=role, **person))
    return client


FORM = {
    "name": "Welcome", "trigger": "welcome", "wait_days": "1", "reach_days": "3", "action": "points", "points": "20",
    "control_percent": "10", "least_orders": "1", "language": "zh", "group": "new",
}  # fmt: skip


def test_a_marketer_writes_switches_and_takes_back(now):
    client = sign_in()
    answer = client.post(reverse("admin:crm_careprogramme_add"), FORM)
    care = CareProgramme.objects.get()
    page = reverse("admin:crm_careprogramme_change", args=[care.pk])
    assert answer.url == page
    assert care.conditions == {"least_orders": 1, "language": "zh", "groups": ["new"]}

    client.post(reverse("admin:crm_care_switch"), {"programme": care.pk, "to": "on"})
    care.refresh_from_db()
    assert care.state == "on"
    assert LedgerEntry.objects.filter(kind__contains="experiment").exists() or care.experiment is not None
    assert client.get(page).status_code == 200


def test_the_editor_counts_who_would_be_enrolled_now(now):
    for _number in range(3):
        CustomerFactory.create(joined_at=days(now, 1))
    care = CareProgrammeFactory.create(control_percent=0)

    body = sign_in().get(reverse("admin:crm_careprogramme_panel", args=[care.pk, "due"])).content.decode()

    assert "<strong>3</strong>" in body


def test_the_log_says_who_got_what_and_why_and_never_names_the_control_group(now):
    care = CareProgrammeFactory.create()
    got = CareEnrolmentFactory.create(
        programme=care, customer=CustomerFactory.create(name="Treated Tang"), state="done", result={"points": 50},
        why={"trigger": "welcome", "days": 2},
    )  # fmt: skip
    CareEnrolmentFactory.create(programme=care, customer=CustomerFactory.create(name="Held Han"), state="control")
    client = sign_in()

    for page in (
        reverse("admin:crm_careprogramme_change", args=[care.pk]), reverse("admin:crm_careenrolment_changelist")
    ):  # fmt: skip
        body = client.get(page).content.decode()
        assert got.customer.name in body
        assert "New here since 2 days" in body
        assert "50 points" in body
        assert "Held Han" not in body


def test_the_list_costs_the_same_for_many(django_assert_max_num_queries):
    client = sign_in()
    for _number in range(12):
        CareEnrolmentFactory.create(state="done")
    client.get(reverse("admin:crm_careprogramme_changelist"))

    with django_assert_max_num_queries(12):
        assert client.get(reverse("admin:crm_careprogramme_changelist")).status_code == 200
    with django_assert_max_num_queries(12):
        assert client.get(reverse("admin:crm_careenrolment_changelist")).status_code == 200


def test_support_sees_programmes_and_cannot_switch_them():
    care = CareProgrammeFactory.create()
    client = sign_in(Role.SUPPORT)

    assert client.get(reverse("admin:crm_careprogramme_change", args=[care.pk])).status_code == 200
    assert client.post(reverse("admin:crm_care_switch"), {"programme": care.pk, "to": "on"}).status_code == 403


# --- the demo shop --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_demo_shop_has_programmes_that_run_and_a_shop_of_ones_own_none(is_demo, fresh):
    from crm.demo import first_care

    ShopProfileFactory.create(is_demo=is_demo)
    first_care()
    first_care()

    states = list(CareProgramme.objects.values_list("state", flat=True))
    assert states == (["on"] * 4 if is_demo else [])
    for programme in CareProgramme.objects.all():
        programme.full_clean()


def test_names_that_came_along_are_told_in_the_language_of_the_reader_and_those_of_staff_as_they_are(fresh):
    from crm.demo import first_care

    ShopProfileFactory.create(is_demo=True)
    first_care()
    programme = CareProgramme.objects.get(trigger="win_back")
    own = CareProgrammeFactory.create(name="Call twice")
    worklist = running.worklist_of(programme, date(2026, 11, 1))

    with override("zh-hans"):
        assert (programme.title, programme.task) == ("90 天未下单挽回", "询问缺少什么，介绍新品。")
        assert programme.experiment.title == "关怀计划：90 天未下单挽回"
        assert worklist.title == "90 天未下单挽回 · 2026-11"
        assert own.title == "Call twice"
    with override("en"):
        assert (programme.title, worklist.title) == ("Win back after 90 days", "Win back after 90 days · 2026-11")
    page = sign_in(Role.MARKETER, language="zh-hans").get(reverse("admin:crm_careprogramme_changelist"))
    assert "差评后联系顾客" in page.content.decode()
    assert "Somebody calls" not in page.content.decode()


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_demo_shop_has_texts_to_answer_with_and_a_shop_of_ones_own_none(is_demo, fresh):
    from crm.demo import first_texts

    ShopProfileFactory.create(is_demo=is_demo)
    first_texts()
    first_texts()

    assert (CannedReply.objects.count(), Macro.objects.count()) == ((6, 4) if is_demo else (0, 0))
    for text in [*CannedReply.objects.all(), *Macro.objects.all()]:
        text.full_clean()
        assert text.text_en
        assert text.text_zh


@pytest.mark.parametrize(("may_open", "is_link"), [(True, True), (False, False)])
def test_a_ticket_that_care_opened_is_a_link_for_those_who_may_see_it(may_open, is_link):
    row = CareEnrolment(state=CareEnrolment.State.DONE, result={"ticket": 305})

    said = str(came_of(row, may_open=may_open))

    assert "Ticket #305" in said
    assert ('href="/admin/crm/ticket/305/change/"' in said) is is_link
