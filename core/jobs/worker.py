"""The worker's side: claim a job, run its function, write down how it ended."""

import contextlib
import signal
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import F
from django.utils import timezone

from core.exceptions import DomainError
from core.jobs import deaths, ending, limits, locks
from core.jobs.deaths import SILENT_BEATS
from core.jobs.ending import MAX_STARTS
from core.jobs.exceptions import JobCancelled, JobLost, JobTimedOut, NoSuchWork, TryAgain
from core.jobs.running import Pulse, current
from core.jobs.spec import DEEP, JobSpec, spec_of
from core.models import Job
from core.said import Said
from core.scratch import scratch
from core.shop import shop_zone

log = structlog.get_logger(__name__)
ERROR_LIMIT = 4_000
LONGEST_PAUSE_SECONDS = 3_600.0
DATABASE_PAUSE_SECONDS = 5.0


class _Leave(BaseException):
    """This process was asked to end: the job goes back to the queue."""


def execute(job_id: int, *, reraise: bool = False) -> None:
    """Claim the job, run it, write down how it ended. `reraise` for commands: errors are the caller's as well."""
    with _signals(in_worker=not reraise) as pulse, _lock(job_id) as free:
        if not free:
            # A worker that lost this job has not let go of it yet: the relay sends it again in a moment.
            Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(published_at=None)
            return
        row = _claim(job_id)
        if row is None:
            return
        pulse.job_id, pulse.lease, pulse.resume = row.pk, row.lease, row.checkpoint
        with structlog.contextvars.bound_contextvars(job_id=row.pk, job_kind=row.kind, request_id=row.request_id):
            _work(row, pulse, reraise=reraise)


def _work(row: Job, pulse: Pulse, *, reraise: bool) -> None:
    try:
        spec = spec_of(row.task)
    except NoSuchWork as error:
        ending.end_orphan(row, error)
        return
    began = time.monotonic()
    try:
        # A job is nobody's request, but it counts the days that staff see.
        with _watched(pulse), timezone.override(shop_zone()), _room(spec):
            result = spec.function(**row.arguments)
    except JobCancelled:
        _finish(pulse, Job.State.CANCELLED)
    except JobLost:
        log.warning("job.lost")
    except _Leave:
        # The same signal comes first when a job outlived its hard limit.
        if time.monotonic() - began > limits.soft_limit(row.queue):
            _failed(row, spec, pulse, _timed_out(row), final=True)
        else:
            _put_back(pulse, starts=F("starts") - 1)
    except (KeyboardInterrupt, SystemExit):
        if reraise:
            _finish(pulse, Job.State.CANCELLED)
        else:
            _put_back(pulse, starts=F("starts") - 1)
        raise
    except SoftTimeLimitExceeded:
        _failed(row, spec, pulse, _timed_out(row), final=True)
    except Exception as error:
        _failed(row, spec, pulse, error, final=reraise)
        if reraise:
            raise
    else:
        if _finish(pulse, Job.State.DONE, result=result if isinstance(result, dict) else {}, checkpoint={}):
            ending.tell("tell_success", row)


# --- claiming ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _lock(job_id: int) -> Iterator[bool]:
    """The job's lock on the connection that the job writes with. False when another session has it."""
    free = locks.take(job_id)
    try:
        yield free
    finally:
        if free:
            try:
                locks.give_back(job_id)
            except DatabaseError:  # the session is gone, and the lock with it
                if not connection.in_atomic_block:
                    connection.close()


def _claim(job_id: int) -> Job | None:
    """Take the job if it waits, or if its worker has died. Of two workers with the same message one gets it."""
    row = Job.objects.filter(pk=job_id, state__in=Job.ACTIVE).first()
    if row is None:
        return None
    if row.state == Job.State.RUNNING:
        if not _is_silent(row) or ending.end_if_hopeless(row):
            return None
    elif row.not_before is not None and row.not_before > timezone.now():
        return None
    spared = row.spared + (not deaths.was_its_own(row))
    if row.worker and ending.end_if_deadly(row, spared=spared):
        return None
    as_seen = Job.objects.filter(
        pk=job_id, state=row.state, lease=row.lease, heartbeat_at=row.heartbeat_at, starts=row.starts
    )
    now = timezone.now()
    facts = {
        "state": Job.State.RUNNING, "lease": uuid.uuid4(), "starts": row.starts + 1, "spared": spared,
        "worker": deaths.WORKER, "started_at": now, "heartbeat_at": now, "not_before": None,
    }  # fmt: skip
    if not as_seen.update(**facts):
        return None
    for name, value in facts.items():
        setattr(row, name, value)
    return row


def _is_silent(row: Job) -> bool:
    """Watch a job whose lock is free, so that its worker's session is gone. A worker that only lost its connection
    goes on giving signs of life."""
    if not settings.JOB_HEARTBEAT_SECONDS:
        return False
    end = time.monotonic() + SILENT_BEATS * settings.JOB_HEARTBEAT_SECONDS
    same = Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, lease=row.lease, heartbeat_at=row.heartbeat_at)
    while same.exists():
        if time.monotonic() > end:
            return True
        time.sleep(settings.JOB_HEARTBEAT_SECONDS / 2)
    return False


# --- while it runs ----------------------------------------------------------------------------------------------

_watching: Pulse | None = None


