"""What people call a piece of work."""

from django.utils.module_loading import import_string

from core.models import Job


def job_title(job: Job) -> str:
    """What staff call this work; the technical kind when its code has no name for it or is gone."""
    try:
        title = import_string(job.task).job_spec.title
    except (ImportError, AttributeError):
        title = ""
    return str(title) or job.kind
