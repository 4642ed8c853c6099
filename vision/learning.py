"""When to learn again: by itself once a week where staff decided enough, and whenever somebody asks."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.jobs import enqueue
from core.models import Job, ModelVersion
from vision import asking, first, pipelines, training
from vision.choices import VISION

AFTER = timedelta(days=7)
NOT_AGAIN = timedelta(hours=20)
"""After a training that came to nothing."""
FIRST_SECONDS = 45.0
"""Of the processor: a new shop opens meanwhile, and its first model only has to be of use."""


def is_due() -> bool:
    """A week after the newest version with enough new decisions; without any version, enough photos."""
    now = timezone.now()
    if Job.objects.filter(kind="vision.train", created_at__gt=now - NOT_AGAIN).exists():
        return False
    newest = ModelVersion.objects.of(VISION.name).order_by("-number").first()
    if newest is None:
        return first.is_worth_it()
    return now - newest.created_at >= AFTER and asking.new_decisions() >= asking.DECISIONS


def learn(*, is_first: bool = False) -> dict[str, Any]:
    """Train on what was looked at, and have everything read by what serves then."""
    pipelines.look()
    version = training.train(cpu_seconds=FIRST_SECONDS if is_first else None)
    if version.is_active:
        enqueue(asking.READ, dedupe_key=asking.READ_KEY)
    return {"version": version.name, "passed": version.gate["passed"]}
