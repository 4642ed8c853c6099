"""The one scheduler of an installation.

Several may run; the one that holds a lock in PostgreSQL works, the others wait and take over when it is gone. Work
that was missed is done once, however often it was missed. The scheduler writes Job rows itself and looks after them
itself, so neither a broker that is away nor a long queue keeps it from that.
"""

import time
from typing import Any

import structlog
from celery.beat import SchedulingError
from django.conf import settings
from django.db import Error, connection, connections, transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry
from django_celery_beat.tzcrontab import TzAwareCrontab

from core import jobs
from core.jobs import keeping, locks
from core.shop import shop_zone
from core.tasks import start_job

log = structlog.get_logger(__name__)
STANDBY_SECONDS = 2.0
FROZEN_AFTER = 6
"""A scheduler without a sign of life for so many rounds is frozen, and its lock is taken from it."""
JUMP_SECONDS = 5.0
RETRY_SECONDS = 5.0


class Entry(ModelEntry):
    """A line of the timetable in the hours of the shop, that a clock set back does not silence."""

    def __init__(self, model: PeriodicTask, app: Any = None) -> None:
        super().__init__(model, app=app)
        if isinstance(self.schedule, TzAwareCrontab):
            self.schedule.tz = shop_zone()

    def is_due(self) -> Any:
        now = self._default_now()
        if self.model.last_run_at > now:
            self.last_run_at = self.model.last_run_at = now
        return super().is_due()


class Scheduler(DatabaseScheduler):
    """Celery's timetable in the database, for one at a time."""

    Entry = Entry

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._session = connections["default"].copy()
        self._leads = False
        self._kept_at = 0.0
        self._failed = False
        self._clocks = (time.time(), time.monotonic())
        self._zone = shop_zone()
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round; returns the seconds until the next. Without the lock or the database nothing is done."""
        try:
            if not self._is_leader():
                return STANDBY_SECONDS
            self._notice_jump()
            self._notice_move()
            self._keep_jobs_moving()
            wait = float(super().tick(*args, **kwargs))
        except Error as error:  # a session that broke a moment ago is an InterfaceError
            log.warning("scheduler.database_away", error=str(error)[:200])
            connection.close()
            return STANDBY_SECONDS
        if self._failed:
            self._failed, self._heap = False, None
            return RETRY_SECONDS
        return min(wait, settings.JOB_RELAY_SECONDS)

    # --- one at a time ----------------------------------------------------------------------------------------

    def _is_leader(self) -> bool:
        if self._leads and self._session_lives():
            return True
        self._leads = False
        try:
            self._session.close()
            if not locks.take(locks.SCHEDULER, space=locks.SINGLE, on=self._session):
                self._end_frozen_leader()
                return False
        except Error:
            self._session.close()
            return False
        log.info("scheduler.leads")
        self._leads = True
        # Another one may have worked since this one read the timetable.
        self._dirty.clear()
        self._initial_read, self._heap = True, None
        return True

    def _session_lives(self) -> bool:
        try:
            with self._session.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:
            return False
        return True

    @staticmethod
    def _end_frozen_leader() -> None:
        age = keeping.scheduler_age_seconds()
        if age is not None and age > FROZEN_AFTER * settings.JOB_RELAY_SECONDS:
            ended = locks.end_holder(locks.SCHEDULER, space=locks.SINGLE)
            log.warning("scheduler.frozen_leader", sessions_ended=ended)

    def close(self) -> None:
        """Write what is open and let the next one lead."""
        try:
            super().close()
        finally:
            self._session.close()

    # --- looking after jobs -----------------------------------------------------------------------------------

    def _keep_jobs_moving(self) -> None:
        if time.monotonic() - self._kept_at < settings.JOB_RELAY_SECONDS:
            return
        self._kept_at = time.monotonic()
        keeping.note_scheduler()
        jobs.keep_moving()

    # --- the timetable ----------------------------------------------------------------------------------------

    def enabled_models_qs(self) -> Any:
        """All of it. The package leaves out what is not due around this hour, and so never sees what was missed."""
        return PeriodicTask.objects.enabled().filter(task__in=list(self.app.tasks))

    def _notice_jump(self) -> None:
        """Plan again after the wall clock was set."""
        wall, steady = time.time(), time.monotonic()
        jump = (wall - self._clocks[0]) - (steady - self._clocks[1])
        self._clocks = (wall, steady)
        if abs(jump) > JUMP_SECONDS:
            log.warning("scheduler.clock_jumped", seconds=round(jump))
            self._heap = None

    def _notice_move(self) -> None:
        """Read the timetable again once the shop's time zone was changed: night is when it is night there."""
        zone = shop_zone()
        if zone != self._zone:
            log.info("scheduler.time_zone", zone=str(zone))
            self._zone, self._initial_read, self._heap = zone, True, None

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        """Jobs are written together with the note that they were; other tasks are sent."""
        if entry.task != start_job.name:
            return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        planned = self.schedule[entry.name]
        try:
            with transaction.atomic():
                start_job(*entry.args, **entry.kwargs)
                planned.save()
        except Exception as error:
            # Due as before: the timetable tries again in a moment.
            planned.model.last_run_at = entry.last_run_at
            planned.last_run_at = entry.last_run_at
            self._failed = True
            raise SchedulingError(f"Could not queue {entry.name}: {error}") from error
        self._dirty.discard(entry.name)
        return None
