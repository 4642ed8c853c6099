"""Why a job lost its worker: because of itself, or because the whole worker went.

A worker is a process with children, and a job runs in one of them. When only the job's own process dies, the job may
well be what killed it (out of memory, a crash in compiled code). When the worker goes with all its children (a power
cut, `kill -9`, a server restarted), the job just happened to be there, and being there three times says nothing.
"""

import uuid
from datetime import timedelta

from django.conf import settings

from core.models import Job

WORKER = uuid.uuid4()
"""Names this process and all that are forked from it: the children of a worker share the name of their parent."""
SILENT_BEATS = 5
"""So many signs of life must be missing before silence means something."""


def was_its_own(row: Job) -> bool:
    """Whether the worker outlived the process that ran this job: it is ours, or another of its jobs spoke later.

    False while nothing is known of the worker; whoever starts the job next asks again.
    """
    if row.worker in (None, WORKER) or row.heartbeat_at is None:
        return True
    together = timedelta(seconds=max(SILENT_BEATS * settings.JOB_HEARTBEAT_SECONDS, 1.0))
    return Job.objects.filter(worker=row.worker, heartbeat_at__gt=row.heartbeat_at + together).exists()
