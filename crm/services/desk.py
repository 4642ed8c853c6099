"""One function for each thing that can happen in a conversation or to its ticket.

Whoever writes holds the rows of all conversations that one ticket is about, in the order of their numbers, and then
that of the ticket (`hold_threads`, `hold`): so of two who act at once the second sees what the first did, and no two
wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Customer
from core.models import StaffUser
from crm.exceptions import BadInput, ConversationClosed, NotFound, SomebodyElseReplied
from crm.models import Channel, Conversation, Message, SatisfactionScore, Ticket, TicketEvent
from crm.models.desk import PREVIEW_LENGTH, SUBJECT_LENGTH, TEXT_LENGTH
from crm.services import desk_clocks as clocks
from crm.services import desk_routing as routing
from crm.strategy import applying, trials

Author = Message.Author
State = Conversation.State
Kind = TicketEvent.Kind
PEOPLE = (Author.CUSTOMER, Author.STAFF)
"""Whose words say in a list what a conversation is about."""


def start(
    *,
    customer: Customer | None,
    visitor: str,
    channel: str,
    language: str,
    contact: dict[str, str] | None = None,
    subject: str = "",
    review_id: int | None = None,
    at: datetime | None = None,
) -> Conversation:
    """A thread without a message yet. `contact`: name, email and phone as a guest gave them. In the chat the assistant
    answers first; everything else waits for a person (call `hand_over`)."""
    now, said = at or timezone.now(), contact or {}
    return Conversation.objects.create(
        customer=customer, visitor=visitor[:64], channel=channel, language=language[:10],
        subject=_plain(" ".join(subject.split()))[:SUBJECT_LENGTH], review_id=review_id,
        contact_name=_plain(said.get("name", "").strip())[:200], contact_email=said.get("email", "").strip()[:254],
        contact_phone=said.get("phone", "").strip()[:40], started_at=now, last_message_at=now,
    )  # fmt: skip


@transaction.atomic
def say(
    conversation: Conversation,
    *,
    author: str,
    text: str,
    staff: StaffUser | None = None,
    client_key: str = "",
    is_internal: bool = False,
    answer: dict[str, Any] | None = None,
    mail_id: str = "",
    at: datetime | None = None,
) -> Message:
    """Add a message and move the clocks. The same `client_key` or `mail_id` again gives the message that is there.

    Raises ConversationClosed, and BadInput for an empty text or one of more than 10,000 characters. A customer's
    message opens a resolved ticket again, but in the chat, where the assistant answers first.
    """
    now = at or timezone.now()
    text = _plain(text).strip()
    if not text:
        raise BadInput(_("Write something first."), extra={"field": "text"})
    if len(text) > TEXT_LENGTH:
        raise BadInput(_("A message has at most 10,000 characters."), extra={"field": "text"})
    locked = hold_threads(conversation.pk)
    known = _known(locked, client_key, mail_id)
    if known is not None:
        return known
    if locked.state == State.CLOSED and not is_internal and author != Author.SYSTEM:
        raise ConversationClosed(_("This conversation is closed."))
    locked.last_sequence += 1
    message = Message.objects.create(
        conversation=locked, sequence=locked.last_sequence, author=author, staff=staff, text=text,
        is_internal=is_internal, created_at=now, client_key=client_key[:80], mail_id=mail_id[:250], answer=answer,
    )  # fmt: skip
    if not is_internal:
        if author in PEOPLE:
            locked.last_text = " ".join(text.split())[:PREVIEW_LENGTH]
        locked.last_message_at = now
        if author == Author.STAFF:
            locked.last_staff_sequence = locked.last_sequence
            locked.state = State.WITH_PERSON if locked.state != State.CLOSED else locked.state
        elif author == Author.CUSTOMER:
            locked.last_customer_at = now
        _move_clocks(locked, author, staff, now)
    locked.save()
    _copy(locked, conversation)
    message.conversation = conversation
    return message


def _known(conversation: Conversation, client_key: str, mail_id: str) -> Message | None:
    if client_key:
        found = Message.objects.filter(conversation=conversation, client_key=client_key[:80]).first()
        if found is not None:
            return found
    return Message.objects.filter(mail_id=mail_id[:250]).first() if mail_id else None


def _move_clocks(conversation: Conversation, author: str, staff: StaffUser | None, now: datetime) -> None:
    ticket = _ticket_of(conversation)
    if ticket is None or author not in PEOPLE:
        return
    if author == Author.CUSTOMER:
        if ticket.state == Ticket.State.RESOLVED and conversation.state == State.ASSISTANT:
            return
        if ticket.state in Ticket.UNFINISHED:
            before = ticket.state
            clocks.customer_wrote(ticket, now)
            if before != ticket.state:
                record(ticket, Kind.STATE, None, before={"state": before}, after={"state": ticket.state}, at=now)
        else:
            _reopen(ticket, conversation, None, now)
    elif ticket.state in Ticket.UNFINISHED:
        _note_late(ticket, now)
        clocks.staff_answered(ticket, staff.pk if staff else None, now)
    ticket.save()


def _note_late(ticket: Ticket, now: datetime) -> None:
    """A clock that ran out before this act ends it: noted where `watch_clocks`, once a minute, has not done it."""
    if ticket.due_at is None or ticket.due_at >= now or ticket.warned_for == ticket.due_at:
        return
    ticket.warned_for = ticket.due_at
    same = {"priority": ticket.priority}
    record(ticket, Kind.LATE, None, before=same, after={**same, "due": ticket.due_at.isoformat()}, at=now)


def _ticket_of(conversation: Conversation) -> Ticket | None:
    """The ticket that people work on, its row held: where one became part of another, that one."""
    whole = (
        Ticket.objects.filter(conversation=conversation).values_list(Coalesce("merged_into", "pk"), flat=True).first()
    )
    return hold(Ticket(pk=whole)) if whole is not None else None


def hold(ticket: Ticket) -> Ticket:
    """The row for this transaction alone, as it is now. Hold its conversation first where that changes too."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    return Ticket.objects.select_related("policy__hours", "conversation").get(pk=ticket.pk)


