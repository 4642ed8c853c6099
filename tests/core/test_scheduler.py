"""The scheduler: one at a time, missed runs once, deaf to clocks that jump."""

from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from config.celery import app
from core import jobs, scheduler, shop
from core.jobs import keeping, locks
from core.models import Heartbeat, Job
from core.shop import forget_shop
from tests import sessions
from tests.factories import ShopProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)
TIDY = "core.tasks.tidy_jobs"


@pytest.fixture(autouse=True)
def timetable(monkeypatch):
    """One line: a nightly job at an hour far from now. Nothing reaches a broker."""
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: None)
    app.loader.import_default_modules()
    monkeypatch.setitem(app.conf, "beat_schedule", {})
    PeriodicTask.objects.all().delete()
    hour = (timezone.now().hour + 12) % 24
    crontab = CrontabSchedule.objects.create(minute="0", hour=str(hour), timezone="UTC")
    return PeriodicTask.objects.create(
        name="nightly", task="core.tasks.start_job", args=f'["{TIDY}"]', crontab=crontab, last_run_at=timezone.now()
    )


@pytest.fixture
def make():
    made = []

    def new() -> scheduler.Scheduler:
        one = scheduler.Scheduler(app, Producer=lambda *a, **k: None)
        made.append(one)
        return one

    yield new
    for one in made:
        one._session.close()


def rounds(one, count=5):
    return [one.tick() for _ in range(count)]


def missed(days):
    PeriodicTask.objects.filter(name="nightly").update(last_run_at=timezone.now() - timedelta(days=days))


def finish_all():
    Job.objects.update(state=Job.State.DONE)


def test_what_was_missed_for_days_is_done_once_after_the_start(make):
    missed(days=9)

    rounds(make())
    finish_all()
    rounds(make())

    row = Job.objects.get()
    assert (row.task, row.origin) == (TIDY, Job.Origin.SCHEDULE)
    assert PeriodicTask.objects.get().last_run_at > timezone.now() - timedelta(minutes=1)


def test_a_scheduler_that_is_killed_after_a_run_does_not_repeat_it(make):
    missed(days=1)
    first = make()
    rounds(first)
    finish_all()
    sessions.end(first._session)  # killed: nothing else is written

    rounds(make())

    assert Job.objects.count() == 1


def test_the_second_scheduler_waits_and_takes_over_when_the_first_is_gone(make):
    first, second = make(), make()
    rounds(first)
    missed(days=1)

    assert rounds(second) == [scheduler.STANDBY_SECONDS] * 5
    assert not Job.objects.exists()

    sessions.end(first._session)
    rounds(second)
    assert Job.objects.count() == 1
    finish_all()
    rounds(first)
    assert Job.objects.count() == 1


def test_a_frozen_scheduler_loses_its_place(make):
    first, second = make(), make()
    rounds(first, 1)
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(seconds=61))

    rounds(second, 2)

    assert second._leads
    assert rounds(first, 2) == [scheduler.STANDBY_SECONDS] * 2
    assert not first._leads


def test_a_clock_that_jumps_ahead_starts_each_work_once(make, monkeypatch):
    one = make()
    rounds(one)
    assert not Job.objects.exists()

    ahead = timedelta(days=30)
    now = timezone.now
    monkeypatch.setattr(scheduler.Entry, "_default_now", lambda self: now() + ahead)
    monkeypatch.setattr("django_celery_beat.tzcrontab.datetime", _Later(ahead))
    monkeypatch.setattr(scheduler.time, "time", lambda: now().timestamp() + ahead.total_seconds())
    for _ in range(10):
        one.tick()
        finish_all()

    assert Job.objects.count() == 1


class _Later:
    def __init__(self, ahead):
        self.ahead = ahead

    def now(self, tz=None):
        from datetime import datetime

        return datetime.now(tz) + self.ahead

    def __getattr__(self, name):
        from datetime import datetime

        return getattr(datetime, name)


