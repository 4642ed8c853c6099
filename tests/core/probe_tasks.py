"""Jobs that tests run."""

from typing import Any

from django.db import connection
from django.utils import timezone

from core import jobs
from core.exceptions import DomainError
from core.jobs import job, progress
from core.said import Said

calls: list[dict] = []


@job(kind="probe.note", queue="light")
def note(*, value: int) -> dict:
    calls.append({"value": value})
    progress(1, 2, Said("half way"))
    return {"value": value}


@job(kind="probe.fail", queue="light")
def fail() -> None:
    raise ValueError("the oven is cold")


@job(kind="probe.today", queue="light")
def today() -> dict:
    return {"day": timezone.localdate().isoformat()}


errors: list[Exception] = []
"""What `flaky` raises, one at each start; then it ends well."""


@job(kind="probe.flaky", queue="light", retries=2, backoff=10, retry_on=(ConnectionError,))
def flaky() -> None:
    if errors:
        raise errors.pop(0)


@job(kind="probe.refused", queue="light", retries=2)
def refused() -> None:
    raise DomainError("Nobody bought anything yet.")


@job(kind="probe.cut_off", queue="light")
def cut_off() -> None:
    """Its database session is ended in the middle."""
    calls.append({"cut": True})
    if len(calls) == 1:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


acts: list[Any] = []
"""Functions that `act` calls, one after the other."""


@job(kind="probe.act", queue="light")
def act() -> None:
    for one in acts:
        one()


@job(kind="probe.steps", queue="light")
def steps() -> dict:
    """Remembers each of three steps and is cut off after the second at its first start."""
    done = jobs.resume_state().get("done", [])
    for number in range(len(done), 3):
        calls.append({"step": number})
        done = [*done, number]
        jobs.checkpoint(done=done)
        if number == 1 and len(calls) == 2:
            raise ConnectionError("cut off")
    return {"done": len(done)}
