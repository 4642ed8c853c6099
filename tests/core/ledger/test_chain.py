"""The chain: PostgreSQL makes it, Python makes the same, and nobody changes it unseen."""

import json
import struct
import threading
import time
from hashlib import sha256

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from catalog.models import Customer, Visitor
from core import ledger
from core.ledger import roots
from core.ledger.keeping import look_after
from core.ledger.verifying import EMPTY, verify
from core.models import Alert, LedgerEntry, LedgerRoot
from tests.factories import CustomerFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_heads")]
TRICKY = 'A "quoted" \\ line\nbreak, a tab\t, 掌柜 and 😀'


@pytest.fixture
def entries():
    """Six entries of three transactions; the chain may hold older ones before them."""
    first = last_index() + 1
    ledger.record("export", "core.export:1", rows=12)
    with transaction.atomic():
        for number in range(4):
            ledger.record("price", f"catalog.variant:{number}", actor="staff:3", before="1.50", after=TRICKY)
    ledger.record("rights", "catalog.customer:7", act="erased")
    return list(range(first, first + 6))


@pytest.fixture
def roots_file():
    roots.path().unlink(missing_ok=True)
    yield roots.path()
    roots.path().unlink(missing_ok=True)


def last_index():
    return LedgerEntry.objects.order_by("-index").values_list("index", flat=True).first() or 0


