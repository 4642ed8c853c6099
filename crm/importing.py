"""The sections `tickets` and `ticket_messages` of native imports: what customers asked elsewhere, and the answers.

What was decided about a ticket here outlives a later import: its state and its clocks follow the file only as long as
nobody of the staff has touched it. Clocks of the past count business time as the shop keeps it now.
"""

from collections.abc import Iterator

from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, Written, upsert
from catalog.importing.staging import Stage, execute, stream
from crm.models import Conversation, Message, Ticket
from crm.models.desk import SUBJECT_LENGTH, TEXT_LENGTH, Channel, Priority
from crm.services import desk_clocks, desk_routing
from crm.services.clock import between

State = Ticket.State
BATCH = 2_000
OVER = f"('{State.RESOLVED}', '{State.CLOSED}')"
STATE = f"coalesce(s.state, CASE WHEN s.resolved_at IS NULL THEN '{State.OPEN}' ELSE '{State.RESOLVED}' END)"
RESOLVED_AT = f"CASE WHEN {STATE} IN {OVER} THEN s.resolved_at END"
UNTOUCHED = "NOT EXISTS (SELECT 1 FROM crm_ticketevent e WHERE e.ticket_id = crm_ticket.id AND e.actor_id IS NOT NULL)"
AUTHORS = (Message.Author.CUSTOMER, Message.Author.STAFF, Message.Author.ASSISTANT)


class Tickets(Section):
    """One conversation with its ticket a row. Without a customer of this shop it belongs to the name and the address
    that the file says."""

    name = "tickets"
    group = "tickets"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False),
            c.key("customer"),
            c.text("name", 200),
            c.email("email"),
            c.choice("channel", [Channel.CHAT, Channel.FORM, Channel.EMAIL]),
            c.text("subject", SUBJECT_LENGTH),
            c.language("language"),
            c.choice("priority", Priority.values),
            c.choice("state", State.values, aliases=("status",)),
            c.text("tags", 400),
            c.moment("opened_at", required=True, blank=False, aliases=("created_at",)),
            c.moment("first_answered_at"),
            c.moment("resolved_at", aliases=("solved_at",)),
            c.integer("satisfaction", 1, 5, aliases=("csat",)),
            c.text("satisfaction_comment", 1000),
        )

    def apply(self, load: Load) -> None:
        if self.name not in load.files:
            return
        stage = load.stage(self.name)
        _refuse(stage)
        conversations = _conversations(stage)
        tickets = _tickets(stage)
        count = load.report.section(self.name)
        count.new = conversations.new
        count.changed = max(conversations.changed, tickets.changed)
        count.same = stage.count() - count.new - count.changed
        load.report.rule("satisfaction", _ratings(stage))
        changes.written(
            "crm_ticketevent",
            """
            INSERT INTO crm_ticketevent (ticket_id, kind, at, before, after)
            SELECT t.id, 'opened', t.created_at, '{}', '{}'
            FROM import_tickets s JOIN crm_conversation v ON v.external_id = s.id
                JOIN crm_ticket t ON t.conversation_id = v.id
            WHERE NOT EXISTS (SELECT 1 FROM crm_ticketevent e WHERE e.ticket_id = t.id)
            """,
            is_new=True,
        )
        _count_time()


class TicketMessages(Section):
    """What was said, numbered within its ticket. A number that is there keeps its text."""

    name = "ticket_messages"
    group = "tickets"
    key = ("ticket", "number")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("ticket", required=True, blank=False),
            c.integer("number", 1, 100_000, required=True, blank=False),
            c.choice("author", [*AUTHORS, "agent"], required=True, blank=False),
            c.text("text", TEXT_LENGTH, required=True, blank=False),
            c.moment("at", required=True, blank=False, aliases=("created_at",)),
            c.boolean("internal"),
        )

    def apply(self, load: Load) -> None:
        if self.name not in load.files:
            return
        stage = load.stage(self.name)
        execute("CREATE INDEX ON import_ticket_messages (ticket)")
        stage.refuse(
            "NOT EXISTS (SELECT 1 FROM crm_conversation v WHERE v.external_id = s.ticket)",
            column="ticket", value="s.ticket", reason=gettext_noop("ticket %(value)s is unknown"),
        )  # fmt: skip
        stage.refuse(
            "s.internal AND s.author = 'customer'", column="internal",
            reason=gettext_noop("customers write no internal notes"),
        )  # fmt: skip
        written = upsert(
            "crm_message",
            key=["conversation_id", "sequence"],
            values={
                "conversation_id": Value("v.id"),
                "sequence": Value("s.number"),
                "author": Value("CASE s.author WHEN 'agent' THEN 'staff' ELSE s.author END", once=True),
                "text": Value("s.text", once=True),
                "is_internal": Value("coalesce(s.internal, false)", once=True),
                "created_at": Value("s.at", once=True),
                "client_key": Value("''", once=True),
                "mail_id": Value("''", once=True),
            },
            source=f"{stage.table} s JOIN crm_conversation v ON v.external_id = s.ticket",
            present=stage.present,
        )
        count = load.report.section(self.name)
        count.new, count.same = written.new, stage.count() - written.new
        _sum_up()


