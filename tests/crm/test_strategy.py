"""Service strategies: groups from how customers were served, judged by later cases, decided by people, measured."""

import threading
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Customer
from core.choices import Role
from core.experiments import metrics, placing
from core.models import Experiment, Exposure, Job, ShopProfile
from core.shop import forget_shop
from crm.care import programmes, running
from crm.exceptions import BadInput, DecidedMeanwhile
from crm.ml import service_strategy
from crm.ml.service_strategy import Measures
from crm.models import (
    CareEnrolment,
    Conversation,
    SatisfactionScore,
    ServiceGroup,
    ServiceMember,
    ServiceRun,
    ServiceStrategy,
    SlaPolicy,
    Ticket,
)
from crm.services import desk, desk_acts
from crm.strategy import applying, datasets, deciding, enrolling, finding, trials, words
from tests.factories import (
    CareProgrammeFactory,
    ConversationFactory,
    CustomerFactory,
    CustomerScoreFactory,
    ReviewFactory,
    ServiceGroupFactory,
    ServiceMemberFactory,
    ServiceRunFactory,
    ServiceStrategyFactory,
    ShopProfileFactory,
    SlaPolicyFactory,
    SlaTargetFactory,
    StaffUserFactory,
    TicketFactory,
)

ADDRESS = "admin:crm_service_strategy"


def ticket_of(
    customer: Customer, at: datetime, *, minutes: float | None = None, stars: int = 0, by_rule: bool = False,
    channel: str = "form",
) -> Ticket:  # fmt: skip
    conversation = ConversationFactory.create(
        customer=customer, channel=channel, handover_reason="rule" if by_rule else "asked", handed_over_at=at
    )
    answered = {} if minutes is None else {
        "first_responded_at": at + timedelta(minutes=minutes), "first_response_seconds": int(minutes * 60),
    }  # fmt: skip
    made = TicketFactory.create(conversation=conversation, clock_started_at=at, **answered)
    Ticket.objects.filter(pk=made.pk).update(created_at=at)
    if stars:
        SatisfactionScore.objects.create(conversation=conversation, score=stars, at=at + timedelta(hours=1))
    return made


# --- what groups are learned from -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_how_a_customer_was_served_is_told_for_all_days_and_for_both_parts_of_them():
    now = timezone.now()
    lin = CustomerFactory.create()
    ticket_of(lin, now - timedelta(days=170), minutes=10, stars=5)
    ticket_of(lin, now - timedelta(days=160), minutes=30, stars=2, by_rule=True)
    ticket_of(lin, now - timedelta(days=10), minutes=60)
    ReviewFactory.create(customer=lin, rating=1, written_at=now - timedelta(days=9))
    ReviewFactory.create(customer=lin, rating=3, written_at=now - timedelta(days=9))

    found = datasets.served(now, 180)

    assert found.ids.tolist() == [lin.pk]
    assert [one.tolist() for one in (found.whole.response, found.whole.satisfaction, found.whole.complaints)] == [
        [pytest.approx(100 / 3)], [3.5], [2.0],
    ]  # fmt: skip
    assert (found.early.response[0], found.early.satisfaction[0], found.early.complaints[0]) == (20.0, 3.5, 1.0)
    assert (found.later.response[0], found.later.complaints[0], found.later.cases[0]) == (60.0, 1.0, 2.0)
    assert np.isnan(found.later.satisfaction[0])


@pytest.mark.django_db
def test_left_out_are_the_shops_own_tickets_who_refused_and_who_never_asked():
    now = timezone.now()
    at = now - timedelta(days=5)
    ticket_of(CustomerFactory.create(), at, minutes=5, channel="care")
    ticket_of(CustomerFactory.create(is_personalised=False), at, minutes=5)
    ticket_of(CustomerFactory.create(erased_at=now), at, minutes=5)
    ticket_of(CustomerFactory.create(), now - timedelta(days=181), minutes=5)
    ReviewFactory.create(customer=CustomerFactory.create(), rating=1, written_at=at)

    assert len(datasets.served(now, 180)) == 0


