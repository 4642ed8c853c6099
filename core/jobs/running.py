"""What a job's code may call while it runs: say how far it is, store where to go on, protect what it writes."""

import contextvars
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from core.jobs import locks
from core.jobs.ending import said_columns
from core.jobs.exceptions import JobCancelled, JobLost
from core.models import Job
from core.said import NOTHING, Said

log = structlog.get_logger(__name__)


@dataclass
class Pulse:
    """What a running job last said about itself. A thread with its own connection writes it down, because
    the job may sit in a long transaction."""

    job_id: int
    lease: uuid.UUID | None = None
    resume: dict[str, Any] = field(default_factory=dict)
    done: int = 0
    total: int | None = None
    message: Said = NOTHING
    cancelled: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    interruptible: bool = False

    def mine(self) -> Any:
        """The job's row while it is this worker's."""
        return Job.objects.filter(pk=self.job_id, state=Job.State.RUNNING, lease=self.lease)

    def beat(self) -> None:
        """One sign of life; hears at the same time whether the job is to stop."""
        if not self.mine().update(heartbeat_at=timezone.now(), **self.columns()):
            self.lost.set()
        elif self.mine().filter(cancel_requested_at__isnull=False).exists():
            self.cancelled.set()

    def columns(self) -> dict[str, Any]:
        return {"done": self.done, "total": self.total, **said_columns(self.message)}

    def run(self) -> None:
        told_at: float | None = None
        try:
            while not self.stopped.wait(settings.JOB_HEARTBEAT_SECONDS):
                try:
                    self.beat()
                except (OperationalError, InterfaceError):
                    connection.close()  # the next beat asks for a new one
                if self.lost.is_set() or self.cancelled.is_set():
                    told_at = told_at or time.monotonic()
                    if time.monotonic() - told_at > settings.JOB_PATIENCE_SECONDS:
                        told_at = time.monotonic()
                        self._interrupt()
        finally:
            connection.close()

    def _interrupt(self) -> None:
        """Raise in the job's thread, at its next step in Python: the way of Celery's soft time limit."""
        if self.interruptible and not self.stopped.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR2)

    def stop_if_told(self) -> None:
        if self.lost.is_set():
            raise JobLost
        if self.cancelled.is_set():
            raise JobCancelled


current: contextvars.ContextVar[Pulse | None] = contextvars.ContextVar("current_job", default=None)


def progress(done: int, total: int | None = None, message: Said = NOTHING) -> None:
    """Say how far the running job is; the message is translated when it is read.

    Does nothing outside a job. Raises JobCancelled when staff asked to stop, JobLost when another worker may have
    the job by now.
    """
    pulse = current.get()
    if pulse is None:
        return
    pulse.done, pulse.total, pulse.message = done, total if total is not None else pulse.total, message
    pulse.stop_if_told()


def guard() -> None:
    """Call inside a transaction, before it writes: it can then only commit while the job is this worker's.

    From here to the commit nobody can take the job away without ending this session, which undoes the transaction.
    Raises JobLost when the job is gone. Does nothing outside a job. For effects that must not happen twice, store a
    `checkpoint` in the same transaction.
    """
    pulse = current.get()
    if pulse is None:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("jobs.guard() protects a transaction, and none is open.")
    if not locks.take_until_commit(pulse.job_id) or not pulse.mine().exists():
        pulse.lost.set()
        raise JobLost


def checkpoint(**state: Any) -> None:
    """Store where to go on when this job is cut off; replaces what was stored before. Small and JSON.

    Takes part in the caller's transaction, so an effect and the note that it happened commit together. Inside a long
    transaction call it last: from then on signs of life wait for the commit. Raises JobLost. Nothing outside a job.
    """
    pulse = current.get()
    if pulse is None:
        return
    with transaction.atomic():
        guard()
        pulse.mine().update(checkpoint=state)


def resume_state() -> dict[str, Any]:
    """What an earlier start of this job stored with `checkpoint`; empty at the first start and outside a job."""
    pulse = current.get()
    return dict(pulse.resume) if pulse else {}


def current_job_id() -> int | None:
    pulse = current.get()
    return pulse.job_id if pulse else None
