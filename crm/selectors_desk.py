"""Reads of the inbox."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.utils import timezone

from crm.models import Conversation, DeskSettings
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
    """1 for whoever is next; 0 where nobody has to wait. One query."""
    if conversation.state != Conversation.State.WAITING or conversation.handed_over_at is None:
        return 0
    before = Conversation.objects.filter(
        state=Conversation.State.WAITING, handed_over_at__lt=conversation.handed_over_at
    )
    return before.count() + 1
