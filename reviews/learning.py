"""When to learn again: after enough new labels, else once a week."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.jobs import enqueue
from core.models import Job, ModelVersion
from reviews import first, training
from reviews.choices import SENTIMENT
from reviews.ml import engines
from reviews.models import ReadingSettings, Review, ReviewLabel

LABELS = 300
AFTER = timedelta(days=7)
NOT_AGAIN = timedelta(hours=20)
"""After a training that came to nothing."""
TASK, DEEP_TASK = "reviews.tasks.train", "reviews.tasks.train_deep"
KINDS = ("reviews.train", "reviews.train_deep")


def is_due() -> bool:
    """Enough new labels since the newest version, or a week with new reviews; without any version, enough reviews."""
    now = timezone.now()
    if Job.objects.filter(kind__in=KINDS, created_at__gt=now - NOT_AGAIN).exists():
        return False
    newest = ModelVersion.objects.of(SENTIMENT.name).order_by("-number").first()
    if newest is None:
        return Review.objects.exclude(title="", text="")[: first.WORTH_IT].count() == first.WORTH_IT
    if ReviewLabel.objects.filter(labelled_at__gt=newest.created_at)[:LABELS].count() == LABELS:
        return True
    is_old = now - newest.created_at >= AFTER
    return is_old and Review.objects.filter(created_at__gt=newest.created_at).exists()


def is_deep() -> bool:
    """Whether the chosen engine learns in the queue of the networks."""
    return ReadingSettings.current().engine in engines.DEEP


def learn() -> dict[str, Any]:
    """Train, and have everything read again by what serves then."""
    version = training.train()
    if version.is_active:
        enqueue("reviews.tasks.read_reviews", dedupe_key="reviews.read")
    return {"version": version.name, "passed": version.gate["passed"]}
