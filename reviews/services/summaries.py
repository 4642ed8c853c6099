"""Summaries follow their reviews: what changed is noted here and counted by a job. Staff hide single quotes."""

import hashlib
from collections.abc import Collection

from django.db import connection

from core.jobs import enqueue
from core.models import StaffUser
from reviews.models import HiddenQuote, Review

FROM = 8
"""Published reviews from which a product has a summary."""


def digest_of(sentence: str) -> str:
    return hashlib.md5(sentence.encode(), usedforsecurity=False).hexdigest()


def note_changed(review_ids: Collection[int]) -> None:
    """The summaries of the products of these reviews are no longer what the reviews say; a job makes them."""
    mark_changed(review_ids)
    enqueue("reviews.tasks.make_summaries", dedupe_key="reviews.summaries")


def mark_changed(review_ids: Collection[int]) -> None:
    """The same without asking for the job, which looks for marks every minute. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO reviews_reviewsummary (product_id, reviews, read, positive, aspects, quotes, changed_at)
            SELECT product_id, 0, 0, 0, '[]'::jsonb, '[]'::jsonb, now()
            FROM reviews_review WHERE id = ANY(%s) GROUP BY product_id ORDER BY product_id
            ON CONFLICT (product_id) DO UPDATE SET changed_at = excluded.changed_at
            """,
            [list(review_ids)],
        )


def hide_quote(review: Review, digest: str, *, by: StaffUser) -> None:
    """No summary quotes this sentence any more; the next best one follows. Safe to repeat."""
    HiddenQuote.objects.get_or_create(review=review, digest=digest, defaults={"hidden_by": by})
    note_changed([review.pk])


def show_quote(review: Review, digest: str) -> None:
    """The sentence may be quoted again."""
    HiddenQuote.objects.filter(review=review, digest=digest).delete()
    note_changed([review.pk])
