"""One try: claim a row, send without holding any lock, write down what came of it."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from core.models import Webhook, WebhookDelivery
from core.safe_fetch import FetchError, post
from core.webhooks import signing, trouble

log = structlog.get_logger(__name__)

BACKOFF_SECONDS = (5, 30, 120, 600, 3_600, 21_600, 86_400)
"""Pauses between the tries; after the last one the delivery is given up."""

LEASE_SECONDS = 60  # longer than a try can take; a worker that dies meanwhile leaves the row due again
BREAKER_FAILURES = 5
BREAKER_SECONDS, BREAKER_MOST_SECONDS = 30, 900
LOG_LINES = 20
State = WebhookDelivery.State


@dataclass(frozen=True)
class Outcome:
    """What a receiver did. `error` is empty when it took the message."""

    status: int | None
    error: str
    excerpt: str
    ms: int


def attempt_next(webhook_id: int) -> bool | None:
    """Try the delivery of this webhook that is due first. True: delivered, False: not, None: nothing is due."""
    delivery = claim(webhook_id)
    if delivery is None:
        return None
    outcome = send(delivery)
    record(delivery, outcome)
    return not outcome.error


def claim(webhook_id: int) -> WebhookDelivery | None:
    """Take the first due row for a minute; a twin that looks at the same moment gets the next one."""
    now = timezone.now()
    is_open = Q(webhook__paused_until=None) | Q(webhook__paused_until__lte=now)
    with transaction.atomic():
        row = (
            WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(is_open, webhook_id=webhook_id, webhook__is_on=True, state=State.WAITING, next_attempt_at__lte=now)
            .select_related("webhook", "message")
            .order_by("next_attempt_at", "id")
            .first()
        )
        if row is None:
            return None
        row.attempts += 1
        row.next_attempt_at = now + timedelta(seconds=LEASE_SECONDS)
        row.save(update_fields=["attempts", "next_attempt_at"])
        return row


def send(delivery: WebhookDelivery) -> Outcome:
    """POST the message. Only the status of the answer counts: 2xx is a promise that the receiver has it."""
    webhook, message = delivery.webhook, delivery.message
    body, now = signing.body_of(message), timezone.now()
    in_use = [webhook.secret]
    if webhook.old_secret and webhook.old_secret_until and webhook.old_secret_until > now:
        in_use.append(webhook.old_secret)
    headers = signing.headers(in_use, signing.message_id(message), int(now.timestamp()), body)
    begun = time.monotonic()
    try:
        answer = post(webhook.url, body, policy=trouble.policy(), headers=headers)
    except FetchError as error:
        log.info("webhook.not_sent", webhook_id=webhook.pk, code=error.code, detail=error.detail)
        return Outcome(None, error.code, "", _ms(begun))
    return Outcome(answer.status, _error(answer.status), _excerpt(answer.body), _ms(begun))


def record(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Write down a try. A late failure of a row that somebody else took meanwhile is left to them."""
    now, webhook = timezone.now(), delivery.webhook
    rows = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.WAITING)
    line = {"at": now.isoformat(timespec="seconds"), "status": outcome.status, "ms": outcome.ms, "error": outcome.error}
    fields: dict[str, Any] = {
        "status_code": outcome.status,
        "duration_ms": outcome.ms,
        "error": outcome.error,
        "response_excerpt": outcome.excerpt,
        "log": [*delivery.log, line][-LOG_LINES:],
    }
    with transaction.atomic():
        if not outcome.error:
            rows.update(state=State.DONE, delivered_at=now, next_attempt_at=None, **fields)
            _works(webhook)
            return
        is_over = outcome.error == "gone" or delivery.attempts > len(BACKOFF_SECONDS)
        if is_over:
            fields |= {"state": State.FAILED, "next_attempt_at": None}
        else:
            fields["next_attempt_at"] = now + timedelta(seconds=BACKOFF_SECONDS[delivery.attempts - 1])
        if rows.filter(attempts=delivery.attempts).update(**fields):
            _fails(webhook, outcome.error, is_over=is_over)


def _works(webhook: Webhook) -> None:
    if webhook.failures_in_a_row or webhook.paused_until:
        Webhook.objects.filter(pk=webhook.pk).update(failures_in_a_row=0, paused_until=None)
        trouble.resolve_failing(webhook.pk)


def _fails(webhook: Webhook, code: str, *, is_over: bool) -> None:
    """Count it. From the fifth failure in a row the receiver is left alone for a while: 30 s, 1 min … 15 min."""
    count = webhook.failures_in_a_row + 1
    changes: dict[str, object] = {"failures_in_a_row": F("failures_in_a_row") + 1}
    if count >= BREAKER_FAILURES:
        seconds = min(BREAKER_SECONDS * 2 ** min(count - BREAKER_FAILURES, 10), BREAKER_MOST_SECONDS)
        changes["paused_until"] = timezone.now() + timedelta(seconds=seconds)
    if code == "gone":
        changes["is_on"] = False
    Webhook.objects.filter(pk=webhook.pk).update(**changes)
    if is_over or count >= BREAKER_FAILURES * 2:
        trouble.raise_failing(webhook, code)


def _error(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if status == 410:
        return "gone"
    return "redirect" if 300 <= status < 400 else "status"


def _excerpt(body: bytes) -> str:
    return body.decode(errors="replace").replace("\x00", "\ufffd")[:500]


def _ms(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)