def measures(response: Any, satisfaction: Any, complaints: Any) -> Measures:
    return Measures(response, satisfaction, complaints, np.ones(len(response)))


def cases(truth: Any, rng: Any) -> Measures:
    """Two kinds of customers: served well, and badly."""
    return measures(
        np.exp(rng.normal(np.take([3.0, 5.5], truth), 0.3)),
        np.clip(np.round(rng.normal(np.take([4.7, 2.0], truth), 0.5)), 1, 5),
        rng.poisson(np.take([0.02, 1.5], truth)).astype(float),
    )


def mean_of_both(one: Measures, other: Measures) -> Measures:
    return Measures(*(
        (getattr(one, name) + getattr(other, name)) / (1 if name in ("complaints", "cases") else 2)
        for name in ("response", "satisfaction", "complaints", "cases")
    ))  # fmt: skip


def test_a_planted_group_that_is_served_badly_again_is_proposed_to_go_first():
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1], [400, 100])
    early, later = cases(truth, rng), cases(truth, rng)

    found = service_strategy.find(mean_of_both(early, later), early, later)

    assert (len(found.groups), found.is_stable) == (2, True)
    assert float(np.mean(found.labels == truth)) > 0.98
    good, bad = found.groups
    assert (good.priority, good.programme, good.strength, good.reasons) == ("normal", "", "none", [])
    assert (bad.priority, bad.programme, bad.strength) == ("urgent", "bad_review", "clear")
    assert bad.reasons == ["less_satisfied", "more_complaints", "slower"]
    assert bad.later["satisfaction"].low is not None
    assert bad.later["satisfaction"].low < 2.0 < (bad.later["satisfaction"].high or 0)


def test_groups_that_only_luck_parts_are_not_proposed_to_be_served_differently():
    """Served alike, some by chance badly: parted by what they had, they differ in it, and later they do not."""
    claimed = stepped = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        early, later = (
            measures(
                np.exp(rng.normal(4, 0.8, 200)), rng.choice([1.0, 2, 4, 5], 200), rng.poisson(0.3, 200).astype(float)
            )
            for _part in range(2)
        )
        found = service_strategy.find(mean_of_both(early, later), early, later)
        stepped += any(one.priority != "normal" for one in found.groups)
        claimed += any(service_strategy._reasons(one.means, found.overall) for one in found.groups)

    assert claimed >= 5  # a look at the same cases would have said so
    assert stepped <= 1


def test_too_few_who_came_again_leave_it_to_a_person():
    rng = np.random.default_rng(1)
    truth = np.repeat([0, 1], [190, 10])
    early, later = cases(truth, rng), cases(truth, rng)

    found = service_strategy.find(mean_of_both(early, later), early, later)

    few = [one for one in found.groups if one.followed < service_strategy.FEWEST_FOLLOWED]
    assert all((one.strength, one.priority) == ("too_few", "normal") for one in few)
    assert few


# --- runs -----------------------------------------------------------------------------------------------------------


def planted(now: datetime, *, good: int = 120, bad: int = 60) -> list[Customer]:
    """Customers with an earlier and a later ticket each; the last ones waited long and were not content."""
    customers = CustomerFactory.create_batch(good + bad)
    threads, tickets, stars = [], [], []
    rng = np.random.default_rng(2)
    for number, customer in enumerate(customers):
        is_bad = number >= good
        for days in (150, 20):
            at = now - timedelta(days=days)
            thread = ConversationFactory.build(customer=customer, started_at=at, last_message_at=at)
            threads.append(thread)
            seconds = int(60 * (rng.normal(400, 40) if is_bad else rng.normal(20, 4)))
            tickets.append(Ticket(
                conversation=thread, clock_started_at=at, created_at=at, first_response_seconds=seconds,
                first_responded_at=at + timedelta(seconds=seconds), state="closed",
            ))  # fmt: skip
            stars.append(SatisfactionScore(conversation=thread, score=2 if is_bad else 5, at=at))
    Conversation.objects.bulk_create(threads)
    Ticket.objects.bulk_create(tickets)
    for row in tickets:
        row.created_at = row.clock_started_at
    Ticket.objects.bulk_update(tickets, ["created_at"])
    SatisfactionScore.objects.bulk_create(stars)
    return customers