def tamper(sql, *values):
    """What somebody does who owns the database: no trigger stops them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)


def rolled_back(subject):
    with transaction.atomic():
        ledger.record("price", subject, after="2")
        transaction.set_rollback(True)


# --- how it is made -----------------------------------------------------------------------------------------------


def test_python_makes_the_same_hashes_as_postgresql(entries):
    previous = EMPTY
    for row in LedgerEntry.objects.order_by("index"):
        microseconds = round(row.at.timestamp() * 1_000_000)
        said = b"\0".join(text.encode() for text in (row.kind, row.subject, row.actor, row.body))
        previous = sha256(previous.encode() + struct.pack(">qq", row.index, microseconds) + said).hexdigest()
        assert row.hash == previous


def test_places_follow_each_other_without_a_gap(entries):
    assert list(LedgerEntry.objects.filter(index__in=entries).order_by("id").values_list("index", flat=True)) == entries
    assert verify().is_whole


def test_what_is_rolled_back_leaves_no_gap(entries):
    with transaction.atomic():
        ledger.record("price", "catalog.variant:1", after="2")
        rolled_back("catalog.variant:2")
        ledger.record("price", "catalog.variant:3", after="4")
    rolled_back("catalog.variant:4")
    ledger.record("price", "catalog.variant:5", after="6")

    told = LedgerEntry.objects.filter(index__gt=entries[-1]).order_by("index").values_list("index", "subject")
    assert list(told) == [
        (entries[-1] + 1, "catalog.variant:1"),
        (entries[-1] + 2, "catalog.variant:3"),
        (entries[-1] + 3, "catalog.variant:5"),
    ]
    assert verify().is_whole


def test_a_savepoint_that_held_the_first_entry_is_rolled_back_and_the_rest_is_chained(entries):
    with transaction.atomic():
        rolled_back("catalog.variant:1")
        ledger.record("price", "catalog.variant:2", after="3")

    assert LedgerEntry.objects.get(index=entries[-1] + 1).subject == "catalog.variant:2"
    assert verify().is_whole


def test_constraints_checked_in_the_middle_of_a_transaction_chain_what_is_there(entries):
    with transaction.atomic():
        ledger.record("price", "catalog.variant:1", after="2")
        connection.check_constraints()
        assert last_index() == entries[-1] + 1
        ledger.record("price", "catalog.variant:2", after="3")

    assert last_index() == entries[-1] + 2
    assert verify().is_whole


def test_writers_do_not_wait_for_each_other_before_they_commit(entries):
    """A transaction with an entry stays open while another one with an entry begins and ends."""
    done = threading.Event()

    def other():
        ledger.record("stock", "catalog.variant:9", after=1)
        done.set()
        connection.close()

    with transaction.atomic():
        ledger.record("stock", "catalog.variant:8", after=2)
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(10)
        thread.join()

    subjects = LedgerEntry.objects.order_by("-index").values_list("subject", flat=True)[:2]
    assert list(subjects) == ["catalog.variant:8", "catalog.variant:9"]
    assert verify().is_whole


def test_who_waits_for_a_row_at_the_end_does_not_hold_the_chain(entries):
    """A commit first waits for rows it points at, and takes the lock of the chain last: no deadlock, no queue."""
    customer = CustomerFactory.create()
    waiting, before = threading.Event(), last_index()

    def pointing():
        with transaction.atomic():
            ledger.record("stock", "catalog.variant:8", after=2)
            Visitor.objects.create(key="v", customer=customer)
            waiting.set()
        connection.close()

    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        thread = threading.Thread(target=pointing)
        thread.start()
        assert waiting.wait(10)
        until_waiting_for_a_row()
        in_another_thread(lambda: ledger.record("stock", "catalog.variant:9", after=1))
        assert last_index() == before + 1
    thread.join(10)

    assert last_index() == before + 2
    assert verify().is_whole


def until_waiting_for_a_row():
    end = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def in_another_thread(work):
    def run():
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_chain_written_by_eight_threads_is_whole(entries):
    def write(name):
        for number in range(25):
            with transaction.atomic():
                ledger.record("stock", f"catalog.variant:{name}", after=number)
                ledger.record("price", f"catalog.variant:{name}", after=number)
        connection.close()

    threads = [threading.Thread(target=write, args=[name]) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert last_index() == entries[-1] + 8 * 25 * 2
    assert verify().is_whole


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE core_ledgerentry SET body = '{}' WHERE index = %s",
        "UPDATE core_ledgerentry SET hash = NULL, index = NULL WHERE index = %s",
        "DELETE FROM core_ledgerentry WHERE index = %s",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(entries, change):
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change, [entries[2]])

    assert LedgerEntry.objects.filter(index__in=entries).count() == 6
    assert verify().is_whole


def test_the_database_refuses_to_empty_the_ledger(entries):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_ledgerentry ENABLE TRIGGER ledger_no_truncate")
        try:
            with pytest.raises(DatabaseError, match="append-only: TRUNCATE"):
                cursor.execute("TRUNCATE core_ledgerentry")
        finally:
            cursor.execute("ALTER TABLE core_ledgerentry DISABLE TRIGGER ledger_no_truncate")

    assert LedgerEntry.objects.filter(index__in=entries).count() == 6


# --- what is found ------------------------------------------------------------------------------------------------

COLUMNS = {
    "body": "'{}'", "subject": "'catalog.variant:99'", "actor": "'staff:4'", "kind": "'stock'",
    "at": "at + interval '1 microsecond'", "hash": "repeat('a', 64)",
}  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_entry_is_named(entries, column):
    tamper(f"UPDATE core_ledgerentry SET {column} = {COLUMNS[column]} WHERE index = %s", entries[2])

    assert verify().first_broken == entries[2]


def test_text_that_moves_from_one_field_to_the_next_is_found(entries):
    tamper(
        "UPDATE core_ledgerentry SET kind = 'pric', subject = 'e' || subject WHERE index = %s",
        entries[2],
    )

    assert verify().first_broken == entries[2]


def test_a_removed_entry_is_named(entries):
    tamper("DELETE FROM core_ledgerentry WHERE index = %s", entries[3])

    verdict = verify()

    assert verdict.first_broken == entries[3]
    assert str(verdict.reason) == f"Entry {entries[3]} is missing."


def test_two_entries_that_changed_places_are_found_at_the_first(entries):
    tamper("UPDATE core_ledgerentry SET index = -1 WHERE index = %s", entries[1])
    tamper("UPDATE core_ledgerentry SET index = %s WHERE index = %s", entries[1], entries[3])
    tamper("UPDATE core_ledgerentry SET index = %s WHERE index = -1", entries[3])

    assert verify().first_broken == entries[1]


def test_an_end_that_was_cut_off_is_found_by_the_signed_head(entries, roots_file):
    assert roots.sign_head().index == entries[-1]
    tamper("DELETE FROM core_ledgerentry WHERE index >= %s", entries[4])

    verdict = verify()

    assert verdict.first_broken == entries[4]
    assert str(verdict.reason) == f"Entry {entries[4]} is missing: the chain once reached entry {entries[-1]}."


def test_the_file_alone_proves_it_when_the_table_was_cut_as_well(entries, roots_file):
    roots.sign_head()
    tamper("DELETE FROM core_ledgerentry WHERE index >= %s", entries[4])
    LedgerRoot.objects.all().delete()

    assert verify().first_broken == entries[4]


def test_the_table_alone_proves_it_when_the_file_is_gone(entries, roots_file):
    roots.sign_head()
    roots_file.unlink()
    tamper("DELETE FROM core_ledgerentry WHERE index >= %s", entries[4])

    assert verify().first_broken == entries[4]


def test_a_chain_written_anew_from_some_entry_on_does_not_fit_what_was_signed(entries, roots_file):
    roots.sign_head()
    tamper("DELETE FROM core_ledgerentry WHERE index >= %s", entries[2])
    for number in range(6):
        ledger.record("price", f"catalog.variant:{number}", after="invented")

    verdict = verify()

    assert verdict.first_broken == entries[-1]
    assert "rewritten" in str(verdict.reason)


def test_a_signature_that_is_not_the_shops_is_found(entries, roots_file, settings):
    roots.sign_head()
    LedgerRoot.objects.update(index=entries[4])

    assert verify().first_broken == entries[4]


def test_a_signature_under_the_key_before_still_counts(entries, roots_file, settings):
    roots.sign_head()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert verify().is_whole

    settings.SECRET_KEY_FALLBACKS = []
    assert verify().first_broken == entries[-1]


def test_the_same_head_is_signed_once(entries, roots_file):
    roots.sign_head()

    assert roots.sign_head() is None
    assert len(roots_file.read_text().splitlines()) == LedgerRoot.objects.count() == 1


def test_verifying_may_begin_in_the_middle(entries):
    tamper("UPDATE core_ledgerentry SET body = '{}' WHERE index = %s", entries[1])

    assert verify(entries[2]).is_whole
    assert verify(entries[2]).entries == 4
    assert verify(entries[0]).first_broken == entries[1]


# --- every night ---------------------------------------------------------------------------------------------------


def test_every_night_a_whole_chain_is_signed_and_a_broken_one_is_told(entries, roots_file):
    assert look_after() == {"entries": entries[-1], "is_whole": True, "first_broken": None}
    assert LedgerRoot.objects.get().index == entries[-1]
    assert not Alert.objects.exists()

    tamper("UPDATE core_ledgerentry SET body = '{}' WHERE index = %s", entries[2])
    assert look_after()["first_broken"] == entries[2]

    alert = Alert.objects.get()
    assert (alert.rule, alert.level) == ("ledger_broken", "critical")
    assert str(alert.said).startswith(f"Entry {entries[2]} was changed")
    assert LedgerRoot.objects.count() == 1


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_says_that_all_is_well(entries, roots_file, capsys):
    call_command("verify_ledger", sign=True)

    assert capsys.readouterr().out == f"The ledger is whole: {entries[-1]} entries, 0 signed heads.\n"
    assert LedgerRoot.objects.get().index == entries[-1]


def test_the_command_fails_and_names_the_entry(entries, roots_file, capsys):
    tamper("DELETE FROM core_ledgerentry WHERE index = %s", entries[3])

    with pytest.raises(CommandError, match=f"Entry {entries[3]} is missing") as failed:
        call_command("verify_ledger", json=True, sign=True)

    assert failed.value.returncode == 1
    assert json.loads(capsys.readouterr().out)["first_broken"] == entries[3]
    assert not LedgerRoot.objects.exists()
