"""Facts for other programs: written with the change, handed to webhooks afterwards."""

import uuid
from typing import Any

from core.models import OutboxMessage


def tell(event: str, **payload: Any) -> OutboxMessage:
    """Write a fact in the caller's transaction. `event` is registered in `core.extensions.webhook_events`.

    The payload holds public ids and states, no personal data.
    """
    return OutboxMessage.objects.create(event=event, public_id=uuid.uuid4(), payload=payload)
