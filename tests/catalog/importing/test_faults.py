"""What breaks around an import leaves nothing half-written and says in one sentence what to do."""

import errno
import io
import os

import psycopg2
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from catalog.importing import journal, locks, runner, undo
from catalog.importing.errors import FileRefused, ImportBroken, ImportRefused
from catalog.importing.native import Products
from catalog.importing.progress import listener
from catalog.importing.report import in_order
from catalog.models import Customer, ImportBatch, Order, Product, ProductImage
from core.models import Job
from tests.catalog.importing.conftest import counts, do_import, files_in, picture


def run(*arguments):
    out = io.StringIO()
    call_command("import_shop", *arguments, stdout=out)
    return out.getvalue()


def broken_at(section, error):
    """The import breaks off when this section is written, once."""
    patch = pytest.MonkeyPatch()

    def fail(self, load):
        patch.undo()
        raise error

    patch.setattr(f"catalog.importing.native.{section}.apply", fail)


@pytest.fixture
def other_session():
    """A second session of the same database."""
    own = connection.get_connection_params()
    own.pop("cursor_factory", None)
    own.pop("context", None)
    session = psycopg2.connect(
        **{key: own[key] for key in ("dbname", "user", "password", "host", "port") if key in own}
    )
    session.autocommit = True
    yield session
    session.close()


# --- going on ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_finished_groups_are_not_read_again(small_shop):
    (small_shop / "products.csv").write_text("id,name,price\nP1,Mug,1\nP2,Cup,free\nP3,Pan,2\n")
    broken_at("Customers", RuntimeError("gone"))
    with pytest.raises(RuntimeError):
        do_import(small_shop)
    first = ImportBatch.objects.get()
    assert sorted(first.checkpoint["groups"]) == ["categories", "products", "variants"]
    assert first.report["sections"]["products"]["new"] == 2
    Product.objects.filter(external_id="P1").update(name="Not touched again")

    report = runner.run(first.pk)

    assert Product.objects.get(external_id="P1").name == "Not touched again"
    assert counts(report["sections"]["products"]) == (3, 2, 0, 0, 1)
    assert list(in_order(report)["sections"])[:4] == ["categories", "products", "variants", "customers"]
    first.refresh_from_db()


@pytest.mark.django_db
def test_files_that_changed_between_two_runs_are_all_read_again(small_shop):
    broken_at("Customers", RuntimeError("gone"))
    with pytest.raises(RuntimeError):
        do_import(small_shop)
    batch = ImportBatch.objects.get()
    (small_shop / "products.csv").write_text("id,name,price\nP1,Mug,7\nP2,Blue mug,13\n")

    report = runner.run(batch.pk)

    assert Product.objects.get(external_id="P1").price == 7
    assert counts(report["sections"]["products"]) == (2, 0, 1, 1, 0)
    assert counts(report["sections"]["categories"]) == (3, 0, 0, 3, 0)
    assert Order.objects.count() == 3

    undo.perform(batch.pk)
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_the_rows_of_a_group_that_was_taken_back_do_not_stay_in_the_list_of_refused_ones(small_shop):
    (small_shop / "products.csv").write_text("id,name,price\nP1,Mug,1\nP2,Cup,free\nP3,Pan,2\n")
    (small_shop / "customers.csv").write_text("id,email\nC1,\nC2,\nC3,nowhere\n")
    broken_at("Customers", RuntimeError("gone"))
    with pytest.raises(RuntimeError):
        do_import(small_shop)
    batch = ImportBatch.objects.get()
    path = runner.folder_of(batch) / "refused.csv"
    assert [line.split(",")[0] for line in path.read_text("utf-8-sig").splitlines()] == [
        "file", "products.csv", "variants.csv",
    ]  # fmt: skip

    runner.run(batch.pk)

    files = [line.split(",")[0] for line in path.read_text("utf-8-sig").splitlines()]
    assert files[:4] == ["file", "products.csv", "variants.csv", "customers.csv"]
    assert files.count("customers.csv") == 1


