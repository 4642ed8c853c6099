"""Housekeeping that the scheduler asks for. These are plain Celery tasks: they keep the job table itself going."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core import jobs
from core.jobs import job


@shared_task(name="core.tasks.keep_jobs_moving")
def keep_jobs_moving() -> None:
    """Relay what the broker does not know and put back what lost its worker. Safe to run at any time."""
    jobs.sweep()
    jobs.relay()


@shared_task(name="core.tasks.start_job")
def start_job(task: str) -> None:
    """Queue a job on schedule. While one of the same task waits or runs, no second is made."""
    jobs.enqueue(task, dedupe_key=f"schedule:{task}")


@job(kind="core.mail", queue="mail", title=_("Send mail"))
def send_mail(*, mail_id: int) -> dict[str, Any]:
    """Hand one mail to the server."""
    return {"mail_id": mail_id}
