"""Clocks of a ticket. Callers hold its row and save it; nothing here is written to the database.

Every due time follows from a moment, minutes of the policy and the time it stood, so that clocks can be set anew after
the policy or the opening hours changed.
"""

from datetime import datetime

from django.db.models import prefetch_related_objects

from crm.models import SlaTarget, Ticket
from crm.services.clock import ALWAYS, Hours, after, between
from crm.services.desk_hours import hours_of

COLUMNS = (
    "clock_started_at", "first_response_due", "next_response_due", "resolve_due", "due_at", "awaiting_since",
    "paused_at", "paused_seconds", "late_responses", "warned_for", "first_responded_at", "first_responder",
    "first_response_seconds",
)  # fmt: skip
"""What functions of this module may change."""


def hours_for(ticket: Ticket) -> Hours:
    """When this ticket's clocks run."""
    if ticket.policy is None:
        return ALWAYS
    if ticket.policy.hours is not None:
        prefetch_related_objects([ticket.policy.hours], "periods", "holidays")
    return hours_of(ticket.policy.hours)


def target_for(ticket: Ticket) -> SlaTarget | None:
    if ticket.policy is None:
        return None
    return next((one for one in ticket.policy.targets.all() if one.priority == ticket.priority), None)


def set_all(ticket: Ticket) -> None:
    """All due times anew, from what is promised now."""
    target, hours = target_for(ticket), hours_for(ticket)
    is_running = ticket.state in Ticket.UNFINISHED
    ticket.first_response_due = ticket.next_response_due = ticket.resolve_due = None
    if is_running and ticket.first_responded_at is None:
        ticket.first_response_due = _due(hours, ticket.clock_started_at, _first_response(ticket, target))
    if target is not None and is_running:
        if ticket.first_responded_at is not None and ticket.awaiting_since is not None:
            ticket.next_response_due = _due(hours, ticket.awaiting_since, target.next_response)
        if ticket.paused_at is None:
            ticket.resolve_due = _due(hours, ticket.clock_started_at, target.resolution, ticket.paused_seconds)
    ticket.due_at = nearest(ticket)


def _first_response(ticket: Ticket, target: SlaTarget | None) -> int | None:
    """The shorter of what is promised for the priority and what the service strategy says."""
    minutes = (target.first_response if target is not None else None, ticket.target_minutes)
    return min((one for one in minutes if one is not None), default=None)


def nearest(ticket: Ticket) -> datetime | None:
    """The clock that runs out first; none while the shop waits for the customer."""
    if ticket.state != Ticket.State.OPEN:
        return None
    clocks = (ticket.first_response_due, ticket.next_response_due, ticket.resolve_due)
    return min((due for due in clocks if due is not None), default=None)


def _due(hours: Hours, start: datetime, minutes: int | None, seconds: int = 0) -> datetime | None:
    return None if minutes is None else after(hours, start, minutes * 60 + seconds)


def customer_wrote(ticket: Ticket, now: datetime) -> None:
    """A customer who writes twice waits since the first time."""
    resume(ticket, now)
    ticket.state = Ticket.State.OPEN
    if ticket.awaiting_since is None:
        ticket.awaiting_since = now
    set_all(ticket)


def staff_answered(ticket: Ticket, staff_id: int | None, now: datetime) -> None:
    """The first answer ends its clock for good; each further one the clock of the next answer."""
    due = ticket.next_response_due
    if ticket.first_responded_at is None:
        due = ticket.first_response_due
        ticket.first_responded_at = now
        ticket.first_responder_id = staff_id
        ticket.first_response_seconds = between(hours_for(ticket), ticket.clock_started_at, now)
    if due is not None and now > due:
        ticket.late_responses += 1
    ticket.awaiting_since = None
    set_all(ticket)


def pause(ticket: Ticket, now: datetime) -> None:
    """The shop waits for the customer."""
    if ticket.paused_at is None:
        ticket.paused_at = now
    set_all(ticket)


def resume(ticket: Ticket, now: datetime) -> None:
    """What stood does not count; only business time that passed meanwhile is added."""
    if ticket.paused_at is not None:
        ticket.paused_seconds += between(hours_for(ticket), ticket.paused_at, now)
        ticket.paused_at = None


def solved_seconds(ticket: Ticket, now: datetime) -> int:
    """Business time from the start to the solution, without what the shop waited for the customer."""
    return max(between(hours_for(ticket), ticket.clock_started_at, now) - ticket.paused_seconds, 0)
