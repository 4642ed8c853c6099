"""Large lists become files in the background: whole or not at all, for the person who asked and nobody else."""

import csv
import errno
import io
import json
import os
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from catalog.models import Customer
from core import exports, jobs
from core.exports import files, making, services
from core.models import Export, Job, LedgerEntry
from core.rights import erasing
from tests.factories import CustomerFactory, ProductFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
PRODUCTS = "/admin/catalog/product/"


@pytest.fixture(autouse=True)
def place(settings, tmp_path, monkeypatch):
    """A folder of its own; there is no broker; ten rows are many."""
    settings.EXPORT_ROOT = tmp_path / "exports"
    settings.JOB_HEARTBEAT_SECONDS = 0
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **options: None)
    monkeypatch.setattr(services, "SMALL", 10)
    return settings.EXPORT_ROOT


def fill(count: int) -> None:
    for number in range(count):
        ProductFactory.create(name=f"Bowl {number:03d}", price=Decimal("12.50"), stock=number)


def ask(client, query: str = "", file_format: str = "csv", path: str = PRODUCTS):
    return client.post(f"{path}export/{query}", {"format": file_format})


def work(export: Export) -> Export:
    jobs.execute(export.job_id)
    return Export.objects.select_related("job").get(pk=export.pk)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def fetch(client, export: Export):
    return client.get(reverse("admin:core_export_download", args=[export.pk]))


def ledger() -> list[tuple[str, str, dict]]:
    rows = LedgerEntry.objects.filter(kind="export").order_by("id")
    return [(row.subject, row.actor, json.loads(row.body)) for row in rows]


def test_a_small_list_is_sent_at_once_and_noted(client):
    fill(3)

    answer = ask(client, "?q=Bowl")

    assert len(rows_of(b"".join(answer.streaming_content))) == 4
    assert answer["Cache-Control"].startswith("no-store, private")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert not Export.objects.exists()
    ((subject, _actor, body),) = ledger()
    assert (subject, body["rows"], body["format"]) == ("catalog.product", 3, "csv")


def test_a_large_list_is_made_by_a_job_and_fetched_by_its_person(client, boss, place):
    fill(15)

    answer = ask(client, "?q=Bowl+00&p=7")
    many = ask(client)

    assert rows_of(b"".join(answer.streaming_content))[1][1] == "Bowl 009"
    assert many.status_code == 302
    assert many["Location"] == reverse("admin:core_export_changelist")
    export = work(Export.objects.get())
    assert (export.rows, export.format, export.created_by, export.job.state) == (15, "csv", boss, Job.State.DONE)
    assert [path.name for path in place.iterdir()] == [f"{export.public_id}.csv"]
    got = fetch(client, export)
    content = b"".join(got.streaming_content)
    assert len(content) == export.bytes
    table = rows_of(content)
    assert [row[1] for row in table[1:]] == [f"Bowl {number:03d}" for number in reversed(range(15))]
    assert got["Content-Type"] == "text/csv; charset=utf-8"
    assert got["Cache-Control"].startswith("no-store, private")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in got["Content-Disposition"]
    assert 6.9 < (export.expires_at - timezone.now()) / timedelta(days=1) <= 7
    facts = {"list": "catalog.product", "rows": 15, "format": "csv"}
    assert ledger()[1:] == [
        (f"core.export:{export.pk}", f"staff:{boss.pk}", facts | {"act": "made"}),
        (f"core.export:{export.pk}", f"staff:{boss.pk}", facts | {"act": "fetched"}),
    ]


def test_excel_keeps_numbers_and_dates_and_makes_formulas_harmless(client, settings):
    moment = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    ProductFactory.create(name="=1+1", price=Decimal("12.5"), published_at=moment, external_id="a\x01b")

    ask(client, file_format="xlsx")
    export = work(Export.objects.get())

    book = openpyxl.load_workbook(io.BytesIO(b"".join(fetch(client, export).streaming_content)))
    head, row = list(book.active.values)
    cells = dict(zip(head, row, strict=True))
    assert (cells["Name"], cells["Price"], cells["In stock"]) == ("'=1+1", 12.5, True)
    assert cells["Published"] == timezone.make_naive(moment, ZoneInfo("Asia/Shanghai"))
    assert cells["Shop's own ID"] == "a\ufffdb"
    assert book.active.freeze_panes == "A2"


def test_chosen_rows_alone_are_exported_when_they_are_chosen(client):
    fill(12)
    chosen = ProductFactory.create(name="Cup")
    ProductFactory.create(name="Mug")

    client.post(PRODUCTS, {"action": "export_as_xlsx", "_selected_action": [chosen.pk]})
    client.post(f"{PRODUCTS}?q=Bowl", {"action": "export_as_csv", "_selected_action": [1], "select_across": "1"})

    one, all_found = (work(export) for export in Export.objects.order_by("id"))
    assert (one.rows, one.format, all_found.rows, all_found.format) == (1, "xlsx", 12, "csv")