@transaction.atomic
def hand_over(conversation: Conversation, *, reason: str, skill: str = "", at: datetime | None = None) -> Ticket:
    """A person has to answer from now on: the conversation waits, and a ticket has its clock and, where a team takes
    tickets now, somebody whose it is. Twice is as good as once; a ticket that was resolved is opened again."""
    now = at or timezone.now()
    locked = hold_threads(conversation.pk)
    if locked.state == State.CLOSED:
        raise ConversationClosed(_("This conversation is closed."))
    found = _ticket_of(locked)
    if locked.state == State.ASSISTANT:
        locked.state, locked.handed_over_at, locked.handover_reason = State.WAITING, now, reason
        locked.outcome = Conversation.Outcome.HANDED_OVER
        locked.save()
    if found is None:
        ticket = _open_ticket(locked, skill, now)
    else:
        ticket = found
        if ticket.state not in Ticket.UNFINISHED:
            _reopen(ticket, locked, None, now)
            ticket.save()
    _copy(locked, conversation)
    return ticket


def _open_ticket(conversation: Conversation, skill: str, now: datetime) -> Ticket:
    priority, reasons = routing.priority_of(conversation)
    team = routing.team_for(skill, conversation.language)
    ticket = Ticket(
        conversation=conversation, priority=priority, priority_reasons=reasons, skill=skill[:40], team=team,
        policy=routing.policy_for(conversation, skill), clock_started_at=now, awaiting_since=now,
        assignee=routing.next_member(team, now) if team is not None else None,
    )  # fmt: skip
    seen = applying.apply(ticket, conversation)
    clocks.set_all(ticket)
    ticket.save()
    trials.note(seen)
    record(ticket, Kind.OPENED, None, after={"assignee": ticket.assignee_id, "priority": ticket.priority}, at=now)
    return ticket


