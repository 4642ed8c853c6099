"""Is the process alive, and is the installation whole?"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import redis_client
from core.api.renderers import dumps
from core.local_services import LocalServiceError
from core.models import Job, ModelVersion

log = structlog.get_logger(__name__)
OK, DEGRADED, AWAY = "ok", "degraded", "away"
JOB_WAITS_TOO_LONG_SECONDS = 600


@dataclass(frozen=True)
class Part:
    """One thing the installation is made of. `detail` names no host, path or person: strangers may read it."""

    state: str
    detail: str = ""


def check() -> dict[str, Part]:
    """All parts. Without the database only Redis is looked at, since the rest is in tables."""
    parts = {"database": _guarded(_database), "redis": _guarded(_redis)}
    if parts["database"].state == OK:
        parts |= {"jobs": _guarded(_jobs), "models": _guarded(_models)}
    return parts


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers. Asks nothing of anyone."""
    return _json({"status": OK}, 200)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 `ready`; 200 `degraded` with the parts named while customers still get answers; 503 without a database."""
    parts = check()
    if parts["database"].state != OK:
        status, code = "unavailable", 503
    else:
        status, code = ("ready" if all(part.state == OK for part in parts.values()) else "degraded"), 200
    degraded = [name for name, part in parts.items() if part.state != OK]
    return _json({"status": status, "degraded": degraded, "parts": {n: asdict(p) for n, p in parts.items()}}, code)


def _json(content: dict[str, Any], status: int) -> HttpResponse:
    response = HttpResponse(dumps(content), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def _guarded(look: Callable[[], Part]) -> Part:
    try:
        return look()
    except (DatabaseError, redis.RedisError, LocalServiceError, OSError) as error:
        log.warning("health.part_away", part=look.__name__.strip("_"), error=str(error)[:300])
        return Part(AWAY, type(error).__name__)


def _database() -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Part(OK)


def _redis() -> Part:
    redis_client.client().ping()
    return Part(OK)


def _jobs() -> Part:
    """Degraded when a job has waited so long that no worker can be running."""
    oldest = (
        Job.objects.filter(state=Job.State.QUEUED).order_by("created_at").values_list("created_at", flat=True).first()
    )
    waited = int((timezone.now() - oldest).total_seconds()) if oldest else 0
    state = DEGRADED if waited > JOB_WAITS_TOO_LONG_SECONDS else OK
    return Part(state, f"oldest waiting {waited} s" if oldest else "")


def _models() -> Part:
    """Degraded when the manifest of a serving version is missing or changed; the previous version then serves on."""
    damaged = [
        version.name
        for version in ModelVersion.objects.active()
        if _digest(Path(settings.MODEL_ROOT) / version.folder / "manifest.json") != version.manifest_sha256
    ]
    return Part(DEGRADED, "damaged: " + ", ".join(damaged)) if damaged else Part(OK)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
