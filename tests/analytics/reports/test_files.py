"""Tables of pages as files: small CSV at once, everything else by a job, for those who may, in their language."""

import csv
import io
import json
from datetime import datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from analytics.reports import baskets, products
from core import jobs
from core.choices import Role
from core.exports import services
from core.extensions import staff_pages
from core.models import Export, LedgerEntry, StaffUser
from tests.factories import CategoryFactory, DailySalesFactory, ProductDayFactory, ProductFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
TABLES = [entry.key for entry in staff_pages if "table" in entry.meta]


@pytest.fixture(autouse=True)
def place(settings, tmp_path, monkeypatch):
    """A folder of its own; there is no broker."""
    settings.EXPORT_ROOT = tmp_path / "exports"
    settings.JOB_HEARTBEAT_SECONDS = 0
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **options: None)


def days(count: int) -> None:
    for number in range(count):
        DailySalesFactory.create(
            day=timezone.localdate() - timedelta(days=number), orders=2, gross=Decimal("10.5"), revenue=Decimal("10.5")
        )


def ask(browser, page: str, query: str = "", file_format: str = "csv"):
    return browser.post(f"{reverse(f'admin:{page}_export')}{query}", {"format": file_format})


def made(browser) -> bytes:
    export = Export.objects.latest("pk")
    jobs.execute(export.job_id)
    answer = browser.get(reverse("admin:core_export_download", args=[export.pk]))
    return b"".join(answer.streaming_content)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_small_table_comes_at_once_and_a_large_one_by_a_job_with_the_same_rows(staff, monkeypatch):
    monkeypatch.setattr(services, "SMALL", 3)
    days(5)
    browser = staff(Role.OWNER)

    few = ask(browser, "analytics_sales", "?within=yesterday")
    many = ask(browser, "analytics_sales", "?within=last_7")

    assert len(rows_of(b"".join(few.streaming_content))) == 2
    assert many["Location"] == reverse("admin:core_export_changelist")
    rows = rows_of(made(browser))
    assert len(rows) == 6
    assert rows[-1][:3] == [timezone.localdate().isoformat()] * 2 + ["10.5"]
    bodies = [json.loads(row.body) for row in LedgerEntry.objects.filter(kind="export").order_by("id")]
    assert [(body["list"], body["rows"], body["act"]) for body in bodies] == [
        ("analytics_sales", 1, "sent"), ("analytics_sales", 5, "made"), ("analytics_sales", 5, "fetched"),
    ]  # fmt: skip
    page = browser.get(reverse("admin:core_export_changelist")).content.decode()
    assert "Sales by day" in page


def test_a_table_in_excel_has_numbers_and_days_as_such(staff):
    days(1)
    browser = staff(Role.OWNER)

    assert ask(browser, "analytics_sales", "?within=today", "xlsx").status_code == 302
    head, row = list(openpyxl.load_workbook(io.BytesIO(made(browser))).active.values)

    cells = dict(zip(head, row, strict=True))
    assert cells["From"] == datetime.combine(timezone.localdate(), datetime.min.time())
    assert (cells["Revenue"], cells["Orders"]) == (10.5, 2)


def test_the_heads_of_a_table_are_in_the_words_of_its_person(staff):
    browser = staff(Role.OWNER)
    StaffUser.objects.update(language="zh-hans")
    days(1)

    ask(browser, "analytics_sales", "?within=today", "xlsx")

    head, _row = list(openpyxl.load_workbook(io.BytesIO(made(browser))).active.values)
    assert "订单" in head


def test_what_takes_too_long_to_wait_for_is_made_by_a_job(staff, monkeypatch):
    days(1)
    browser = staff(Role.OWNER)
    read = products.products

    def slow(*args, **more):
        monkeypatch.setattr(products, "products", read)
        raise OperationalError

    monkeypatch.setattr(products, "products", slow)
    answer = ask(browser, "analytics_products")

    assert answer["Location"] == reverse("admin:core_export_changelist")
    assert len(rows_of(made(browser))) == 1


@pytest.mark.parametrize("page", TABLES)
def test_every_table_leaves_with_heads_even_when_nothing_happened(staff, page):
    answer = ask(staff(Role.OWNER), page)

    assert len(rows_of(b"".join(answer.streaming_content))[0]) > 4


@pytest.mark.parametrize("page", TABLES)
def test_who_may_see_a_page_takes_its_table_out_only_with_that_right(client, page):
    app, codename = staff_pages.get(page).meta["permission"].split(".")
    person = StaffUserFactory.create()
    person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(person)

    assert client.get(reverse(f"admin:{page}")).status_code == 200
    assert ask(client, page).status_code == 403
    person.user_permissions.add(Permission.objects.get(content_type__app_label="core", codename="export_data"))
    assert ask(client, page).status_code == 200


def test_categories_price_bands_and_pairs_leave_as_they_are_shown(staff, monkeypatch):
    day = timezone.localdate()
    days(1)
    clothes = CategoryFactory.create(name="Clothes")
    shirt, sock = ProductFactory.create(name="=Shirt", category=clothes), ProductFactory.create(name="Sock")
    ProductDayFactory.create(day=day, product=shirt, orders=1, items=2, gross="60.0049", refunded=0, returned=0)
    pair = baskets.Pair(shirt.pk, sock.pk, 7, 0.5, 0.25, 3.0)
    monkeypatch.setattr(baskets, "baskets", lambda *args, **more: baskets.Baskets(9, False, 1.0, 1.0, [], [pair]))
    browser = staff(Role.OWNER)

    def second(show: str) -> list[str]:
        return rows_of(b"".join(ask(browser, "analytics_products", f"?show={show}").streaming_content))[1]

    assert second("categories") == ["Clothes", "1", "2", "60", "1.0", "0", "", "0.0"]
    assert second("prices") == ["20", "50", "1", "2", "60", "1.0", "0", "", "0.0"]
    assert [second("baskets")[place] for place in (0, 2, 4, 5, 6, 7)] == ["'=Shirt", "Sock", "7", "0.5", "0.25", "3.0"]