def _refuse(stage: Stage) -> None:
    execute("CREATE INDEX ON import_tickets (id)")
    missing = "NOT EXISTS (SELECT 1 FROM catalog_knowncustomer t WHERE t.external_id = s.customer)"
    stage.refuse(
        f"s.customer IS NOT NULL AND {missing}", column="customer", value="s.customer",
        reason=gettext_noop("customer %(value)s is unknown"),
    )  # fmt: skip
    stage.refuse(
        "s.first_answered_at < s.opened_at", column="first_answered_at",
        reason=gettext_noop("is before the ticket was opened"),
    )  # fmt: skip
    stage.refuse(
        "s.resolved_at < s.opened_at", column="resolved_at", reason=gettext_noop("is before the ticket was opened")
    )
    stage.refuse(
        f"s.state IN {OVER} AND s.resolved_at IS NULL", column="state", value="s.state",
        reason=gettext_noop("a ticket that is %(value)s needs resolved_at"),
    )  # fmt: skip
    stage.refuse(
        f"s.satisfaction IS NOT NULL AND {RESOLVED_AT} IS NULL", column="satisfaction",
        reason=gettext_noop("only what is resolved is rated"),
    )  # fmt: skip


def _conversations(stage: Stage) -> Written:
    over = f"{STATE} IN {OVER}"
    return upsert(
        "crm_conversation",
        key=["external_id"],
        values={
            "external_id": Value("s.id"),
            "customer_id": Value("k.id", needs=("customer",)),
            "visitor": Value("''", once=True),
            "channel": Value(f"coalesce(s.channel, '{Channel.FORM}')", needs=("channel",)),
            "language": Value("coalesce(s.language, '')", needs=("language",)),
            "subject": Value("coalesce(s.subject, '')", needs=("subject",)),
            "contact_name": Value("coalesce(s.name, '')", needs=("name",)),
            "contact_email": Value("coalesce(s.email, '')", needs=("email",)),
            "contact_phone": Value("''", once=True),
            "state": Value(
                f"CASE WHEN {over} THEN '{Conversation.State.CLOSED}' ELSE '{Conversation.State.WITH_PERSON}' END",
                once=True,
            ),
            "handover_reason": Value("''", once=True),
            "started_at": Value("s.opened_at", once=True),
            "last_message_at": Value("s.opened_at", once=True),
            "last_customer_at": Value("s.opened_at", once=True),
            "closed_at": Value(RESOLVED_AT, once=True),
            "outcome": Value("''", once=True),
            "last_text": Value("left(coalesce(s.subject, ''), 200)", once=True),
        },
        source=f"{stage.table} s LEFT JOIN catalog_knowncustomer k ON k.external_id = s.customer",
        present=stage.present,
    )


def _tickets(stage: Stage) -> Written:
    def followed(name: str, value: str, *columns: str) -> Value:
        """What the file says, until somebody here has touched the ticket."""
        update = f"CASE WHEN {UNTOUCHED} THEN EXCLUDED.{name} ELSE crm_ticket.{name} END"
        return Value(value, needs=columns, update=update)

    return upsert(
        "crm_ticket",
        key=["conversation_id"],
        values={
            "conversation_id": Value("v.id"),
            "state": followed("state", STATE, "state", "resolved_at"),
            "priority": followed("priority", f"coalesce(s.priority, '{Priority.NORMAL}')", "priority"),
            "priority_reasons": Value("'[]'::jsonb", once=True),
            "priority_is_set": Value("s.priority IS NOT NULL", once=True),
            "skill": Value("''", once=True),
            "clock_started_at": Value("s.opened_at", once=True),
            "awaiting_since": Value(
                f"CASE WHEN {STATE} = '{State.OPEN}' AND s.first_answered_at IS NULL THEN s.opened_at END", once=True
            ),
            "first_responded_at": followed("first_responded_at", "s.first_answered_at", "first_answered_at"),
            "resolved_at": followed("resolved_at", RESOLVED_AT, "resolved_at", "state"),
            "closed_at": Value(f"CASE WHEN {STATE} = '{State.CLOSED}' THEN s.resolved_at END", once=True),
            # The customer was not asked by this shop, and is not to be asked about what is long over.
            "rating_asked_at": Value(RESOLVED_AT, once=True),
            "tags": followed("tags", _listed("s.tags"), "tags"),
            **TIMESTAMPS,
            "created_at": Value("s.opened_at", once=True),
            "updated_at": Value("greatest(s.opened_at, s.first_answered_at, s.resolved_at)", once=True),
        },
        source=f"{stage.table} s JOIN crm_conversation v ON v.external_id = s.id",
        present=stage.present,
    )