def take(ticket: Ticket, staff: StaffUser, *, at: datetime | None = None) -> Ticket:
    """Make it one's own; whoever reads the conversation sees that a person is there now."""
    now = at or timezone.now()
    with transaction.atomic():
        conversation = hold_conversation(ticket)
        held = hold(ticket)
        if conversation.state in (State.WAITING, State.ASSISTANT):
            if conversation.handed_over_at is None:
                conversation.handed_over_at, conversation.handover_reason = now, Conversation.Reason.STAFF
            conversation.state = State.WITH_PERSON
            conversation.save()
        if held.assignee_id != staff.pk:
            record(held, Kind.ASSIGNED, staff, before={"assignee": held.assignee_id}, after={"assignee": staff.pk})
            held.assignee = staff
            held.save(update_fields=["assignee", "updated_at"])
    return held


def reply(
    ticket: Ticket,
    staff: StaffUser,
    text: str,
    *,
    expected_sequence: int | None = None,
    client_key: str = "",
    at: datetime | None = None,
) -> Message:
    """Answer the customer where they wrote last, by mail too where that is how they wrote. `expected_sequence` is the
    newest message of that conversation that the agent saw. Raises SomebodyElseReplied where another person answered
    after it, ConversationClosed, BadInput. Nothing is sent then."""
    from crm.services.desk_mail import mail_reply

    with transaction.atomic():
        conversation = hold_conversation(ticket, spoken_in(ticket))
        if client_key:
            known = _known(conversation, client_key, "")
            if known is not None:
                return known
        if expected_sequence is not None and conversation.last_staff_sequence > expected_sequence:
            newer = conversation.messages.public().filter(author=Author.STAFF, sequence__gt=expected_sequence)
            other = newer.exclude(staff=staff).select_related("staff").order_by("sequence").last()
            if other is not None:
                raise SomebodyElseReplied(
                    _("%(name)s answered in the meantime. Your text was not sent.")
                    % {"name": other.staff or _("Somebody else")},
                    extra={"sequence": other.sequence},
                )
        message = say(conversation, author=Author.STAFF, text=text, staff=staff, client_key=client_key, at=at)
        held = hold(ticket)
        if held.assignee_id is None:
            record(held, Kind.ASSIGNED, staff, before={"assignee": None}, after={"assignee": staff.pk})
            held.assignee = staff
            held.save(update_fields=["assignee", "updated_at"])
        mail_reply(message, held)
    return message


def spoken_in(ticket: Ticket) -> int:
    """The conversation in which the customer wrote last: the ticket's own, or that of one that became part of it."""
    parts = Conversation.objects.filter(Q(ticket=ticket.pk) | Q(ticket__merged_into=ticket.pk))
    newest = parts.order_by(F("last_customer_at").desc(nulls_last=True), "pk").values_list("pk", flat=True).first()
    return newest or ticket.conversation_id


@transaction.atomic
def note(ticket: Ticket, staff: StaffUser, text: str, *, mentions: list[StaffUser] | None = None) -> Message:
    """What only staff read. Who is named gets a mail."""
    from crm.services.desk_mentions import tell

    message = say(hold_conversation(ticket), author=Author.STAFF, text=text, staff=staff, is_internal=True)
    message.mentions.set(mentions or [])
    tell(ticket, staff, mentions or [])
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=timezone.now())
    return message


@transaction.atomic
def wait_for_customer(ticket: Ticket, staff: StaffUser | None, *, at: datetime | None = None) -> Ticket:
    """The customer has to answer; the clock of the solution stands meanwhile."""
    return set_state(ticket, Ticket.State.PENDING, staff, at=at)


@transaction.atomic
def resolve(ticket: Ticket, staff: StaffUser | None, *, at: datetime | None = None) -> Ticket:
    """Done. In the chat the assistant answers again from here; elsewhere a new message opens the ticket again."""
    return set_state(ticket, Ticket.State.RESOLVED, staff, at=at)


@transaction.atomic
def reopen(ticket: Ticket, staff: StaffUser | None, *, at: datetime | None = None) -> Ticket:
    return set_state(ticket, Ticket.State.OPEN, staff, at=at)