def test_the_words_of_the_file_are_those_of_the_person(client, boss):
    boss.language = "zh-hans"
    boss.save()
    fill(11)

    ask(client)
    export = work(Export.objects.get())

    assert "名称" in rows_of(b"".join(fetch(client, export).streaming_content))[0]


def grant(person, *names: str) -> None:
    for name in names:
        app, code = name.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))


@pytest.mark.parametrize("lost", ["core.export_data", "catalog.view_customer"])
def test_a_right_that_was_lost_meanwhile_ends_the_job_with_a_clear_text(lost, client_of, person_with, place):
    person = person_with("core.export_data", "catalog.view_customer")
    client = client_of(person)
    CustomerFactory.create_batch(11)
    ask(client, path="/admin/catalog/customer/")
    person.user_permissions.remove(Permission.objects.get(codename=lost.split(".")[1]))

    export = work(Export.objects.get())

    assert export.job.state == Job.State.FAILED
    assert export.job.message_text == "You may no longer export this list. Nothing was made."
    assert (export.file, export.finished_at, list(place.glob("*"))) == ("", None, [])
    assert ledger() == []


def test_what_the_person_may_not_see_is_not_in_the_file(client_of, person_with):
    person = person_with("core.export_data", "catalog.view_customer")
    CustomerFactory.create_batch(11, email="ana@mail.test")
    client = client_of(person)

    ask(client, path="/admin/catalog/customer/")
    plain = b"".join(fetch(client, work(Export.objects.get())).streaming_content)
    grant(person, "catalog.view_personal_data")
    ask(client, path="/admin/catalog/customer/")
    full = b"".join(fetch(client, work(Export.objects.latest("id"))).streaming_content)

    assert b"ana@mail.test" not in plain
    assert b"ana@mail.test" in full


def test_nobody_else_gets_the_file_not_even_with_all_rights(client, client_of):
    fill(11)
    ask(client)
    export = work(Export.objects.get())
    other = client_of(StaffUserFactory.create(is_superuser=True))

    assert fetch(other, export).status_code == 404
    assert list(other.get("/admin/core/export/").context["cl"].result_list) == []
    assert fetch(client, export).status_code == 200


def test_the_file_is_not_fetched_without_the_right_to_its_list(client_of, person_with):
    person = person_with("core.export_data", "catalog.view_product")
    fill(11)
    client = client_of(person)
    ask(client)
    export = work(Export.objects.get())
    person.user_permissions.remove(Permission.objects.get(codename="view_product"))

    assert fetch(client, export).status_code == 403


def test_a_job_that_runs_twice_makes_one_file(client, place):
    fill(11)
    ask(client)
    export = work(Export.objects.get())
    before = (place / export.file).stat().st_mtime_ns

    exports.make(export.pk)

    assert [path.name for path in place.iterdir()] == [export.file]
    assert (place / export.file).stat().st_mtime_ns == before
    assert len(ledger()) == 1


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_full_disk_leaves_nothing_and_says_so(file_format, client, place, monkeypatch):
    fill(11)
    ask(client, file_format=file_format)
    written = []

    def full(handle):
        written.append(handle)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    export = work(Export.objects.get())

    assert written
    assert export.job.state == Job.State.FAILED
    assert export.job.message_text == "The disk is full. Nothing was kept; the export can be asked for again."
    assert (export.file, list(place.iterdir()), ledger()) == ("", [], [])


def test_a_device_that_takes_no_byte_leaves_nothing(tmp_path, settings, monkeypatch):
    real = files._write_csv
    monkeypatch.setattr(files, "_write_csv", lambda path, *rest: real(path.symlink_to("/dev/full") or path, *rest))

    with pytest.raises(files.DiskFull):
        files.write_file("x.csv", "csv", ["a"], ([n] for n in range(100_000)))

    assert list(settings.EXPORT_ROOT.iterdir()) == []


def test_a_job_that_is_stopped_leaves_nothing(client, place, monkeypatch):
    fill(11)
    ask(client)

    def stop(*args):
        raise jobs.JobCancelled

    monkeypatch.setattr("core.exports.making.progress", stop)
    export = work(Export.objects.get())

    assert export.job.state == Job.State.CANCELLED
    assert (export.file, list(place.iterdir())) == ("", [])


