"""What is looked at every minute: each check raises, keeps and closes its own alerts."""

import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from django.utils import timezone

from core import alerts, liveness, tasks
from core.alerts import checks
from core.extensions import alert_checks
from core.models import Alert, AlertRule, Job, OutgoingMail
from core.said import Said
from tests.factories import AlertFactory, JobFactory, ModelVersionFactory, OrderFactory

pytestmark = pytest.mark.django_db
Usage = namedtuple("Usage", "total used free")


def found() -> dict[tuple[str, str], str]:
    return {(alert.rule, alert.key): str(alert.said) for alert in Alert.objects.open()}


def aged(job: Job, **ago: float) -> Job:
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(**ago))
    return job


def test_a_job_that_waits_too_long_is_told_and_closes_itself():
    job = aged(JobFactory.create(queue="deep"), minutes=21)
    checks.check_queues()
    assert found() == {("job_waits", "deep"): "A job of the queue deep has waited for 21 minutes."}

    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE)
    checks.check_queues()

    assert found() == {}


def test_a_job_waits_rightly_while_its_worker_is_busy_or_before_its_time():
    aged(JobFactory.create(queue="train"), hours=2)
    JobFactory.create(queue="deep", state=Job.State.RUNNING, heartbeat_at=timezone.now())
    later = aged(JobFactory.create(queue="deep"), hours=2)
    Job.objects.filter(pk=later.pk).update(not_before=timezone.now() + timedelta(minutes=1))

    checks.check_queues()

    assert found() == {}


def test_a_worker_whose_job_is_silent_is_not_busy():
    aged(JobFactory.create(queue="train"), minutes=11)
    JobFactory.create(queue="deep", state=Job.State.RUNNING, heartbeat_at=timezone.now() - timedelta(minutes=5))

    checks.check_queues()

    assert set(found()) == {("job_waits", "train")}


def test_a_long_queue_is_told_with_its_threshold():
    AlertRule.objects.filter(key="queue_long").update(threshold=2)
    JobFactory.create_batch(3, queue="light")
    checks.check_queues()
    assert found() == {("queue_long", "light"): "3 jobs wait in the queue light."}

    Job.objects.order_by("pk").first().delete()
    checks.check_queues()

    assert found() == {}


def test_a_queue_that_no_worker_takes_from_is_told(redis_server):
    liveness.say_alive(["light", "mail", "bulk", "train"])
    checks.check_parts()
    assert found() == {("workers_silent", ""): "No worker takes jobs from these queues: deep."}

    liveness.say_alive(["deep"])
    checks.check_parts()

    assert found() == {}


def test_a_check_that_runs_at_all_closes_what_the_web_process_saw(redis_server):
    for rule in ("scheduler_silent", "redis_away", "workers_silent"):
        AlertFactory.create(rule=rule, key="")
    liveness.say_alive(liveness.QUEUES)

    checks.check_parts()

    assert found() == {}


def test_few_connections_left_are_told(monkeypatch):
    monkeypatch.setattr(checks, "connections_used", lambda: (87, 100))
    checks.check_connections()
    assert found() == {("database_full", ""): "87 of 100 connections to the database are in use."}

    monkeypatch.setattr(checks, "connections_used", lambda: (85, 100))
    checks.check_connections()

    assert found() == {}


def test_connections_are_counted_in_the_database():
    used, most = checks.connections_used()

    assert 1 <= used <= most


def test_a_model_of_a_shop_whose_history_ended_is_as_old_as_on_its_last_day(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    end = timezone.now() - timedelta(days=900)
    OrderFactory.create(paid_at=end)
    version = ModelVersionFactory.create(number=7, state="active", trained_until=end)
    checks.check_models()
    assert ("model_old", "recommender") not in found()

    version.trained_until = end - timedelta(days=20)
    version.save()
    checks.check_models()

    assert found()["model_old", "recommender"] == "recommender.v7 learned from data until 20 days ago."


def test_a_disk_that_fills_is_told(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10e9, 8.4e9, 1.6e9))
    checks.check_disk()
    assert found() == {("disk_low", ""): "1.6 GB are free on the disk of the shop's folder."}

    AlertRule.objects.filter(key="disk_low").update(threshold=1)
    checks.check_disk()

    assert found() == {}


def test_damaged_and_old_models_are_told_and_a_kind_without_a_live_version_is_not(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    version = ModelVersionFactory.create(number=7, state="active", trained_until=timezone.now() - timedelta(days=20))
    checks.check_models()
    assert found() == {
        ("model_damaged", "recommender"): "The files of recommender.v7 are missing or were changed.",
        ("model_old", "recommender"): "recommender.v7 learned from data until 20 days ago.",
    }
    assert Alert.objects.get(rule="model_old").link == "/admin/core/modelversion/?kind=recommender&version=7"

    version.state = "retired"
    version.save()
    checks.check_models()

    assert found() == {}


def test_jobs_that_failed_in_the_last_hour_are_counted():
    now = timezone.now()
    JobFactory.create_batch(2, state=Job.State.FAILED, finished_at=now - timedelta(minutes=5))
    JobFactory.create(state=Job.State.FAILED, finished_at=now - timedelta(hours=2))
    checks.check_failed_jobs()
    assert found() == {}

    JobFactory.create(state=Job.State.QUARANTINED, finished_at=now)
    checks.check_failed_jobs()

    assert found() == {("jobs_failed", ""): "3 jobs failed in the last hour."}


def test_mail_that_fails_is_told_without_mail():
    for number in range(3):
        OutgoingMail.objects.create(
            kind="alert", to="a@example.com", language="en", subject="x", state="failed", message_id=f"<{number}>"
        )

    checks.check_mail()

    assert found() == {("mail_failing", ""): "3 mails could not be delivered in the last hour."}
    assert OutgoingMail.objects.exclude(state="failed").count() == 0


def test_a_check_that_fails_stops_no_other_and_leaves_nothing_half_done(monkeypatch, redis_server):
    def broken():
        alerts.raise_alert("queue_long", said=Said("half"))
        raise OSError("no such disk")

    monkeypatch.setattr(checks, "check_disk", broken)
    AlertRule.objects.filter(key="jobs_failed").update(threshold=0)

    tasks.check_for_trouble()

    assert ("jobs_failed", "") in found()
    assert ("queue_long", "") not in found()


def test_every_check_is_asked_and_a_second_run_changes_nothing_but_counts(redis_server):
    liveness.say_alive(liveness.QUEUES)
    aged(JobFactory.create(queue="deep"), minutes=21)
    assert {f"core.{name}" for name in ("queues", "parts", "connections", "disk", "models", "failed_jobs", "mail")} <= {
        entry.key for entry in alert_checks
    }

    tasks.check_for_trouble()
    tasks.check_for_trouble()

    assert list(Alert.objects.filter(rule="job_waits").values_list("key", "count")) == [("deep", 2)]
