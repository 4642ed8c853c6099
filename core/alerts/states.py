"""What the web process sees by itself: no worker, no schedule, no Redis, a slow database.

Checks run in a worker that the scheduler asks over Redis, so they cannot tell that one of the three is gone. A
thread of this process looks instead, at most every ten seconds and only while pages are opened; no page waits for it
but the first one, and that one shortly.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from core import health
from core.alerts.centre import raise_alert
from core.alerts.checks import workers_silent
from core.deadline import Asked
from core.extensions import health_parts
from core.models import Alert
from core.said import Said

log = structlog.get_logger(__name__)
REMEMBER_SECONDS = 10.0
FIRST_LOOK_SECONDS = 0.3


@dataclass(frozen=True)
class State:
    """One sentence about a part that does not work as it should. `rule` is the kind of alert that means the same."""

    rule: str
    said: Said


_guard = threading.Lock()
_known: tuple[float, list[State]] | None = None


def current() -> list[State]:
    """What was seen last, at most some seconds old; empty while nothing is known. Never raises."""
    with _guard:
        known = _known
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    try:
        asked = _look.start()
        return asked.result(timeout=FIRST_LOOK_SECONDS) if known is None else known[1]
    except Exception:  # too slow this time; the next page knows
        return []


def pretend(states: list[State], *, seconds: float) -> None:
    """Take this for seen, for tests."""
    global _known
    with _guard:
        _known = (time.monotonic() + seconds, states)


def forget() -> None:
    """Look again, for tests."""
    global _known
    with _guard:
        _known = None


def of(parts: health.Parts) -> list[State]:
    """The sentences for the parts of `core.health.check`, the gravest first.

    Of a part that could not be looked at nothing is known and nothing is said; only of a server that is the trouble.
    """
    found = []
    for name, rule, say in (*SENTENCES, *_registered()):
        part = parts.get(name)
        if part is None or part.state == health.OK:
            continue
        if part.state == health.DEGRADED or name in SERVERS:
            found.append(State(rule, say(part)))
    return found


def _see() -> list[State]:
    global _known
    found = of(health.check())
    with _guard:
        _known = (time.monotonic() + REMEMBER_SECONDS, found)
    try:
        _tell(found)
    except DatabaseError as error:
        log.warning("alert.not_written", error=str(error)[:200])
    finally:
        connection.close()
    return found


_look: Asked[list[State]] = Asked(lambda: _see(), name="states")


def _tell(states: list[State]) -> None:
    """Open the alerts that no worker could. The check that a worker runs closes them."""
    wanted = [state for state in states if state.rule in TOLD_FROM_HERE]
    known = set(Alert.objects.open().filter(rule__in=TOLD_FROM_HERE).values_list("rule", flat=True)) if wanted else ()
    for state in wanted:
        if state.rule not in known:
            raise_alert(state.rule, said=state.said)


# --- sentences ----------------------------------------------------------------------------------------------------

SERVERS = ("database", "redis")
TOLD_FROM_HERE = ("redis_away", "workers_silent", "scheduler_silent", "database_slow")


def _database(part: health.Part) -> Said:
    return Said(gettext_noop("The database answers slowly, so pages and the shop may be slow."))


def _redis(part: health.Part) -> Said:
    return Said(gettext_noop("Redis does not answer. The shop keeps selling; jobs and mail wait."))


def _workers(part: health.Part) -> Said:
    queues = part.facts.get("queues", [])
    if len(queues) == len(health.liveness.QUEUES):
        return Said(gettext_noop("No worker runs. Imports, training and mail wait until one does."))
    return workers_silent(queues)


def _scheduler(part: health.Part) -> Said:
    seconds = part.facts.get("seconds")
    if seconds is None:
        return Said(gettext_noop("The schedule has not run yet."))
    return Said(
        gettext_noop("The schedule has not run for %(minutes)d minutes. Nightly work does not start by itself."),
        {"minutes": int(seconds // 60)},
    )


def _models(part: health.Part) -> Said:
    return Said(
        gettext_noop("A model cannot be read: %(models)s. The version before it or a simple list serves instead."),
        {"models": ", ".join(part.facts.get("names", []))},
    )


def _jobs(part: health.Part) -> Said:
    return Said(
        gettext_noop("A job has waited for %(minutes)d minutes and no worker takes it."),
        {"minutes": int(part.facts.get("seconds", 0) // 60)},
    )


def _disk(part: health.Part) -> Said:
    return Said(gettext_noop("Only %(gb).1f GB are free on the disk of the shop's folder."), {"gb": part.facts["gb"]})


def _registered() -> Iterator[tuple[str, str, Any]]:
    """Parts that apps look after."""
    for entry in health_parts:
        if "say" in entry.meta:
            yield entry.key, entry.meta["rule"], import_string(entry.meta["say"])


SENTENCES: tuple[tuple[str, str, Any], ...] = (
    ("database", "database_slow", _database),
    ("disk", "disk_low", _disk),
    ("redis", "redis_away", _redis),
    ("workers", "workers_silent", _workers),
    ("scheduler", "scheduler_silent", _scheduler),
    ("models", "model_damaged", _models),
    ("jobs", "job_waits", _jobs),
)
