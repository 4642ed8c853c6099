"""Reads of the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.models import Customer
from core.models import StaffUser
from crm.models import Channel, Conversation, DeskSettings, Message, Ticket, TicketEvent
from crm.services.clock import next_opening
from crm.services.desk_hours import hours_of


@dataclass(frozen=True)
class Opening:
    """Whether people answer now, and when they do next: None where nobody can say."""

    is_open: bool
    opens_at: datetime | None


def opening(now: datetime | None = None) -> Opening:
    """Three queries."""
    now = now or timezone.now()
    row = DeskSettings.current().hours
    if row is not None:
        prefetch_related_objects([row], "periods", "holidays")
    opens_at = next_opening(hours_of(row), now)
    return Opening(opens_at is not None and opens_at <= now, opens_at)


def place_in_queue(conversation: Conversation) -> int:
    """1 for whoever is next of those who wait in the chat; 0 where nobody has to wait. What waits for a mail, and what
    became part of another ticket, keeps nobody in the chat waiting. One query."""
    if conversation.state != Conversation.State.WAITING or conversation.handed_over_at is None:
        return 0
    before = Ticket.objects.listed().filter(
        state=Ticket.State.OPEN, conversation__channel=Channel.CHAT,
        conversation__state=Conversation.State.WAITING, conversation__handed_over_at__lt=conversation.handed_over_at,
    )  # fmt: skip
    return before.count() + 1


# --- the inbox -------------------------------------------------------------------------------------------------------

PAGE = 30
MOST_SHOWN = 200
MOST_FOUND = 500
TAGS_KEY = "crm.desk.tags"
VIEWS = ("mine", "unassigned", "late", "open", "pending", "mentions", "done")


def in_view(view: str, person: StaffUser, late: datetime) -> QuerySet[Ticket]:
    """Tickets of one tab of the inbox, without an order; `late` are those due before a moment. Those that became part
    of another are in none."""
    rows = Ticket.objects.listed()
    open_ones = rows.filter(state=Ticket.State.OPEN)
    if view == "mine":
        return open_ones.filter(assignee=person)
    if view == "unassigned":
        return open_ones.filter(assignee=None)
    if view == "late":
        return open_ones.filter(due_at__lte=late)
    if view == "pending":
        return rows.filter(state=Ticket.State.PENDING)
    if view == "mentions":
        named = Message.objects.filter(mentions=person).values("conversation")
        return rows.filter(pk__in=_wholes(Ticket.objects.filter(conversation__in=named)), state__in=Ticket.UNFINISHED)
    if view == "done":
        return rows.filter(state__in=(Ticket.State.RESOLVED, Ticket.State.CLOSED))
    return open_ones


def in_order(rows: QuerySet[Ticket], view: str) -> QuerySet[Ticket]:
    """What is due first stands first; elsewhere what moved last."""
    if view in ("pending", "mentions", "done"):
        return rows.order_by("-updated_at", "-id")
    return rows.order_by(F("due_at").asc(nulls_last=True), "id")


def found(rows: QuerySet[Ticket], term: str) -> QuerySet[Ticket]:
    """Tickets by number, subject, who wrote, or words of a message: at most 500 conversations, by index. What is found
    in a part leads to the ticket that it belongs to. One query more."""
    text = term.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) <= 18:
        return rows.filter(pk__in=_wholes(Ticket.objects.filter(pk=int(number))))
    if not text:
        return rows
    named = Q(subject__icontains=text) | Q(contact_name__icontains=text) | Q(contact_email__icontains=text)
    people = Customer.objects.filter(Q(name__icontains=text) | Q(email__icontains=text)).values("pk")[:MOST_FOUND]
    union = (
        Conversation.objects.filter(named).order_by().values_list("pk", flat=True)[:MOST_FOUND]
        .union(
            Conversation.objects.filter(customer__in=people).order_by().values_list("pk", flat=True)[:MOST_FOUND],
            Message.objects.filter(text__icontains=text).order_by().values_list("conversation", flat=True)[:MOST_FOUND],
            all=True,
        )
    )  # fmt: skip
    return rows.filter(pk__in=set(_wholes(Ticket.objects.filter(conversation__in=union))))


def _wholes(parts: QuerySet[Ticket]) -> QuerySet[Ticket, int]:
    """Keys of the tickets that people work on: of what became part of another, that one."""
    return parts.order_by().values_list(Coalesce("merged_into", "pk"), flat=True)


@dataclass(frozen=True)
class Thread:
    """A ticket with what was said in it and in those that became part of it, oldest first."""

    ticket: Ticket
    parts: list[Ticket]
    messages: Sequence[Message]
    events: list[TicketEvent]
    speaks_in: Conversation

    @property
    def is_cut(self) -> bool:
        return len(self.messages) >= MOST_SHOWN


def thread_of(pk: int) -> Thread | None:
    """Three queries. A ticket that became part of another leads to that one, for one query more.

    Messages carry `mentioned`: keys of the staff whom a note names.
    """
    ticket, parts = _with_parts(pk)
    while ticket is not None and ticket.merged_into_id is not None:
        ticket, parts = _with_parts(ticket.merged_into_id)
    if ticket is None:
        return None
    threads = [ticket.conversation, *(part.conversation for part in parts)]
    named = Message.mentions.through.objects.filter(message=OuterRef("pk")).order_by("pk").values("staffuser")
    said = Message.objects.filter(conversation__in=[one.pk for one in threads]).select_related("staff")
    said = said.annotate(mentioned=ArraySubquery(named))
    messages = list(said.order_by("-created_at", "-id")[:MOST_SHOWN])[::-1]
    events = list(ticket.events.select_related("actor", "undone_by").order_by("-at", "-id")[:MOST_SHOWN])
    oldest = datetime.min.replace(tzinfo=UTC)
    spoken = max(threads, key=lambda one: (one.last_customer_at or oldest, -one.pk))
    return Thread(ticket, parts, messages, events, spoken)


def _with_parts(pk: int) -> tuple[Ticket | None, list[Ticket]]:
    """A ticket and those that became part of it. One query."""
    rows = Ticket.objects.select_related("conversation__customer", "assignee", "team", "policy", "conversation__review")
    found = list(rows.filter(Q(pk=pk) | Q(merged_into=pk)).order_by("pk"))
    return next((one for one in found if one.pk == pk), None), [one for one in found if one.pk != pk]


def mark() -> str:
    """Changes whenever a ticket does. One query, by index."""
    last = Ticket.objects.order_by("-updated_at", "-id").values_list("updated_at", "pk").first()
    return _mark(*last) if last else ""


def warning_and_mark() -> tuple[int, str]:
    """Minutes before a target that a ticket counts as due soon, and the mark, in one query. Asked before the list, so
    that what changes while the list is read is asked for anew."""
    newest = Ticket.objects.order_by("-updated_at", "-id")
    asked = DeskSettings.objects.filter(pk=1).values_list(
        "warn_minutes", Subquery(newest.values("updated_at")[:1]), Subquery(newest.values("pk")[:1])
    )
    found = asked.first()
    if found is None:
        return DeskSettings.current().warn_minutes, mark()
    minutes, at, pk = found
    return minutes, _mark(at, pk) if pk is not None else ""


def _mark(at: datetime, pk: int) -> str:
    return f"{at.isoformat()}.{pk}"


def known_tags() -> list[str]:
    """Tags that occur, at most 300 and a minute old."""
    found: list[str] | None = cache.get(TAGS_KEY)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT tag FROM crm_ticket, jsonb_array_elements_text(tags) AS tag"
                " WHERE tags <> '[]'::jsonb ORDER BY tag LIMIT 300"
            )
            found = [tag for (tag,) in cursor.fetchall()]
        cache.set(TAGS_KEY, found, 60)
    return found
