"""Housekeeping that the scheduler asks for. These are plain Celery tasks: they keep the job table itself going."""

from celery import shared_task
from django.conf import settings

from config.celery import app
from core import jobs


@shared_task(name="core.tasks.keep_jobs_moving", queue="light")
def keep_jobs_moving() -> None:
    """Relay what the broker does not know and put back what lost its worker. Safe to run at any time."""
    jobs.sweep()
    jobs.relay()


app.conf.beat_schedule = {
    **(app.conf.beat_schedule or {}),
    "keep jobs moving": {
        "task": "core.tasks.keep_jobs_moving",
        "schedule": settings.JOB_RELAY_SECONDS,
        "options": {"expires": settings.JOB_RELAY_SECONDS * 3, "queue": "light"},
    },
}
