"""What the inbox does by itself: warn before a target is missed, close what is long resolved, set clocks anew."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from core.alerts.checks import keep
from core.said import Said
from crm.alerts import DUE, TICKETS_DUE_RULE
from crm.exceptions import NotFound
from crm.models import Conversation, DeskSettings, Ticket, TicketEvent
from crm.services import desk
from crm.services import desk_clocks as clocks
from crm.services import desk_routing as routing

MOST = 1_000


def watch_clocks() -> None:
    """One alert while tickets are due soon or late, closed when none is. A clock that runs out leaves one line in the
    history of its ticket and makes it more urgent, unless a person chose its priority. Asked every minute; safe to run
    at any time and twice at once."""
    now = timezone.now()
    soon = now + timedelta(minutes=DeskSettings.current().warn_minutes)
    open_ones = Ticket.objects.listed().filter(state=Ticket.State.OPEN)
    unnoted = Q(warned_for=None) | ~Q(warned_for=F("due_at"))
    for pk in list(open_ones.filter(unnoted, due_at__lt=now).order_by("due_at").values_list("pk", flat=True)[:MOST]):
        _note_late(pk)
    count = open_ones.filter(due_at__lte=soon).count()
    late = open_ones.filter(due_at__lt=now).count() if count else 0
    said = Said(DUE, {"count": count, "late": late}) if count else None
    keep(TICKETS_DUE_RULE, said=said, link=f"{reverse('admin:crm_inbox')}?view=late")


@transaction.atomic
def _note_late(pk: int) -> None:
    ticket = desk.hold(Ticket(pk=pk))
    now = timezone.now()
    if ticket.state != Ticket.State.OPEN or ticket.due_at is None or ticket.due_at >= now:
        return
    if ticket.warned_for == ticket.due_at:
        return
    before, missed = ticket.priority, ticket.due_at
    if not ticket.priority_is_set and not any(one.get("key") == "late" for one in ticket.priority_reasons):
        place = routing.ORDER.index(routing.Priority(ticket.priority))
        ticket.priority = routing.ORDER[min(place + 1, len(routing.ORDER) - 1)]
        ticket.priority_reasons = [*ticket.priority_reasons, {"key": "late"}]
        clocks.set_all(ticket)
    ticket.warned_for = ticket.due_at
    ticket.save()
    desk.record(
        ticket, TicketEvent.Kind.LATE, None, before={"priority": before},
        after={"priority": ticket.priority, "due": missed.isoformat()}, at=now,
    )  # fmt: skip


def close_resolved(*, progress: Callable[[int, int], None] | None = None) -> int:
    """Tickets that were resolved so many days ago (inbox settings), and nobody came back to. Returns how many."""
    before = timezone.now() - timedelta(days=DeskSettings.current().close_days)
    rows = Ticket.objects.listed().filter(state=Ticket.State.RESOLVED, resolved_at__lt=before)
    numbers = list(rows.order_by("resolved_at").values_list("pk", flat=True))
    closed = 0
    for done, pk in enumerate(numbers):
        if progress is not None and done % 100 == 0:
            progress(done, len(numbers))
        with suppress(NotFound, Ticket.DoesNotExist), transaction.atomic():  # gone meanwhile
            conversation = desk.hold_conversation(Ticket(pk=pk))
            ticket = Ticket.objects.get(pk=pk)
            is_talking = conversation.channel == "chat" and conversation.last_message_at >= before
            if ticket.state == Ticket.State.RESOLVED and not is_talking:
                desk.close(ticket, None)
                closed += 1
    return closed


def set_clocks_anew(*, progress: Callable[[int, int], None] | None = None) -> int:
    """Due times of all unfinished tickets from what is promised now: after a target or the opening hours changed.
    Running it again changes nothing. Returns how many moved."""
    numbers = list(Ticket.objects.unfinished().filter(merged_into=None).order_by("pk").values_list("pk", flat=True))
    moved = 0
    for done, pk in enumerate(numbers):
        if progress is not None and done % 100 == 0:
            progress(done, len(numbers))
        with transaction.atomic():
            ticket = desk.hold(Ticket(pk=pk))
            if ticket.state not in Ticket.UNFINISHED:
                continue
            if ticket.policy is None or not ticket.policy.is_on:
                ticket.policy = routing.policy_for(ticket.conversation, ticket.skill)
            was = (ticket.first_response_due, ticket.next_response_due, ticket.resolve_due)
            clocks.set_all(ticket)
            if was != (ticket.first_response_due, ticket.next_response_due, ticket.resolve_due):
                ticket.save()
                desk.record(ticket, TicketEvent.Kind.CLOCKS, None)
                moved += 1
    return moved


def open_for_review(review_id: int) -> Ticket | None:
    """A ticket for a bad review of a customer, once; None where the shop does not want them, nobody is known, or the
    customer is in the control group of the follow-up."""
    from reviews.models import FollowUp, Review

    if not DeskSettings.current().tickets_from_reviews:
        return None
    review = Review.objects.select_related("customer", "product").filter(pk=review_id).first()
    if review is None or review.customer is None:
        return None
    if FollowUp.objects.filter(pk=review.pk, state=FollowUp.State.CONTROL).exists():
        return None
    known = Ticket.objects.filter(conversation__review=review).first()
    if known is not None:
        return known
    with transaction.atomic():
        text = "\n".join(filter(None, [review.title, review.text])) or f"{review.rating} ★"
        conversation = desk.start(
            customer=review.customer, visitor="", channel="review", language=review.language or "",
            subject=f"{review.rating} ★ {review.product.name}", review_id=review.pk,
        )  # fmt: skip
        desk.say(conversation, author="customer", text=text[:10_000])
        return desk.hand_over(conversation, reason=Conversation.Reason.REVIEW, skill="reviews")