def test_a_clock_that_was_set_back_does_not_silence_the_timetable(make):
    """The last run lies ahead of now: it would be waited for."""
    PeriodicTask.objects.update(last_run_at=timezone.now() + timedelta(days=20))
    one = make()
    rounds(one)

    entry = one.schedule["nightly"]
    assert entry.last_run_at <= timezone.now()
    assert entry.is_due().next <= timedelta(days=1).total_seconds()


def test_a_run_that_could_not_be_written_is_tried_again_and_not_lost(make, monkeypatch):
    missed(days=1)
    one = make()
    works = jobs.enqueue

    def away(*args, **options):
        raise RuntimeError("no database")

    monkeypatch.setattr(jobs, "enqueue", away)
    assert scheduler.RETRY_SECONDS in rounds(one)
    assert not Job.objects.exists()

    monkeypatch.setattr(jobs, "enqueue", works)
    rounds(one)
    assert Job.objects.count() == 1


def test_the_scheduler_gives_signs_of_life_and_looks_after_jobs_without_a_broker(make, settings):
    settings.JOB_LOST_SECONDS = 60
    lost = Job.objects.create(
        kind="core.jobs.tidy", task=TIDY, queue="light", state=Job.State.RUNNING, starts=1,
        heartbeat_at=timezone.now() - timedelta(seconds=61),
    )  # fmt: skip

    rounds(make(), 1)

    lost.refresh_from_db()
    assert lost.state == Job.State.QUEUED
    assert keeping.scheduler_age_seconds() < 5


def test_work_that_this_version_does_not_have_is_left_out(make):
    PeriodicTask.objects.create(
        name="of another version", task="core.tasks.keep_jobs_moving", crontab=CrontabSchedule.objects.get()
    )

    one = make()
    rounds(one)

    assert set(one.schedule) == {"nightly"}


def test_the_timetable_names_jobs_that_exist():
    from config import celery_conf

    app.loader.import_default_modules()
    for entry in celery_conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        for task in entry.get("args", []):
            assert jobs.spec_of(task).queue


def test_a_lock_ends_with_its_session():
    other = connection.copy()
    assert locks.take(7, on=other)
    assert not locks.take(7)
    sessions.end(other)
    assert locks.take(7)
    locks.give_back(7)


def test_the_hours_of_the_timetable_are_those_of_the_shop(make):
    ShopProfileFactory.create(time_zone="Asia/Shanghai")
    forget_shop()
    one = make()
    rounds(one)
    assert str(one.schedule["nightly"].schedule.tz) == "Asia/Shanghai"

    ShopProfileFactory.create(time_zone="America/Lima")
    forget_shop()
    rounds(one)
    assert str(one.schedule["nightly"].schedule.tz) == "America/Lima"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_session_that_broke_costs_a_round_and_not_the_scheduler(make, monkeypatch, error):
    missed(days=1)
    one = make()

    def broken():
        raise error("connection already closed")

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "note_scheduler", broken)
        assert one.tick() == scheduler.STANDBY_SECONDS

    rounds(one)
    assert Job.objects.count() == 1


def test_a_lock_whose_session_is_closed_on_this_side_is_taken_again(make):
    one = make()
    one.tick()
    one._session.connection.close()  # as the driver leaves it after an error: using it is an InterfaceError

    rounds(one)

    assert one._leads
    assert one._session_lives()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_the_profile_that_was_known_is_used_while_the_database_is_away(monkeypatch, error):
    ShopProfileFactory.create(time_zone="America/Lima")
    assert str(shop.shop_zone()) == "America/Lima"

    def broken(**_where):
        raise error("connection already closed")

    monkeypatch.setattr(shop, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(shop, "_known", (0.0, shop.current_shop()))
    monkeypatch.setattr(shop.ShopProfile.objects, "filter", broken)
    assert str(shop.shop_zone()) == "America/Lima"