@pytest.mark.django_db
def test_a_run_finds_the_planted_groups_and_says_what_their_customers_are_like():
    now = timezone.now()
    customers = planted(now)
    CustomerScoreFactory.create(customer=customers[-1], value=500, churn_90=0.8, rfm_segment="at_risk")
    CustomerScoreFactory.create(customer=customers[0], value=100, churn_90=0.2, rfm_segment="champions")

    assert finding.find(now=now)["groups"] == 2

    run = ServiceRun.objects.get()
    assert (run.as_of, run.window_days, run.customers, run.k) == (now, 180, 180, 2)
    assert (run.stability or 0) > 0.95
    good, bad = run.groups.all()
    assert (good.size, bad.size, good.key, bad.key) == (120, 60, "c1", "c2")
    assert set(bad.members.values_list("customer", flat=True)) == {one.pk for one in customers[120:]}
    assert (bad.priority, bad.programme, bad.reasons) == ("high", "bad_review", ["less_satisfied", "slower"])
    assert bad.evidence["followed"] == 60
    assert bad.evidence["later"]["satisfaction"]["value"] == 2.0
    assert bad.target_minutes is not None
    assert bad.profile == {"segments": [["at_risk", 1]], "scored": 1, "value": 500.0, "churn": 0.8}
    assert run.overall["profile"]["value"] == 300.0


@pytest.mark.django_db
def test_groups_keep_their_name_and_customers_of_old_groups_are_kept_only_where_needed():
    now = timezone.now()
    planted(now)
    finding.find(now=now)
    first = {group.key: group for group in ServiceGroup.objects.all()}
    ServiceStrategyFactory.create(group=first["c2"])

    finding.find(now=now + timedelta(minutes=1))

    newest = ServiceRun.objects.first()
    assert newest is not None
    assert [group.key for group in newest.groups.all()] == ["c1", "c2"]
    assert not first["c1"].members.exists()
    assert first["c2"].members.count() == 60
    assert ServiceMember.objects.filter(group__run=newest).count() == 180


@pytest.mark.django_db
def test_too_few_customers_give_a_run_with_the_reason_and_leave_what_was_decided():
    strategy = ServiceStrategyFactory.create()
    ticket_of(CustomerFactory.create(), timezone.now() - timedelta(days=3), minutes=5)

    assert finding.find() == {"customers": 1, "groups": 0}

    newest = ServiceRun.objects.first()
    assert newest is not None
    assert newest.refusal["values"] == {"count": 1, "needed": 100}
    assert ServiceStrategy.objects.in_force().get() == strategy


@pytest.mark.django_db
def test_customers_who_were_all_served_alike_are_not_parted():
    now = timezone.now()
    for customer in CustomerFactory.create_batch(100):
        ticket_of(customer, now - timedelta(days=5), minutes=10, stars=5)

    assert finding.find(now=now)["groups"] == 0
    assert not ServiceGroup.objects.exists()


# --- what people decide ---------------------------------------------------------------------------------------------


@pytest.fixture
def boss(db: None) -> Any:
    ShopProfileFactory.create(time_zone="Asia/Shanghai", holdout_percent=0)
    SlaPolicy.objects.all().delete()  # that of a new shop
    forget_shop()
    placing.forget()
    return StaffUserFactory.create(username="boss", role=Role.OWNER)


def accept(group: ServiceGroup, boss: Any, **more: Any) -> ServiceStrategy:
    asked = {
        "seen": 0, "priority": "high", "target_minutes": 30, "programme_id": None, "control_percent": 0,
        "reason": "They wait too long.",
    } | more  # fmt: skip
    made = deciding.accept(group.pk, by=boss, **asked)
    placing.forget()
    return made


