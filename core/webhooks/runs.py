"""A run: facts to deliveries, then every receiver in a thread of its own, so that a slow one delays nobody else."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

import structlog
from celery import current_app
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.models import OutboxMessage, Webhook, WebhookDelivery
from core.webhooks.attempts import State, attempt_next

log = structlog.get_logger(__name__)
TASK = "core.tasks.deliver_webhooks"
LOCK = 7_340_060  # one run at a time: slow receivers must not take every worker
RUN_SECONDS = 15.0  # no try begins later, so a run ends within half a minute
THREADS = 8
BATCH = 500


@dataclass
class Run:
    """What a run did."""

    messages: int = 0
    delivered: int = 0
    failed: int = 0


def run(*, seconds: float = RUN_SECONDS) -> Run:
    """Deliver what is due, until nothing is or the time is over. Does nothing while another run goes on."""
    done = Run()
    with _alone() as is_alone:
        if not is_alone:
            return done
        end = time.monotonic() + seconds
        done.messages = fan_out_all()
        due = due_webhooks(timezone.now())
        if not due:
            return done
        with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as pool:
            busy: dict[int, Future[tuple[int, int]]] = {}
            while time.monotonic() < end:
                for webhook_id in due:
                    if webhook_id not in busy:
                        busy[webhook_id] = pool.submit(_serve, webhook_id, end)
                if not busy:
                    break
                wait(busy.values(), timeout=1, return_when=FIRST_COMPLETED)
                _collect(busy, done)
                done.messages += fan_out_all()
                due = due_webhooks(timezone.now())
        _collect(busy, done)
    return done


def nudge() -> None:
    """Begin a run right after this transaction. When the broker is away the next run of the schedule does it."""

    def send() -> None:
        try:
            current_app.send_task(TASK, queue="light", retry=False, expires=60)
        except Exception as error:  # every transport has its own family of errors
            log.info("webhook.broker_away", error=str(error)[:200])

    transaction.on_commit(send)


def fan_out_all() -> int:
    """Hand every waiting message to the webhooks that want it. How many messages."""
    count = 0
    while (handed := fan_out()) > 0:
        count += handed
    return count


def fan_out(limit: int = BATCH) -> int:
    """One batch, in one transaction: a message is either handed to all its receivers or still waits."""
    with transaction.atomic():
        waiting = OutboxMessage.objects.select_for_update(skip_locked=True).filter(fanned_out_at=None)
        messages = list(waiting.order_by("id")[:limit])
        if not messages:
            return 0
        wanted: dict[str, list[int]] = {}
        for pk, events in Webhook.objects.filter(is_on=True).values_list("pk", "events"):
            for event in events:
                wanted.setdefault(event, []).append(pk)
        now = timezone.now()
        WebhookDelivery.objects.bulk_create(
            (
                WebhookDelivery(webhook_id=pk, message=message, next_attempt_at=now)
                for message in messages
                for pk in wanted.get(message.event, ())
            ),
            ignore_conflicts=True,
            batch_size=1_000,
        )
        OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(fanned_out_at=now)
    return len(messages)


def due_webhooks(now: datetime) -> list[int]:
    """Webhooks that may be asked and have something to get."""
    due = WebhookDelivery.objects.filter(webhook=OuterRef("pk"), state=State.WAITING, next_attempt_at__lte=now)
    rows = Webhook.objects.filter(Q(paused_until=None) | Q(paused_until__lte=now), Exists(due), is_on=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _serve(webhook_id: int, end: float) -> tuple[int, int]:
    """In a thread: one try after the other for one receiver. Delivered and failed tries."""
    delivered = failed = 0
    try:
        while time.monotonic() < end:
            result = attempt_next(webhook_id)
            if result is None:
                break
            delivered, failed = delivered + result, failed + (not result)
    finally:
        connection.close()
    return delivered, failed


def _collect(busy: dict[int, Future[tuple[int, int]]], done: Run) -> None:
    for webhook_id in [pk for pk, future in busy.items() if future.done()]:
        try:
            delivered, failed = busy.pop(webhook_id).result()
        except Exception:
            log.exception("webhook.run_failed", webhook_id=webhook_id)
            continue
        done.delivered += delivered
        done.failed += failed


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
