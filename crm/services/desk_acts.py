"""What an agent does to a ticket beside answering: whose it is, how urgent, its tags, and putting two together or one
apart. Each leaves a line in the history that can be taken back."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.models import StaffUser
from crm.exceptions import BadInput, UndoRefused
from crm.models import Channel, Conversation, Macro, Message, Priority, Team, Ticket, TicketEvent
from crm.models.desk import PREVIEW_LENGTH
from crm.services import desk
from crm.services import desk_clocks as clocks

MOST_TAGS, TAG_LENGTH = 20, 40
MOST_AT_ONCE = 500
Kind = TicketEvent.Kind


@transaction.atomic
def assign(ticket: Ticket, to: StaffUser | None, by: StaffUser) -> TicketEvent | None:
    """Give it to somebody, or to nobody. None where it is theirs already."""
    held = desk.hold(ticket)
    if held.assignee_id == (to.pk if to else None):
        return None
    before = held.assignee_id
    held.assignee = to
    held.save(update_fields=["assignee", "updated_at"])
    return desk.record(held, Kind.ASSIGNED, by, before={"assignee": before}, after={"assignee": held.assignee_id})


@transaction.atomic
def set_priority(ticket: Ticket, priority: str, by: StaffUser) -> TicketEvent | None:
    """The clocks follow what is promised for it. Raises BadInput."""
    if priority not in Priority.values:
        raise BadInput(_("There is no such priority."), extra={"field": "priority"})
    held = desk.hold(ticket)
    if held.priority == priority:
        return None
    before = {"priority": held.priority, "is_set": held.priority_is_set}
    held.priority, held.priority_is_set = Priority(priority), True
    clocks.set_all(held)
    held.save()
    return desk.record(held, Kind.PRIORITY, by, before=before, after={"priority": priority, "is_set": True})


@transaction.atomic
def set_tags(ticket: Ticket, tags: Iterable[str], by: StaffUser) -> TicketEvent | None:
    """Words without order; each once. Raises BadInput for more than twenty."""
    wanted = sorted({" ".join(tag.replace("\x00", "").split())[:TAG_LENGTH] for tag in tags} - {""})
    if len(wanted) > MOST_TAGS:
        raise BadInput(_("A ticket has at most %(count)d tags.") % {"count": MOST_TAGS}, extra={"field": "tags"})
    held = desk.hold(ticket)
    if held.tags == wanted:
        return None
    before, held.tags = held.tags, wanted
    held.save(update_fields=["tags", "updated_at"])
    return desk.record(held, Kind.TAGS, by, before={"tags": before}, after={"tags": wanted})


@transaction.atomic
def hand_to_team(ticket: Ticket, team: Team, by: StaffUser) -> TicketEvent:
    """To a team, and to whoever of it is next."""
    from crm.services.desk_routing import next_member

    held = desk.hold(ticket)
    before = {"team": held.team_id, "assignee": held.assignee_id}
    held.team, held.assignee = team, next_member(team)
    held.save(update_fields=["team", "assignee", "updated_at"])
    return desk.record(held, Kind.ASSIGNED, by, before=before, after={"team": team.pk, "assignee": held.assignee_id})


@transaction.atomic
def use_macro(
    ticket: Ticket, macro: Macro, by: StaffUser, *, text: str, expected_sequence: int | None, client_key: str = ""
) -> Message | None:
    """Send the text, as the agent left it, and do what the macro says: all of it or nothing."""
    desk.hold_conversation(ticket)  # before the ticket: a state changes both
    message = None
    if text.strip():
        message = desk.reply(ticket, by, text, expected_sequence=expected_sequence, client_key=client_key)
    if macro.to_me:
        assign(ticket, by, by)
    if macro.team is not None:
        hand_to_team(ticket, macro.team, by)
    if macro.priority:
        set_priority(ticket, macro.priority, by)
    if macro.add_tags:
        set_tags(ticket, [*desk.hold(ticket).tags, *macro.add_tags], by)
    if macro.state:
        desk.set_state(ticket, macro.state, by)
    desk.record(ticket, Kind.MACRO, by, after={"macro": macro.pk})
    return message


# --- two that are one, one that is two -------------------------------------------------------------------------------


@transaction.atomic
def merge(ticket: Ticket, into: Ticket, by: StaffUser) -> TicketEvent:
    """Make a ticket part of another: one clock, one assignee, messages of both in one thread. Each keeps its own
    conversation, so that the way back is exact. What was part of the first becomes part of the second beside it: there
    are no parts of parts. Raises BadInput."""
    if ticket.pk == into.pk:
        raise BadInput(_("A ticket cannot be merged into itself."), extra={"field": "into"})
    first, second = _hold_both(ticket, into)
    if first.merged_into_id is not None:
        raise BadInput(_("This ticket is part of #%(number)d.") % {"number": first.merged_into_id})
    if second.merged_into_id is not None:
        raise BadInput(_("Ticket #%(number)d is part of another.") % {"number": second.pk}, extra={"field": "into"})
    if second.state not in Ticket.UNFINISHED:
        raise BadInput(_("Open ticket #%(number)d first.") % {"number": second.pk}, extra={"field": "into"})
    before: dict[str, Any] = {"ticket": desk.snapshot(first), "into": desk.snapshot(second)}
    waiting = [at for at in (first.awaiting_since, second.awaiting_since) if at is not None]
    first.merged_into, first.state, first.awaiting_since = second, Ticket.State.CLOSED, None
    clocks.set_all(first)
    first.save()
    parts = list(Ticket.objects.filter(merged_into=first).order_by("pk").values_list("pk", flat=True))
    Ticket.objects.filter(pk__in=parts).update(merged_into=second)
    if waiting:
        second.awaiting_since = min(waiting)
        if second.state == Ticket.State.PENDING:
            clocks.resume(second, timezone.now())
            second.state = Ticket.State.OPEN
    clocks.set_all(second)
    second.save()
    return desk.record(
        second, Kind.MERGED, by, before={**before, "parts": parts},
        after={"ticket": first.pk, "into": desk.snapshot(second)},
    )  # fmt: skip


@transaction.atomic
def split(ticket: Ticket, messages: Sequence[int], by: StaffUser) -> TicketEvent:
    """Move messages into a ticket of their own. One message of the customer has to go and one message to stay. Raises
    BadInput. The event stands at the old ticket; `after["ticket"]` is the new one."""
    desk.hold_conversation(ticket)
    held = desk.hold(ticket)
    thread = held.conversation
    moved = list(thread.messages.filter(pk__in=messages[:MOST_AT_ONCE]).order_by("sequence"))
    if not any(one.author == Message.Author.CUSTOMER and not one.is_internal for one in moved):
        raise BadInput(_("Choose a message of the customer."), extra={"field": "messages"})
    if not thread.messages.exclude(pk__in=[one.pk for one in moved]).exists():
        raise BadInput(_("One message has to stay."), extra={"field": "messages"})
    now = timezone.now()
    other = desk.start(
        customer=thread.customer, visitor=thread.visitor, channel=thread.channel, language=thread.language,
        contact={"name": thread.contact_name, "email": thread.contact_email, "phone": thread.contact_phone},
        subject=thread.subject,
    )  # fmt: skip
    numbers = {str(one.pk): one.sequence for one in moved}
    for sequence, one in enumerate(moved, 1):
        one.conversation, one.sequence = other, sequence
    Message.objects.bulk_update(moved, ["conversation", "sequence"])
    other.last_sequence = len(moved)
    other.save(update_fields=["last_sequence"])
    _look_again(thread)
    _look_again(other)
    new = desk.hand_over(other, reason=Conversation.Reason.STAFF, at=now)
    Ticket.objects.filter(pk=new.pk).update(
        assignee=held.assignee, team=held.team, skill=held.skill, priority=held.priority, policy=held.policy
    )
    new = desk.hold(new)
    clocks.set_all(new)
    new.save()
    return desk.record(held, Kind.SPLIT, by, before={"messages": numbers}, after={"ticket": new.pk})


def _look_again(thread: Conversation) -> None:
    """What the list says of a conversation whose messages changed places."""
    last = thread.messages.public().order_by("sequence").last()
    said = thread.messages.public().filter(author__in=desk.PEOPLE).order_by("sequence").last()
    answered = thread.messages.public().filter(author=Message.Author.STAFF).order_by("sequence").last()
    written = thread.messages.public().filter(author=Message.Author.CUSTOMER).order_by("sequence").last()
    Conversation.objects.filter(pk=thread.pk).update(
        last_text=" ".join(said.text.split())[:PREVIEW_LENGTH] if said else "",
        last_message_at=last.created_at if last else thread.last_message_at,
        last_staff_sequence=answered.sequence if answered else 0,
        last_customer_at=written.created_at if written else None,
    )
    thread.refresh_from_db()


# --- the way back ----------------------------------------------------------------------------------------------------


@transaction.atomic
def undo(event: TicketEvent, by: StaffUser) -> Ticket:
    """Put back what this act changed. Raises UndoRefused where something else changed it since, or it was undone."""
    done = TicketEvent.objects.select_for_update().select_related("ticket").get(pk=event.pk)
    back = _BACK.get(done.kind)
    if back is None or done.undone_at is not None:
        raise UndoRefused(_("This cannot be taken back any more."))
    back(done, by)
    done.undone_at, done.undone_by = timezone.now(), by
    done.save(update_fields=["undone_at", "undone_by"])
    return Ticket.objects.get(pk=done.ticket_id)


def undo_many(events: Iterable[int], by: StaffUser) -> int:
    """Each that can still be taken back; how many that were."""
    count = 0
    for event in TicketEvent.objects.filter(pk__in=list(events)[:MOST_AT_ONCE]).order_by("-pk"):
        try:
            undo(event, by)
        except DomainError:
            continue
        count += 1
    return count


def _changed_since() -> UndoRefused:
    return UndoRefused(_("It was changed again since; nothing was taken back."))


def _unassign(event: TicketEvent, by: StaffUser) -> None:
    held = desk.hold(event.ticket)
    if held.assignee_id != event.after.get("assignee"):
        raise _changed_since()
    held.assignee = StaffUser.objects.filter(pk=event.before.get("assignee")).first()
    if "team" in event.before:
        held.team = Team.objects.filter(pk=event.before["team"]).first()
    held.save(update_fields=["assignee", "team", "updated_at"])


def _unprioritise(event: TicketEvent, by: StaffUser) -> None:
    held = desk.hold(event.ticket)
    if held.priority != event.after["priority"]:
        raise _changed_since()
    held.priority, held.priority_is_set = event.before["priority"], event.before["is_set"]
    clocks.set_all(held)
    held.save()


def _untag(event: TicketEvent, by: StaffUser) -> None:
    held = desk.hold(event.ticket)
    if held.tags != event.after["tags"]:
        raise _changed_since()
    held.tags = event.before["tags"]
    held.save(update_fields=["tags", "updated_at"])


def _unstate(event: TicketEvent, by: StaffUser) -> None:
    conversation = desk.hold_conversation(event.ticket)
    held = desk.hold(event.ticket)
    if held.state != event.after["state"] or "was" not in event.before or held.merged_into_id is not None:
        raise _changed_since()
    if conversation.last_sequence != event.after.get("sequence", conversation.last_sequence):
        raise _changed_since()
    _restore(held, event.before["was"])
    said = event.before["conversation"]
    conversation.state, conversation.outcome = said["state"], said["outcome"]
    conversation.closed_at = parse_datetime(said["closed_at"]) if said["closed_at"] else None
    conversation.save(update_fields=["state", "outcome", "closed_at"])
    Conversation.objects.filter(ticket__merged_into=held, closed_at=event.at).update(
        state=Conversation.State.WITH_PERSON, closed_at=None
    )


def _unmerge(event: TicketEvent, by: StaffUser) -> None:
    part = Ticket.objects.filter(pk=event.after["ticket"]).first()
    if part is None or part.merged_into_id != event.ticket_id:
        raise _changed_since()
    first, second = _hold_both(part, event.ticket)
    if first.merged_into_id != event.ticket_id:
        raise _changed_since()
    first.merged_into = None
    _restore(first, event.before["ticket"])
    Ticket.objects.filter(pk__in=event.before.get("parts", []), merged_into=second).update(merged_into=first)
    _open_threads(first)
    if desk.snapshot(second) == event.after["into"]:
        _restore(second, event.before["into"])


def _open_threads(ticket: Ticket) -> None:
    """The whole that it was part of may have ended: what is at work again can be written in again."""
    if ticket.state == Ticket.State.CLOSED:
        return
    closed = Conversation.objects.filter(
        Q(ticket=ticket) | Q(ticket__merged_into=ticket), state=Conversation.State.CLOSED
    )
    is_done = ticket.state == Ticket.State.RESOLVED
    chats = closed.filter(channel=Channel.CHAT) if is_done else closed.none()
    chats.update(state=Conversation.State.ASSISTANT, closed_at=None)
    is_theirs = ticket.assignee_id is not None
    closed.update(
        state=Conversation.State.WITH_PERSON if is_theirs else Conversation.State.WAITING, closed_at=None
    )  # fmt: skip


def _unsplit(event: TicketEvent, by: StaffUser) -> None:
    new = Ticket.objects.select_related("conversation").filter(pk=event.after["ticket"]).first()
    if new is None or new.merged_into_id is not None:
        raise _changed_since()
    _hold_both(new, event.ticket)
    thread, other = desk.hold_conversation(event.ticket), new.conversation
    back, numbers = list(other.messages.order_by("sequence")), event.before["messages"]
    for one in back:
        one.conversation = thread
        if str(one.pk) in numbers:
            one.sequence = numbers[str(one.pk)]
        else:
            thread.last_sequence += 1
            one.sequence = thread.last_sequence
            one.client_key = ""
    Message.objects.bulk_update(back, ["conversation", "sequence", "client_key"])
    thread.save(update_fields=["last_sequence"])
    other.delete()
    _look_again(thread)


_BACK: dict[str, Callable[[TicketEvent, StaffUser], None]] = {
    Kind.ASSIGNED: _unassign, Kind.PRIORITY: _unprioritise, Kind.TAGS: _untag, Kind.STATE: _unstate,
    Kind.MERGED: _unmerge, Kind.SPLIT: _unsplit,
}  # fmt: skip
UNDOABLE = frozenset(_BACK)


def _hold_both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Both conversations with their parts, and both tickets, each in the order of their numbers, whichever way round
    they are asked for."""
    desk.hold_threads(one.conversation_id, other.conversation_id)
    list(Ticket.objects.select_for_update().filter(pk__in=[one.pk, other.pk]).order_by("pk").values_list("pk"))
    return desk.hold(one), desk.hold(other)


def _restore(ticket: Ticket, was: dict[str, Any]) -> None:
    for name in desk.SNAPSHOT_MOMENTS:
        moment: datetime | None = parse_datetime(was[name]) if was[name] else None
        setattr(ticket, name, moment)
    for name in desk.SNAPSHOT_PLAIN:
        setattr(ticket, name, was[name])
    clocks.set_all(ticket)
    ticket.save()