def opened(customer: Customer, **more: Any) -> Ticket:
    asked = {"channel": "form", "language": "en"} | more
    conversation = desk.start(customer=customer, visitor="", **asked)
    desk.say(conversation, author="customer", text="Where is my order?")
    return desk.hand_over(conversation, reason="asked")


def test_who_accepted_what_when_and_why_is_kept(boss):
    group = ServiceGroupFactory.create(priority="high", target_minutes=30, programme="")

    as_proposed = accept(group, boss)
    assert (as_proposed.decided_by, as_proposed.reason, as_proposed.is_changed) == (boss, "They wait too long.", False)

    changed = accept(group, boss, seen=as_proposed.pk, target_minutes=20, reason="Faster  still")
    as_proposed.refresh_from_db()
    assert (changed.is_changed, changed.reason) == (True, "Faster still")
    assert (as_proposed.withdrawn_by, as_proposed.withdrawn_because) == (boss, "Replaced")
    assert ServiceStrategy.objects.standing().get() == changed


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority": "soon"}, {"target_minutes": 0}, {"target_minutes": 10**7}, {"control_percent": 51},
        {"control_percent": -1}, {"reason": "  "}, {"programme_id": 12345},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_is_decided(boss, wrong):
    with pytest.raises(BadInput):
        accept(ServiceGroupFactory.create(), boss, **wrong)

    assert not ServiceStrategy.objects.exists()
    assert not Experiment.objects.exists()


def test_a_new_ticket_gets_priority_target_and_the_reason(boss):
    policy = SlaPolicyFactory.create()
    SlaTargetFactory.create(policy=policy, priority="high", first_response=120, next_response=None, resolution=None)
    member = ServiceMemberFactory.create()
    strategy = accept(member.group, boss)

    ticket = opened(member.customer)
    other = opened(CustomerFactory.create())

    assert (ticket.priority, ticket.strategy, ticket.target_minutes) == ("high", strategy, 30)
    assert ticket.priority_reasons == [{"key": "strategy", "group": member.group.number}]
    assert ticket.first_response_due == ticket.clock_started_at + timedelta(minutes=30)
    assert ticket.due_at == ticket.first_response_due
    assert (other.priority, other.strategy, other.priority_reasons) == ("normal", None, [])


def test_the_shorter_of_strategy_and_response_target_holds(boss):
    policy = SlaPolicyFactory.create()
    SlaTargetFactory.create(policy=policy, priority="high", first_response=10, next_response=None, resolution=None)
    member = ServiceMemberFactory.create()
    accept(member.group, boss)

    ticket = opened(member.customer)

    assert ticket.first_response_due == ticket.clock_started_at + timedelta(minutes=10)


def test_what_makes_a_ticket_urgent_by_itself_stays(boss):
    member = ServiceMemberFactory.create()
    accept(member.group, boss, priority="low")
    conversation = desk.start(customer=member.customer, visitor="", channel="form", language="en")

    by_rule = desk.hand_over(conversation, reason="rule")
    plain = opened(member.customer)

    assert (by_rule.priority, [one["key"] for one in by_rule.priority_reasons]) == ("high", ["rule", "strategy"])
    assert plain.priority == "low"


def test_tickets_that_the_shop_opens_itself_are_left_alone(boss):
    member = ServiceMemberFactory.create()
    accept(member.group, boss)

    assert opened(member.customer, channel="care").strategy is None


def test_half_of_the_customers_are_served_as_before_and_both_halves_are_counted(boss):
    group = ServiceGroupFactory.create()
    members = [ServiceMemberFactory.create(group=group) for _number in range(60)]
    strategy = accept(group, boss, control_percent=50)

    tickets = [opened(member.customer) for member in members]

    arms = dict(Exposure.objects.values_list("subject", "arm__key"))
    assert strategy.experiment is not None
    assert strategy.experiment.target == f"strategy-{strategy.pk}"
    assert len(arms) == 60
    assert 15 <= list(arms.values()).count("control") <= 45
    for member, ticket in zip(members, tickets, strict=True):
        is_control = arms[member.customer.public_id] == "control"
        assert (ticket.priority, ticket.strategy_id) == (("normal", None) if is_control else ("high", strategy.pk))
    again = opened(members[0].customer)
    assert again.priority == tickets[0].priority  # drawn once


