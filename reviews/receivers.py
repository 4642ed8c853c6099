"""What reviews do when something happens: ask for a job."""

from typing import Any

from core.jobs import enqueue


def read_submitted(review_id: int, **kwargs: Any) -> None:
    """A new review is read at once; one that comes while the job runs is found within a minute."""
    enqueue("reviews.tasks.read_reviews", dedupe_key="reviews.read")
