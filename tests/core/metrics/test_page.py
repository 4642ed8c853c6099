"""`/metrics`: who may read it, what stands in it, and that it answers whatever is away."""

import time
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from core import health, liveness, metrics, redis_client
from core.metrics import families
from core.models import Heartbeat, Job, OutgoingMail
from tests.factories import AlertFactory, JobFactory, ModelVersionFactory


@pytest.fixture
def whole(transactional_db, redis_server):
    Heartbeat.objects.create(name="scheduler", seen_at=timezone.now())
    liveness.say_alive(liveness.QUEUES)
    return Client()


def read(client: Client, **headers: str) -> dict[tuple[str, ...], float]:
    """`{("zhanggui_jobs", "light", "queued"): 1.0}`: the name and the values of the labels in order of their names."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _label, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


# --- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("10.0.0.7", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"X-Real-IP": "203.0.113.9"}, 404),
        ("10.0.0.7", {"Authorization": "Bearer s3cret-token"}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9", "Authorization": "bearer s3cret-token"}, 200),
        ("10.0.0.7", {"Authorization": "Bearer s3cret-toke"}, 404),
        ("10.0.0.7", {"Authorization": "Bearer "}, 404),
        ("10.0.0.7", {"Authorization": "Basic s3cret-token"}, 404),
    ],
)
def test_only_who_is_near_or_has_the_token_reads_it(monkeypatch, settings, address, headers, status):
    settings.METRICS_TOKEN = "s3cret-token"
    monkeypatch.setattr(families.Installation, "collect", lambda self: iter(()))

    assert Client(REMOTE_ADDR=address).get("/metrics", headers=headers).status_code == status


def test_without_a_token_in_the_settings_no_token_opens_it(monkeypatch, settings):
    settings.METRICS_TOKEN = ""
    settings.METRICS_NETWORKS = ["192.0.2.0/24"]

    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


# --- what ---------------------------------------------------------------------------------------------------------


def test_the_tables_tell_of_queues_jobs_models_mail_alerts_and_the_database(whole):
    now = timezone.now()
    waiting = JobFactory.create(queue="deep")
    Job.objects.filter(pk=waiting.pk).update(created_at=now - timedelta(seconds=90))
    JobFactory.create(queue="light", state=Job.State.RUNNING, heartbeat_at=now)
    for seconds in (10, 30):
        JobFactory.create(state=Job.State.DONE, started_at=now - timedelta(seconds=seconds), finished_at=now)
    old = now - timedelta(hours=3)
    JobFactory.create(state=Job.State.QUARANTINED, started_at=old, finished_at=old)
    ModelVersionFactory.create(number=4, state="active", trained_until=now - timedelta(days=2))
    AlertFactory.create(rule="disk_low", level="critical")
    AlertFactory.create(resolved_at=now)
    OutgoingMail.objects.create(kind="x", to="a@example.com", language="en", subject="x", message_id="<1>")

    found = read(whole)

    assert found["zhanggui_jobs", "deep", "queued"] == 1
    assert found["zhanggui_jobs", "light", "running"] == 1
    assert 90 <= found["zhanggui_jobs_oldest_waiting_seconds", "deep"] < 100
    assert found["zhanggui_jobs_dead_letters",] == 1
    assert found["zhanggui_jobs_ended_last_hour", "recommender.train", "done"] == 2
    assert found["zhanggui_jobs_mean_seconds_last_hour", "recommender.train", "done"] == pytest.approx(20)
    assert found["zhanggui_jobs_longest_seconds_last_day", "recommender.train", "done"] == pytest.approx(30)
    assert ("zhanggui_jobs_ended_last_hour", "recommender.train", "quarantined") not in found
    assert found["zhanggui_jobs_ended_last_day", "recommender.train", "quarantined"] == 1
    assert found["zhanggui_model_version", "recommender"] == 4
    assert found["zhanggui_model_data_age_seconds", "recommender"] == pytest.approx(172_800, abs=60)
    assert found["zhanggui_alerts_open", "critical", "disk_low"] == 1
    assert sum(value for name, value in found.items() if name[0] == "zhanggui_alerts_open") == 1
    assert found["zhanggui_mails_last_day", "waiting"] == 1
    assert found["zhanggui_outbox_waiting",] == 0
    assert found["zhanggui_database_bytes",] > 1_000_000
    assert 0 < found["zhanggui_database_connections",] <= found["zhanggui_database_connections_limit",]
    assert found["zhanggui_scheduler_last_heard_seconds",] < 60
    assert found["zhanggui_worker_last_heard_seconds", "deep"] < 30
    assert found["zhanggui_disk_free_bytes",] > 0
    assert found["zhanggui_part_up", "models"] == 0
    assert found["zhanggui_part_up", "database"] == found["zhanggui_part_up", "workers"] == 1


def test_requests_are_counted_by_area_and_class_of_status(whole):
    whole.get("/api/v1/products")
    whole.get("/admin/login/")
    whole.get("/nowhere")
    whole.get("/livez")
    whole.get("/metrics")

    found = read(whole)

    requests = {name[1:]: value for name, value in found.items() if name[0] == "zhanggui_http_requests_total"}
    assert requests == {("api", "4xx"): 1, ("staff", "2xx"): 1, ("other", "4xx"): 1}
    assert found["zhanggui_http_request_seconds_total", "api"] > 0


def test_refusals_because_of_a_limit_and_answers_without_a_model_are_counted(whole, settings, server):
    settings.API_RATE_SERVER = 1
    assert [server.get("/recommendations").status_code for _turn in range(2)] == [200, 429]

    found = read(whole)

    assert found["zhanggui_recommendations_total", "fallback"] == 1
    assert found["zhanggui_http_throttled_total", "api"] == 1


def test_counters_have_the_labels_they_promise(whole):
    metrics.count("http_requests", area="api", status="2xx")
    metrics.count("http_requests", area="api")
    metrics.count("unheard_of")

    found = read(whole)

    assert found["zhanggui_http_requests_total", "api", "2xx"] == 1
    assert not [name for name in found if "unheard_of" in name[0]]


# --- whatever is away ---------------------------------------------------------------------------------------------


def test_it_answers_without_redis_with_what_this_process_and_the_tables_know(whole, monkeypatch):
    metrics.count("http_requests", area="api", status="2xx")
    AlertFactory.create()

    def away():
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(redis_client, "client", away)

    found = read(whole)

    assert found["zhanggui_part_up", "redis"] == 0
    assert found["zhanggui_http_requests_total", "api", "2xx"] == 1
    assert found["zhanggui_alerts_open", "warning", "job_waits"] == 1
    assert found["zhanggui_disk_free_bytes",] > 0
    assert not [name for name in found if name[0] == "zhanggui_queue_messages"]


def test_it_answers_without_the_database_with_counters_and_queues(whole, monkeypatch):
    metrics.count("http_requests", area="api", status="2xx")

    def away():
        raise OperationalError("refused")

    monkeypatch.setattr(health, "_select", away)
    started = time.monotonic()

    found = read(whole)

    assert time.monotonic() - started < 2
    assert found["zhanggui_part_up", "database"] == 0
    assert found["zhanggui_http_requests_total", "api", "2xx"] == 1
    assert found["zhanggui_queue_messages", "light"] == 0
    assert not [name for name in found if name[0] == "zhanggui_jobs_dead_letters"]


def test_tables_that_hang_are_left_out_in_time(whole, monkeypatch):
    monkeypatch.setattr(families, "TABLES_SECONDS", 0.2)
    monkeypatch.setattr(families.tables, "families", lambda: time.sleep(5))
    started = time.monotonic()

    found = read(whole)

    assert time.monotonic() - started < 4
    assert found["zhanggui_part_up", "database"] == 1
    assert ("zhanggui_database_bytes",) not in found
