"""Webhooks: facts from the outbox go to other programs, signed, at least once.

`core.outbox.tell` writes a fact with the change it tells of. A run hands it to every webhook that wants it (one
WebhookDelivery each) and sends what is due. What failed is due again later; times are rows, so nothing is lost with a
process or a queue.
"""

from core.webhooks.runs import run
from core.webhooks.services import change_webhook, create_webhook, new_secret_for, replay, replay_failed, send_test
from core.webhooks.tidying import tidy

__all__ = [
    "change_webhook",
    "create_webhook",
    "new_secret_for",
    "replay",
    "replay_failed",
    "run",
    "send_test",
    "tidy",
]
