"""Background work: how it is asked for, run, watched and stopped.

`enqueue` writes a Job in the caller's transaction and tells the broker after the commit. When the broker
is away the row stays and the relay sends it later. A worker claims the row before it works, so a message
that arrives twice does nothing the second time.
"""

import contextlib
import contextvars
import functools
import inspect
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from celery import current_app, shared_task
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from core.models import Job, StaffUser
from core.said import NOTHING, Said

log = structlog.get_logger(__name__)
MAX_STARTS = 3
ERROR_LIMIT = 4_000


class JobCancelled(Exception):
    """Staff asked to stop; what was finished before stays."""


@dataclass(frozen=True)
class JobSpec:
    kind: str
    queue: str
    function: Callable[..., Any]
    title: Any = ""


def job(*, kind: str, queue: str, title: Any = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of `<app>/tasks.py` a job. It gets ids and dates as keyword arguments and may return a dict.

    `title` is what staff call it, translated.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{function.__module__}.{function.__name__}"

        @functools.wraps(function)
        def message(job_id: int) -> None:
            execute(job_id)

        shared_task(name=name, bind=False, typing=False)(message)
        function.job_spec = JobSpec(kind, queue, function, title)  # type: ignore[attr-defined]
        return function

    return decorate


def enqueue(task: str, *, dedupe_key: str | None = None, created_by: StaffUser | None = None, **arguments: Any) -> Job:
    """Ask for `task` (dotted name) after this transaction commits.

    With a dedupe key the job that is already waiting or running is returned instead of a second one.
    Raises TypeError when the arguments do not fit the function, before anything is written.
    """
    spec = _spec(task)
    inspect.signature(spec.function).bind(**arguments)
    row = Job(
        kind=spec.kind, task=task, queue=spec.queue, arguments=arguments, dedupe_key=dedupe_key,
        created_by=created_by, request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )  # fmt: skip
    if dedupe_key is None:
        row.save()
    else:
        known = _save_once(row)
        if known is not None:
            return known
    transaction.on_commit(lambda: publish(row.pk))
    return row


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
    if row is None:
        return False
    try:
        current_app.send_task(row.task, kwargs={"job_id": row.pk}, queue=row.queue, retry=False)
    except Exception as error:  # every transport has its own family of errors
        log.warning("job.broker_away", job_id=row.pk, error=str(error)[:200])
        return False
    Job.objects.filter(pk=row.pk).update(published_at=timezone.now())
    return True


def run_now(task: str, *, created_by: StaffUser | None = None, **arguments: Any) -> Job:
    """Run in this process and wait: for commands. The job is listed like any other; its error is raised."""
    spec = _spec(task)
    inspect.signature(spec.function).bind(**arguments)
    row = Job.objects.create(
        kind=spec.kind, task=task, queue=spec.queue, arguments=arguments, created_by=created_by,
        published_at=timezone.now(),
    )  # fmt: skip
    execute(row.pk, reraise=True)
    row.refresh_from_db()
    return row


def cancel(row: Job) -> bool:
    """Stop a job: at once while it waits, at its next progress report while it runs."""
    now = timezone.now()
    if Job.objects.filter(pk=row.pk, state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, finished_at=now, cancel_requested_at=now
    ):
        return True
    return bool(
        Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, cancel_requested_at=None).update(cancel_requested_at=now)
    )


def retry(row: Job, *, created_by: StaffUser | None = None) -> Job:
    """A new job with the same arguments."""
    return enqueue(row.task, dedupe_key=row.dedupe_key, created_by=created_by, **row.arguments)


def relay() -> int:
    """Send what was written but never reached the broker, and what the broker seems to have lost."""
    now = timezone.now()
    forgotten = Q(published_at=None, created_at__lt=now - timedelta(seconds=5)) | Q(
        published_at__lt=now - timedelta(seconds=settings.JOB_LOST_SECONDS * 10)
    )
    waiting = Job.objects.filter(forgotten, state=Job.State.QUEUED).order_by("id").values_list("pk", flat=True)[:500]
    return sum(publish(pk) for pk in list(waiting))


