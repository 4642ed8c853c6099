"""Alive and whole: named parts, and an answer within a second whatever hangs."""

import shutil
import socket
import time
from collections import namedtuple
from concurrent.futures import wait
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError, connections
from django.test import Client
from django.utils import timezone

from core import health, liveness, redis_client
from core.models import Heartbeat, Job
from tests import sessions
from tests.factories import JobFactory, ModelVersionFactory
from tests.faults.harness.waiting import until

PARTS = ("database", "jobs", "scheduler", "models", "redis", "workers", "events", "figures", "disk")
Usage = namedtuple("Usage", "total used free")


def settle():
    """Wait until no question of an earlier test is under way: whoever asks now would join it."""
    for question in (health._database, health._redis):
        if question._running is not None:
            wait([question._running[1]], timeout=20)


@pytest.fixture
def ready(transactional_db, redis_server):
    """A whole installation; what is looked at lies behind connections of other threads."""
    settle()
    Heartbeat.objects.create(name="scheduler", seen_at=timezone.now())
    liveness.say_alive(liveness.QUEUES)
    return Client()


@pytest.fixture
def black_hole():
    """A port that accepts and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


@pytest.fixture
def deaf_redis(monkeypatch, black_hole):
    monkeypatch.setattr(redis_client, "redis_url", lambda: f"redis://127.0.0.1:{black_hole}/0")
    redis_client._client.cache_clear()
    yield
    redis_client._client.cache_clear()


@pytest.fixture
def deaf_database(monkeypatch, settings, black_hole):
    settings.LOCAL_POSTGRES = False
    for name, value in {"HOST": "127.0.0.1", "PORT": str(black_hole), "USER": "x", "PASSWORD": "x"}.items():
        monkeypatch.setitem(connections.settings["default"], name, value)


def asked(client: Client) -> tuple[int, dict, float]:
    started = time.monotonic()
    response = client.get("/readyz")
    return response.status_code, response.json(), time.monotonic() - started


def test_livez_answers_without_asking_anyone(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_readyz_names_every_part(ready):
    response = ready.get("/readyz")

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {
        "status": "ready",
        "degraded": [],
        "parts": {name: {"state": "ok", "detail": ""} for name in PARTS},
    }


def test_without_redis_the_shop_is_degraded_but_open(ready, monkeypatch):
    def away():
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(redis_client, "client", away)

    status, answer, _seconds = asked(ready)

    assert (status, answer["degraded"]) == (200, ["redis"])
    assert answer["parts"]["redis"] == {"state": "away", "detail": "ConnectionError"}
    assert "workers" not in answer["parts"]


@pytest.mark.parametrize(("missed", "state"), [(2, "ready"), (3, "degraded")])
def test_a_redis_that_misses_its_moment_on_a_busy_machine_is_asked_again(ready, monkeypatch, missed, state):
    answers = iter([redis.TimeoutError] * missed + [None] * 9)
    real = redis_client.client()

    class Busy:
        def ping(self):
            if (error := next(answers)) is not None:
                raise error

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(redis_client, "client", Busy)

    assert ready.get("/readyz").json()["status"] == state


def test_a_redis_that_accepts_and_stays_silent_holds_nobody_up(ready, deaf_redis):
    status, answer, seconds = asked(ready)

    assert (status, answer["degraded"]) == (200, ["redis"])
    assert seconds < 2


def test_a_database_that_accepts_and_stays_silent_is_away_in_time(ready, deaf_database):
    status, answer, seconds = asked(ready)

    assert (status, answer["status"], answer["degraded"]) == (503, "unavailable", ["database"])
    assert answer["parts"]["database"] == {"state": "away", "detail": "no answer"}
    assert seconds < 2


def test_with_both_silent_the_answer_still_comes_in_time_each_time(ready, deaf_database, deaf_redis):
    answers = [asked(ready) for _turn in range(3)]

    assert [(status, answer["degraded"]) for status, answer, _seconds in answers] == [(503, ["database", "redis"])] * 3
    assert max(seconds for _status, _answer, seconds in answers) < 2


def test_without_the_database_the_shop_is_not_ready(ready, monkeypatch):
    def away():
        raise OperationalError("no password for postgres at 10.0.0.1")

    monkeypatch.setattr(health, "_select", away)

    response = ready.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["parts"]["database"]["detail"] == "OperationalError"
    assert b"10.0.0.1" not in response.content


def test_a_slow_database_is_degraded_and_open(ready, monkeypatch):
    monkeypatch.setattr(health, "SLOW_SECONDS", -1)

    status, answer, _seconds = asked(ready)

    assert (status, answer["degraded"]) == (200, ["database"])
    assert answer["parts"]["database"]["detail"].startswith("slow: ")


def test_a_job_that_nobody_takes_degrades(ready):
    old = JobFactory.create()
    Job.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(seconds=700))

    assert asked(ready)[1]["degraded"] == ["jobs"]


def test_a_damaged_model_degrades_and_is_named(ready, settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    ModelVersionFactory.create(number=7, state="active")

    assert asked(ready)[1]["parts"]["models"] == {"state": "degraded", "detail": "damaged: recommender.v7"}


def test_queues_without_a_worker_are_named(ready, redis_server):
    redis_server.delete("zg:alive:deep", "zg:alive:train")

    assert asked(ready)[1]["parts"]["workers"] == {"state": "degraded", "detail": "silent: train, deep"}


def test_a_worker_is_forgotten_after_half_a_minute(redis_server):
    liveness.say_alive(["light"])

    assert 0 < redis_server.ttl("zg:alive:light") <= 30
    assert list(liveness.heard_from()) == ["light"]


def test_a_worker_says_nothing_and_does_not_fail_while_redis_is_away(deaf_redis):
    started = time.monotonic()
    liveness.say_alive(["light", "mail"])

    assert time.monotonic() - started < 2


@pytest.mark.parametrize(("ago", "detail"), [(None, "never ran"), (300, "silent for 300 s")])
def test_a_scheduler_that_is_silent_degrades(ready, ago, detail):
    Heartbeat.objects.all().delete()
    if ago:
        Heartbeat.objects.create(name="scheduler", seen_at=timezone.now() - timedelta(seconds=ago))

    assert asked(ready)[1]["parts"]["scheduler"] == {"state": "degraded", "detail": detail}


def test_a_disk_that_is_nearly_full_degrades(ready, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10e9, 9.6e9, 0.4e9))

    assert asked(ready)[1]["parts"]["disk"] == {"state": "degraded", "detail": "0.4 GB free"}


def test_looking_leaves_no_connection_behind(ready):
    asked(ready)

    until(lambda: sessions.pids() == [], seconds=10, what="no session but our own")