def test_who_refuses_to_be_followed_and_the_shops_holdout_are_served_as_before(boss):
    ShopProfile.objects.update(holdout_percent=50)
    forget_shop()
    group = ServiceGroupFactory.create()
    refused = ServiceMemberFactory.create(group=group, customer__is_personalised=False)
    others = [ServiceMemberFactory.create(group=group) for _number in range(30)]
    accept(group, boss, control_percent=10)

    assert opened(refused.customer).strategy is None
    tickets = [opened(member.customer) for member in others]

    counted = set(Exposure.objects.filter(experiment__kind="service").values_list("subject", flat=True))
    assert 5 <= len(counted) <= 25  # the rest is the holdout
    for member, ticket in zip(others, tickets, strict=True):
        assert ticket.strategy is None or member.customer.public_id in counted


def test_refusing_leaves_customers_as_they_were(boss):
    member = ServiceMemberFactory.create()

    refused = deciding.refuse(member.group.pk, seen=0, reason="Too early", by=boss)

    assert (refused.decision, refused.is_in_force) == ("refused", False)
    assert opened(member.customer).strategy is None


def test_withdrawing_puts_unfinished_tickets_back_and_putting_back_acts_again(boss):
    member = ServiceMemberFactory.create()
    strategy = accept(member.group, boss, control_percent=10)
    other = ServiceMemberFactory.create()
    members = [member, *(ServiceMemberFactory.create(group=member.group) for _number in range(20))]
    ticket = next(one for one in (opened(row.customer) for row in members) if one.strategy_id)
    chosen = next(one for one in (opened(row.customer) for row in members) if one.strategy_id)
    desk_acts.set_priority(chosen, "urgent", boss)

    deciding.withdraw(strategy.pk, reason="Not worth it", by=boss)
    deciding.withdraw(strategy.pk, reason="again", by=boss)
    assert applying.take_back(strategy) > 0

    ticket.refresh_from_db()
    chosen.refresh_from_db()
    strategy.refresh_from_db()
    assert (ticket.priority, ticket.strategy, ticket.target_minutes, ticket.priority_reasons) == (
        "normal",
        None,
        None,
        [],
    )
    assert ticket.first_response_due is None
    assert (chosen.priority, chosen.strategy) == ("urgent", None)  # a person chose it
    assert strategy.withdrawn_because == "Not worth it"
    assert not Experiment.objects.running().exists()
    assert opened(other.customer).strategy is None
    assert applying.take_back(strategy) == 0

    deciding.put_back(strategy.pk, by=boss)
    strategy.refresh_from_db()
    assert strategy.is_in_force
    assert Experiment.objects.running().filter(kind="service").count() == 1


def test_a_withdrawal_that_was_taken_back_before_its_job_ran_leaves_tickets_alone(boss):
    member = ServiceMemberFactory.create()
    strategy = accept(member.group, boss)
    ticket = opened(member.customer)
    deciding.withdraw(strategy.pk, by=boss)
    deciding.put_back(strategy.pk, by=boss)

    assert applying.take_back(strategy) == 0

    ticket.refresh_from_db()
    assert ticket.strategy == strategy


def test_what_was_replaced_cannot_be_put_back_beside_it(boss):
    group = ServiceMemberFactory.create().group
    first = accept(group, boss)
    accept(group, boss, seen=first.pk, priority="urgent")

    with pytest.raises(DecidedMeanwhile):
        deciding.put_back(first.pk, by=boss)


