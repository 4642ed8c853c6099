"""Workers say in Redis which queues they take from."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings

from config.celery import app
from core import liveness
from core.local_services import ensure_redis
from core.supervisor.__main__ import parts
from core.supervisor.configuration import Configuration


class Timer:
    """Celery's timer, by hand."""

    def __init__(self) -> None:
        self.repeated: list[tuple[float, Callable, tuple]] = []
        self.is_cancelled = False

    def call_repeatedly(self, seconds, function, arguments):
        self.repeated.append((seconds, function, arguments))
        return self

    def cancel(self) -> None:
        self.is_cancelled = True


def test_a_worker_says_so_at_its_start_and_every_few_seconds_until_it_stops(redis_server):
    timer = Timer()
    queues = SimpleNamespace(consume_from={"light": None, "mail": None})
    consumer = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=queues)), timer=timer)
    step = liveness.SignsOfLife(consumer)

    step.start(consumer)
    assert set(liveness.heard_from()) == {"light", "mail"}
    assert liveness.silent_queues() == ["bulk", "train", "deep"]

    [(seconds, function, arguments)] = timer.repeated
    redis_server.flushdb()
    function(*arguments)
    assert (seconds, set(liveness.heard_from())) == (liveness.EVERY_SECONDS, {"light", "mail"})

    step.stop(consumer)
    assert timer.is_cancelled


def test_every_worker_has_the_step():
    assert "core.liveness:SignsOfLife" in app.steps["consumer"]


def test_every_queue_belongs_to_one_group():
    assert sorted(queue for group in liveness.GROUPS for queue in group) == sorted(liveness.QUEUES)


@pytest.mark.installs
def test_a_worker_that_is_frozen_falls_silent_and_speaks_again_when_it_wakes(private_var):
    url = ensure_redis(private_var)
    client = redis.Redis.from_url(url)

    environment = {**os.environ, "VAR_DIR": str(private_var), "REDIS_URL": url, "DATABASE_URL": ""}
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-Q", "deep", "-c", "1", "-P", "solo"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(
        [*command, *quiet], cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def last() -> float:
        return float(client.get("zg:alive:deep") or 0)

    def spoke_after(moment: float, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while last() <= moment and time.monotonic() < until:
            time.sleep(0.05)
        return last() > moment

    try:
        assert spoke_after(0, 40)
        assert not client.get("zg:alive:light")
        worker.send_signal(signal.SIGSTOP)
        frozen = last()
        assert not spoke_after(frozen, liveness.EVERY_SECONDS + 1)
        assert client.ttl("zg:alive:deep") < liveness.SILENT_AFTER_SECONDS - liveness.EVERY_SECONDS
        worker.send_signal(signal.SIGCONT)
        assert spoke_after(frozen, 10)
    finally:
        worker.send_signal(signal.SIGCONT)
        worker.kill()
        worker.wait(timeout=10)
        client.close()


def test_groups_are_the_queues_of_the_workers_that_run(tmp_path):
    started = parts(Configuration(var=tmp_path, host="127.0.0.1", port=8000))
    commands = [part.command for part in started if part.name.startswith("worker-")]

    assert tuple(frozenset(line[line.index("-Q") + 1].split(",")) for line in commands) == liveness.GROUPS
    assert liveness.GROUPS[1] == {"bulk"}, "imports and changes of many products wait for nothing that learns"
