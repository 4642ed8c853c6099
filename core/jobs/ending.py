"""Writing down how jobs ended that cannot do it themselves, and calling somebody when that needs a person."""

from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.jobs.exceptions import JobTimedOut
from core.models import Job
from core.said import Said

log = structlog.get_logger(__name__)
DIED = Said(gettext_noop("Its worker died again and again."))
UNKNOWN = Said(gettext_noop("This version of the program does not know this work."))


def said_columns(said: Said) -> dict[str, Any]:
    """A sentence as columns of Job."""
    return {"message": said.text[:300], "message_values": dict(said.values)}


def quarantine(row: Job) -> bool:
    """Set a job aside whose worker died too often. False when somebody else has the job by now."""
    if not _end(row, Job.State.QUARANTINED, DIED, f"Started {row.starts} times, and its worker died each time."):
        return False
    log.error("job.quarantined", job_id=row.pk, job_kind=row.kind)
    tell("tell_quarantine", row)
    return True


def end_overdue(row: Job, *, seconds: float) -> bool:
    """Fail a job that was ended by force because it ran too long."""
    error = JobTimedOut(queue=row.queue, seconds=seconds)
    ended = _end(row, Job.State.FAILED, error.said, f"JobTimedOut: {error}")
    return ended and tell("tell_failure", row)


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