@pytest.mark.django_db
def test_another_mapping_or_a_finished_import_is_a_new_one(small_shop):
    source = str(small_shop)
    broken_at("Customers", RuntimeError("gone"))
    with pytest.raises(RuntimeError):
        do_import(small_shop)
    batch = ImportBatch.objects.get()

    assert runner.resumable("native", source) == batch
    assert runner.resumable("native", source, {"products": {"x": "name"}}) is None
    assert runner.resumable("olist", source) is None
    assert runner.resumable("native", source + "2") is None
    runner.run(batch.pk)
    assert runner.resumable("native", source) is None


# --- who is at work ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_import_that_lost_its_process_is_marked_and_one_that_lives_is_not(small_shop, other_session):
    dead = ImportBatch.objects.create(format="native", source="/dead", state="running")
    alive = ImportBatch.objects.create(format="native", source="/alive", state="running")
    with other_session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks.BATCHES, alive.pk])

    do_import(small_shop)

    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.state, alive.state) == ("failed", "running")
    assert dead.error == "The process ended early. Start the same import again: it goes on where it was."


@pytest.mark.django_db
def test_a_second_import_waits_for_the_first_and_says_so(small_shop, other_session, monkeypatch):
    with other_session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [locks.LOCK])
    said = []

    def wait(seconds):
        said.append(Product.objects.count())
        with other_session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [locks.LOCK])

    monkeypatch.setattr("catalog.importing.locks.time.sleep", wait)

    do_import(small_shop)

    assert said == [0]
    assert Product.objects.count() == 3


@pytest.mark.django_db
def test_the_same_import_started_twice_is_done_once(small_shop, other_session, monkeypatch):
    batch = ImportBatch.objects.create(format="native", source=str(small_shop))
    with other_session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks.BATCHES, batch.pk])

    def end_the_other(seconds):
        ImportBatch.objects.filter(pk=batch.pk).update(state="done", report={"sections": {}, "by": "the other"})
        with other_session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [locks.BATCHES, batch.pk])

    monkeypatch.setattr("catalog.importing.locks.time.sleep", end_the_other)

    assert runner.run(batch.pk)["by"] == "the other"
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_an_import_that_was_undone_is_not_gone_on_with(small_shop):
    batch = do_import(small_shop).batch
    undo.perform(batch.pk)

    with pytest.raises(ImportRefused, match=r"This import was undone\. Start a new one\."):
        runner.run(batch.pk)


@pytest.mark.django_db
def test_an_undo_that_lost_its_process_is_put_back_to_where_it_was(small_shop):
    batch = do_import(small_shop).batch
    ImportBatch.objects.filter(pk=batch.pk).update(
        state="undoing", checkpoint={**batch.checkpoint, "state_before_undo": "done"}
    )

    do_import(small_shop)

    batch.refresh_from_db()
    assert batch.state == "done"
    assert batch.error == "The process that undid this import ended early. Nothing was undone; start it again."


# --- files and disks --------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda path: path.unlink(), r"customers\.csv, line 1: the file is gone\."),
        (
            lambda path: path.write_text("id\nC9\n"),
            r"customers\.csv, line 1: the file was changed while it was read; start again\.",
        ),
    ],
)
def test_a_file_that_goes_or_changes_in_the_middle_stops_the_import_cleanly(small_shop, monkeypatch, harm, sentence):
    real = Products.apply

    def harmed(self, load):
        harm(small_shop / "customers.csv")
        real(self, load)

    monkeypatch.setattr(Products, "apply", harmed)

    with pytest.raises(FileRefused, match=sentence):
        do_import(small_shop)

    assert (Product.objects.count(), Customer.objects.count()) == (3, 0)
    batch = ImportBatch.objects.get()
    assert batch.state == "failed"
    assert sorted(batch.report["sections"]) == ["categories", "products", "variants"]


