"""Sales: exact sums on small shops, comparison with other days, one file, twelve queries at most."""

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from analytics.reports import sales
from analytics.reports.asof import AsOf, as_of
from analytics.reports.pages import sales as page
from core.choices import Role
from core.models import LedgerEntry
from core.reports import Period
from core.reports.periods import midnight
from tests.factories import CustomerStatsFactory, DailySalesFactory, OrderFactory, SalesPartFactory

pytestmark = pytest.mark.django_db
PAGE = "admin:analytics_sales"
TODAY = date(2026, 5, 20)
CLOCK = AsOf(TODAY, date(2026, 1, 1), None)


def day(at, gross=100, refunded=0, orders=1, **more):
    return DailySalesFactory.create(
        day=at, gross=gross, refunded=refunded, revenue=gross - refunded, orders=orders,
        refunds=1 if refunded else 0, **more,
    )  # fmt: skip


def a_period(first="2026-05-14", last="2026-05-20", against="previous"):
    return Period("between", date.fromisoformat(first), date.fromisoformat(last), against)


def report(period=None, grain="day", **more):
    return sales.report(period or a_period(), grain, CLOCK, week_start=1, **more)


def test_sums_of_the_days_and_of_those_before():
    day(date(2026, 5, 20), 300, 30, orders=3, new_buyers=2)
    day(date(2026, 5, 14), 100)
    day(date(2026, 5, 13), 80, orders=2)
    day(date(2026, 5, 7), 20)
    day(date(2026, 5, 6), 999)
    day(date(2026, 5, 21), 999)

    found = report()

    assert (found.now.revenue, found.now.orders, found.now.average) == (370, 4, 100)
    assert found.now.return_share == pytest.approx(30 / 400)
    assert (found.before.revenue, found.before.orders) == (100, 3)
    assert [one.totals.revenue for one in found.buckets] == [100, 0, 0, 0, 0, 0, 270]
    assert [one.totals.revenue for one in found.buckets_before] == [20, 0, 0, 0, 0, 0, 80]


def test_only_refunds_are_a_loss_without_a_share_or_an_average():
    DailySalesFactory.create(day=TODAY, orders=0, buyers=0, items=0, gross=0, refunds=2, refunded=40, revenue=-40)

    now = report().now

    assert (now.revenue, now.average, now.return_share) == (-40, None, None)


def test_more_given_back_than_paid_is_a_share_above_one():
    day(TODAY, 50, 80)

    assert report().now.return_share == pytest.approx(1.6)


def test_weeks_start_where_the_shop_says_and_are_cut_to_the_days_asked_for():
    for at in (date(2026, 5, 13), date(2026, 5, 16), date(2026, 5, 17), date(2026, 5, 20)):
        day(at)
    period = a_period("2026-05-13", "2026-05-20", "none")

    monday = report(period, "week").buckets
    sunday = sales.report(period, "week", CLOCK, week_start=7).buckets

    assert [(one.first.day, one.last.day, one.totals.orders) for one in monday] == [(13, 17, 3), (18, 20, 1)]
    assert [(one.first.day, one.last.day, one.totals.orders) for one in sunday] == [(13, 16, 2), (17, 20, 2)]


def test_an_unfinished_day_is_compared_with_the_same_hours():
    day(date(2026, 5, 13), 100, 10, orders=4)
    for hour, orders, gross, refunded in (("09", 1, 40, 0), ("14", 1, 20, 0), ("15", 2, 40, 10)):
        SalesPartFactory.create(day=date(2026, 5, 13), part=hour, orders=orders, gross=gross, refunded=refunded)

    before = report(open_hour=14).before

    assert (before.orders, before.gross, before.refunded, before.revenue) == (2, 60, 0, 60)


def test_days_before_the_first_sale_are_unknown_and_days_to_come_are_not_drawn():
    day(date(2026, 1, 1))

    found = report(a_period("1990-01-01", "2190-12-31"), "month")

    assert (found.buckets[0].first, found.buckets[-1].last) == (date(2026, 1, 1), TODAY)
    assert found.buckets_before == []


def test_orders_of_the_future_count_where_somebody_asks_for_their_days():
    day(date(2026, 6, 3))

    assert report(a_period("2026-06-01", "2026-06-30")).now.orders == 1
    assert as_of().first == date(2026, 6, 3)


@pytest.mark.parametrize(
    ("days", "grains"),
    [
        (1, ["day", "week", "month"]),
        (92, ["day", "week", "month"]),
        (93, ["week", "day", "month"]),
        (400, ["month", "day", "week"]),
        (401, ["month", "week"]),
        (2801, ["month"]),
    ],
)
def test_long_periods_are_not_told_by_day(days, grains):
    assert sales.grains(days) == grains


