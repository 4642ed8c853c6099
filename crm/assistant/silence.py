"""What becomes of conversations in which somebody waits or nobody writes any more."""

from datetime import datetime, timedelta

import structlog
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from core.exceptions import DomainError
from crm.assistant import conversing
from crm.models import Channel, Conversation, Message

log = structlog.get_logger(__name__)
UNANSWERED_AFTER = timedelta(minutes=2)
ABANDONED_AFTER = timedelta(minutes=30)
AT_ONCE = 500
Author = Message.Author
State = Conversation.State


def hand_over_unanswered(now: datetime | None = None) -> int:
    """Chats whose newest word is the customer's and older than two minutes: the answer failed or was lost, a person
    takes over. Returns how many. Safe to repeat and to stop."""
    now = now or timezone.now()
    newest = Message.objects.filter(conversation=OuterRef("pk"), sequence=OuterRef("last_sequence"))
    waiting = (
        Conversation.objects.filter(
            state=State.ASSISTANT, channel=Channel.CHAT, last_message_at__lt=now - UNANSWERED_AFTER,
            last_customer_at=F("last_message_at"),
        )
        .annotate(said_by=Subquery(newest.values("author")[:1]))
        .filter(said_by=Author.CUSTOMER)
        .order_by("last_message_at")[:AT_ONCE]
    )  # fmt: skip
    done = 0
    for conversation in waiting:
        try:
            conversing.hand_over_silent(conversation)
            done += 1
        except DomainError as error:
            log.info("assistant.silent_refused", conversation=conversation.pk, code=error.code)
    return done


def note_abandoned(now: datetime | None = None) -> int:
    """Chats with the assistant in which nobody wrote for half an hour and nobody said that it helped. They stay open:
    whoever comes back goes on. Returns how many."""
    now = now or timezone.now()
    quiet = Conversation.objects.filter(
        state=State.ASSISTANT,
        channel=Channel.CHAT,
        outcome="",
        last_message_at__lt=now - ABANDONED_AFTER,
        last_customer_at__isnull=False,
    )
    return quiet.update(outcome=Conversation.Outcome.ABANDONED)
