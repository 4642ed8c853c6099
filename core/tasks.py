"""Housekeeping that the scheduler asks for. These are plain Celery tasks: they keep the job table itself going."""

from celery import shared_task

from core import jobs


@shared_task(name="core.tasks.keep_jobs_moving")
def keep_jobs_moving() -> None:
    """Relay what the broker does not know and put back what lost its worker. Safe to run at any time."""
    jobs.sweep()
    jobs.relay()


@shared_task(name="core.tasks.start_job")
def start_job(task: str) -> None:
    """Queue a job on schedule. While one of the same task waits or runs, no second is made."""
    jobs.enqueue(task, dedupe_key=f"schedule:{task}")
