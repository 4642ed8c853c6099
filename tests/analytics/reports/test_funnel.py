"""The funnel: people by day, however their events arrive; who stopped; nothing of one who was erased."""

import csv
import io
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from analytics.models import FunnelCustomer, FunnelDay, TouchedVisit
from analytics.reports import funnel
from analytics.reports.funnel import Steps
from analytics.reports.pages import funnel as page
from catalog.models import Visitor
from catalog.partitions import ensure_months
from core.choices import Role
from core.reports import Period
from tests.factories import CustomerFactory, FunnelCustomerFactory, FunnelDayFactory, InteractionFactory

pytestmark = pytest.mark.django_db
PAGE = "admin:analytics_funnel"
NOW = timezone.now()


@pytest.fixture(autouse=True)
def months():
    ensure_months([(NOW - timedelta(days=n)).date().replace(day=1) for n in (0, 35, 500)])


def act(kind, *, customer=None, visitor=None, at=NOW, device="", **context):
    context |= {"device": device} if device else {}
    InteractionFactory.create(kind=kind, customer=customer, visitor=visitor, occurred_at=at, context=context)


def browser(key, customer=None):
    return Visitor.objects.create(key=key, customer=customer)


def counted():
    funnel.count_touched()
    return {(row.day, row.device): (row.viewed, row.carted, row.bought, row.skipped) for row in FunnelDay.objects.all()}


def today():
    return NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()


def test_a_person_counts_once_a_day_for_as_far_as_they_came():
    looked, carted, bought, skipped = (browser(key) for key in "abcd")
    for visitor in (looked, looked, carted, bought):
        act("view", visitor=visitor)
    act("cart", visitor=carted)
    act("cart", visitor=bought)
    act("purchase", visitor=bought)
    act("purchase", visitor=skipped)
    act("cart", visitor=browser("e"))
    act("search", visitor=browser("f"))

    assert counted() == {(today(), ""): (3, 2, 1, 1)}


def test_a_browser_that_is_a_customers_and_the_customer_are_one_person():
    ana = CustomerFactory.create()
    mine = browser("a", ana)
    act("view", visitor=mine)
    act("cart", visitor=mine)
    act("purchase", customer=ana)

    assert counted() == {(today(), ""): (1, 1, 1, 0)}
    assert list(FunnelCustomer.objects.values_list("customer_id", "step")) == [(ana.pk, 3)]


def test_a_browser_that_turns_out_to_be_a_customers_is_counted_anew():
    ana, mine = CustomerFactory.create(), browser("a")
    act("view", visitor=mine)
    act("cart", visitor=mine)
    act("purchase", customer=ana)
    assert counted() == {(today(), ""): (1, 1, 0, 1)}

    mine.customer = ana
    mine.save()

    assert counted() == {(today(), ""): (1, 1, 1, 0)}


def test_days_are_counted_by_the_device_used_most():
    one = browser("a")
    for device in ("phone", "phone", "computer"):
        act("view", visitor=one, device=device)
    act("view", visitor=browser("b"), device="computer")

    assert counted() == {(today(), "phone"): (1, 0, 0, 0), (today(), "computer"): (1, 0, 0, 0)}


def test_days_are_parted_by_what_led_to_a_product():
    searcher, follower, both, other = (browser(key) for key in "abcd")
    act("view", visitor=searcher, query="linen")
    act("cart", visitor=searcher)
    act("view", visitor=follower, recommendation="t")
    act("view", visitor=both, search="s")
    act("cart", visitor=both, recommendation="t")
    act("view", visitor=other)
    act("purchase", visitor=other, recommendation="t")

    funnel.count_touched()

    assert {row.way: (row.viewed, row.carted, row.bought, row.skipped) for row in FunnelDay.objects.all()} == {
        "search": (1, 1, 0, 0), "recommended": (1, 0, 0, 0), "both": (1, 1, 0, 0), "": (1, 0, 0, 1),
    }  # fmt: skip


def test_late_events_are_counted_in_their_own_day_and_a_second_count_changes_nothing():
    long_ago = NOW - timedelta(days=500)
    act("view", visitor=browser("a"))
    first = counted()
    assert not TouchedVisit.objects.exists()

    act("view", visitor=browser("b"), at=long_ago)
    later = counted()

    assert later == first | {(long_ago.astimezone(ZoneInfo("Asia/Shanghai")).date(), ""): (1, 0, 0, 0)}
    assert funnel.count_touched() == {"days": 0}
    assert counted() == later


