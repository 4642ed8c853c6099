"""Jobs that lose their message, their worker, their code or their patience."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, transaction
from django.utils import timezone

from core import jobs
from core.jobs import deaths, keeping, locks
from core.jobs.asking import broker
from core.models import Alert, Job
from core.queues import waiting_in
from tests.core import probe_tasks
from tests.factories import JobFactory, StaffUserFactory

PROBES = "tests.core.probe_tasks"
GONE = uuid.uuid4()
"""A worker that is none of ours."""
NOTE, ACT = f"{PROBES}.note", f"{PROBES}.act"


@pytest.fixture(autouse=True)
def _quiet(settings):
    settings.JOB_HEARTBEAT_SECONDS = 0
    for memory in (probe_tasks.calls, probe_tasks.errors, probe_tasks.acts):
        memory.clear()
    broker.succeeded()


@pytest.fixture
def sent(monkeypatch):
    """Numbers of the jobs that were sent to the broker."""
    numbers = []
    monkeypatch.setattr(
        "celery.current_app.send_task", lambda name, **options: numbers.append(options["kwargs"]["job_id"])
    )
    return numbers


def waiting(**facts):
    return JobFactory.create(task=NOTE, kind="probe.note", queue="light", arguments={"value": 1}, **facts)


def running(**facts):
    now = timezone.now()
    return JobFactory.create(
        **{
            "task": NOTE, "kind": "probe.note", "queue": "light", "arguments": {"value": 1}, "state": Job.State.RUNNING,
            "lease": uuid.uuid4(), "starts": 1, "started_at": now, "heartbeat_at": now,
        }
        | facts
    )  # fmt: skip


def ago(**age):
    return timezone.now() - timedelta(**age)


# --- the lease ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_start_has_a_lease_of_its_own_and_an_ended_job_none(sent):
    seen = []
    probe_tasks.acts.append(lambda: seen.append(Job.objects.get().lease))
    row = jobs.enqueue(ACT)

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert isinstance(seen[0], uuid.UUID)
    assert (row.state, row.lease) == (Job.State.DONE, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "write",
    [jobs.guard, lambda: jobs.checkpoint(step=9), lambda: jobs.progress(1)],
    ids=["guard", "checkpoint", "progress"],
)
def test_a_worker_that_lost_the_job_writes_nothing_more(sent, write):
    other = uuid.uuid4()

    def lose():
        Job.objects.update(lease=other, done=5)
        from core.jobs.running import current

        current.get().beat()

    probe_tasks.acts.extend([lose, write, lambda: probe_tasks.calls.append("went on")])
    row = jobs.enqueue(ACT)

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert probe_tasks.calls == []
    assert (row.state, row.lease, row.done, row.checkpoint, row.finished_at) == (Job.State.RUNNING, other, 5, {}, None)


@pytest.mark.django_db
def test_the_end_of_a_worker_that_lost_the_job_counts_for_nothing(sent):
    other = uuid.uuid4()
    probe_tasks.acts.append(lambda: Job.objects.update(lease=other))
    row = jobs.enqueue(ACT)

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert (row.state, row.lease, row.finished_at) == (Job.State.RUNNING, other, None)


@pytest.mark.django_db(transaction=True)
def test_a_guarded_write_is_undone_with_the_session_of_a_worker_that_is_taken_for_dead(sent, settings):
    """What the sweep does to a frozen worker, seen from that worker."""
    sweeper = connection.copy()

    def write_and_lose():
        with transaction.atomic():
            jobs.guard()
            StaffUserFactory.create(username="effect")
            assert not locks.take(row.pk, on=sweeper)
            with sweeper.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE classid = %s", [locks.JOBS])
            assert locks.take(row.pk, on=sweeper)

    probe_tasks.acts.append(write_and_lose)
    row = jobs.enqueue(ACT)

    try:
        jobs.execute(row.pk)
    finally:
        sweeper.close()

    row.refresh_from_db()
    from core.models import StaffUser

    assert not StaffUser.objects.filter(username="effect").exists()
    assert (row.state, row.starts) == (Job.State.QUEUED, 1)


@pytest.mark.django_db(transaction=True)
def test_a_guard_outside_of_a_transaction_protects_nothing_and_says_so(sent):
    probe_tasks.acts.append(jobs.guard)
    row = jobs.enqueue(ACT)

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert row.state == Job.State.FAILED
    assert "none is open" in row.message


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_lock_is_still_held_waits_for_the_next_relay(sent):
    row = waiting(published_at=timezone.now())
    other = connection.copy()
    assert locks.take(row.pk, on=other)

    jobs.execute(row.pk)

    row.refresh_from_db()
    other.close()
    assert (row.state, row.starts, row.published_at) == (Job.State.QUEUED, 0, None)
    assert probe_tasks.calls == []


@pytest.mark.django_db
@pytest.mark.parametrize(("starts", "state"), [(1, Job.State.DONE), (3, Job.State.QUARANTINED)])
def test_a_message_that_comes_back_because_its_worker_died_starts_the_job_again_at_once(settings, sent, starts, state):
    settings.JOB_HEARTBEAT_SECONDS = 0.02
    row = running(starts=starts)

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert row.state == state
    assert len(probe_tasks.calls) == (state == Job.State.DONE)


@pytest.mark.django_db
def test_resumed_work_goes_on_after_its_last_checkpoint(sent):
    row = jobs.enqueue(f"{PROBES}.steps")
    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.checkpoint) == (Job.State.FAILED, {"done": [0, 1]})

    again = jobs.retry(row)
    jobs.execute(again.pk)

    again.refresh_from_db()
    assert probe_tasks.calls == [{"step": 0}, {"step": 1}, {"step": 2}]
    assert (again.state, again.result, again.checkpoint) == (Job.State.DONE, {"done": 3}, {})


# --- relay --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_messages_that_the_broker_lost_are_sent_again(sent, redis_server):
    lost = [waiting(published_at=ago(seconds=61)) for _ in range(2)]
    waiting(published_at=ago(seconds=59))

    assert jobs.relay() == 2
    assert sent == [row.pk for row in lost]
    assert jobs.relay() == 0


@pytest.mark.django_db
def test_a_long_queue_is_not_sent_again(sent, redis_server):
    waiting(published_at=ago(seconds=500))
    redis_server.lpush("light", "its message")

    assert jobs.relay() == 0
    assert sent == []


@pytest.mark.django_db
def test_a_job_for_later_is_sent_when_it_is_due_and_not_before(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        row = jobs.enqueue(NOTE, not_before=timezone.now() + timedelta(hours=1), value=1)
    Job.objects.update(created_at=ago(minutes=1))
    jobs.execute(row.pk)
    assert (jobs.relay(), sent, probe_tasks.calls) == (0, [], [])

    Job.objects.update(not_before=ago(seconds=1))

    assert (jobs.relay(), sent) == (1, [row.pk])


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_a_page_one_try_and_the_relay_one(monkeypatch):
    tries = []

    def away(*args, **options):
        tries.append(1)
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.current_app.send_task", away)
    for _ in range(20):
        jobs.enqueue(NOTE, value=1)
    assert (len(tries), Job.objects.unpublished().count()) == (1, 20)
    Job.objects.update(created_at=ago(seconds=10))

    assert jobs.relay() == 0
    assert len(tries) == 2


@pytest.mark.django_db
def test_work_whose_code_is_gone_fails_with_the_reason_once_no_older_process_can_know_it(sent):
    old = JobFactory.create(task="shop.tasks.gone", queue="light", created_at=None)
    Job.objects.update(created_at=ago(minutes=11))
    young = JobFactory.create(task="shop.tasks.new", queue="light")
    Job.objects.filter(pk=young.pk).update(created_at=ago(minutes=9))

    jobs.relay()

    old.refresh_from_db()
    assert (old.state, old.message) == (Job.State.FAILED, "This version of the program does not know this work.")
    assert "shop.tasks.gone does not exist" in old.error
    assert sent == [young.pk]


# --- sweep --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_job_set_aside_raises_an_alert_that_its_retry_closes(sent):
    row = running(starts=3, heartbeat_at=ago(seconds=61))
    healthy = running()

    assert jobs.sweep() == 0

    row.refresh_from_db()
    healthy.refresh_from_db()
    alert = Alert.objects.get(rule="job_quarantined")
    assert (row.state, healthy.state) == (Job.State.QUARANTINED, Job.State.RUNNING)
    assert str(alert) == f"probe.note #{row.pk} stopped its worker again and again and was set aside."
    assert alert.link == f"/admin/core/job/{row.pk}/change/"

    jobs.retry(row)

    assert not Alert.objects.open().filter(rule="job_quarantined").exists()


@pytest.mark.django_db
def test_a_job_that_went_with_its_whole_worker_three_times_is_started_again(sent):
    row = running(starts=3, spared=2, worker=GONE, heartbeat_at=ago(seconds=61))

    assert jobs.sweep() == 1
    jobs.execute(row.pk)

    row.refresh_from_db()
    assert (row.state, row.starts, row.spared) == (Job.State.DONE, 4, 3)


@pytest.mark.django_db
@pytest.mark.parametrize("spoke_seconds_ago", [61, 40])
def test_a_worker_whose_other_job_spoke_later_outlived_its_child(sent, spoke_seconds_ago):
    row = running(starts=3, worker=GONE, heartbeat_at=ago(seconds=61))
    running(worker=GONE, state=Job.State.DONE, heartbeat_at=ago(seconds=spoke_seconds_ago))

    jobs.sweep()

    row.refresh_from_db()
    assert row.state == (Job.State.QUARANTINED if spoke_seconds_ago == 40 else Job.State.QUEUED)


@pytest.mark.django_db
def test_a_worker_that_gets_the_job_back_knows_that_it_outlived_its_child(sent):
    lonely = running(starts=3, worker=deaths.WORKER, heartbeat_at=ago(seconds=61), state=Job.State.QUEUED, lease=None)

    jobs.execute(lonely.pk)

    lonely.refresh_from_db()
    assert (lonely.state, lonely.starts) == (Job.State.QUARANTINED, 3)
    assert probe_tasks.calls == []


@pytest.mark.django_db
def test_a_job_that_takes_the_whole_worker_with_it_is_set_aside_in_the_end(sent):
    row = running(starts=10, spared=9, worker=GONE, heartbeat_at=ago(seconds=61))

    jobs.sweep()

    row.refresh_from_db()
    assert (row.state, row.starts) == (Job.State.QUARANTINED, 10)


@pytest.mark.django_db
def test_a_job_given_back_by_a_living_worker_leaves_no_death_to_explain(sent):
    probe_tasks.errors.append(ConnectionError("not now"))
    row = jobs.enqueue(f"{PROBES}.flaky")

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert (row.state, row.worker, row.starts) == (Job.State.QUEUED, None, 0)


@pytest.mark.django_db
def test_a_job_whose_worker_lost_its_session_is_put_back_within_seconds():
    dead, busy = running(heartbeat_at=ago(seconds=6)), running(heartbeat_at=ago(seconds=4))

    assert jobs.sweep() == 1

    dead.refresh_from_db()
    busy.refresh_from_db()
    assert (dead.state, dead.lease, busy.state) == (Job.State.QUEUED, None, Job.State.RUNNING)


@pytest.mark.django_db
def test_a_worker_that_speaks_again_while_it_is_watched_keeps_its_job(monkeypatch):
    row = running(heartbeat_at=ago(seconds=30))
    monkeypatch.setattr(
        keeping.time, "sleep", lambda _seconds: Job.objects.filter(pk=row.pk).update(heartbeat_at=timezone.now())
    )

    assert jobs.sweep() == 0

    row.refresh_from_db()
    assert row.state == Job.State.RUNNING


@pytest.mark.django_db(transaction=True)
def test_a_silent_worker_that_still_has_its_session_is_left_alone_for_the_whole_time():
    row = running(heartbeat_at=ago(seconds=50))
    other = connection.copy()
    try:
        assert locks.take(row.pk, on=other)

        assert jobs.sweep() == 0
        assert Job.objects.get(pk=row.pk).state == Job.State.RUNNING
        Job.objects.filter(pk=row.pk).update(heartbeat_at=ago(seconds=61))
        assert jobs.sweep() == 1
    finally:
        other.close()
    assert Job.objects.get(pk=row.pk).state == Job.State.QUEUED


@pytest.mark.django_db(transaction=True)
def test_the_next_worker_that_took_the_job_while_the_dead_one_was_watched_keeps_its_session(monkeypatch):
    row = running(heartbeat_at=ago(seconds=90))
    other = connection.copy()

    def the_next_takes_it(_seconds):
        assert locks.take(row.pk, on=other)
        Job.objects.filter(pk=row.pk).update(lease=uuid.uuid4(), heartbeat_at=timezone.now(), starts=2)

    monkeypatch.setattr(keeping.time, "sleep", the_next_takes_it)
    try:
        assert jobs.sweep() == 0
        with other.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
    finally:
        other.close()
    row.refresh_from_db()
    assert (row.state, row.starts) == (Job.State.RUNNING, 2)


@pytest.mark.django_db
def test_a_job_that_lost_its_worker_is_sent_ahead_of_those_that_wait(monkeypatch):
    priorities = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: priorities.append(options["priority"]))
    usual, again = waiting(created_at=ago(seconds=9)), waiting(starts=1, started_at=ago(seconds=70))

    assert (jobs.publish(usual.pk), jobs.publish(again.pk)) == (True, True)

    assert priorities == [5, 0]


@pytest.mark.django_db
def test_messages_of_both_priorities_count_as_waiting(redis_server):
    redis_server.lpush("light", "again")
    redis_server.lpush("light:5", "first", "second")

    assert waiting_in("light") == 3


@pytest.mark.django_db
def test_a_silent_job_that_somebody_wanted_to_stop_is_cancelled_and_not_started_again():
    row = running(heartbeat_at=ago(seconds=61), cancel_requested_at=ago(seconds=50))

    assert jobs.sweep() == 0

    row.refresh_from_db()
    assert row.state == Job.State.CANCELLED


@pytest.mark.django_db
def test_a_job_that_was_ended_by_force_for_its_length_fails_and_is_not_started_again():
    row = running(heartbeat_at=ago(seconds=61), started_at=ago(seconds=361))

    assert jobs.sweep() == 0

    row.refresh_from_db()
    assert row.state == Job.State.FAILED
    assert row.message_text == "It ran longer than the 6.0 minutes that the queue light allows."


# --- tries --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_passing_trouble_is_tried_again_after_pauses_that_double_and_never_quarantined(sent):
    row = jobs.enqueue(f"{PROBES}.flaky")
    pauses = []
    for _ in range(2):
        probe_tasks.errors.append(ConnectionError("no answer"))
        before = timezone.now()
        jobs.execute(row.pk)
        row.refresh_from_db()
        assert (row.state, row.message, row.starts) == (Job.State.QUEUED, "no answer", 0)
        pauses.append(round((row.not_before - before).total_seconds()))
        jobs.execute(row.pk)
        Job.objects.update(not_before=ago(seconds=1))

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert pauses == [10, 20]
    assert (row.state, row.retries, row.error) == (Job.State.DONE, 2, row.error)


@pytest.mark.django_db
def test_the_third_failure_of_two_retries_is_the_end_and_an_alert_until_one_ends_well(sent):
    row = jobs.enqueue(f"{PROBES}.flaky")
    for _ in range(3):
        probe_tasks.errors.append(ConnectionError("no answer"))
        Job.objects.update(not_before=None)
        jobs.execute(row.pk)

    row.refresh_from_db()
    assert (row.state, row.retries) == (Job.State.FAILED, 2)
    assert str(Alert.objects.open().get(rule="job_failed")) == f"probe.flaky #{row.pk} failed."

    jobs.execute(jobs.enqueue(f"{PROBES}.flaky").pk)

    assert not Alert.objects.open().filter(rule="job_failed").exists()


@pytest.mark.django_db
def test_other_errors_and_refusals_of_the_shop_are_not_tried_again(sent):
    probe_tasks.errors.append(ValueError("a mistake"))
    mistake, refusal = jobs.enqueue(f"{PROBES}.flaky"), jobs.enqueue(f"{PROBES}.refused")

    jobs.execute(mistake.pk)
    jobs.execute(refusal.pk)

    assert set(Job.objects.values_list("kind", "state", "retries")) == {
        ("probe.flaky", "failed", 0), ("probe.refused", "failed", 0)
    }  # fmt: skip
    assert Alert.objects.filter(rule="job_failed").values_list("key", flat=True).get() == "probe.flaky"


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_database_session_was_ended_is_started_again(sent):
    row = jobs.enqueue(f"{PROBES}.cut_off")

    jobs.execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.starts) == (Job.State.QUEUED, 1)
    Job.objects.update(not_before=None)
    jobs.execute(row.pk)

    row.refresh_from_db()
    assert (row.state, row.starts) == (Job.State.DONE, 2)


# --- what may be asked for ----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    ["anna@example.org", "Wang Fang", "王芳", "+86 138 0013 8000", "13800138000", "138-0013-8000", "a" * 65, "", 1.5,
     [1], {"id": 1}, b"x"],
)  # fmt: skip
def test_arguments_that_could_say_something_about_a_person_are_refused(value):
    with pytest.raises(TypeError, match="must be an id"):
        jobs.enqueue(NOTE, value=value)
    with pytest.raises(TypeError, match="must be an id"):
        jobs.run_now(NOTE, value=value)

    assert not Job.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    [13, True, None, "2026-11-24", "2026-11-24T10:00:00+00:00", "recommender.train", "en", "zh-hans",
     "0b1f6f9e-7a4e-4f7e-9a53-6f0a4d6b7c11", "ord_4Fz"],
)  # fmt: skip
def test_ids_dates_and_short_identifiers_are_arguments(sent, value):
    assert jobs.enqueue(NOTE, value=value).arguments == {"value": value}


@pytest.mark.django_db
def test_work_that_does_not_exist_is_refused_before_anything_is_written():
    with pytest.raises(jobs.NoSuchWork):
        jobs.enqueue("shop.tasks.gone")

    assert not Job.objects.exists()


@pytest.mark.django_db
def test_who_asked_for_a_job_stands_in_it(sent):
    from core.tasks import start_job

    boss = StaffUserFactory.create(username="boss")
    by_person, by_shop, by_command = (
        jobs.enqueue(NOTE, created_by=boss, value=1),
        jobs.enqueue(NOTE, value=1),
        jobs.run_now(NOTE, value=1),
    )
    start_job("core.tasks.tidy_jobs")

    by_schedule = Job.objects.get(kind="core.jobs.tidy")
    assert [row.asked_by for row in (by_person, by_shop, by_command, by_schedule)] == [
        "boss", "the shop itself", "command line", "the schedule"
    ]  # fmt: skip


# --- limits, age --------------------------------------------------------------------------------------------------


def test_every_limit_is_below_the_time_after_which_the_broker_hands_a_job_out_again(settings):
    call_command("check")
    settings.JOB_LIMIT_SECONDS = {**settings.JOB_LIMIT_SECONDS, "deep": 7_140}

    with pytest.raises(SystemCheckError, match="queue deep may run for 7200 s"):
        call_command("check")


@pytest.mark.django_db
def test_rows_of_jobs_that_ended_long_ago_are_removed(settings):
    settings.JOB_KEEP_DAYS = 30
    JobFactory.create(state=Job.State.DONE, finished_at=ago(days=31))
    recent = JobFactory.create(state=Job.State.FAILED, finished_at=ago(days=29))
    open_long = running(started_at=ago(days=40))

    assert jobs.tidy() == 1
    assert set(Job.objects.all()) == {recent, open_long}


@pytest.mark.django_db
def test_the_age_of_the_scheduler_is_known_from_its_last_sign_of_life():
    assert jobs.scheduler_age_seconds() is None

    keeping.note_scheduler()

    assert 0 <= jobs.scheduler_age_seconds() < 5