def _room(spec: JobSpec) -> contextlib.AbstractContextManager[Any]:
    """What networks leave in the folder of temporary files goes with the job."""
    is_deep = spec.queue == DEEP
    return scratch(Path(settings.MODEL_ROOT).parent / "scratch") if is_deep else contextlib.nullcontext()


@contextlib.contextmanager
def _watched(pulse: Pulse) -> Iterator[Pulse]:
    """Signs of life while the block runs."""
    token = current.set(pulse)
    thread = None
    if settings.JOB_HEARTBEAT_SECONDS:
        thread = threading.Thread(target=pulse.run, name=f"pulse-{pulse.job_id}", daemon=True)
        thread.start()
    try:
        pulse.interruptible = threading.current_thread() is threading.main_thread()
        yield pulse
    finally:
        pulse.interruptible = False
        current.reset(token)
        pulse.stopped.set()
        if thread:
            thread.join(timeout=10)


@contextlib.contextmanager
def _signals(*, in_worker: bool) -> Iterator[Pulse]:
    """Let the pulse interrupt the job, and let the end of this process wait until the job's row says the truth."""
    global _watching
    pulse = Pulse(0)
    if threading.current_thread() is not threading.main_thread():
        yield pulse
        return
    told: list[int] = []

    def leave(number: int, frame: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        told.append(number)
        if pulse.interruptible:
            raise _Leave

    # Stays in place: its default would end the process when a late signal arrives.
    signal.signal(signal.SIGUSR2, _on_interrupt)
    _watching = pulse
    before = signal.signal(signal.SIGTERM, leave) if in_worker else None
    try:
        yield pulse
    finally:
        _watching = None
        if in_worker:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
        if told:
            signal.raise_signal(signal.SIGTERM)


def _on_interrupt(number: int, frame: Any) -> None:
    if _watching is not None and _watching.interruptible:
        _watching.stop_if_told()


# --- writing the end --------------------------------------------------------------------------------------------


def _failed(row: Job, spec: JobSpec, pulse: Pulse, error: Exception, *, final: bool) -> None:
    pause = None if final else _pause(row, spec, error)
    said = _reason(error, spec)
    log.error("job.failed", exc_info=error, again_in=pause)
    text = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}".replace("\x00", "")[-ERROR_LIMIT:]
    fields = {"error": text, **ending.said_columns(said)}
    if pause is not None:
        counts = {} if _lost_database(row, error) else {"starts": F("starts") - 1, "retries": F("retries") + 1}
        _put_back(pulse, not_before=timezone.now() + timedelta(seconds=pause), **counts, **fields)
    elif _finish(pulse, Job.State.FAILED, **fields) and not isinstance(error, DomainError):
        ending.tell("tell_failure", row)


def _reason(error: Exception, spec: JobSpec) -> Said:
    """What pages say of the job. A refusal that is stored as a sentence is read in the language of its reader."""
    if isinstance(error, JobTimedOut):
        return error.said
    if isinstance(error, DomainError) and isinstance(error.message, Said):
        return error.message
    if spec.if_broken and not isinstance(error, (DomainError, TryAgain)):
        return Said(spec.if_broken)
    return Said(str(error).replace("\x00", "")[:300])


def _timed_out(row: Job) -> JobTimedOut:
    return JobTimedOut(queue=row.queue, seconds=limits.soft_limit(row.queue))


def _pause(row: Job, spec: JobSpec, error: Exception) -> float | None:
    """Seconds until the job is tried again; None when the error is final."""
    if isinstance(error, DomainError):
        return None
    if _lost_database(row, error) and row.starts < MAX_STARTS:
        return DATABASE_PAUSE_SECONDS
    if row.retries >= spec.retries or not isinstance(error, (TryAgain, *spec.retry_on)):
        return None
    if isinstance(error, TryAgain) and error.after is not None:
        return error.after
    return min(spec.backoff * 2**row.retries, LONGEST_PAUSE_SECONDS)


def _lost_database(row: Job, error: Exception) -> bool:
    """Whether the job failed because its session was ended, which is nobody's fault. The job's lock went with it."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    try:
        return not locks.holds(row.pk)
    except (OperationalError, InterfaceError):
        return True


def _finish(pulse: Pulse, state: str, **fields: Any) -> bool:
    """Write the end, if the job is still this worker's. False when it is not."""
    now = timezone.now()
    facts = {**pulse.columns(), "state": state, "finished_at": now, "heartbeat_at": now, "lease": None, **fields}
    return _write(lambda: bool(pulse.mine().update(**facts)))


def _put_back(pulse: Pulse, **fields: Any) -> bool:
    """Into the queue again; the relay sends it when it is due. Its process lives, so no death is to be explained."""
    facts = {"state": Job.State.QUEUED, "lease": None, "worker": None, "published_at": None, **fields}
    return _write(lambda: bool(pulse.mine().update(**facts)))


def _write(change: Callable[[], bool]) -> bool:
    """Insist for as long as the job counts as alive: a database that is away for a moment must not cost the work."""
    end = time.monotonic() + settings.JOB_LOST_SECONDS
    while True:
        try:
            return change()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block:
                raise
            if time.monotonic() > end:
                log.error("job.end_not_written", error=str(error)[:200])  # the sweep puts the job back
                return False
            connection.close()
            time.sleep(0.5)