@transaction.atomic
def close(ticket: Ticket, staff: StaffUser | None, *, at: datetime | None = None) -> Ticket:
    """The end: nothing can be written any more. A reply that is being sent at that moment arrives before or is refused
    with its text kept; never half."""
    return set_state(ticket, Ticket.State.CLOSED, staff, at=at)


@transaction.atomic
def set_state(ticket: Ticket, to: str, staff: StaffUser | None, *, at: datetime | None = None) -> Ticket:
    """Bring the ticket and its conversation into a state. Into the one it is in: nothing happens."""
    now = at or timezone.now()
    conversation = hold_conversation(ticket)
    held = hold(ticket)
    before = held.state
    if before == to:
        return held
    was = {
        "state": before, "was": snapshot(held),
        "conversation": {
            "state": conversation.state, "outcome": conversation.outcome,
            "closed_at": conversation.closed_at.isoformat() if conversation.closed_at else "",
        },
    }  # fmt: skip
    if held.merged_into_id is not None:
        raise ConversationClosed(_("This ticket is part of #%(number)d.") % {"number": held.merged_into_id})
    if to == Ticket.State.OPEN:
        if before == Ticket.State.PENDING:
            clocks.resume(held, now)
            held.state = Ticket.State.OPEN
            clocks.set_all(held)
        else:
            _reopen(held, conversation, None, now, is_told=False)
    else:
        _leave_open(held, conversation, to, staff, now)
    conversation.save()
    held.save()
    if to == Ticket.State.CLOSED:
        Conversation.objects.filter(ticket__merged_into=held).exclude(state=State.CLOSED).update(
            state=State.CLOSED, closed_at=now
        )
    record(
        held, Kind.STATE, staff, before=was, after={"state": to, "sequence": conversation.last_sequence}, at=now
    )  # fmt: skip
    return held


SNAPSHOT_MOMENTS = ("clock_started_at", "awaiting_since", "paused_at", "resolved_at", "closed_at")
SNAPSHOT_PLAIN = ("state", "paused_seconds", "reopened", "resolver_id", "resolve_seconds")


def snapshot(ticket: Ticket) -> dict[str, Any]:
    """State and clocks as JSON can hold them: what an undo brings back."""
    moments = {name: getattr(ticket, name) for name in SNAPSHOT_MOMENTS}
    return {
        **{name: moment.isoformat() if moment else "" for name, moment in moments.items()},
        **{name: getattr(ticket, name) for name in SNAPSHOT_PLAIN},
    }


def _leave_open(ticket: Ticket, conversation: Conversation, to: str, staff: StaffUser | None, now: datetime) -> None:
    _note_late(ticket, now)
    before, ticket.state = ticket.state, Ticket.State(to)
    if to == Ticket.State.PENDING:
        if before in (Ticket.State.RESOLVED, Ticket.State.CLOSED):
            conversation.state, conversation.closed_at = State.WITH_PERSON, None
            ticket.resolved_at = ticket.resolver = ticket.resolve_seconds = ticket.closed_at = None
        clocks.pause(ticket, now)
        return
    clocks.resume(ticket, now)
    if ticket.resolved_at is None:
        ticket.resolved_at, ticket.resolver = now, staff or ticket.assignee
        ticket.resolve_seconds = clocks.solved_seconds(ticket, now)
    ticket.awaiting_since = None
    clocks.set_all(ticket)
    if to == Ticket.State.CLOSED:
        ticket.closed_at = conversation.closed_at = now
        conversation.state = State.CLOSED
    elif conversation.channel == Channel.CHAT:
        conversation.state = State.ASSISTANT
    conversation.outcome = conversation.outcome or Conversation.Outcome.RESOLVED


