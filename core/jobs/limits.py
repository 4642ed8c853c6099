"""How long jobs may run. A job that outlived the broker's patience would be handed out a second time."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register


def soft_limit(queue: str) -> int:
    """Seconds after which a job of this queue gets JobTimedOut as an ordinary error."""
    limits: dict[str, int] = settings.JOB_LIMIT_SECONDS
    return limits.get(queue, min(limits.values()))


def hard_limit(queue: str) -> int:
    """Seconds after which its process is killed; between the two a job may still put things in order."""
    return soft_limit(queue) + int(settings.JOB_HARD_EXTRA_SECONDS)


@register()
def check_limits(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Every hard limit is below the visibility timeout."""
    return [
        Error(
            f"Jobs of the queue {queue} may run for {hard_limit(queue)} s, but the broker hands a job out again after "
            f"{settings.JOB_VISIBILITY_SECONDS} s.",
            hint=f"Lower JOB_LIMIT_{queue.upper()} or raise JOB_VISIBILITY_SECONDS.",
            id="core.E010",
        )
        for queue in settings.JOB_LIMIT_SECONDS
        if hard_limit(queue) >= settings.JOB_VISIBILITY_SECONDS
    ]
