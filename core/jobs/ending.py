"""Writing down how jobs ended that cannot do it themselves, and calling somebody when that needs a person."""

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.jobs import deaths, limits
from core.jobs.exceptions import JobTimedOut
from core.models import Job
from core.said import Said

log = structlog.get_logger(__name__)
MAX_STARTS = 3
"""So often a job may lose its own process."""
MOST_STARTS = 10
"""So often it may lose it in any way, also together with the whole worker."""
DIED = Said(gettext_noop("Its worker died again and again."))
UNKNOWN = Said(gettext_noop("This version of the program does not know this work."))


def said_columns(said: Said) -> dict[str, Any]:
    """A sentence as columns of Job."""
    return {"message": said.text[:300], "message_values": dict(said.values)}


def end_if_hopeless(row: Job) -> bool:
    """End a job whose worker is gone and that must not start again: staff wanted it to stop, it was ended by force
    because it ran too long, or its process died too often. True when it was one of these."""
    limit = limits.hard_limit(row.queue)
    if row.cancel_requested_at:
        _end(row, Job.State.CANCELLED, Said(row.message, row.message_values), "")
    elif row.started_at and timezone.now() - row.started_at > timedelta(seconds=limit):
        error = JobTimedOut(queue=row.queue, seconds=limit)
        if _end(row, Job.State.FAILED, error.said, f"JobTimedOut: {error}"):
            tell("tell_failure", row)
    else:
        return end_if_deadly(row, spared=row.spared + (not deaths.was_its_own(row)))
    return True


def end_if_deadly(row: Job, *, spared: int) -> bool:
    """Set a job aside that lost its process too often. `spared` of its starts ended with the whole worker."""
    if row.starts - spared < MAX_STARTS and row.starts < MOST_STARTS:
        return False
    if _end(row, Job.State.QUARANTINED, DIED, f"Started {row.starts} times, and its worker died each time."):
        log.error("job.quarantined", job_id=row.pk, job_kind=row.kind, spared=spared)
        tell("tell_quarantine", row)
    return True


def end_orphan(row: Job, error: Exception) -> bool:
    """Fail a job whose code is gone."""
    ended = _end(row, Job.State.FAILED, UNKNOWN, f"NoSuchWork: {error}")
    return ended and tell("tell_failure", row)


def _end(row: Job, state: str, said: Said, error: str) -> bool:
    return bool(
        Job.objects.filter(pk=row.pk, state=row.state, lease=row.lease).update(
            state=state, finished_at=timezone.now(), lease=None, error=error, **said_columns(said)
        )
    )


def tell(what: str, row: Job) -> bool:
    """Call a function of core.jobs.alerts. Alerts are an extra: what they cannot do never changes how a job ended."""
    from core.jobs import alerts

    try:
        with transaction.atomic():
            getattr(alerts, what)(row)
    except Exception:
        log.exception("job.alert_not_written")
    return True
