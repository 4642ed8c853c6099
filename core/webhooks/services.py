"""What staff do with webhooks."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError
from core.extensions import webhook_events
from core.models import OutboxMessage, StaffUser, Webhook, WebhookDelivery
from core.safe_fetch import UrlRefused, check
from core.webhooks import runs, signing, trouble

TEST_EVENT = "webhook.test"
BOTH_SECRETS_HOURS = 24
MOST_REPLAYS = 10_000


def create_webhook(
    *, name: str, url: str, events: Sequence[str], is_on: bool = True, by: StaffUser | None = None
) -> Webhook:
    """A new webhook with a secret of its own. Raises BadInput."""
    _check(url, events)
    return Webhook.objects.create(
        name=name, url=url, events=sorted(set(events)), is_on=is_on, secret=signing.new_secret(), created_by=by
    )


@transaction.atomic
def change_webhook(webhook: Webhook, *, name: str, url: str, events: Sequence[str], is_on: bool) -> Webhook:
    """Raises BadInput. Another address, or switching it on again, ends the pause after failures."""
    _check(url, events)
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if url != row.url or (is_on and not row.is_on):
        row.failures_in_a_row, row.paused_until = 0, None
        trouble.resolve_failing(row.pk)
    row.name, row.url, row.events, row.is_on = name, url, sorted(set(events)), is_on
    row.save(update_fields=["name", "url", "events", "is_on", "failures_in_a_row", "paused_until", "updated_at"])
    return row


@transaction.atomic
def new_secret_for(webhook: Webhook) -> Webhook:
    """Change the signing secret. For a day messages carry signatures of both, so that none is refused meanwhile."""
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    row.old_secret, row.old_secret_until = row.secret, timezone.now() + timedelta(hours=BOTH_SECRETS_HOURS)
    row.secret = signing.new_secret()
    row.save(update_fields=["secret", "old_secret", "old_secret_until", "updated_at"])
    return row


@transaction.atomic
def send_test(webhook: Webhook) -> WebhookDelivery:
    """A message for this webhook alone, whatever events it wants. Raises DomainError while it is off."""
    _check_is_on(webhook)
    now = timezone.now()
    message = OutboxMessage.objects.create(
        event=TEST_EVENT, public_id=uuid.uuid4(), payload={"text": "This is a test."}, fanned_out_at=now
    )
    # Somebody waits for the answer: a pause after failures ends here.
    Webhook.objects.filter(pk=webhook.pk).update(paused_until=None)
    delivery = WebhookDelivery.objects.create(webhook=webhook, message=message, next_attempt_at=now)
    runs.nudge()
    return delivery


@transaction.atomic
def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Send the same message to the same webhook again, with the same id. Raises DomainError while it is off."""
    _check_is_on(delivery.webhook)
    again = WebhookDelivery.objects.create(
        webhook_id=delivery.webhook_id, message_id=delivery.message_id, is_replay=True, next_attempt_at=timezone.now()
    )
    Webhook.objects.filter(pk=delivery.webhook_id).update(paused_until=None)
    runs.nudge()
    return again


@transaction.atomic
def replay_failed(webhook: Webhook, *, since: datetime) -> int:
    """Send again every message that was given up since then and has not arrived otherwise. How many.

    Raises DomainError while the webhook is off.
    """
    _check_is_on(webhook)
    Webhook.objects.select_for_update().get(pk=webhook.pk)  # pressed twice, the second finds them waiting
    rows = WebhookDelivery.objects.filter(webhook=webhook)
    arrived_or_waiting = rows.exclude(state=WebhookDelivery.State.FAILED).values("message")
    failed = rows.filter(state=WebhookDelivery.State.FAILED, created_at__gte=since).exclude(
        message__in=arrived_or_waiting
    )
    messages = list(failed.order_by("message").values_list("message", flat=True).distinct()[:MOST_REPLAYS])
    now = timezone.now()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(webhook=webhook, message_id=pk, is_replay=True, next_attempt_at=now) for pk in messages
    )
    Webhook.objects.filter(pk=webhook.pk).update(paused_until=None)
    runs.nudge()
    return len(messages)


def _check_is_on(webhook: Webhook) -> None:
    if not webhook.is_on:
        raise DomainError(_("This webhook is off. Switch it on first."), code="webhook_off")


def _check(url: str, events: Sequence[str]) -> None:
    try:
        check(url, trouble.policy())
    except UrlRefused as refusal:
        raise BadInput(refusal.reason, extra={"field": "url"}) from refusal
    if not events:
        raise BadInput(_("Choose at least one event."), extra={"field": "events"})
    unknown = [event for event in events if event not in webhook_events]
    if unknown:
        raise BadInput(_("Nobody tells of “%(event)s”.") % {"event": unknown[0]}, extra={"field": "events"})
