"""The page of data quality: what was found, the records behind it, the report of an import."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import ImportBatch
from core.choices import Role
from core.roles import sync_roles
from tests.factories import (
    CustomerFactory,
    DataQualityReportFactory,
    OrderFactory,
    QualityFindingFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst():
    sync_roles()
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.ANALYST, language="en"))
    return client


def read(client, **query):
    answer = client.get(reverse("admin:analytics_quality"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_report_the_page_says_when_there_will_be_one(analyst):
    assert "The data were not looked at yet" in read(analyst)


def test_the_page_tells_what_was_found_and_what_is_done(analyst):
    report = DataQualityReportFactory.create(
        columns=[{"name": "money", "rows": 9, "missing": 0, "filled_with": 12.0, "outliers": 2, "low": 1.0, "high": 9.0,
                  "treatment": "clip", "constant": False, "rule": "robust_z", "log": True, "scale": "standard",
                  "fill": "median"}]
    )  # fmt: skip
    QualityFindingFactory.create(report=report, check_name="order_no_country", rows=3, of=100)
    QualityFindingFactory.create(report=report, check_name="order_twice", rows=2, of=100, is_estimate=True)
    QualityFindingFactory.create(report=report, check_name="order_rate", rows=0, of=100)

    page = read(analyst, report=report.pk)

    assert "1 kind of rows is impossible or twice" in page
    assert "Orders without a country" in page
    assert "3.0%" in page
    assert "≈ 2" in page
    assert "1 check found nothing." in page
    assert "cut to the fence" in page
    assert "logarithm, then mean 0, deviation 1" in page


def test_a_row_leads_to_the_records_behind_it(analyst):
    order = OrderFactory.create()
    report = DataQualityReportFactory.create()
    QualityFindingFactory.create(report=report, examples=[order.pk, 10**9])

    assert f"?report={report.pk}&amp;finding=order_no_country" in read(analyst)
    page = read(analyst, report=report.pk, finding="order_no_country")

    assert order.number in page
    assert reverse("admin:catalog_order_change", args=[order.pk]) in page
    assert "3 of 100 rows." in page


def test_who_may_not_see_customers_sees_their_numbers_and_no_names():
    sync_roles()
    customer = CustomerFactory.create(name="Hidden Name")
    report = DataQualityReportFactory.create()
    QualityFindingFactory.create(report=report, check_name="customer_birthday", examples=[customer.pk])
    operator = Client()
    operator.force_login(StaffUserFactory.create(role=Role.OPERATOR, language="en"))

    page = read(operator, report=report.pk, finding="customer_birthday")

    assert "Hidden Name" not in page
    assert f"#{customer.pk}" in page


def test_days_without_orders_lead_to_the_orders_of_the_day(analyst):
    report = DataQualityReportFactory.create()
    QualityFindingFactory.create(report=report, check_name="day_without_orders", examples=["2026-02-04"])
    assert "paid_at_from=2026-02-04&amp;paid_at_to=2026-02-04" in read(
        analyst, report=report.pk, finding="day_without_orders"
    )


@pytest.mark.parametrize("query", [{"report": "x"}, {"report": "0"}, {"report": "9" * 30}])
def test_a_report_that_is_not_there_is_not_found(analyst, query):
    assert analyst.get(reverse("admin:analytics_quality"), query).status_code == 404


def test_an_unknown_finding_is_not_found(analyst):
    report = DataQualityReportFactory.create()
    found = analyst.get(reverse("admin:analytics_quality"), {"report": report.pk, "finding": "nothing"})
    assert found.status_code == 404


def test_a_check_that_is_gone_from_the_program_is_left_out(analyst):
    report = DataQualityReportFactory.create()
    QualityFindingFactory.create(report=report, check_name="of_another_version")
    assert "Nothing wrong was found in the data" in read(analyst)


def test_many_nights_cost_no_more_queries(analyst):
    def queries():
        read(analyst)  # memories that live for seconds
        with CaptureQueriesContext(connection) as seen:
            read(analyst)
        return len(seen)

    for night in range(2):
        report = DataQualityReportFactory.create(as_of=timezone.now() - timedelta(days=night))
        QualityFindingFactory.create(report=report)
    few = queries()
    for night in range(2, 40):
        report = DataQualityReportFactory.create(as_of=timezone.now() - timedelta(days=night))
        QualityFindingFactory.create(report=report)
    assert queries() == few
    assert few <= 12


def test_the_page_of_an_import_shows_its_report(analyst):
    batch = ImportBatch.objects.create(format="native", source="x", state="done", finished_at=timezone.now())
    address = reverse("admin:catalog_importbatch_change", args=[batch.pk])
    assert "What came in is looked at within minutes after the import." in analyst.get(address).content.decode()

    report = DataQualityReportFactory.create(batch=batch)
    QualityFindingFactory.create(report=report)
    page = analyst.get(address).content.decode()

    assert f"{reverse('admin:analytics_quality')}?report={report.pk}" in page
    assert f"import #{batch.pk} made" in read(analyst, report=report.pk)


def test_reports_stand_newest_first(analyst):
    old, new = (DataQualityReportFactory.create(as_of=timezone.now() - timedelta(days=days)) for days in (3, 1))
    page = read(analyst)
    assert page.index(f'href="?report={new.pk}"') < page.index(f'href="?report={old.pk}"')