def test_a_decision_replaces_that_of_an_earlier_run_about_the_same_group(boss):
    old = ServiceMemberFactory.create(group__key="c7")
    before = accept(old.group, boss)
    new = ServiceMemberFactory.create(group__key="c7", group__run=ServiceRunFactory.create(), customer=old.customer)

    with pytest.raises(DecidedMeanwhile):
        accept(new.group, boss)
    now = accept(new.group, boss, seen=before.pk, priority="urgent")

    assert opened(old.customer).strategy == now


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told_of_the_other():
    ShopProfileFactory.create()
    people = [StaffUserFactory.create(role=Role.OWNER) for _number in range(2)]
    group = ServiceMemberFactory.create().group
    barrier, ends = threading.Barrier(2), []

    def decide(person: Any) -> None:
        barrier.wait()
        try:
            accept(group, person, control_percent=50)
            ends.append("accepted")
        except DecidedMeanwhile:
            ends.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ends) == ["accepted", "told"]
    assert ServiceStrategy.objects.in_force().count() == 1
    assert Experiment.objects.running().count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_ticket_opens_wholly_before_or_after_a_withdrawal():
    ShopProfileFactory.create()
    person = StaffUserFactory.create(role=Role.OWNER)
    member = ServiceMemberFactory.create()
    for _round in range(8):
        standing = ServiceStrategy.objects.standing().first()
        strategy = accept(member.group, person, seen=standing.pk if standing else 0)
        barrier = threading.Barrier(2)

        def withdraw(pk: int = strategy.pk, wait: threading.Barrier = barrier) -> None:
            wait.wait()
            deciding.withdraw(pk, by=person)
            applying.take_back(ServiceStrategy(pk=pk))
            connection.close()

        def ask(wait: threading.Barrier = barrier) -> None:
            wait.wait()
            opened(member.customer)
            connection.close()

        threads = [threading.Thread(target=one) for one in (withdraw, ask)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert Ticket.objects.count() == 8
    assert not Ticket.objects.exclude(strategy=None).exists()


# --- the care programme ---------------------------------------------------------------------------------------------


def test_customers_are_enrolled_once_and_half_of_them_are_left_as_before(boss):
    programme = CareProgrammeFactory.create(trigger="bad_review", action="ticket", points=None)
    programmes.switch(programme.pk, "on")
    group = ServiceGroupFactory.create()
    for _number in range(40):
        ServiceMemberFactory.create(group=group)
    strategy = accept(group, boss, programme_id=programme.pk, control_percent=50)
    assert Job.objects.filter(kind="crm.service.enrol").count() == 1

    first = enrolling.enrol(strategy.pk)
    again = enrolling.enrol(strategy.pk)

    arms = list(Exposure.objects.filter(experiment=strategy.experiment).values_list("arm__key", flat=True))
    treated = 40 - arms.count("control")
    assert len(arms) == 40
    assert first == {"looked_at": 40, "enrolled": treated}
    assert again == {"looked_at": 40, "enrolled": 0}
    assert CareEnrolment.objects.filter(occasion=f"service:{strategy.pk}").count() == treated

    assert running.run(programme.pk)["done"] == treated
    assert Ticket.objects.filter(conversation__channel="care").count() == treated


def test_the_programmes_own_control_group_gets_nothing_from_a_strategy_either(boss):
    programme = CareProgrammeFactory.create(trigger="bad_review", action="ticket", points=None, control_percent=50)
    programmes.switch(programme.pk, "on")
    placing.forget()
    group = ServiceGroupFactory.create()
    for _number in range(40):
        ServiceMemberFactory.create(group=group)
    strategy = accept(group, boss, programme_id=programme.pk)

    enrolling.enrol(strategy.pk)

    states = list(CareEnrolment.objects.values_list("state", flat=True))
    assert len(states) == 40
    assert 8 <= states.count("control") <= 32


def test_who_waits_for_the_programme_is_not_served_by_it_after_a_withdrawal(boss):
    programme = CareProgrammeFactory.create(trigger="late_order", action="ticket", points=None)
    programmes.switch(programme.pk, "on")
    member = ServiceMemberFactory.create()
    strategy = accept(member.group, boss, programme_id=programme.pk)
    enrolling.enrol(strategy.pk)

    deciding.withdraw(strategy.pk, by=boss)

    assert running.run(programme.pk)["done"] == 0
    assert CareEnrolment.objects.get().state == CareEnrolment.State.SKIPPED
    assert enrolling.enrol(strategy.pk) == {"looked_at": 0, "enrolled": 0}


def test_a_programme_that_is_off_is_not_offered_to_a_strategy(boss):
    programme = CareProgrammeFactory.create(trigger="bad_review")

    with pytest.raises(BadInput):
        accept(ServiceGroupFactory.create(), boss, programme_id=programme.pk)


# --- the effect -----------------------------------------------------------------------------------------------------


def test_answers_stars_and_complaints_are_added_up_by_arm(boss):
    group = ServiceGroupFactory.create()
    members = [ServiceMemberFactory.create(group=group) for _number in range(12)]
    strategy = accept(group, boss, control_percent=50)
    experiment = strategy.experiment
    assert experiment is not None
    start = timezone.now() - timedelta(days=40)
    arms = {arm.key: arm.pk for arm in experiment.arms.all()}
    for number, member in enumerate(members):
        is_control = number % 2 == 0
        Exposure.objects.create(
            experiment=experiment, arm_id=arms["control" if is_control else "strategy"],
            subject=member.customer.public_id, exposed_at=start,
        )  # fmt: skip
        ticket_of(
            member.customer, start, minutes=100 if is_control else 20, stars=2 if is_control else 5, by_rule=is_control
        )
        ticket_of(member.customer, start + timedelta(days=29), minutes=9_999)  # after the days counted
    ReviewFactory.create(customer=members[1].customer, rating=1, written_at=start + timedelta(days=3))
    ReviewFactory.create(customer=members[0].customer, rating=1, written_at=start - timedelta(days=3))

    def of(name: str, key: str) -> Any:
        metric = metrics.known(name)
        assert metric is not None
        return metrics.count(experiment, metric, now=timezone.now()).sums[arms[key]]

    assert (of("service_response", "control").y, of("service_response", "control").d) == (600.0, 6.0)
    assert (of("service_response", "strategy").y, of("service_response", "strategy").d) == (120.0, 6.0)
    assert (of("service_rating", "control").y, of("service_rating", "strategy").y) == (12.0, 30.0)
    assert (of("complaints", "control").y, of("complaints", "strategy").y) == (6.0, 1.0)
    assert (of("complaints", "control").x, of("complaints", "strategy").x) == (1.0, 0.0)


def test_who_got_no_answer_waited_until_the_days_counted_are_over(boss):
    member = ServiceMemberFactory.create()
    strategy = accept(member.group, boss, control_percent=50)
    experiment = strategy.experiment
    assert experiment is not None
    start = timezone.now() - timedelta(days=40)
    arm = experiment.arms.get(key="control")
    Exposure.objects.create(experiment=experiment, arm=arm, subject=member.customer.public_id, exposed_at=start)
    ticket_of(member.customer, start)

    sums = metrics.count(experiment, trials.RESPONSE, now=timezone.now()).sums[arm.pk]

    assert sums.y == pytest.approx(28 * 24 * 60, abs=0.01)


# --- the page -------------------------------------------------------------------------------------------------------


def client_of(role: Role) -> Client:
    client = Client()
    client.force_login(StaffUserFactory.create(role=role))
    return client


@pytest.mark.django_db
def test_the_page_says_why_there_is_nothing_and_looks_when_asked():
    ShopProfileFactory.create()
    client = client_of(Role.OWNER)

    assert "No groups yet" in client.get(reverse(ADDRESS)).content.decode()
    client.post(reverse(ADDRESS), {"act": "look"})

    assert Job.objects.filter(kind="crm.service_groups").count() == 1


@pytest.mark.django_db
def test_a_proposal_is_accepted_and_withdrawn_on_the_page():
    now = timezone.now()
    ShopProfileFactory.create()
    planted(now)
    finding.find(now=now)
    client = client_of(Role.OWNER)
    group = ServiceGroup.objects.get(key="c2")

    page = client.get(reverse(ADDRESS)).content.decode()
    assert "Group 2" in page
    assert "Less satisfied than everybody" in page
    assert "waited longer than everybody" in page
    assert "later cases of 60 customers" in page

    asked = {
        "act": "accept", "group": group.pk, "seen": 0, "priority": "urgent", "target": "45", "control": "50",
        "reason": "Try it",
    }  # fmt: skip
    client.post(reverse(ADDRESS), asked)
    made = ServiceStrategy.objects.get()
    assert (made.priority, made.target_minutes, made.control_percent, made.is_changed) == ("urgent", 45, 50, True)
    page = client.get(reverse(ADDRESS)).content.decode()
    assert "In force" in page
    assert "Try it" in page

    stale = client.post(reverse(ADDRESS), asked)
    assert stale.status_code == 409
    assert "in the meantime" in stale.content.decode()

    client.post(reverse(ADDRESS), {"act": "withdraw", "strategy": made.pk})
    made.refresh_from_db()
    assert made.withdrawn_at is not None
    assert "Withdrawn decisions" in client.get(reverse(ADDRESS)).content.decode()


@pytest.mark.django_db
def test_only_the_owner_decides_and_support_sees_it():
    ShopProfileFactory.create()
    group = ServiceGroupFactory.create(run__k=1)
    support = client_of(Role.SUPPORT)

    page = support.get(reverse(ADDRESS)).content.decode()
    refused = support.post(reverse(ADDRESS), {"act": "refuse", "group": group.pk, "seen": 0, "reason": "no"})

    assert 'value="accept"' not in page
    assert refused.status_code == 403
    assert client_of(Role.DEVELOPER).get(reverse(ADDRESS)).status_code == 403
    assert not ServiceStrategy.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("groups", [1, 6])
def test_the_page_asks_the_same_number_of_queries_whatever_there_is(groups, django_assert_max_num_queries):
    ShopProfileFactory.create()
    run = ServiceRunFactory.create(k=groups)
    owner = StaffUserFactory.create(role=Role.OWNER)
    for number in range(groups):
        group = ServiceGroupFactory.create(run=run, key=f"c{number + 1}", place=number)
        accept(ServiceMemberFactory.create(group=group).group, owner, control_percent=50)
        ServiceStrategyFactory.create(group=group, withdrawn_at=timezone.now(), decided_by=owner)
    client = Client()
    client.force_login(owner)
    client.get(reverse(ADDRESS))

    with django_assert_max_num_queries(12):
        assert client.get(reverse(ADDRESS)).status_code == 200


def test_ranges_stay_within_what_can_be_and_are_not_told_of_a_few_who_were_alike():
    assert words.likely("satisfaction", {"low": -282.97, "high": 289.97}) == "likely 1.00 to 5.00"
    assert words.likely("complaints", {"low": -0.2, "high": 1.5}) == "likely 0.00 to 1.50"
    assert words.likely("complaints", {"low": 0.0, "high": 0.0}) == ""
    assert words.strength({"followed": 1}) == ("Not sure enough: only 1 customer has later cases. A person decides.")


@pytest.mark.django_db
def test_a_ticket_shows_why_it_goes_first(boss):
    member = ServiceMemberFactory.create()
    accept(member.group, boss)
    ticket = opened(member.customer)

    page = client_of(Role.SUPPORT).get(f"{reverse('admin:crm_inbox')}?ticket={ticket.pk}").content.decode()

    assert f"service strategy: group {member.group.number}" in page


@pytest.mark.django_db
def test_groups_leave_as_a_table():
    now = timezone.now()
    ShopProfileFactory.create()
    planted(now)
    finding.find(now=now)

    file = client_of(Role.OWNER).post(reverse(f"{ADDRESS}_export")).getvalue().decode()

    assert file.count("\n") == 1 + 2 * 3
    assert "Satisfaction, 1 to 5" in file