def test_events_of_the_future_wait_for_their_day():
    ensure_months([(NOW + timedelta(days=40)).date().replace(day=1)])
    act("view", visitor=browser("a"), at=NOW + timedelta(days=40))

    assert counted() == {}


def test_how_far_customers_came_is_forgotten_after_400_days():
    FunnelCustomerFactory.create(day=today() - timedelta(days=401))
    kept = FunnelCustomerFactory.create(day=today() - timedelta(days=399))

    funnel.count_touched()

    assert list(FunnelCustomer.objects.all()) == [kept]


# --- reading ------------------------------------------------------------------------------------------------------

PERIOD = Period("between", date(2026, 5, 14), date(2026, 5, 20), "previous")


def test_sums_by_step_device_and_day_with_those_before():
    FunnelDayFactory.create(day=date(2026, 5, 20), device="phone", viewed=100, carted=40, bought=10, skipped=3)
    FunnelDayFactory.create(day=date(2026, 5, 20), device="", way="search", viewed=50, carted=10, bought=10)
    FunnelDayFactory.create(day=date(2026, 5, 13), viewed=10, carted=1, bought=0)
    FunnelDayFactory.create(day=date(2026, 5, 6), viewed=999)

    found = funnel.funnel(PERIOD)

    assert found.now == Steps(150, 50, 20, 3)
    assert (found.now.cart_share, found.now.order_share) == (pytest.approx(1 / 3), 0.4)
    assert found.before == Steps(10, 1, 0, 0)
    assert found.devices == {"phone": Steps(100, 40, 10, 3), "": Steps(50, 10, 10, 0)}
    assert found.ways == {"": Steps(100, 40, 10, 3), "search": Steps(50, 10, 10, 0)}
    assert list(found.daily) == [date(2026, 5, 20)]


def test_who_stopped_is_who_came_no_further_on_any_day():
    stopped, went_on, other = CustomerFactory.create_batch(3)
    for customer, day, step in (
        (stopped, 20, 1), (stopped, 14, 1), (went_on, 15, 1), (went_on, 16, 3), (other, 17, 2), (other, 10, 3),
    ):  # fmt: skip
        FunnelCustomerFactory.create(customer=customer, day=date(2026, 5, day), step=step)

    assert funnel.who_stopped(PERIOD, 1) == ([stopped.pk], 1)
    assert funnel.who_stopped(PERIOD, 2) == ([other.pk], 1)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (Steps(), "Nobody was seen looking at a product in these days"),
        (Steps(1), "1 person looked at a product"),
        (Steps(1000, 100, 41), "4.1% of those who look order the same day"),
    ],
)
def test_the_answer_has_no_share_of_few(steps, words):
    assert page.answer(funnel.Funnel(steps, None, {}, {}, {})) == words


# --- page ---------------------------------------------------------------------------------------------------------


def test_the_page_costs_twelve_queries_at_most_and_leads_to_people_for_those_who_may(
    staff, django_assert_max_num_queries
):
    for ago in range(20):
        for device in ("phone", "computer"):
            FunnelDayFactory.create(day=today() - timedelta(days=ago), device=device, viewed=40, carted=9, bought=4)
    analyst = staff(Role.ANALYST)
    analyst.get(reverse(PAGE))

    with django_assert_max_num_queries(12):
        text = analyst.get(reverse(PAGE)).content.decode()

    assert "funnel/people/" in text
    assert "data-chart=" in text
    assert "funnel/people/" not in staff(Role.MERCHANDISER).get(reverse(PAGE)).content.decode()


def test_people_without_an_order_are_listed_too(staff, monkeypatch):
    customer = FunnelCustomerFactory.create(day=today()).customer
    address = f"{reverse('admin:analytics_funnel_people')}?step=1"
    analyst = staff(Role.ANALYST)

    text = analyst.get(address).content.decode()
    assert "1 customer looked and filled no basket" in text
    assert str(customer) in text

    def slow(*_values):
        raise OperationalError

    monkeypatch.setattr(funnel, "who_stopped", slow)
    assert "takes too long" in analyst.get(address).content.decode()


@pytest.mark.parametrize("step", ["", "3", "0", "1'", "²"])
def test_what_is_no_step_is_not_found(staff, step):
    assert staff(Role.ANALYST).get(f"{reverse('admin:analytics_funnel_people')}?step={step}").status_code == 404


def test_days_leave_as_csv(staff):
    FunnelDayFactory.create(day=today(), viewed=40, carted=9, bought=4)

    answer = staff(Role.OWNER).post(reverse(f"{PAGE}_export"))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert rows[1] == [today().isoformat(), "40", "9", "4", "0.1", "0"]
