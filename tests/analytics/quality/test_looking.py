"""Planted trouble is found, exactly, and nothing else."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from analytics.models import DataQualityReport, LateEvents
from analytics.quality import looking, watching
from analytics.quality.checks import BY_NAME, CHECKS
from catalog.buffer import writing
from catalog.buffer.rows import EventRow
from catalog.models import ImportBatch, ImportChange, Order
from catalog.partitions import ensure_months
from core.jobs import run_now
from core.models import Alert, Job
from tests.factories import (
    CategoryFactory,
    CustomerFactory,
    DailySalesFactory,
    DataQualityReportFactory,
    InteractionFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    QualityFindingFactory,
    RefundFactory,
)

pytestmark = pytest.mark.django_db


def found(report):
    return {one.check_name: one.rows for one in report.findings.all() if one.rows}


def order(**more):
    now = timezone.now()
    about = {"country": "DE", "total": 10, "lines_total": 10, "status": "paid", "paid_total": 10, "paid_at": now}
    made = OrderFactory.create(**{"placed_at": now, **about, **more})
    OrderLineFactory.create(order=made, unit_price=made.lines_total or 1)
    return made


def good_customer(**more):
    return CustomerFactory.create(**{"name": "Ann", "phone": "1", **more})


def test_an_empty_shop_has_a_report_that_found_nothing():
    report = looking.look()
    assert (report.rows, found(report), report.columns) == (0, {}, [])
    assert set(report.findings.values_list("check_name", flat=True)) == set(BY_NAME)


def test_every_check_has_a_name_of_its_own():
    assert len(BY_NAME) == len(CHECKS) + 2


def test_what_is_missing_is_counted_with_examples():
    guest = order(customer=None)
    order(customer=good_customer(), country="")
    RefundFactory.create(order=None, customer=None)
    CustomerFactory.create(name="", email="", phone="")

    report = looking.look()

    counts = found(report)
    assert {name: counts[name] for name in counts if BY_NAME[name].kind == "missing" and "product" not in name} == {
        "order_no_customer": 1, "order_no_country": 1, "refund_no_order": 1, "customer_no_contact": 1,
        "customer_no_name": 1,
    }  # fmt: skip
    finding = report.findings.get(check_name="order_no_customer")
    assert (finding.examples, finding.of, finding.is_estimate) == ([guest.pk], 2, False)


def test_what_cannot_be_is_found():
    now = timezone.now()
    customer = good_customer(birthday=date(1850, 1, 1))
    order(customer=customer, paid_at=now - timedelta(days=1), placed_at=now)
    order(customer=customer, placed_at=now + timedelta(days=30), paid_at=now + timedelta(days=30))
    order(customer=customer, base_rate=0)
    free = order(customer=customer, total=0, lines_total=0, paid_total=0)
    free.lines.update(unit_price=0)
    paid = order(customer=customer)
    paid.lines.update(discount=99)
    RefundFactory.create(order=paid, refunded_at=now - timedelta(days=1))
    ProductFactory.create(status="live", price=0)

    counts = found(looking.look())

    assert {name for name in counts if BY_NAME[name].kind == "impossible"} == {
        "customer_birthday", "order_paid_before_placed", "order_in_the_future", "order_rate", "order_of_nothing",
        "line_of_nothing", "line_below_zero", "refund_before_payment", "product_price",
    }  # fmt: skip
    assert counts["order_paid_before_placed"] == counts["order_in_the_future"] == counts["line_below_zero"] == 1


def test_amounts_far_from_the_others_are_told_by_the_robust_z_of_their_logarithm():
    customer = good_customer()
    for number in range(40):
        order(customer=customer, total=90 + number, lines_total=90 + number)
    far = order(customer=customer, total=50_000, lines_total=50_000)
    order(customer=customer, total=Decimal("0.01"), lines_total=Decimal("0.01"))

    finding = looking.look().findings.get(check_name="order_total")

    assert finding.rows == 2
    assert far.pk in finding.examples
    assert 40 < finding.low < 90 < 130 < finding.high < 400


def test_amounts_that_are_all_the_same_have_no_outliers():
    for _number in range(5):
        order(customer=good_customer())
    finding = looking.look().findings.get(check_name="order_total")
    assert (finding.rows, finding.low, finding.high) == (0, None, None)


def test_rows_that_agree_are_one_too_many():
    good_customer(email="ann@example.com")
    good_customer(email="ANN@example.com")
    good_customer(email="ann@Example.com")
    customer, now = good_customer(email="other@example.com"), timezone.now().replace(second=1)
    for seconds in (0, 30):
        order(customer=customer, placed_at=now + timedelta(seconds=seconds))
    order(customer=customer, placed_at=now - timedelta(hours=2))

    counts = found(looking.look())

    assert (counts["customer_twice"], counts["order_twice"]) == (2, 1)


def test_most_lines_of_one_piece_leave_room_for_a_few():
    pieces = np.log([1.0] * 900 + [2.0] * 70 + [3.0] * 20 + [4.0] * 9 + [500.0])
    low, high = looking.usual_range(pieces)
    assert low <= 0.0
    assert 4 < np.exp(high) < 100


def test_what_came_late_is_counted_and_imports_bring_the_past():
    imported = order(customer=good_customer(), placed_at=timezone.now() - timedelta(days=120))
    batch = ImportBatch.objects.create(format="native", source="x", state="done", finished_at=timezone.now())
    ImportChange.objects.create(batch=batch, table_name="catalog_order", row_id=imported.pk, after=1)
    old = order(customer=good_customer(), placed_at=timezone.now() - timedelta(days=120))
    Order.objects.filter(pk=old.pk).update(paid_at=timezone.now() - timedelta(days=120))
    RefundFactory.create(order=old)
    counts = found(looking.look())
    assert (counts["order_late"], counts["refund_late"]) == (1, 1)


def test_days_without_orders_count_on_weekdays_that_usually_have_some():
    first = date(2026, 1, 5)  # a Monday
    for number in range(70):
        day = first + timedelta(days=number)
        if day.weekday() != 6 and number not in (30, 31):
            DailySalesFactory.create(day=day, orders=5)

    finding = looking.look().findings.get(check_name="day_without_orders")

    assert (finding.rows, finding.examples) == (2, ["2026-02-04", "2026-02-05"])


def test_an_import_is_looked_at_alone_and_once():
    order(customer=None)
    batch = ImportBatch.objects.create(format="native", source="x", state="done", finished_at=timezone.now())
    own = order(customer=None, country="")
    ImportChange.objects.create(batch=batch, table_name="catalog_order", row_id=own.pk, after=1)
    RefundFactory.create(order=own, refunded_at=datetime(2020, 1, 1, tzinfo=UTC))

    watching.follow_imports()
    watching.follow_imports()
    job = Job.objects.get(kind="analytics.quality.import")
    assert job.arguments == {"batch_id": batch.pk}
    run_now("analytics.tasks.look_at_import", batch_id=batch.pk)
    run_now("analytics.tasks.look_at_import", batch_id=batch.pk)

    report = DataQualityReport.objects.get(batch=batch)
    counts = found(report)
    assert (counts["order_no_customer"], counts["order_no_country"], counts["refund_before_payment"]) == (1, 1, 1)
    assert report.rows == 3


def test_large_tables_are_read_in_part_and_said_to_be_estimates(monkeypatch):
    for _number in range(30):
        order(customer=None)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = 40 WHERE oid = 'catalog_order'::regclass")
        monkeypatch.setattr(looking, "MOST_ROWS", 20)
        finding = looking.look().findings.get(check_name="order_no_customer")
        cursor.execute("UPDATE pg_class SET reltuples = -1 WHERE oid = 'catalog_order'::regclass")
    assert finding.is_estimate


def test_rows_twice_in_a_large_table_are_counted_by_whole_groups(monkeypatch):
    for number in range(60):
        for _twice in range(2):
            good_customer(email=f"p{number}@example.com")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = 120 WHERE oid = 'catalog_customer'::regclass")
        monkeypatch.setattr(looking, "MOST_ROWS", 30)
        finding = looking.look().findings.get(check_name="customer_twice")
        cursor.execute("UPDATE pg_class SET reltuples = -1 WHERE oid = 'catalog_customer'::regclass")
        cursor.execute("SELECT count(*) FROM catalog_customer WHERE mod(hashtextextended(lower(email), 0), 4) = 0")
        (drawn,) = cursor.fetchone()
    assert finding.is_estimate
    assert 0 < finding.rows == drawn // 2 * 4


def test_events_of_the_last_days_are_looked_at():
    now = timezone.now()
    ensure_months([(now + timedelta(days=days)).date().replace(day=1) for days in (-9, 0, 3)])
    gone = ProductFactory.create(deleted_at=now - timedelta(days=1))
    InteractionFactory.create(product=gone, occurred_at=now)
    InteractionFactory.create(product=gone, occurred_at=now - timedelta(hours=30))
    InteractionFactory.create(product=gone, occurred_at=now - timedelta(days=9))
    InteractionFactory.create(product=ProductFactory.create(), occurred_at=now + timedelta(days=3))

    report = looking.look()

    counts = found(report)
    assert (counts["event_product_gone"], counts["event_in_the_future"]) == (1, 1)
    finding = report.findings.get(check_name="event_product_gone")
    assert (finding.of, finding.examples) == (3, [gone.pk])


def test_events_that_arrived_late_are_counted_and_those_of_an_import_are_not():
    now = timezone.now()
    product = ProductFactory.create(name="Tea", description="x", category=CategoryFactory.create())
    ensure_months([now - timedelta(hours=1_000)])
    InteractionFactory.create(product=product, occurred_at=now - timedelta(hours=999))
    InteractionFactory.create(product=product, occurred_at=now - timedelta(hours=5))
    hours = (0.5, 3, 30, 900)
    acts = [
        EventRow(uuid.uuid4(), now - timedelta(hours=ago), "view", product.pk, None, "v1", False, None, {})
        for ago in hours
    ]
    assert writing.store(acts).stored == 4
    assert writing.store(acts[:1]).stored == 0

    report = looking.look()

    finding = report.findings.get(check_name="event_late")
    assert (finding.rows, finding.of) == (3, 4)
    LateEvents.objects.update(arrived_at=now - timedelta(days=3))
    assert looking.look().findings.get(check_name="event_late").rows == 0
    LateEvents.objects.update(arrived_at=now - timedelta(days=29))
    watching.look_every_night()
    assert not LateEvents.objects.exists()


def nights(*counts, name="order_no_country"):
    for number, count in enumerate(counts):
        report = DataQualityReportFactory.create(as_of=timezone.now() - timedelta(days=len(counts) - number))
        QualityFindingFactory.create(report=report, check_name=name, rows=count, of=1_000)
    return report


def test_more_than_in_the_nights_before_is_an_alert_until_it_is_over():
    assert watching.tell_what_got_worse(nights(100, 100, 104, 170)) == ["order_no_country"]
    alert = Alert.objects.open().get()
    assert alert.rule == "data_worse"

    DataQualityReport.objects.all().delete()
    assert watching.tell_what_got_worse(nights(100, 100, 104, 130)) == []
    assert not Alert.objects.open().exists()


def test_the_first_night_and_a_handful_of_rows_are_no_alert():
    assert watching.tell_what_got_worse(nights(500)) == []
    DataQualityReport.objects.all().delete()
    assert watching.tell_what_got_worse(nights(1, 1, 15)) == []


def test_old_reports_go():
    DataQualityReportFactory.create(as_of=timezone.now() - timedelta(days=500))
    run_now("analytics.tasks.look_at_data")
    assert DataQualityReport.objects.count() == 1
