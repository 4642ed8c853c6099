"""What reviews do when something happens: ask for a job."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.jobs import enqueue
from reviews.services.summaries import note_changed

SOON = timedelta(minutes=1)
"""Reviews come in company: one look at trends for all of a minute."""


def read_submitted(review_id: int, **kwargs: Any) -> None:
    """A new review is read at once; one that comes while the job runs is found within a minute."""
    enqueue("reviews.tasks.read_reviews", dedupe_key="reviews.read")


def count_trends(review_ids: list[int], **kwargs: Any) -> None:
    """The week is compared anew when the batches that come now are read."""
    enqueue("reviews.tasks.count_trends", dedupe_key="reviews.trends", not_before=timezone.now() + SOON)


def follow_up(review_id: int, **kwargs: Any) -> None:
    """The job finds everybody who is missing on the list, so one waiting is enough."""
    enqueue("reviews.tasks.follow_up", dedupe_key="reviews.follow_up")


def score_submitted(review_id: int, **kwargs: Any) -> None:
    enqueue("reviews.tasks.score_suspicion", dedupe_key="reviews.suspicion")


def summaries_changed(review_ids: Collection[int], **kwargs: Any) -> None:
    note_changed(review_ids)
