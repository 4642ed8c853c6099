"""The next step for a customer: each rule by its evidence, in order, said once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import CustomerScore
from catalog.models import Customer, Order
from core.choices import Role
from crm.care import next_step
from crm.exceptions import BadInput
from crm.models import NextStepOutcome
from crm.people.portrait import portrait
from crm.services import calendar
from tests.crm.conftest import final
from tests.factories import (
    CareEnrolmentFactory,
    ConversationFactory,
    CustomerFactory,
    OrderFactory,
    ReviewFactory,
    StaffUserFactory,
    TicketFactory,
)

pytestmark = pytest.mark.django_db


def everything(_right: str) -> bool:
    return True


@pytest.fixture
def lin() -> Customer:
    return CustomerFactory.create(name="Lin", joined_at=timezone.now() - timedelta(days=400))


def keys(customer: Customer, may: Any = everything, **more: Any) -> list[str]:
    return [one.key for one in next_step.steps(customer, may, limit=9, **more)]


def paid(customer: Customer, days: float, status: str = "paid") -> Order:
    at = timezone.now() - timedelta(days=days)
    return OrderFactory.create(
        customer=customer, status=status, placed_at=at, paid_at=at, paid_total=10, total=10, lines_total=10
    )


def likely_to_go(customer: Customer) -> None:
    CustomerScore.objects.create(customer=customer, churn_90=0.7, value=200, propensity_30=0.6)


def test_without_evidence_there_is_no_step(lin):
    assert keys(lin) == []
    assert portrait(lin, everything)["next_step"] is None


def test_what_went_wrong_comes_before_what_could_be_won(lin):
    likely_to_go(lin)
    late = paid(lin, 6)
    ReviewFactory.create(customer=lin, rating=1, written_at=timezone.now() - timedelta(days=2))
    TicketFactory.create(conversation=ConversationFactory.create(customer=lin))

    assert keys(lin) == ["ticket", "late_order", "bad_review", "win_back", "first_order", "likely_order"]
    late_step = next_step.steps(lin, everything)[1]
    assert late_step.why == f"Order {late.number} was paid 6 days ago; nothing was sent."


def test_the_chance_to_leave_is_told_in_people_with_what_is_at_stake(lin):
    likely_to_go(lin)

    (step, *_others) = next_step.steps(lin, everything)

    assert step.key == "win_back"
    assert "About 7 in 10 customers like this one stop buying within 90 days" in step.why


def test_who_refused_to_be_followed_has_no_step_from_scores(lin):
    likely_to_go(lin)
    lin.is_personalised = False

    assert keys(lin) == []


def test_points_that_end_soon_are_told_with_their_worth(programme, customer):
    account = final(customer, 300)
    end = timezone.now() + timedelta(days=10)
    account.lots.update(expires_at=end)

    (step,) = next_step.steps(customer, everything)

    assert step.key == "points"
    assert "300 points (¥3.00)" in step.why


def test_a_birthday_within_a_week_is_shown_only_to_who_may_see_it(lin):
    day = calendar.today() + timedelta(days=3)
    lin.birthday = day.replace(year=1988)

    assert keys(lin) == ["birthday"]
    assert keys(lin, lambda right: right != "catalog.view_personal_data") == []


def test_a_control_group_gets_help_and_nothing_else(lin):
    likely_to_go(lin)
    paid(lin, 6)
    CareEnrolmentFactory.create(customer=lin, state="control")

    assert keys(lin) == ["late_order"]


def test_what_was_said_of_a_step_holds_for_what_it_is_about(lin):
    first, second = paid(lin, 7), paid(lin, 6)
    next_step.record(lin, "late_order", f"order:{first.pk}", "done", may=everything)
    assert [one.occasion for one in next_step.steps(lin, everything)] == [f"order:{second.pk}"]

    next_step.record(lin, "late_order", f"order:{first.pk}", "", may=everything)
    assert not NextStepOutcome.objects.exists()


def test_a_score_comes_again_after_a_rest(lin):
    CustomerScore.objects.create(customer=lin, churn_90=0.7, value=200)
    next_step.record(lin, "win_back", "score", "done", may=everything)
    now = timezone.now()

    assert keys(lin, now=now + timedelta(days=29)) == []
    assert keys(lin, now=now + timedelta(days=31)) == ["win_back"]
    next_step.record(lin, "win_back", "score", "dismissed", may=everything)
    assert keys(lin, now=now + timedelta(days=31)) == []


def test_what_is_not_proposed_cannot_be_said_of(lin):
    for step, occasion, outcome in (("late_order", "order:1", "done"), ("win_back", "score", "maybe")):
        with pytest.raises(BadInput):
            next_step.record(lin, step, occasion, outcome, may=everything)


def test_staff_say_done_on_the_page_and_take_it_back(lin):
    late = paid(lin, 6)
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.SUPPORT))
    page = reverse("admin:catalog_customer_panel", args=[lin.pk, "crm.next_step"])
    assert "nothing was sent" in client.get(page).content.decode()

    sent = {"customer": lin.pk, "step": "late_order", "occasion": f"order:{late.pk}", "outcome": "done"}
    client.post(reverse("admin:crm_next_step"), sent)
    assert NextStepOutcome.objects.get().by is not None
    client.post(reverse("admin:crm_next_step"), sent | {"outcome": ""})
    assert not NextStepOutcome.objects.exists()


def test_the_panel_costs_few_questions(lin, django_assert_max_num_queries):
    with django_assert_max_num_queries(13):
        next_step.steps(lin, everything)
