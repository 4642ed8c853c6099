"""Staff say what a review is. Each correction can be taken back, and teaches the next model."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import StaffUser
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import ReviewLabel, ReviewReading, Sentiment
from reviews.services.moderation import UNDO_SECONDS
from reviews.services.summaries import note_changed
from reviews.signals import announce_unhappy

UNDO_SALT = "reviews.correction"


@dataclass(frozen=True)
class Correction:
    """Reviews that are read otherwise now; those that had been told the same, or that nobody has read yet. `undo` is
    the key for `undo_correction`, empty when nothing changed."""

    corrected: tuple[int, ...]
    passed_over: int
    undo: str = field(default="", compare=False)


@transaction.atomic
def correct(ids: Collection[int], sentiment: str, *, by: StaffUser) -> Correction:
    """These reviews are `sentiment`, whatever models think. Saying what the model said confirms it, which teaches too.
    Raises BadInput."""
    if sentiment not in Sentiment.values:
        raise BadInput(_("Choose positive, neutral, negative or mixed."), extra={"field": "sentiment"})
    now = timezone.now()
    rows = _locked(ids)
    changed = [row for row in rows if row.corrected != sentiment]
    labels = {label.pk: label for label in ReviewLabel.objects.filter(pk__in=[row.pk for row in changed])}
    was = [[row.pk, _said(row), _labelled(labels.get(row.pk))] for row in changed]
    ReviewReading.objects.filter(pk__in=[row.pk for row in changed]).update(
        corrected=sentiment, corrected_at=now, corrected_by=by
    )
    ReviewLabel.objects.bulk_create(
        [
            ReviewLabel(
                review_id=row.pk, sentiment=sentiment, source=ReviewLabel.Source.CORRECTION, by=by, labelled_at=now
            )
            for row in changed
        ],
        update_conflicts=True, unique_fields=["review"], update_fields=["sentiment", "source", "by", "labelled_at"],
    )  # fmt: skip
    for row in changed:
        announce_unhappy(row.pk, stars=row.review.rating, before=row.sentiment, after=sentiment)
    undo = ""
    if changed:
        note_changed([row.pk for row in changed])
        undo = signing.dumps({"by": by.pk, "at": now.isoformat(), "was": was}, salt=UNDO_SALT, compress=True)
    return Correction(tuple(row.pk for row in changed), len(set(ids)) - len(changed), undo)


@transaction.atomic
def undo_correction(key: str, *, by: StaffUser) -> tuple[int, ...]:
    """Put readings and labels back to where they stood before one correction, except those that were corrected again
    since. Returns which. Raises UndoExpired for a key that is older than a day or somebody else's."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here. Correct it again.")) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else corrected this. Only they can undo it."))
    at = datetime.fromisoformat(found["at"])
    was = {pk: (said, label) for pk, said, label in found["was"]}
    rows = [row for row in _locked(was) if row.corrected_at == at]
    for row in rows:
        (row.corrected, corrected_at, row.corrected_by_id), label = was[row.pk]
        row.corrected_at = corrected_at and datetime.fromisoformat(corrected_at)
        if label is not None:
            ReviewLabel.objects.filter(pk=row.pk).update(
                sentiment=label[0], source=label[1], by_id=label[2], labelled_at=datetime.fromisoformat(label[3])
            )
    ReviewReading.objects.bulk_update(rows, ["corrected", "corrected_at", "corrected_by"])
    ReviewLabel.objects.filter(pk__in=[row.pk for row in rows if was[row.pk][1] is None]).delete()
    if rows:
        note_changed([row.pk for row in rows])
    return tuple(row.pk for row in rows)


def _locked(ids: Collection[int]) -> list[ReviewReading]:
    """In one order, so that two who correct at once wait for each other and the later one wins."""
    rows = ReviewReading.objects.select_for_update(of=("self",)).select_related("review")
    return list(rows.filter(pk__in=ids).order_by("pk"))


def _said(row: ReviewReading) -> list[Any]:
    return [row.corrected, row.corrected_at and row.corrected_at.isoformat(), row.corrected_by_id]


def _labelled(label: ReviewLabel | None) -> list[Any] | None:
    if label is None:
        return None
    return [label.sentiment, label.source, label.by_id, label.labelled_at.isoformat()]
