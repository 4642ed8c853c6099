"""How tickets, clocks and reasons are said on the pages of the inbox."""

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.components import Meaning, pill, when
from core.components.words import duration
from core.models import StaffUser
from crm.models import Priority, Team, Ticket, TicketEvent
from crm.models.desk import Channel, Conversation
from crm.services.desk_acts import UNDOABLE
from crm.strategy.applying import REASON

STATES = {
    Ticket.State.OPEN: Meaning.WAITING, Ticket.State.PENDING: Meaning.MOVING, Ticket.State.RESOLVED: Meaning.GOOD,
    Ticket.State.CLOSED: Meaning.IDLE,
}  # fmt: skip
ICONS = {
    Channel.CHAT: "forum", Channel.FORM: "description", Channel.EMAIL: "mail", Channel.REVIEW: "reviews",
    Channel.CARE: "volunteer_activism",
}  # fmt: skip
URGENT = (Priority.HIGH, Priority.URGENT)


def state_pill(ticket: Ticket) -> SafeString:
    return pill(STATES[Ticket.State(ticket.state)], ticket.get_state_display())


def due_pill(ticket: Ticket, now: datetime | None = None, *, soon_minutes: int = 30) -> SafeString | str:
    """How long until the nearest clock runs out, and whether it did."""
    if ticket.due_at is None:
        return ""
    left = (ticket.due_at - (now or timezone.now())).total_seconds()
    if left < 0:
        return pill(Meaning.STOPPED, _("late %(time)s") % {"time": duration(-left)})
    text = _("due in %(time)s") % {"time": duration(left)}
    return pill(Meaning.WAITING if left <= soon_minutes * 60 else Meaning.IDLE, text)


def who(conversation: Conversation) -> str:
    return conversation.who or pgettext("conversation", "Guest")


def reason_words(reasons: list[dict[str, Any]]) -> list[str]:
    """Why a ticket has its priority."""
    known = {
        "bad_review": _("a bad review"),
        "rule": _("a rule sends this to a person"),
        "valuable": _("one of the best customers"),
        "unhappy": _("the words sound unhappy"),
        "late": _("its time is over"),
    }
    words = []
    for one in reasons:
        if one.get("key") == REASON:
            words.append(_("service strategy: group %(number)s") % {"number": one.get("group", "")})
        elif one.get("key") in known:
            words.append(known[one["key"]])
    return words


def clocks(ticket: Ticket) -> list[tuple[str, str]]:
    """Each clock with its moment, in the order in which they run out."""
    named = [
        (_("First answer"), ticket.first_response_due), (_("Next answer"), ticket.next_response_due),
        (_("Solution"), ticket.resolve_due),
    ]  # fmt: skip
    running = sorted(((name, at) for name, at in named if at is not None), key=lambda one: one[1])
    return [(name, when(at)) for name, at in running]


def event_words(event: TicketEvent, staff: dict[int, str], teams: dict[int, str]) -> str:
    """One line of the history. Names of people and teams come from the caller, read once."""
    after, kind = event.after, event.kind
    match kind:
        case TicketEvent.Kind.OPENED:
            return _("Opened")
        case TicketEvent.Kind.ASSIGNED:
            if after.get("team"):
                return _("Handed to %(name)s") % {"name": teams.get(after["team"], _("a team"))}
            name = staff.get(after.get("assignee") or 0)
            return _("Assigned to %(name)s") % {"name": name} if name else _("Assigned to nobody")
        case TicketEvent.Kind.STATE:
            return _("State: %(state)s") % {"state": Ticket.State(after["state"]).label}
        case TicketEvent.Kind.PRIORITY:
            return _("Priority: %(priority)s") % {"priority": Priority(after["priority"]).label}
        case TicketEvent.Kind.TAGS:
            return _("Tags: %(tags)s") % {"tags": ", ".join(after["tags"]) or "–"}
        case TicketEvent.Kind.MACRO:
            return _("Macro used")
        case TicketEvent.Kind.MERGED:
            return _("#%(number)d became part of this") % {"number": after["ticket"]}
        case TicketEvent.Kind.SPLIT:
            return _("Split into #%(number)d") % {"number": after["ticket"]}
        case TicketEvent.Kind.RATED:
            return _("Rated %(score)d of 5") % {"score": after["score"]}
    return str(TicketEvent.Kind(kind).label)


def may_undo(event: TicketEvent) -> bool:
    return event.kind in UNDOABLE and event.undone_at is None and "was" in _undo_needs(event)


def _undo_needs(event: TicketEvent) -> dict[str, Any]:
    """State changes that came from a message carry no snapshot: there is nothing to put back."""
    return event.before if event.kind == TicketEvent.Kind.STATE else {"was": True}


@dataclass(frozen=True)
class Names:
    """Staff and teams by key; `here` are the staff who may still sign in."""

    staff: dict[int, str]
    teams: dict[int, str]
    here: frozenset[int]

    def to_choose(self) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Staff and teams that a ticket can go to, by name."""
        staff = {key: name for key, name in self.staff.items() if key in self.here}
        return sorted(staff.items(), key=itemgetter(1)), sorted(self.teams.items(), key=itemgetter(1))


def names() -> Names:
    """One query."""
    people = StaffUser.objects.order_by().values_list(
        Value(True), "pk", Concat("first_name", Value(" "), "last_name"), "username", "is_active"
    )
    teams = Team.objects.order_by().values_list(Value(False), "pk", "name", Value(""), "is_on")
    staff: dict[int, str] = {}
    named: dict[int, str] = {}
    here: set[int] = set()
    for is_person, key, name, username, is_here in people.union(teams, all=True):
        (staff if is_person else named)[key] = name.strip() or username
        if is_person and is_here:
            here.add(key)
    return Names(staff, named, frozenset(here))
