"""Consents come in by import with their proof, again without a change, and are taken back with its undo."""

import csv
import io

import pytest

from catalog.importing import runner, undo
from catalog.models import ImportBatch
from core.ledger.verifying import verify
from core.models import LedgerEntry
from marketing.models import Consent, ConsentEvent
from tests.factories import ConsentFactory, CustomerFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_heads")]
HEAD = ["customer", "purpose", "channel", "state", "at", "source", "wording_version", "confirmed_at"]


@pytest.fixture
def bring(tmp_path):
    """`bring(rows)`: an import of consents.csv with these rows, each a dictionary."""
    for name in ("C1", "C2"):
        CustomerFactory.create(external_id=name)
    count = iter(range(100))

    def run(rows, head=HEAD, is_dry_run=False):
        folder = tmp_path / f"in{next(count)}"
        folder.mkdir()
        file = io.StringIO()
        writer = csv.DictWriter(file, head, restval="")
        writer.writeheader()
        writer.writerows(rows)
        (folder / "consents.csv").write_text(file.getvalue(), "utf-8")
        batch = ImportBatch.objects.create(format="native", source=str(folder), is_dry_run=is_dry_run)
        runner.run(batch.pk)
        batch.refresh_from_db()
        return batch

    return run


def row(**more):
    return {
        "customer": "C1", "purpose": "offers", "channel": "email", "state": "given", "at": "2025-03-05T09:00:00Z",
        "source": "checkout", "wording_version": "2025-01", **more,
    }  # fmt: skip


def counts(batch):
    section = batch.report["sections"]["consents"]
    return {name: section[name] for name in ("new", "changed", "same", "refused")}


def standing():
    return sorted(Consent.objects.values_list("customer__external_id", "purpose", "channel", "state", "source"))


def told():
    return list(ConsentEvent.objects.order_by("pk").values_list("purpose", "state", "proof__page"))


def in_the_ledger():
    return LedgerEntry.objects.filter(kind="consent").count()


def test_what_was_agreed_to_elsewhere_stands_with_its_proof(bring):
    batch = bring([row(confirmed_at="2025-03-05T09:10:00Z"), row(customer="C2", state="withdrawn", source="")])

    assert counts(batch) == {"new": 2, "changed": 0, "same": 0, "refused": 0}
    assert standing() == [
        ("C1", "offers", "email", "given", "import"), ("C2", "offers", "email", "withdrawn", "import"),
    ]  # fmt: skip
    event = ConsentEvent.objects.get(state="given")
    assert event.wording_version == "2025-01"
    assert event.proof["page"] == "checkout"
    assert event.proof["confirmed_at"].startswith("2025-03-05")
    assert event.proof["import"] == batch.pk
    assert in_the_ledger() == 2


def test_a_consent_without_its_proof_is_refused_with_line_column_and_reason(bring, settings):
    batch = bring([
        row(), row(purpose="news", source=""), row(purpose="care", wording_version=""),
        row(customer="Nobody"), row(purpose="surveys", at="2027-06-01T00:00:00Z"), row(channel="fax"),
        row(channel="sms", state="pending"), row(channel="sms", confirmed_at="2024-01-01T00:00:00Z"), row(),
    ])  # fmt: skip

    assert counts(batch) == {"new": 1, "changed": 0, "same": 0, "refused": 8}
    lines = (settings.VAR_DIR / "imports" / str(batch.pk) / "refused.csv").read_text("utf-8-sig").splitlines()[1:]
    said = sorted((int(one[1]), one[2], one[3]) for one in (line.split(",") for line in lines))
    assert [one[:2] for one in said] == [
        (3, "source"), (4, "wording_version"), (5, "customer"), (6, "at"), (7, "channel"), (8, "state"),
        (9, "confirmed_at"), (10, "at"),
    ]  # fmt: skip
    assert said[0][2] == "a consent that was given needs its proof"
    assert in_the_ledger() == 1


def test_the_newest_act_stands_and_all_of_them_are_history(bring):
    batch = bring([
        row(at="2025-05-01T00:00:00Z", state="withdrawn"), row(at="2025-03-01T00:00:00Z"),
        row(at="2025-01-01T00:00:00Z", state="withdrawn"),
    ])  # fmt: skip

    assert [one[3] for one in standing()] == ["withdrawn"]
    assert ConsentEvent.objects.count() == 3
    assert batch.report["sections"]["consents"]["new"] == 1


def test_what_was_said_here_since_is_worth_more_than_the_file(bring):
    customer = CustomerFactory.create(external_id="C3")
    ConsentFactory.create(customer=customer, state="withdrawn")

    bring([row(customer="C3")])

    assert ("C3", "offers", "email", "withdrawn", "api") in standing()
    assert told() == [("offers", "given", "checkout")]


def test_the_same_file_again_changes_nothing(bring):
    bring([row(), row(purpose="news")])
    before, entries = told(), in_the_ledger()

    batch = bring([row(), row(purpose="news")])

    assert counts(batch) == {"new": 0, "changed": 0, "same": 2, "refused": 0}
    assert (told(), in_the_ledger()) == (before, entries)


def test_a_dry_run_counts_and_writes_nothing(bring):
    batch = bring([row(), row(purpose="news", source="")], is_dry_run=True)

    assert counts(batch) == {"new": 1, "changed": 0, "same": 0, "refused": 1}
    assert (Consent.objects.count(), ConsentEvent.objects.count(), in_the_ledger()) == (0, 0, 0)


def test_undo_takes_consents_back_by_new_entries_and_the_chain_stays_whole(bring):
    customer = CustomerFactory.create(external_id="C3")
    ConsentFactory.create(customer=customer, state="withdrawn", at="2024-01-01T00:00:00Z")
    batch = bring([row(), row(customer="C3"), row(customer="C2")])
    Consent.objects.filter(customer__external_id="C2").update(state="withdrawn")  # said here since
    entries = in_the_ledger()

    undo.perform(batch.pk)

    assert standing() == [
        ("C2", "offers", "email", "withdrawn", "import"), ("C3", "offers", "email", "withdrawn", "api"),
    ]  # fmt: skip
    assert told()[-2:] == [("offers", "withdrawn", "import undone"), ("offers", "withdrawn", "import undone")]
    assert in_the_ledger() == entries + 2
    assert verify().is_whole


def test_after_an_undo_the_file_may_come_again(bring):
    undo.perform(bring([row()]).pk)
    assert standing() == []

    bring([row()])

    assert [one[3] for one in standing()] == ["given"]
    assert [one[1] for one in told()] == ["given", "withdrawn", "given"]
