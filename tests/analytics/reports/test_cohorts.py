"""Cohorts: shares, worth and averages of a planted shop; each cell leads to its people."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse

from analytics.reports import cohorts
from analytics.reports.pages import cohorts as page
from core.choices import Role
from core.reports.periods import midnight
from tests.factories import CohortCellFactory, CustomerStatsFactory, OrderFactory

pytestmark = pytest.mark.django_db
PAGE = "admin:analytics_cohorts"
TODAY = date(2026, 4, 10)


def cell(cohort, offset, customers, revenue=0, grain="month"):
    return CohortCellFactory.create(
        grain=grain, cohort=cohort, offset=offset, customers=customers, orders=customers, revenue=revenue
    )


def planted():
    cell(date(2026, 1, 1), 0, 100, 2000)
    cell(date(2026, 1, 1), 1, 40, 600)
    cell(date(2026, 1, 1), 3, 10, -100)
    cell(date(2026, 3, 1), 0, 50, 500)
    cell(date(2026, 3, 1), 1, 25, 250)


def test_a_cell_that_is_not_there_stands_for_nobody_and_worth_adds_up():
    planted()

    newest, oldest = cohorts.triangle("month", TODAY).cohorts

    assert (newest.start, newest.size, oldest.size) == (date(2026, 3, 1), 50, 100)
    assert [one.share for one in oldest.cells] == [1.0, 0.4, 0.0, 0.1]
    assert [one.value for one in oldest.cells] == [20, 26, 26, 25]


def test_the_running_period_is_open_and_takes_no_part_in_the_average():
    planted()

    found = cohorts.triangle("month", TODAY)

    assert [one.is_open for one in found.cohorts[0].cells] == [False, True]
    assert found.average == [1.0, 0.4, 0.0]


def test_averages_of_few_people_are_not_told():
    cell(date(2026, 1, 1), 0, 29)
    cell(date(2026, 1, 1), 1, 5)

    found = cohorts.triangle("month", TODAY)

    assert found.average == [None, None, None]
    assert page.answer(found) == "Too few new customers yet to say how many come back"


def test_the_answer_is_the_share_that_comes_back():
    planted()

    assert page.answer(cohorts.triangle("month", TODAY)) == "40% of new customers buy again in the month after"


def test_weeks_are_weeks():
    cell(date(2026, 3, 30), 0, 10, grain="week")
    cell(date(2026, 3, 30), 1, 5, grain="week")
    planted()

    (cohort,) = cohorts.triangle("week", TODAY).cohorts

    assert [(one.share, one.is_open) for one in cohort.cells] == [(1.0, False), (0.5, True)]


def test_cohorts_of_the_future_are_left_out_and_only_the_newest_are_shown():
    cell(date(2026, 9, 1), 0, 5)
    for month in range(30):
        cell(cohorts.period_start("month", date(2023, 11, 1), month), 0, 5)

    found = cohorts.triangle("month", TODAY)

    assert len(found.cohorts) == cohorts.MOST_COHORTS
    assert found.cohorts[0].start == date(2026, 4, 1)
    assert found.width == cohorts.MOST_OFFSETS


def buyer(first_day, *paid, revenue=20):
    customer = CustomerStatsFactory.create(first_day=first_day, revenue=revenue).customer
    for day in paid:
        OrderFactory.create(customer=customer, status="paid", paid_at=midnight(day) + timedelta(hours=4))
    return customer


def test_a_cell_leads_to_those_of_the_cohort_who_bought_then():
    rich = buyer(date(2026, 1, 31), date(2026, 1, 31), date(2026, 2, 28), revenue=900)
    poor = buyer(date(2026, 1, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 2))
    buyer(date(2026, 1, 9), date(2026, 1, 9), date(2026, 3, 1))
    buyer(date(2026, 2, 1), date(2026, 2, 1))

    assert cohorts.people("month", date(2026, 1, 1), 1) == ([rich.pk, poor.pk], 2)


def test_the_page_costs_twelve_queries_at_most_and_links_cells_for_those_who_may(staff, django_assert_max_num_queries):
    planted()
    browser = staff(Role.ANALYST)
    browser.get(reverse(PAGE))

    with django_assert_max_num_queries(12):
        text = browser.get(reverse(PAGE), {"show": "value"}).content.decode()

    assert "cohort=2026-01-01&amp;offset=1" in text
    assert "offset=1" not in staff(Role.MERCHANDISER).get(reverse(PAGE)).content.decode()


def test_people_are_a_page_of_their_own(staff, monkeypatch):
    customer = buyer(date(2026, 1, 31), date(2026, 1, 31))
    browser = staff(Role.ANALYST)
    address = f"{reverse('admin:analytics_cohort_people')}?by=month&cohort=2026-01-01&offset=0"

    text = browser.get(address).content.decode()
    assert "1 customer of January 2026 bought in January 2026" in text
    assert str(customer) in text

    def slow(*_values):
        raise OperationalError

    monkeypatch.setattr(cohorts, "people", slow)
    assert "takes too long" in browser.get(address).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "", "cohort=2026-01-01", "cohort=x&offset=1", "cohort=2026-01-01&offset=99999", "cohort=2026-01-01&offset=-1",
        "cohort=2026-01-01&offset=²",
    ],
)  # fmt: skip
def test_what_is_no_cell_is_not_found(staff, query):
    assert staff(Role.ANALYST).get(f"{reverse('admin:analytics_cohort_people')}?{query}").status_code == 404


def test_cells_leave_as_csv(staff):
    planted()

    answer = staff(Role.OWNER).post(reverse(f"{PAGE}_export"))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    january = [row for row in rows if row[0] == "2026-01-01"]
    assert january[1][1:8] == ["100", "1", "40", "0.4", "40", "600", "26"]
