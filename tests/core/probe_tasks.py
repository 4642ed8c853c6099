"""Jobs that tests run."""

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