def sweep() -> int:
    """Put back jobs whose worker gave no sign of life; quarantine those that were started too often."""
    silent = timezone.now() - timedelta(seconds=settings.JOB_LOST_SECONDS)
    lost = Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=silent)
    lost.filter(starts__gte=MAX_STARTS).update(
        state=Job.State.QUARANTINED, finished_at=timezone.now(), error="Its worker died three times."
    )
    return lost.filter(starts__lt=MAX_STARTS).update(state=Job.State.QUEUED, published_at=None)


# --- inside the worker ------------------------------------------------------------------------------------------


@dataclass
class Pulse:
    """What a running job last said about itself. A thread with its own connection writes it down, because
    the job may sit in a long transaction."""

    job_id: int
    done: int = 0
    total: int | None = None
    message: Said = NOTHING
    cancelled: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def beat(self) -> None:
        row = Job.objects.filter(pk=self.job_id, state=Job.State.RUNNING)
        row.update(heartbeat_at=timezone.now(), done=self.done, total=self.total, **self.words)
        if row.filter(cancel_requested_at__isnull=False).exists():
            self.cancelled.set()

    @property
    def words(self) -> dict[str, Any]:
        """The message as columns of Job."""
        return {"message": self.message.text[:300], "message_values": dict(self.message.values)}

    def run(self) -> None:
        interval = min(1.0, settings.JOB_HEARTBEAT_SECONDS)
        try:
            while not self.stopped.wait(interval):
                with contextlib.suppress(OperationalError):
                    self.beat()
        finally:
            connection.close()


_current: contextvars.ContextVar[Pulse | None] = contextvars.ContextVar("current_job", default=None)


def progress(done: int, total: int | None = None, message: Said = NOTHING) -> None:
    """Say how far the running job is; the message is translated when it is read.

    Does nothing outside a job. Raises JobCancelled when staff asked to stop.
    """
    pulse = _current.get()
    if pulse is None:
        return
    pulse.done, pulse.total, pulse.message = done, total if total is not None else pulse.total, message
    if pulse.cancelled.is_set():
        raise JobCancelled


def current_job_id() -> int | None:
    pulse = _current.get()
    return pulse.job_id if pulse else None


def execute(job_id: int, *, reraise: bool = False) -> None:
    """Claim the job, run it, write down how it ended."""
    row = _claim(job_id)
    if row is None:
        return
    spec = _spec(row.task)
    with structlog.contextvars.bound_contextvars(job_id=row.pk, job_kind=row.kind, request_id=row.request_id):
        try:
            with _watched(row) as pulse:
                result = spec.function(**row.arguments)
        except JobCancelled:
            _finish(row, Job.State.CANCELLED, pulse)
        except Exception as error:
            log.exception("job.failed")
            text = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
            _finish(
                row, Job.State.FAILED, pulse, error=text[-ERROR_LIMIT:], message=str(error)[:300], message_values={}
            )
            if reraise:
                raise
        else:
            _finish(row, Job.State.DONE, pulse, result=result if isinstance(result, dict) else {})


def _claim(job_id: int) -> Job | None:
    """Take the job if it waits. Of two workers with the same message one gets it."""
    now = timezone.now()
    taken = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, starts=F("starts") + 1, started_at=now, heartbeat_at=now
    )
    return Job.objects.get(pk=job_id) if taken else None


@contextlib.contextmanager
def _watched(row: Job) -> Iterator[Pulse]:
    pulse = Pulse(row.pk)
    token = _current.set(pulse)
    thread = None
    if settings.JOB_HEARTBEAT_SECONDS:
        thread = threading.Thread(target=pulse.run, name=f"pulse-{row.pk}", daemon=True)
        thread.start()
    try:
        yield pulse
    finally:
        _current.reset(token)
        pulse.stopped.set()
        if thread:
            thread.join(timeout=10)


def _finish(row: Job, state: str, pulse: Pulse, **fields: Any) -> None:
    fields = {**pulse.words, **fields}
    Job.objects.filter(pk=row.pk, state=Job.State.RUNNING).update(
        state=state,
        finished_at=timezone.now(),
        heartbeat_at=timezone.now(),
        done=pulse.done,
        total=pulse.total,
        **fields,
    )


def _spec(task: str) -> JobSpec:
    spec = getattr(import_string(task), "job_spec", None)
    if spec is None:
        raise TypeError(f"{task} is not a job.")
    return spec
