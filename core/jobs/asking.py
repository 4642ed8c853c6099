"""Asking for work, sending it to the workers, taking it back."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import current_app
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.breaker import Breaker
from core.jobs import ending, limits
from core.jobs.exceptions import NoSuchWork
from core.jobs.spec import check_arguments, spec_of
from core.models import Job, StaffUser
from core.queues import FIRST, USUAL

log = structlog.get_logger(__name__)
# A page that queues work waits for a broken broker once, and then leaves it to the relay.
broker = Breaker(failures=1, seconds=5.0)
UNKNOWN_FOR = timedelta(minutes=10)
"""While a new version is rolled out, old processes meet work that they do not know yet."""


def enqueue(
    task: str,
    *,
    dedupe_key: str | None = None,
    created_by: StaffUser | None = None,
    origin: str | None = None,
    not_before: datetime | None = None,
    **arguments: Any,
) -> Job:
    """Ask for `task` (dotted name) after this transaction commits, or later with `not_before`.

    With a dedupe key the job that is already waiting or running is returned instead of a second one.
    Raises TypeError when the arguments do not fit the function or are more than ids, dates and short identifiers, and
    NoSuchWork when there is no such job; nothing is written then.
    """
    row = _new(task, arguments, created_by=created_by, origin=origin)
    row.dedupe_key, row.not_before = dedupe_key, not_before
    if dedupe_key is None:
        row.save()
    else:
        known = _save_once(row)
        if known is not None:
            return known
    if not_before is None or not_before <= timezone.now():
        transaction.on_commit(lambda: broker.allows() and publish(row.pk))
    return row


def run_now(task: str, *, created_by: StaffUser | None = None, **arguments: Any) -> Job:
    """Run in this process and wait: for commands. The job is listed like any other; its error is raised."""
    from core.jobs.worker import execute

    row = _new(task, arguments, created_by=created_by, origin=Job.Origin.COMMAND)
    row.published_at = timezone.now()
    row.save()
    execute(row.pk, reraise=True)
    row.refresh_from_db()
    return row


def _new(task: str, arguments: dict[str, Any], *, created_by: StaffUser | None, origin: str | None) -> Job:
    spec = spec_of(task)
    check_arguments(spec, arguments)
    return Job(
        kind=spec.kind, task=task, queue=spec.queue, arguments=arguments, created_by=created_by,
        origin=origin or (Job.Origin.PERSON if created_by else Job.Origin.SHOP),
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )  # fmt: skip


def _save_once(row: Job) -> Job | None:
    """Write the row, or return the active job with its key. The active one may end in between: then once more."""
    for last_try in (False, False, True):
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            known = Job.objects.active().filter(dedupe_key=row.dedupe_key).first()
            if known is not None:
                return known
            if last_try:
                raise
        else:
            return None
    return None


def publish(job_id: int) -> bool:
    """Tell the broker about a waiting job. False when the broker is away: the relay will try again."""
    row = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).first()
    if row is None or not _is_known(row):
        return False
    try:
        current_app.send_task(
            row.task,
            kwargs={"job_id": row.pk},
            queue=row.queue,
            retry=False,
            priority=USUAL if row.started_at is None else FIRST,
            soft_time_limit=limits.soft_limit(row.queue),
            time_limit=limits.hard_limit(row.queue),
        )
    except Exception as error:  # every transport has its own family of errors
        broker.failed()
        log.warning("job.broker_away", job_id=row.pk, error=str(error)[:200])
        return False
    broker.succeeded()
    Job.objects.filter(pk=row.pk).update(published_at=timezone.now())
    return True


def _is_known(row: Job) -> bool:
    """Whether some version of the program may still do this work. Else the job ends here, with the reason."""
    try:
        spec_of(row.task)
    except NoSuchWork as error:
        if row.created_at > timezone.now() - UNKNOWN_FOR:
            return True
        ending.end_orphan(row, error)
        return False
    return True


def cancel(row: Job) -> bool:
    """Stop a job: at once while it waits, else at its next progress report, or within some ten seconds without one."""
    now = timezone.now()
    if Job.objects.filter(pk=row.pk, state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, finished_at=now, cancel_requested_at=now
    ):
        return True
    return bool(
        Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, cancel_requested_at=None).update(cancel_requested_at=now)
    )


def retry(row: Job, *, created_by: StaffUser | None = None) -> Job:
    """A new job with the same arguments, which goes on from what the old one had stored."""
    with transaction.atomic():
        again = enqueue(row.task, dedupe_key=row.dedupe_key, created_by=created_by, **row.arguments)
        if row.checkpoint and not again.checkpoint:
            Job.objects.filter(pk=again.pk, state=Job.State.QUEUED).update(checkpoint=row.checkpoint)
        ending.tell("tell_retry", row)
    return again
