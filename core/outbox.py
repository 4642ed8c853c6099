"""Facts for other programs: written with the change, handed to webhooks afterwards."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from core.extensions import webhook_events
from core.models import OutboxMessage, Webhook


def tell(event: str, **payload: Any) -> OutboxMessage | None:
    """Write a fact in the caller's transaction. `event` is registered in `core.extensions.webhook_events`.

    The payload holds public ids and states, no personal data. While no webhook wants the event nothing is written.
    Raises KeyError for an event that nobody registered.
    """
    told = tell_many(event, [payload])
    return told[0] if told else None


def tell_many(event: str, payloads: Sequence[Mapping[str, Any]]) -> list[OutboxMessage]:
    """Facts of one kind, in this order: two queries however many."""
    webhook_events.get(event)
    if not payloads or not is_heard(event):
        return []
    return OutboxMessage.objects.bulk_create(
        OutboxMessage(event=event, public_id=uuid.uuid4(), payload=dict(payload)) for payload in payloads
    )


def is_heard(event: str) -> bool:
    """Whether a webhook wants this event now. Asked each time: a remembered answer would lose the first facts for a
    new webhook."""
    return Webhook.objects.hearing(event).exists()