def test_files_go_after_a_week_and_left_overs_after_a_day(client, place):
    fill(11)
    ask(client)
    ask(client)
    old, young = (work(export) for export in Export.objects.order_by("id"))
    Export.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    for name in (".writing-dead", ".writing-alive"):
        (place / name).mkdir()
        (place / name / "half.csv").write_text("x")
    (place / "orphan.csv").write_text("x")
    yesterday = (timezone.now() - timedelta(days=2)).timestamp()
    for name in (".writing-dead", "orphan.csv", young.file):
        os.utime(place / name, (yesterday, yesterday))

    assert exports.tidy() == {"removed": 1, "left_over": 2}

    assert sorted(path.name for path in place.iterdir()) == sorted([".writing-alive", young.file])
    assert list(Export.objects.values_list("pk", flat=True)) == [young.pk]
    assert fetch(client, old).status_code == 404


def test_the_list_of_exports_asks_few_queries_and_says_what_became_of_each(client, django_assert_max_num_queries):
    page = client.get("/admin/core/export/").content.decode()
    assert "No exports" in page
    fill(11)
    for _ in range(6):
        ask(client)
    done, failed, *_rest = Export.objects.order_by("id")
    work(done)
    Job.objects.filter(pk=failed.job_id).update(state=Job.State.FAILED, message="The disk is full.")

    with django_assert_max_num_queries(12):
        page = client.get("/admin/core/export/").content.decode()

    assert reverse("admin:core_export_download", args=[done.pk]) in page
    assert "The disk is full." in page
    assert "waits for a worker" in page
    assert "Products · CSV" in page


def test_the_next_page_tells_that_the_file_is_ready_once(client):
    fill(11)
    ask(client)
    client.get("/admin/")
    work(Export.objects.get())

    first, second = client.get("/admin/").content.decode(), client.get("/admin/").content.decode()

    assert "Your export is ready" in first
    assert "Your export is ready" not in second


def test_the_button_stands_above_lists_for_those_who_may(client, client_of, person_with):
    fill(1)

    assert 'action="/admin/catalog/product/export/?q=Bowl"' in client.get(f"{PRODUCTS}?q=Bowl").content.decode()
    assert "/export/" not in client_of(person_with("catalog.view_product")).get(PRODUCTS).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_export_make_one_file_and_one_entry(client, place):
    fill(30)
    ask(client)
    export = Export.objects.get()
    start, made = threading.Barrier(2), []

    def run() -> None:
        start.wait()
        made.append(exports.make(export.pk))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    export.refresh_from_db()
    assert [one["rows"] for one in made] == [30, 30]
    assert [path.name for path in place.iterdir()] == [export.file]
    assert len(ledger()) == 1


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_ten_times_the_rows_cost_no_more_memory_and_about_ten_times_the_time(file_format, boss, monkeypatch):
    monkeypatch.setattr("core.exports.tables.CHUNK", 100)

    def cost(count: int) -> tuple[float, int]:
        Customer.objects.bulk_create(
            Customer(name=f"Name {n}", joined_at=timezone.now()) for n in range(Customer.objects.count(), count)
        )
        export = Export.objects.create(
            source="catalog.customer", query={"params": "", "language": "en"}, format=file_format, created_by=boss
        )
        tracemalloc.start()
        begun = time.process_time()
        assert exports.make(export.pk) == {"rows": count}
        took, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return took, peak

    cost(200)  # what is imported at the first time
    few_seconds, few_bytes = cost(300)
    many_seconds, many_bytes = cost(3_000)

    assert many_bytes < few_bytes * 1.5
    assert many_seconds < few_seconds * 30


def test_somebody_who_is_erased_while_the_file_is_written_is_not_in_it(client, place, settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    for number in range(12):
        CustomerFactory.create(name=f"Buyer {number:02d}")
    ana = CustomerFactory.create(name="Zqx Ana")
    write, erased = making.write_file, []

    def slowly(*args):
        size = write(*args)
        if not erased:
            assert "Zqx Ana" in (place / args[0]).read_text("utf-8-sig")
            (place / args[0]).rename(place / "aside")  # as if it were not there yet when the files are looked through
            erased.append(erasing.erase("catalog.Customer", ana.pk))
            (place / "aside").rename(place / args[0])
        return size

    monkeypatch.setattr(making, "write_file", slowly)
    ask(client, path="/admin/catalog/customer/")
    export = work(Export.objects.get())

    assert export.job.state == Job.State.DONE
    assert export.rows == 12
    assert "Zqx" not in (place / export.file).read_text("utf-8-sig")


def test_a_file_is_not_written_anew_for_ever(client, place, monkeypatch):
    fill(12)
    seen = iter(range(100))
    monkeypatch.setattr(making, "_erasures", lambda: next(seen))
    ask(client)
    export = work(Export.objects.get())

    assert export.job.state == Job.State.FAILED
    assert "Ask for this list again later" in export.job.message_text
    assert [path for path in place.rglob("*") if path.is_file()] == []
