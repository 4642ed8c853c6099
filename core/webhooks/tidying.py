"""What the outbox forgets, and what it gives up."""

from datetime import timedelta

from django.utils import timezone

from core.models import OutboxMessage, Webhook, WebhookDelivery
from core.webhooks import trouble
from core.webhooks.attempts import State

KEEP_DAYS = 30
GIVE_UP_DAYS = 3


def tidy() -> dict[str, int]:
    """Give up what waited for three days, remove messages older than a month. Safe to run at any time."""
    now = timezone.now()
    stale = WebhookDelivery.objects.filter(state=State.WAITING, created_at__lt=now - timedelta(days=GIVE_UP_DAYS))
    webhooks = set(stale.values_list("webhook", flat=True))
    given_up = stale.update(state=State.FAILED, error="expired", next_attempt_at=None)
    for webhook in Webhook.objects.filter(pk__in=webhooks, is_on=True):
        trouble.raise_failing(webhook, "expired")
    old = OutboxMessage.objects.filter(created_at__lt=now - timedelta(days=KEEP_DAYS)).order_by("id")
    removed = 0
    while ids := list(old.values_list("pk", flat=True)[:5_000]):
        WebhookDelivery.objects.filter(message__in=ids).delete()
        removed += OutboxMessage.objects.filter(pk__in=ids).delete()[0]
    return {"given_up": given_up, "removed": removed}
