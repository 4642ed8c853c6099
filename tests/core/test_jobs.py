import functools
import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone, translation

from core import jobs
from core.jobs import running, worker
from core.jobs.asking import broker
from core.models import Job
from core.said import Said
from core.shop import forget_shop
from tests.core import probe_tasks
from tests.factories import ShopProfileFactory

NOTE, FAIL, TODAY = (f"tests.core.probe_tasks.{name}" for name in ("note", "fail", "today"))


@pytest.fixture(autouse=True)
def _no_pulse(settings):
    settings.JOB_HEARTBEAT_SECONDS = 0
    probe_tasks.calls.clear()
    broker.succeeded()


@pytest.fixture
def sent(monkeypatch):
    """Messages that would have gone to the broker."""
    messages = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: messages.append((name, options)))
    return messages


@pytest.mark.django_db(transaction=True)
def test_a_job_is_sent_only_after_the_transaction_that_asked_for_it(sent):
    with transaction.atomic():
        row = jobs.enqueue(NOTE, value=3)
        assert sent == []

    row.refresh_from_db()
    limits = {"soft_time_limit": 300, "time_limit": 360}
    assert sent == [(NOTE, {"kwargs": {"job_id": row.pk}, "queue": "light", "retry": False, "priority": 5, **limits})]
    assert row.published_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_neither_row_nor_message(sent):
    with transaction.atomic():
        jobs.enqueue(NOTE, value=3)
        transaction.set_rollback(True)

    assert sent == []
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_arguments_that_do_not_fit_are_refused_before_anything_is_written():
    with pytest.raises(TypeError):
        jobs.enqueue(NOTE, wrong=1)

    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_second_job_with_the_same_key_is_the_first_while_that_is_active(sent):
    first = jobs.enqueue(NOTE, dedupe_key="k", value=1)
    second = jobs.enqueue(NOTE, dedupe_key="k", value=1)
    Job.objects.filter(pk=first.pk).update(state=Job.State.DONE)
    third = jobs.enqueue(NOTE, dedupe_key="k", value=1)

    assert second.pk == first.pk
    assert third.pk != first.pk


@pytest.mark.django_db
def test_a_message_that_arrives_twice_runs_the_job_once(sent):
    row = jobs.enqueue(NOTE, value=7)

    jobs.execute(row.pk)
    jobs.execute(row.pk)

    row.refresh_from_db()
    assert probe_tasks.calls == [{"value": 7}]
    assert (row.state, row.starts, row.result, row.done, row.total) == (Job.State.DONE, 1, {"value": 7}, 1, 2)


@pytest.mark.django_db
def test_a_failing_job_keeps_its_error_and_nothing_else_breaks(sent):
    row = jobs.enqueue(FAIL)

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert row.state == Job.State.FAILED
    assert row.message == "the oven is cold"
    assert "ValueError" in row.error


@pytest.mark.django_db
def test_a_waiting_job_is_cancelled_at_once_and_never_runs(sent):
    row = jobs.enqueue(NOTE, value=1)

    assert jobs.cancel(row)
    jobs.execute(row.pk)

    row.refresh_from_db()
    assert row.state == Job.State.CANCELLED
    assert probe_tasks.calls == []


@pytest.mark.django_db
def test_a_running_job_stops_at_its_next_progress_report(sent, monkeypatch):
    row = jobs.enqueue(NOTE, value=1)
    asked_to_stop = threading.Event()
    asked_to_stop.set()
    monkeypatch.setattr(worker, "Pulse", functools.partial(running.Pulse, cancelled=asked_to_stop))

    jobs.execute(row.pk)

    row.refresh_from_db()
    assert row.state == Job.State.CANCELLED
    assert row.result == {}


@pytest.mark.django_db(transaction=True)
def test_a_job_written_while_the_broker_was_away_is_relayed_later(monkeypatch):
    def away(*args, **options):
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.current_app.send_task", away)
    row = jobs.enqueue(NOTE, value=1)
    Job.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(seconds=10))
    row.refresh_from_db()
    assert row.published_at is None
    messages = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: messages.append(name))

    assert jobs.relay() == 1

    row.refresh_from_db()
    assert messages == [NOTE]
    assert row.published_at is not None


@pytest.mark.django_db
def test_a_job_whose_worker_fell_silent_is_put_back_and_after_three_starts_set_aside():
    silent = timezone.now() - timedelta(seconds=61)
    facts = {"kind": "probe.note", "task": NOTE, "queue": "light", "state": Job.State.RUNNING, "heartbeat_at": silent}
    once = Job.objects.create(starts=1, **facts)
    often = Job.objects.create(starts=3, **facts)

    assert jobs.sweep() == 1

    once.refresh_from_db()
    often.refresh_from_db()
    assert (once.state, once.published_at) == (Job.State.QUEUED, None)
    assert often.state == Job.State.QUARANTINED


@pytest.mark.django_db(transaction=True)
def test_progress_is_visible_to_others_while_the_job_sits_in_a_transaction(settings):
    settings.JOB_HEARTBEAT_SECONDS = 0.05
    row = Job.objects.create(kind="probe.note", task=NOTE, queue="light", state=Job.State.RUNNING)

    with worker._watched(running.Pulse(row.pk)) as pulse, transaction.atomic():
        jobs.progress(40, 100, Said("reading"))
        for _ in range(100):
            if pulse.stopped.wait(0.05) or Job.objects.get(pk=row.pk).done == 40:
                break
        seen = Job.objects.get(pk=row.pk)

    assert (seen.done, seen.total, seen.message) == (40, 100, "reading")


@pytest.mark.django_db
def test_what_a_job_said_is_read_in_the_language_of_the_reader():
    row = Job.objects.create(
        kind="probe.note",
        task=NOTE,
        queue="light",
        message="%(section)s: writing",
        message_values={"section": "orders"},
    )

    with translation.override("en"):
        assert row.message_text == "orders: writing"
    with translation.override("zh-hans"):
        assert row.message_text != "orders: writing"
        assert "orders" in row.message_text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("task", "door"),
    [("reviews.tasks.train_intents", "reviews.answers.training.train"),
     ("reviews.tasks.find_terms", "reviews.term_discovery.find"),
     ("recommender.tasks.train", "recommender.pipelines.train_recommender"),
     ("analytics.tasks.train_clusters", "analytics.segments.clusters.train")],
)  # fmt: skip
def test_learning_that_breaks_says_what_to_do_and_keeps_its_own_words_for_the_operator(sent, monkeypatch, task, door):
    def broken(*_given, **_named):
        raise KeyError("dense_7/kernel")

    monkeypatch.setattr(door, broken)
    row = jobs.enqueue(task)
    jobs.execute(row.pk)

    row.refresh_from_db()
    assert (row.state, row.message_text) == (Job.State.FAILED, jobs.BROKE)
    assert row.error.startswith("KeyError: 'dense_7/kernel'")
    with translation.override("zh-hans"):
        assert row.message_text.startswith("工作因无人预料的原因中断")


@pytest.mark.django_db
def test_a_job_counts_the_days_of_the_shop(sent):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart: never the same day
        ShopProfileFactory.create(time_zone=zone)
        forget_shop()
        row = jobs.enqueue(TODAY)

        jobs.execute(row.pk)

        row.refresh_from_db()
        assert row.result == {"day": timezone.now().astimezone(ZoneInfo(zone)).date().isoformat()}