def test_parts_are_ordered_compared_and_those_beyond_twelve_added_up():
    for number in range(14):
        SalesPartFactory.create(
            day=TODAY, kind="channel", part=f"c{number:02d}", orders=2, gross=100 - number, refunded=1
        )
    SalesPartFactory.create(day=date(2026, 5, 13), kind="channel", part="c01", gross=50)

    found = sales.parts(a_period()).channels

    assert [(part.name, part.revenue) for part in found[:2]] == [("c00", 99), ("c01", 98)]
    assert (found[1].before, found[0].before) == (50, 0)
    assert (found[-1].names, found[-1].orders, found[-1].revenue) == (3, 6, 86 + 87 + 88 - 0)


def test_hours_are_told_by_weekday():
    SalesPartFactory.create(day=date(2026, 5, 18), part="09", orders=3)
    SalesPartFactory.create(day=date(2026, 5, 20), part="09", orders=5)

    hours = sales.parts(a_period()).hours

    assert {key: part.orders for key, part in hours.items()} == {(1, 9): 3, (3, 9): 5}


def test_each_person_counts_once_and_is_new_in_the_days_of_the_first_order():
    period = a_period()
    noon = midnight(date(2026, 5, 15)) + timedelta(hours=12)
    old = CustomerStatsFactory.create(first_day=date(2026, 1, 5)).customer
    new = CustomerStatsFactory.create(first_day=date(2026, 5, 15)).customer
    for customer, at in ((old, noon), (old, noon), (new, noon), (None, noon), (new, noon - timedelta(days=30))):
        OrderFactory.create(customer=customer, status="paid", paid_at=at)

    found = sales.buyers(period)

    assert (found.all, found.new, found.returning, found.returning_share) == (2, 1, 1, 0.5)


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (1200, 1000, "Revenue ¥1,200.00, 20% more than the previous 7 days"),
        (900, 1000, "Revenue ¥900.00, 10% less than the previous 7 days"),
        (1040, 1000, "Revenue ¥1,040.00, about as much as the previous 7 days"),
        (-50, 1000, "Revenue −¥50.00 from 40 orders"),
        (1200, -10, "Revenue ¥1,200.00 from 40 orders"),
    ],
)
def test_the_answer_says_how_revenue_compares(now, before, words):
    day(TODAY, now, orders=40)
    day(date(2026, 5, 13), before, orders=40)

    assert page.answer(a_period(), report()) == words


def test_few_orders_are_not_compared():
    day(TODAY, 20)
    day(date(2026, 5, 13), 10)

    assert page.answer(a_period(), report()) == "Revenue ¥20.00 from 1 order"
    assert all(not one.change_text for one in page.figures(a_period(), report()))


# --- page ---------------------------------------------------------------------------------------------------------


def fill(days=60):
    today = timezone.localdate()
    for ago in range(days):
        at = today - timedelta(days=ago)
        day(at, 1000 - ago, 10, orders=40, buyers=30, new_buyers=5)
        SalesPartFactory.create(day=at, part="10", orders=40, gross=1000 - ago, refunded=10)
        for kind, names in (("channel", ("web", "")), ("country", ("CN", "DE"))):
            for name in names:
                SalesPartFactory.create(day=at, kind=kind, part=name, orders=20, gross=(1000 - ago) / 2)


def test_hours_begin_with_the_first_in_which_anybody_bought(staff):
    for hour in ("09", "12"):
        SalesPartFactory.create(day=date(2026, 5, 13), kind="hour", part=hour, orders=3)
    DailySalesFactory.create(day=date(2026, 5, 13))

    address = {"within": "between", "from": "2026-05-11", "to": "2026-05-15"}
    text = staff(Role.ANALYST).get(reverse(PAGE), address).content.decode()

    heads = text[text.index('id="sales-hours"') :].partition("</thead>")[0]
    assert [hour for hour in range(24) if f">{hour:02d}</th>" in heads] == [9, 10, 11, 12]


def test_the_page_costs_twelve_queries_at_most(staff, django_assert_max_num_queries):
    fill()
    browser = staff(Role.ANALYST)
    browser.get(reverse(PAGE))

    with django_assert_max_num_queries(12):
        answer = browser.get(reverse(PAGE), {"within": "last_28"})

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "data-chart=" in text
    assert text.count("<h1>") == 1
    assert "zg-heat-7" in text
    # What waits holds up the cards below it: it is replaced whole by what comes.
    (waiting,) = re.findall(r"<div[^>]*aria-busy[^>]*>", text)
    assert 'hx-swap="outerHTML"' in waiting


