"""Jobs that misbehave, for workers of a shop that is broken on purpose. Effects are rows of `probe_effect`.

Use them with `with_probes(shop)`; the table has no constraint, so that a doubled effect is seen.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from core import jobs
from core.jobs import job
from core.supervisor.configuration import CHECKOUT
from tests.faults.harness import Shop

NAME = __name__


def with_probes(shop: Shop) -> Shop:
    """Workers of this shop know these jobs."""
    for name, part in shop._parts.items():
        if name.startswith("worker"):
            shop._parts[name] = replace(part, command=[*part.command, "-I", NAME])
    shop.ask("CREATE TABLE IF NOT EXISTS probe_effect (job_id bigint, number int, pid int)")
    return shop


class Asker:
    """A process of the shop that stays, so that each question does not cost a start of Django."""

    PROGRAM = """
import json, sys, django
django.setup()
from celery import current_app
from django.db import close_old_connections
from core import jobs
from core.models import Job
for line in sys.stdin:
    close_old_connections()
    print(json.dumps(eval(line)), flush=True)
"""

    def __init__(self, shop: Shop) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM], cwd=CHECKOUT, env={**os.environ, **shop.environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(shop.var / "log" / "asker.log").open("a"),
        )  # fmt: skip

    def ask(self, expression: str) -> Any:
        """The value of a Python expression there, by way of JSON."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{expression}: the process ended"
        return json.loads(answer)

    def enqueue(self, task: str, count: int = 1, **arguments: Any) -> list[int]:
        """Ask for jobs of this module; their numbers."""
        numbers: list[int] = self.ask(f"[jobs.enqueue('{NAME}.{task}', **{arguments!r}).pk for _ in range({count})]")
        return numbers

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def write_effect(number: int) -> None:
    """One row, and the note that it is there, or neither."""
    with transaction.atomic():
        jobs.guard()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO probe_effect VALUES (%s, %s, %s)", [jobs.current_job_id(), number, os.getpid()])
        jobs.checkpoint(written=True)


def _sleep(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)


@job(kind="probe.effect", queue="light")
def effect(*, milliseconds: int = 0) -> None:
    """Works for a while and then has its one effect."""
    _sleep(milliseconds / 1000)
    if not jobs.resume_state().get("written"):
        write_effect(1)


@job(kind="probe.open", queue="light")
def open_transaction(*, milliseconds: int) -> None:
    """Has its effect and sits in the open transaction for a while before it commits."""
    with transaction.atomic():
        write_effect(1)
        _note("open")
        _sleep(milliseconds / 1000)


@job(kind="probe.poison", queue="light")
def poison() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job(kind="probe.sleeper", queue="light")
def sleeper(*, seconds: int) -> None:
    """Never says how far it is."""
    _note("sleeps")
    _sleep(seconds)
    write_effect(1)


@job(kind="probe.too_long", queue="mail")
def too_long() -> None:
    _sleep(60)


@job(kind="probe.stubborn", queue="mail")
def stubborn() -> None:
    """Goes on whatever error reaches it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            _sleep(60)


def _note(what: str) -> None:
    """For a test that must know that the job is just there: the number of its process."""
    Path(settings.VAR_DIR, f"{what}-{jobs.current_job_id()}").write_text(str(os.getpid()))
