from datetime import timedelta

import pytest
import redis
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from core import health, redis_client
from core.models import Job
from tests.factories import JobFactory, ModelVersionFactory


@pytest.fixture
def ready(db, redis_server):
    """A whole installation."""
    return Client()


def test_livez_answers_without_asking_anyone(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_readyz_names_every_part(ready):
    response = ready.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "degraded": [],
        "parts": {name: {"state": "ok", "detail": ""} for name in ("database", "redis", "jobs", "models")},
    }


def test_without_redis_the_shop_is_degraded_but_open(ready, monkeypatch):
    def away():
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(redis_client, "client", away)

    response = ready.get("/readyz")

    assert (response.status_code, response.json()["degraded"]) == (200, ["redis"])
    assert response.json()["parts"]["redis"] == {"state": "away", "detail": "ConnectionError"}


def test_without_the_database_the_shop_is_not_ready(ready, monkeypatch):
    def away():
        raise OperationalError("no password for postgres at 10.0.0.1")

    monkeypatch.setattr(health, "_database", away)

    response = ready.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert b"10.0.0.1" not in response.content


def test_a_job_that_nobody_takes_degrades(ready):
    old = JobFactory.create()
    Job.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(seconds=700))

    response = ready.get("/readyz")

    assert response.json()["degraded"] == ["jobs"]


def test_a_damaged_model_degrades_and_is_named(ready, settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    ModelVersionFactory.create(number=7, state="active")

    response = ready.get("/readyz")

    assert response.json()["parts"]["models"] == {"state": "degraded", "detail": "damaged: recommender.v7"}
