"""Keeping jobs moving: what the broker lost is sent again, what lost its worker goes back to the queue."""

import time
from datetime import timedelta

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.jobs import ending, locks
from core.jobs.asking import broker, publish
from core.jobs.deaths import SILENT_BEATS
from core.local_services import LocalServiceError
from core.models import Heartbeat, Job
from core.queues import waiting_in

log = structlog.get_logger(__name__)
SCHEDULER = "scheduler"
AT_ONCE = 500
SILENT_SECONDS, WATCHED_BEATS = 5.0, 3
YOUNG = timedelta(seconds=5)
"""Who wrote the row is just publishing it."""


def keep_moving() -> None:
    """Sweep and relay. Safe to run at any time and by several at once."""
    sweep()
    relay()


def relay() -> int:
    """Send what is due and was never sent, and what the broker has lost. Returns how many were sent.

    Whether messages are lost is seen from the length of the queue: there must be one for each waiting job that was
    sent. A message too many is harmless.
    """
    now = timezone.now()
    due = Job.objects.filter(Q(not_before=None) | Q(not_before__lte=now), state=Job.State.QUEUED).order_by("id")
    never = due.filter(published_at=None, created_at__lt=now - YOUNG)
    stale = due.filter(published_at__lt=now - timedelta(seconds=settings.JOB_LOST_SECONDS))
    lost = [queue for queue in stale.order_by().values_list("queue", flat=True).distinct() if _lacks_messages(queue)]
    sent = 0
    for pk in [*_keys(never), *_keys(stale.filter(queue__in=lost))]:
        sent += publish(pk)
        if broker.is_open:
            break
    return sent


def _keys(rows: QuerySet[Job]) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def _lacks_messages(queue: str) -> bool:
    waiting = Job.objects.filter(state=Job.State.QUEUED, queue=queue, published_at__isnull=False).count()
    try:
        return waiting_in(queue) < waiting
    except (redis.RedisError, LocalServiceError, OSError):
        return False


def sweep() -> int:
    """Put back jobs whose worker gave no sign of life; set aside those that were started too often.

    A worker whose job's lock is free has lost its session: it is dead, or it speaks again within moments, so it is
    watched for those. One that holds the lock and is silent for JOB_LOST_SECONDS is frozen; its session is ended, so
    that nothing it has open can commit any more.
    """
    silent = timezone.now() - timedelta(seconds=_dead_after())
    lost = list(Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=silent).order_by("id")[:AT_ONCE])
    if lost:
        time.sleep(WATCHED_BEATS * settings.JOB_HEARTBEAT_SECONDS)
    count = 0
    for row in lost:
        try:
            count += _put_back(row)
        except DatabaseError as error:
            log.warning("job.sweep_failed", job_id=row.pk, error=str(error)[:200])
    return count


def _dead_after() -> float:
    """Seconds without a sign of life after which it is asked whether the worker's session still lives."""
    return min(settings.JOB_LOST_SECONDS, max(SILENT_SECONDS, SILENT_BEATS * settings.JOB_HEARTBEAT_SECONDS))


def _put_back(row: Job) -> bool:
    """True when the job is in the queue again."""
    frozen = timezone.now() - timedelta(seconds=settings.JOB_LOST_SECONDS)
    mine = Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, lease=row.lease, heartbeat_at=row.heartbeat_at)
    with transaction.atomic():
        if not locks.take_until_commit(row.pk):
            # Whoever holds the lock now may be the next worker, which took the job while this one was watched.
            if (row.heartbeat_at is not None and row.heartbeat_at > frozen) or not mine.exists():
                return False
            log.warning("job.frozen_worker", job_id=row.pk, sessions_ended=locks.end_holder(row.pk))
            if not locks.take_until_commit(row.pk):
                return False
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        if ending.end_if_hopeless(row):
            return False
        return bool(mine.update(state=Job.State.QUEUED, published_at=None, lease=None))


def tidy() -> int:
    """Delete the rows of jobs that ended more than JOB_KEEP_DAYS ago. Returns how many."""
    before = timezone.now() - timedelta(days=settings.JOB_KEEP_DAYS)
    old = Job.objects.exclude(state__in=Job.ACTIVE).filter(finished_at__lt=before).order_by("id")
    deleted = 0
    while keys := list(old.values_list("pk", flat=True)[:1_000]):
        Job.objects.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted


def note_scheduler() -> None:
    """The scheduler lives. Called by itself."""
    Heartbeat.objects.update_or_create(name=SCHEDULER, defaults={"seen_at": timezone.now()})


def scheduler_age_seconds() -> float | None:
    """Seconds since the scheduler's last sign of life (some ten while all is well); None when it never ran."""
    seen = Heartbeat.objects.filter(name=SCHEDULER).values_list("seen_at", flat=True).first()
    return None if seen is None else max(0.0, (timezone.now() - seen).total_seconds())
