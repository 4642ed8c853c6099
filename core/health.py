"""Is the process alive, and is the installation whole?

Every part is asked in a thread with a deadline, so the answer comes within a second even when PostgreSQL or Redis
accepts connections and stays silent.
"""

import hashlib
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Min, Q
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import jobs, liveness, redis_client
from core import model_registry as registry
from core.api.renderers import dumps
from core.deadline import Asked
from core.extensions import health_parts, model_kinds
from core.models import Job, ModelVersion

log = structlog.get_logger(__name__)
OK, DEGRADED, AWAY = "ok", "degraded", "away"
DEADLINE_SECONDS = 0.8
SLOW_SECONDS = 0.5
PING_PAUSE_SECONDS = 0.1
JOB_WAITS_TOO_LONG_SECONDS = 600
SCHEDULER_SILENT_SECONDS = 120
DISK_LOW_GB = 1.0
GB = 1_000_000_000


@dataclass(frozen=True)
class Part:
    """One thing the installation is made of. `detail` names no host, path or person: strangers may read it.

    `facts` are for the sentences that staff read.
    """

    state: str
    detail: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


Parts = dict[str, Part]


def check() -> Parts:
    """All parts, within a second. Those that only a part that is away could tell of are left out."""
    until = time.monotonic() + DEADLINE_SECONDS
    database, redis = _database.start(), _redis.start()
    return _answers(database, "database", until) | _answers(redis, "redis", until) | {"disk": _guarded(_disk)}


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers. Asks nothing of anyone."""
    return _json({"status": OK}, 200)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 `ready`; 200 `degraded` with the parts named while customers still get answers; 503 without a database."""
    parts = check()
    if parts["database"].state == AWAY:
        status, code = "unavailable", 503
    else:
        status, code = ("ready" if all(part.state == OK for part in parts.values()) else "degraded"), 200
    degraded = [name for name, part in parts.items() if part.state != OK]
    shown = {name: {"state": part.state, "detail": part.detail} for name, part in parts.items()}
    return _json({"status": status, "degraded": degraded, "parts": shown}, code)


def _json(content: dict[str, Any], status: int) -> HttpResponse:
    response = HttpResponse(dumps(content), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


# --- asking -------------------------------------------------------------------------------------------------------


def _answers(asked: Future[Parts], name: str, until: float) -> Parts:
    """What the thread found out; the part itself is away when it said nothing in time."""
    try:
        return asked.result(timeout=max(0.0, until - time.monotonic()))
    except TimeoutError:
        log.warning("health.part_silent", part=name)
        return {name: Part(AWAY, "no answer")}


def _guarded(look: Callable[[], Part]) -> Part:
    try:
        return look()
    except Exception as error:  # every driver has its own family of errors, and a look must never fail
        log.warning("health.part_away", part=look.__name__.strip("_"), error=str(error)[:300])
        return Part(AWAY, type(error).__name__)


def _in_database() -> Parts:
    """The database and what its tables tell, over a connection of this thread's own."""
    try:
        parts = {"database": _guarded(_select)}
        if parts["database"].state != AWAY:
            parts |= {"jobs": _guarded(_jobs), "scheduler": _guarded(_scheduler), "models": _guarded(_models)}
            parts |= _registered("database")
        return parts
    finally:
        connection.close()


def _in_redis() -> Parts:
    """Redis and what the workers said there."""
    parts = {"redis": _guarded(_ping)}
    if parts["redis"].state == OK:
        parts |= {"workers": _guarded(_workers)} | _registered("redis")
    return parts


def _registered(server: str) -> Parts:
    """What apps look after and this server tells of."""
    return {entry.key: _guarded(entry.resolve()) for entry in health_parts if entry.meta["asks"] == server}


_database = Asked(lambda: _in_database(), name="database")
_redis = Asked(lambda: _in_redis(), name="redis")


# --- the parts ----------------------------------------------------------------------------------------------------


def _select() -> Part:
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = %s", [int(DEADLINE_SECONDS * 1000)])
        cursor.execute("SELECT 1")
    seconds = time.perf_counter() - started
    return Part(DEGRADED, f"slow: {seconds:.1f} s") if seconds > SLOW_SECONDS else Part(OK)


def _jobs() -> Part:
    """Degraded when a job that is due waits although its worker has nothing else to do."""
    waited = waiting_seconds()
    longest = int(max(waited.values(), default=0))
    state = DEGRADED if longest > JOB_WAITS_TOO_LONG_SECONDS else OK
    return Part(state, f"oldest waiting {longest} s" if waited else "", {"seconds": longest})


def waiting_seconds() -> dict[str, float]:
    """By queue: how long its oldest due job has waited. Queues whose worker is busy are left out; they may be long."""
    now = timezone.now()
    alive = now - timedelta(seconds=settings.JOB_LOST_SECONDS)
    running = Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__gt=alive)
    busy = set(running.values_list("queue", flat=True).distinct())
    due = Job.objects.filter(Q(not_before=None) | Q(not_before__lte=now), state=Job.State.QUEUED)
    oldest = due.values("queue").annotate(since=Min(Greatest("created_at", "not_before"))).order_by()
    return {
        row["queue"]: (now - row["since"]).total_seconds()
        for row in oldest
        if not busy & next((group for group in liveness.GROUPS if row["queue"] in group), {row["queue"]})
    }


def _scheduler() -> Part:
    """Degraded when the schedule has not run for two minutes, or never."""
    age = jobs.scheduler_age_seconds()
    if age is not None and age <= SCHEDULER_SILENT_SECONDS:
        return Part(OK)
    return Part(DEGRADED, "never ran" if age is None else f"silent for {int(age)} s", {"seconds": age})


def _models() -> Part:
    """Degraded when a version that should serve cannot be read; the previous one or the fallback then serves."""
    found = damaged_models()
    return Part(DEGRADED, "damaged: " + ", ".join(found), {"names": found}) if found else Part(OK)


def damaged_models() -> list[str]:
    """Names of active versions whose manifest is missing or changed, or that this process could not load."""
    broken = {entry.key for entry in model_kinds if registry.load_error(entry.resolve())}
    return [
        version.name
        for version in ModelVersion.objects.active()
        if version.kind in broken
        or _digest(Path(settings.MODEL_ROOT) / version.folder / "manifest.json") != version.manifest_sha256
    ]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _ping() -> Part:
    """A machine with much to do may miss the 50 ms of the client once; a Redis that is away misses them each time."""
    for tries_left in (2, 1, 0):
        try:
            redis_client.client().ping()
        except redis.TimeoutError:
            if not tries_left:
                raise
            time.sleep(PING_PAUSE_SECONDS)
        else:
            break
    return Part(OK)


def _workers() -> Part:
    """Degraded when some queue has nobody who takes from it."""
    silent = liveness.silent_queues()
    return Part(DEGRADED, "silent: " + ", ".join(silent), {"queues": silent}) if silent else Part(OK)


def _disk() -> Part:
    free = shutil.disk_usage(settings.VAR_DIR).free / GB
    return Part(DEGRADED, f"{free:.1f} GB free", {"gb": round(free, 1)}) if free < DISK_LOW_GB else Part(OK)
