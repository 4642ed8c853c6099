"""`manage.py import_shop`: what it prints and how it ends."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from catalog.importing import runner
from catalog.importing.errors import FileRefused
from catalog.models import ImportBatch, Order, Product
from core.models import Job
from tests.catalog.importing.conftest import do_import


def run(*arguments):
    out = io.StringIO()
    call_command("import_shop", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_an_import_is_listed_as_a_job_and_ends_with_a_table(small_shop):
    (small_shop / "products.csv").write_text("id,name,price\nP1,Mug,1\nP2,Cup,free\nP3,Pan,2\n")

    lines = run("native", str(small_shop)).splitlines()

    assert lines[0].split() == ["section", "read", "new", "changed", "same", "refused", "seconds"]
    assert [line.split()[:6] for line in lines[1:3]] == [
        ["categories", "3", "3", "0", "0", "0"],
        ["products", "3", "2", "0", "0", "1"],
    ]
    batch, job = ImportBatch.objects.get(), Job.objects.get()
    assert (batch.state, batch.job, job.kind, job.state) == ("done", job, "catalog.import", "done")
    assert (job.done, job.total) == (job.total, job.total)
    new = sum(count["new"] for count in batch.report["sections"].values())
    assert job.result == {"batch_id": batch.pk, "new": new, "changed": 0, "refused": 2}  # the cup and its variant
    assert any(line.startswith("Refused rows: ") and line.endswith("refused.csv") for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("native", "nowhere"), "There is no file or folder"),
        (("guess", "."), "There is no format guess; known: native, online-retail."),
        (("online-retail", "."), "has no file transactions.csv."),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_one_sentence(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandError, match=sentence) as refusal:
        run(*arguments)

    assert refusal.value.returncode == 2
    assert not ImportBatch.objects.exists()


@pytest.mark.django_db
def test_a_dry_run_says_so(small_shop):
    assert run("native", str(small_shop), "--dry-run").splitlines()[-1] == "Dry run: nothing was written."
    assert not Product.objects.exists()
    assert ImportBatch.objects.get().is_dry_run


@pytest.mark.django_db
def test_the_end_of_an_import_is_told_to_who_listens(small_shop, monkeypatch):
    told = []
    monkeypatch.setattr("catalog.importing.runner.facts.import_finished", lambda batch: told.append(str(batch.state)))
    do_import(small_shop)
    (small_shop / "products.csv").write_text("")

    with pytest.raises(FileRefused):
        do_import(small_shop)

    assert told == ["done", "failed"]


@pytest.mark.django_db
def test_the_table_keeps_the_order_of_the_sections(small_shop):
    lines = run("native", str(small_shop)).splitlines()

    assert [line.split()[0] for line in lines[1:9]] == [
        "categories", "products", "variants", "customers", "orders", "order_lines", "payments", "interactions",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_import_is_not_taken_up_by_a_worker(small_shop, monkeypatch):
    def interrupt(self, load):
        raise KeyboardInterrupt

    monkeypatch.setattr("catalog.importing.native.Customers.apply", interrupt)

    with pytest.raises(CommandError, match="Stopped") as stopped:
        run("native", str(small_shop))

    assert stopped.value.returncode == 130
    assert Job.objects.get().state == "cancelled"
    assert ImportBatch.objects.get().state == "failed"
    assert Product.objects.count() == 3  # finished before


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_connection_breaks_is_finished_by_the_next(small_shop, monkeypatch):
    def break_off():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr("catalog.importing.native.payments.settle.settle", break_off)
        with pytest.raises(OperationalError):
            run("native", str(small_shop))

    assert not Order.objects.exists()
    assert Product.objects.count() == 3
    assert ImportBatch.objects.get().state == "failed"
    assert Job.objects.get().state == "failed"

    broken = ImportBatch.objects.get()
    assert broken.error == "The connection to the database broke. Start the same import again: it goes on where it was."

    lines = run("native", str(small_shop)).splitlines()

    batch = ImportBatch.objects.get()
    assert lines[0] == f"Going on with import #{batch.pk}."
    assert (Order.objects.count(), batch.state, batch.error) == (3, "done", "")
    assert batch.report["sections"]["products"]["new"] == 3


@pytest.mark.django_db
def test_lists_of_refused_rows_are_not_kept_for_ever(small_shop, write):
    folder = write({"products.csv": "id,name,price\nP1,Mug,free\n"}, "bad")
    old, recent = do_import(folder).batch, do_import(folder).batch
    ImportBatch.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=31))

    do_import(small_shop)

    old.refresh_from_db()
    assert old.refused_file == ""
    assert not (runner.folder_of(old) / "refused.csv").exists()
    assert (runner.folder_of(recent) / "refused.csv").exists()