@pytest.mark.parametrize(
    "query",
    [
        "within=between&from=2026-13-45&to=x",
        "against=drop table",
        "by=century",
        "within=between&from=1900-01-01&to=2199-12-31",
    ],
)  # fmt: skip
def test_a_bad_period_is_answered_with_what_is_usual(staff, query):
    fill(3)

    assert staff(Role.ANALYST).get(f"{reverse(PAGE)}?{query}").status_code == 200


def test_one_order_is_a_page_without_comparison_or_picture(staff):
    day(timezone.localdate(), 20)

    text = staff(Role.ANALYST).get(reverse(PAGE)).content.decode()

    assert "Revenue ¥20.00 from 1 order" in text
    assert "data-chart=" not in text


def test_a_shop_whose_history_ended_shows_its_last_days(staff):
    day(timezone.localdate() - timedelta(days=400), 20)

    text = staff(Role.ANALYST).get(reverse(PAGE)).content.decode()

    assert "Revenue ¥20.00 from 1 order" in text
    assert "last sale was on the last of these days" in text


def test_days_and_parts_lead_to_the_orders_that_were_paid_then(staff):
    today = timezone.localdate()
    DailySalesFactory.create(day=today)
    for part, gross in (("DE", 20), ("FR", 10)):
        SalesPartFactory.create(day=today, kind="country", part=part, gross=gross)
    long_before = timezone.now() - timedelta(days=40)
    paid_today = OrderFactory.create(status="paid", placed_at=long_before, paid_at=timezone.now(), country="DE")
    OrderFactory.create(status="placed", placed_at=timezone.now(), country="DE")
    OrderFactory.create(status="paid", placed_at=timezone.now(), paid_at=timezone.now(), country="FR")
    browser = staff(Role.OWNER)

    context = browser.get(reverse(PAGE), {"within": "today"}).context

    assert browser.get(context["orders_url"]).context["cl"].queryset.count() == 2
    (_title, _head, rows) = context["groups"][1]
    assert list(browser.get(rows[0][4]).context["cl"].queryset) == [paid_today]


def test_a_point_leads_to_its_day_and_a_cell_to_its_people(staff, monkeypatch):
    today = timezone.localdate()
    DailySalesFactory.create(day=today)
    SalesPartFactory.create(day=today, part="09")
    customer = CustomerStatsFactory.create().customer
    OrderFactory.create(customer=customer, status="paid", paid_at=midnight(today) + timedelta(hours=9))
    browser = staff(Role.OWNER)

    asked = {"within": "between", "from": (today - timedelta(days=1)).isoformat(), "to": today.isoformat()}
    context = browser.get(reverse(PAGE), asked).context
    the_day = browser.get(context["chart"].urls[-1]).context
    (cell,) = [cell for row in context["hours"] for cell in row.cells if cell.url]
    text = browser.get(cell.url).content.decode()

    assert (the_day["period"].first, the_day["period"].last) == (today, today)
    assert the_day["chart"].urls == [the_day["orders_url"]]
    assert str(customer) in text
    assert "1 customer bought on" in text
    looker = staff(Role.MERCHANDISER).get(reverse(PAGE), asked).context
    assert not any(cell.url for row in looker["hours"] for cell in row.cells)

    def slow(*_values):
        raise OperationalError

    monkeypatch.setattr(sales, "people_of_hour", slow)
    assert "takes too long" in browser.get(cell.url).content.decode()


@pytest.mark.parametrize("query", ["", "weekday=0&hour=9", "weekday=8&hour=9", "weekday=1&hour=24", "weekday=1&hour=²"])
def test_what_is_no_hour_of_a_weekday_is_not_found(staff, query):
    assert staff(Role.ANALYST).get(f"{reverse('admin:analytics_sales_people')}?{query}").status_code == 404


def test_the_table_leaves_as_csv_with_every_day_and_a_note_in_the_ledger(staff):
    fill(5)

    answer = staff(Role.OWNER).post(f"{reverse(f'{PAGE}_export')}?within=last_7")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert len(rows) == 1 + 5
    assert rows[-1][:6] == [timezone.localdate().isoformat()] * 2 + ["990", "1000", "10", "40"]
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.EXPORT).count() == 1


def test_people_are_counted_once_the_page_is_there_or_it_says_that_it_takes_too_long(staff, monkeypatch):
    fill(2)
    browser = staff(Role.ANALYST)

    assert "Bought before" in browser.get(f"{reverse(PAGE)}?part=buyers").content.decode()

    def slow(_period):
        raise OperationalError

    monkeypatch.setattr(sales, "buyers", slow)
    assert "takes too long" in browser.get(f"{reverse(PAGE)}?part=buyers").content.decode()


def test_money_of_days_is_exact():
    day(TODAY, Decimal("0.1"), orders=1)
    day(date(2026, 5, 19), Decimal("0.2"), orders=1)

    assert report().now.revenue == Decimal("0.3")
