"""Tickets come in by import with what was said, again without a change, and go with its undo."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from catalog.importing import runner, undo
from catalog.models import Customer, ImportBatch
from crm.assistant import counting
from crm.models import (
    BusinessHours,
    Conversation,
    CustomFieldValue,
    Message,
    SatisfactionScore,
    SlaPolicy,
    SlaTarget,
    Ticket,
)
from crm.models import TicketEvent as Event
from tests.factories import CustomerFactory, CustomFieldFactory, CustomFieldValueFactory, StaffUserFactory

pytestmark = pytest.mark.django_db(transaction=True)
TICKET = ["id", "customer", "name", "email", "channel", "subject", "language", "priority", "state", "tags",
          "opened_at", "first_answered_at", "resolved_at", "satisfaction", "satisfaction_comment"]  # fmt: skip
SAID = ["ticket", "number", "author", "text", "at", "internal"]


@pytest.fixture
def bring(tmp_path):
    """`bring(tickets, messages)`: an import of both files, each row a dictionary."""
    CustomerFactory.create(external_id="C1")
    SlaPolicy.objects.all().delete()
    count = iter(range(100))

    def run(tickets, messages=()):
        folder = tmp_path / f"in{next(count)}"
        folder.mkdir()
        for name, head, rows in (("tickets", TICKET, tickets), ("ticket_messages", SAID, messages)):
            if rows:
                file = io.StringIO()
                writer = csv.DictWriter(file, head, restval="")
                writer.writeheader()
                writer.writerows(rows)
                (folder / f"{name}.csv").write_text(file.getvalue(), "utf-8")
        batch = ImportBatch.objects.create(format="native", source=str(folder))
        runner.run(batch.pk)
        batch.refresh_from_db()
        return batch

    return run


def ticket(**more):
    return {
        "id": "T1", "customer": "C1", "channel": "chat", "subject": "Where is it?", "language": "zh_CN",
        "tags": "late, parcel|late", "opened_at": "2026-01-05T09:00:00Z",
        "first_answered_at": "2026-01-05T09:20:00Z", "resolved_at": "2026-01-05T11:00:00Z", "satisfaction": "4",
        "satisfaction_comment": "Quick", **more,
    }  # fmt: skip


def said(number=1, author="customer", text="Where is\nmy parcel?", **more):
    return {"ticket": "T1", "number": number, "author": author, "text": text, "at": f"2026-01-05T09:{number:02d}:00Z",
            **more}  # fmt: skip


def counts(batch, name="tickets"):
    section = batch.report["sections"][name]
    return {key: section[key] for key in ("new", "changed", "same", "refused")}


def at(hour, minute=0):
    return datetime(2026, 1, 5, hour, minute, tzinfo=UTC)


def test_a_ticket_arrives_with_its_times_its_rating_and_what_was_said(bring):
    batch = bring(
        [ticket()], [said(), said(2, "agent", "It is on its way."), said(3, "staff", "call", internal="true")]
    )

    made = Ticket.objects.select_related("conversation__customer").get()
    assert counts(batch) == {"new": 1, "changed": 0, "same": 0, "refused": 0}
    assert counts(batch, "ticket_messages")["new"] == 3
    assert (made.state, made.priority, made.tags) == ("resolved", "normal", ["late", "parcel"])
    assert (made.created_at, made.first_responded_at, made.resolved_at) == (at(9), at(9, 20), at(11))
    assert (made.first_response_seconds, made.resolve_seconds, made.due_at) == (1_200, 7_200, None)
    held = made.conversation
    assert (held.external_id, held.customer.external_id, held.channel, held.language, held.state) == (
        "T1", "C1", "chat", "zh-hans", "closed",
    )  # fmt: skip
    assert (held.last_sequence, held.last_staff_sequence, held.last_text) == (3, 2, "It is on its way.")
    assert (held.last_message_at, held.last_customer_at) == (at(9, 3), at(9, 1))
    assert list(held.messages.order_by("sequence").values_list("author", "text", "is_internal")) == [
        ("customer", "Where is\nmy parcel?", False), ("staff", "It is on its way.", False), ("staff", "call", True),
    ]  # fmt: skip
    assert SatisfactionScore.objects.values_list("score", "comment", "at").get() == (4, "Quick", at(11))
    assert list(Event.objects.values_list("kind", "at")) == [("opened", at(9))]


def test_the_same_files_again_change_nothing(bring):
    bring([ticket()], [said()])
    before = list(Ticket.objects.values()), list(Conversation.objects.values()), list(Message.objects.values())

    again = bring([ticket()], [said()])

    assert counts(again) == {"new": 0, "changed": 0, "same": 1, "refused": 0}
    assert counts(again, "ticket_messages") == {"new": 0, "changed": 0, "same": 1, "refused": 0}
    after = list(Ticket.objects.values()), list(Conversation.objects.values()), list(Message.objects.values())
    assert after == before


def test_its_undo_takes_tickets_messages_and_ratings_along(bring):
    batch = bring([ticket()], [said()])

    undo.perform(batch.pk)

    assert not Conversation.objects.exists()
    assert not Ticket.objects.exists()
    assert not Message.objects.exists()
    assert not SatisfactionScore.objects.exists()


def test_a_ticket_follows_the_file_until_somebody_here_has_touched_it(bring):
    running = ticket(first_answered_at="", resolved_at="", satisfaction="")
    bring([running])
    assert Ticket.objects.get().state == "open"

    bring([ticket(satisfaction="")])
    assert Ticket.objects.get().state == "resolved"

    Event.objects.create(ticket=Ticket.objects.get(), kind="state", actor=StaffUserFactory.create(), at=at(12))
    bring([running])
    assert Ticket.objects.get().state == "resolved"


def test_clocks_of_the_past_count_business_time_and_open_ones_get_their_due_times(bring):
    hours = BusinessHours.objects.create(name="Morning")
    for weekday in range(1, 8):
        hours.periods.create(weekday=weekday, opens="09:00", closes="10:00")
    policy = SlaPolicy.objects.create(name="All", is_on=True, hours=hours, position=0)
    SlaTarget.objects.create(policy=policy, priority="normal", first_response=30, resolution=90)
    opened = datetime.now(UTC) - timedelta(minutes=5)

    bring([
        ticket(opened_at="2026-01-05T00:30:00Z", first_answered_at="2026-01-05T01:30:00Z",
               resolved_at="2026-01-06T01:15:00Z"),
        ticket(id="T2", opened_at=opened.isoformat(), first_answered_at="", resolved_at="", satisfaction=""),
    ])  # fmt: skip

    over, running = Ticket.objects.order_by("pk")
    assert (over.policy, over.first_response_seconds, over.resolve_seconds) == (policy, 1_800, 4_500)
    assert running.first_response_due > opened
    assert running.due_at == running.first_response_due


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"customer": "C9"}, "customer"),
        ({"first_answered_at": "2026-01-05T08:59:59Z"}, "first_answered_at"),
        ({"resolved_at": "2026-01-05T08:00:00Z", "first_answered_at": ""}, "resolved_at"),
        ({"state": "closed", "resolved_at": "", "satisfaction": ""}, "state"),
        ({"state": "open"}, "satisfaction"),
        ({"channel": "fax"}, "channel"),
        ({"satisfaction": "6"}, "satisfaction"),
        ({"opened_at": ""}, "opened_at"),
    ],
)
def test_what_cannot_be_is_refused_with_its_column(bring, wrong, column):
    batch = bring([ticket(**wrong)])

    assert counts(batch) == {"new": 0, "changed": 0, "same": 0, "refused": 1}
    assert not Conversation.objects.exists()
    assert [one["column"] for one in batch.report["refused_sample"]] == [column]


def test_messages_of_nobodys_ticket_and_notes_of_customers_are_refused(bring):
    batch = bring([ticket()], [said(), {**said(2), "ticket": "T9"}, said(3, internal="true")])

    assert counts(batch, "ticket_messages") == {"new": 1, "changed": 0, "same": 0, "refused": 2}


def test_a_guest_keeps_the_name_and_address_of_the_file(bring):
    bring([ticket(customer="", name="Ada", email="ada@example.com")])

    assert Conversation.objects.values_list("customer", "contact_name", "contact_email").get() == (
        None, "Ada", "ada@example.com",
    )  # fmt: skip


def test_chats_from_elsewhere_do_not_count_for_the_assistant(bring):
    bring([ticket()], [said()])

    assert counting.counted(at(0), at(23)).outcomes.conversations == 0


# --- custom fields of customers ---------------------------------------------------------------------------------------


def import_customers(folder, text):
    folder.mkdir()
    (folder / "customers.csv").write_text(text, "utf-8")
    batch = ImportBatch.objects.create(format="native", source=str(folder))
    runner.run(batch.pk)
    batch.refresh_from_db()
    return batch


def values():
    rows = CustomFieldValue.objects.order_by("customer__external_id", "field__key")
    return list(rows.values_list("customer__external_id", "field__key", "value"))


def test_custom_fields_are_columns_of_the_customers_and_go_with_the_undo(tmp_path):
    size = CustomFieldFactory.create(
        key="shirt-size", title_en="Shirt size", title_zh="尺码", kind="choice", choices="S\nM"
    )
    CustomFieldFactory.create(key="city", title_en="City of work", kind="text", position=1)
    CustomFieldFactory.create(key="spent", title_en="Spent", kind="number", position=2)
    CustomFieldFactory.create(key="firm", title_en="Company", kind="yes_no", position=3)
    CustomFieldFactory.create(key="unused", title_en="Unused", is_on=False)
    old = CustomerFactory.create(external_id="C1", name="Wu Min", city="Suzhou")
    CustomFieldValueFactory.create(field=size, customer=old, value="S")
    file = (
        "id,name,尺码,field_city,Spent,company,unused\n"
        'C1,Wu Min,M,Paris,"1,200.50",是,x\nC2,Li Na,,,"7,5",no,\nC3,Bad,XXL,,,,\nC4,Bad,,,"1.234,5",,\n'
    )

    batch = import_customers(tmp_path / "first", file)

    assert values() == [
        ("C1", "city", "Paris"), ("C1", "firm", "yes"), ("C1", "shirt-size", "M"), ("C1", "spent", "1200.50"),
        ("C2", "firm", "no"), ("C2", "spent", "7.5"),
    ]  # fmt: skip
    assert Customer.objects.get(external_id="C1").city == "Suzhou"
    refused = [(one["line"], one["column"]) for one in batch.report["refused_sample"]]
    assert refused == [(4, "尺码"), (5, "Spent")]
    assert batch.report["rules"]["custom_fields"]["count"] == 6

    again = import_customers(tmp_path / "again", file)
    assert "custom_fields" not in again.report["rules"]

    undo.perform(batch.pk)
    assert values() == [("C1", "shirt-size", "S")]