@pytest.mark.django_db
def test_a_file_that_grows_while_it_is_read_is_not_taken(write):
    folder = write({"products.csv": "id,name,price\n" + "".join(f"P{n},Mug,1\n" for n in range(5_000))})

    def grow(done, total, message):
        with (folder / "products.csv").open("a") as file:
            file.write("P9999999,Late,1\n")

    token = listener.set(grow)
    try:
        with pytest.raises(FileRefused, match="the file was changed while it was read"):
            do_import(folder)
    finally:
        listener.reset(token)

    assert not Product.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_under_the_list_of_refused_rows_stops_the_import_with_a_sentence(small_shop, monkeypatch):
    (small_shop / "customers.csv").write_text("id,email\nC1,\nC2,nowhere\n")

    def full(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("catalog.importing.refused.os.fsync", full)
        with pytest.raises(CommandError) as stopped:
            run("native", str(small_shop))

    assert str(stopped.value) == "The list of refused rows cannot be written: No space left on device."
    assert stopped.value.returncode == 1
    assert (Product.objects.count(), Customer.objects.count()) == (3, 0)
    assert Job.objects.get().state == "failed"

    assert run("native", str(small_shop)).startswith("Going on with import")
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_a_disk_that_is_full_while_pictures_are_written_leaves_none_behind(write, media, monkeypatch):
    folder = write(
        {
            "products.csv": "id,name,price\nP1,Mug,1\nP2,Cup,1\n",
            "images.csv": "product,file\nP1,a.png\nP2,b.png\n",
            "a.png": picture(),
            "b.png": picture(colour="blue"),
        }
    )
    assert default_storage.exists("nothing") is False  # the storage is made with its first use
    real, saved = type(default_storage._wrapped)._save, []

    def save(self, name, content):
        if saved:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
        saved.append(name)
        return real(self, name, content)

    monkeypatch.setattr(type(default_storage._wrapped), "_save", save)

    with pytest.raises(ImportBroken, match=r"cannot be read or written: No space left on device\."):
        do_import(folder)

    assert (len(saved), files_in(media), ProductImage.objects.count()) == (1, [], 0)
    assert Product.objects.count() == 2


@pytest.mark.django_db
def test_pictures_of_a_killed_import_are_removed_by_the_next(small_shop, write, media, settings):
    dead = ImportBatch.objects.create(format="native", source="/dead", state="running")
    kept = do_import(
        write(
            {"products.csv": "id,name,price\nP1,Mug,1\n", "images.csv": "product,file\nP1,a.png\n", "a.png": picture()},
            "one",
        )
    )
    name = ProductImage.objects.get().file.name
    left = "products/ab/abandoned.png"
    (media / "products/ab").mkdir()
    (media / left).write_bytes(picture())
    book = journal.Journal(runner.folder_of(dead))
    for one in (left, name, "../../etc/passwd"):
        book.add(one)

    do_import(small_shop)

    assert not (media / left).exists()
    assert (media / name).exists()
    assert not book.path.exists()
    assert kept.batch.state == "done"


# --- the database -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_undo_whose_connection_breaks_has_done_nothing_and_can_be_started_again(small_shop, monkeypatch):
    run("native", str(small_shop))
    batch = ImportBatch.objects.get()

    def break_off(*arguments):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr("catalog.importing.undo.doing.people.undo", break_off)
        with pytest.raises(Exception, match=r"server closed the connection|terminating connection"):
            call_command("undo_import", str(batch.pk), stdout=io.StringIO())

    batch.refresh_from_db()
    assert (batch.state, Order.objects.count()) == ("done", 3)
    assert batch.error == "The connection to the database broke. Nothing was undone; start it again."

    out = io.StringIO()
    call_command("undo_import", str(batch.pk), stdout=out)
    assert out.getvalue().splitlines()[0].split() == [
        "rows", "of", "removed", "put", "back", "archived", "stayed", "gone", "before",
    ]  # fmt: skip
    assert not Order.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("number", "sentence"), [("999999", r"There is no import 999999\."), (None, r"This import was undone already\.")]
)
def test_what_the_command_cannot_undo_ends_with_2_and_one_sentence(small_shop, number, sentence):
    batch = do_import(small_shop).batch
    undo.perform(batch.pk)

    with pytest.raises(CommandError, match=sentence) as refusal:
        call_command("undo_import", number or str(batch.pk), stdout=io.StringIO())

    assert refusal.value.returncode == 2