def _reopen(
    ticket: Ticket, conversation: Conversation, staff: StaffUser | None, now: datetime, *, is_told: bool = True
) -> None:
    """From the end back to work: the clock of the solution starts anew, that of the next answer runs."""
    before = ticket.state
    ticket.state = Ticket.State.OPEN
    ticket.reopened += 1
    ticket.resolved_at = ticket.resolver = ticket.resolve_seconds = ticket.closed_at = None
    ticket.clock_started_at, ticket.paused_at, ticket.paused_seconds = now, None, 0
    ticket.awaiting_since = now
    if is_told:  # by what the customer wrote
        routing.raise_if_unhappy(ticket, conversation)
    clocks.set_all(ticket)
    if conversation.state in (State.ASSISTANT, State.CLOSED) or ticket.assignee_id is None:
        conversation.state = State.WITH_PERSON if ticket.assignee_id is not None else State.WAITING
    conversation.closed_at = None
    if ticket.conversation_id != conversation.pk:
        Conversation.objects.filter(pk=ticket.conversation_id).update(state=conversation.state, closed_at=None)
    if is_told:
        record(ticket, Kind.STATE, staff, before={"state": before}, after={"state": ticket.state}, at=now)


@transaction.atomic
def rate(conversation: Conversation, *, score: int, comment: str = "", at: datetime | None = None) -> SatisfactionScore:
    """1 to 5 from the customer, for whoever resolved the ticket. Said again, the newer counts. Raises BadInput."""
    if not 1 <= score <= 5:
        raise BadInput(_("Give 1 to 5."), extra={"field": "score"})
    now = at or timezone.now()
    ticket = Ticket.objects.filter(conversation=conversation).first()
    row, _created = SatisfactionScore.objects.update_or_create(
        conversation=conversation,
        defaults={
            "score": score, "comment": _plain(comment).strip()[:1000], "at": now,
            "staff_id": (ticket.resolver_id or ticket.assignee_id) if ticket is not None else None,
        },
    )  # fmt: skip
    if ticket is not None:
        record(ticket, Kind.RATED, None, after={"score": score}, at=now)
    return row


def record(
    ticket: Ticket,
    kind: str,
    actor: StaffUser | None,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> TicketEvent:
    """A line of the ticket's history. Numbers and states only."""
    return TicketEvent.objects.create(
        ticket=ticket, kind=kind, actor=actor, at=at or timezone.now(), before=before or {}, after=after or {}
    )


def hold_conversation(ticket: Ticket, pk: int | None = None) -> Conversation:
    """The ticket's conversation, or another by its key, for this transaction alone, with all that belong to the same
    ticket. Raises NotFound."""
    key = pk or Ticket.objects.filter(pk=ticket.pk).values_list("conversation", flat=True).first()
    try:
        return hold_threads(key or 0)
    except Conversation.DoesNotExist:
        raise NotFound(_("This ticket is not there any more.")) from None


def hold_threads(*keys: int) -> Conversation:
    """The first of these conversations for this transaction alone, and beside it all that the same tickets are about:
    they are held in the order of their numbers, before any ticket. Where two tickets became one while this waited, it
    lets go and begins anew. Raises Conversation.DoesNotExist."""
    while True:
        wanted = _threads_with(keys)
        here = transaction.savepoint()
        held = {one.pk: one for one in Conversation.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
        if keys[0] not in held:
            raise Conversation.DoesNotExist
        if _threads_with(keys) == wanted:
            transaction.savepoint_commit(here)
            return held[keys[0]]
        transaction.savepoint_rollback(here)


def _threads_with(keys: Sequence[int]) -> set[int]:
    """These conversations, and those of tickets that one of them is a part of or that are part of one of theirs."""
    wholes = Ticket.objects.filter(conversation__in=keys).values(whole=Coalesce("merged_into", "pk"))
    threads = Ticket.objects.order_by().values_list("conversation", flat=True)
    return {*keys, *threads.filter(pk__in=wholes).union(threads.filter(merged_into__in=wholes), all=True)}


def _plain(text: str) -> str:
    """Without what PostgreSQL cannot hold or nobody can see."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def _copy(source: Conversation, target: Conversation) -> None:
    """The caller's object follows its row."""
    if source is target:
        return
    for name in (
        "state", "handed_over_at", "handover_reason", "last_message_at", "last_customer_at", "closed_at", "outcome",
        "last_sequence", "last_staff_sequence", "last_text",
    ):  # fmt: skip
        setattr(target, name, getattr(source, name))