def _listed(column: str) -> str:
    """SQL of the words between commas or bars as a JSON list, each once."""
    words = f"regexp_split_to_table({column}, '[,|]')"
    found = f"SELECT DISTINCT left(btrim(w), 40) AS tag FROM {words} w WHERE btrim(w) <> ''"  # noqa: S608
    return f"(SELECT coalesce(jsonb_agg(tag ORDER BY tag), '[]') FROM ({found}) t)"  # noqa: S608


def _ratings(stage: Stage) -> int:
    written = upsert(
        "crm_satisfactionscore",
        key=["conversation_id"],
        values={
            "conversation_id": Value("v.id"),
            "score": Value("s.satisfaction", once=True),
            "comment": Value("coalesce(s.satisfaction_comment, '')", once=True),
            "at": Value("s.resolved_at", once=True),
        },
        source=f"{stage.table} s JOIN crm_conversation v ON v.external_id = s.id WHERE s.satisfaction IS NOT NULL",
        present=stage.present,
    )
    return written.new


def _sum_up() -> None:
    """What lists show of a conversation: how many messages, the newest one, and since when the customer waits."""
    execute(
        """
        CREATE TEMPORARY TABLE import_said ON COMMIT DROP AS
        SELECT m.conversation_id AS id, max(sequence) AS last,
            coalesce(max(sequence) FILTER (WHERE author = 'staff' AND NOT is_internal), 0) AS staff,
            max(created_at) AS at, max(created_at) FILTER (WHERE author = 'customer') AS customer_at,
            (array_agg(text ORDER BY sequence DESC) FILTER (WHERE NOT is_internal))[1] AS text
        FROM crm_message m
        WHERE m.conversation_id IN (
            SELECT v.id FROM import_ticket_messages s JOIN crm_conversation v ON v.external_id = s.ticket)
        GROUP BY m.conversation_id
        """
    )
    changes.written(
        "crm_conversation",
        """
        UPDATE crm_conversation v SET last_sequence = n.last, last_staff_sequence = n.staff, last_message_at = n.at,
            last_customer_at = n.customer_at, last_text = left(coalesce(n.text, ''), 200)
        FROM import_said n
        WHERE n.id = v.id AND (v.last_sequence, v.last_staff_sequence) IS DISTINCT FROM (n.last, n.staff)
        """,
        id="v.id",
    )
    execute("DROP TABLE import_said")


def _count_time() -> None:
    """Business seconds of what is over, and due times of what is not, by the promises that hold now."""
    promises = desk_routing.policies()
    for tickets in _batches():
        for ticket in tickets:
            ticket.policy = desk_routing.policy_for(ticket.conversation, "", promises)
            hours = desk_clocks.hours_for(ticket)
            if ticket.first_responded_at is not None:
                ticket.first_response_seconds = between(hours, ticket.clock_started_at, ticket.first_responded_at)
            if ticket.resolved_at is not None:
                ticket.resolve_seconds = between(hours, ticket.clock_started_at, ticket.resolved_at)
            ticket.late_responses = _missed(ticket)
            desk_clocks.set_all(ticket)
        Ticket.objects.bulk_update(
            tickets,
            ["policy", "late_responses", "first_response_seconds", "resolve_seconds", "first_response_due",
             "next_response_due", "resolve_due", "due_at"],
            batch_size=500,
        )  # fmt: skip


def _missed(ticket: Ticket) -> int:
    """How many of the first answer and the solution took longer than is promised now."""
    target = desk_clocks.target_for(ticket)
    if target is None:
        return 0
    taken = ((ticket.first_response_seconds, target.first_response), (ticket.resolve_seconds, target.resolution))
    return sum(seconds is not None and most is not None and seconds > most * 60 for seconds, most in taken)


def _batches() -> Iterator[list[Ticket]]:
    """Tickets of the file that this import made or that now have other moments than their seconds say."""
    found: list[int] = [
        pk
        for (pk,) in stream(
            f"SELECT row_id FROM {changes.NOTES} WHERE table_name = 'crm_ticket' GROUP BY row_id ORDER BY row_id"  # noqa: S608
        )
    ]
    for start in range(0, len(found), BATCH):
        rows = Ticket.objects.filter(pk__in=found[start : start + BATCH])
        yield list(rows.select_related("conversation").order_by("pk"))
