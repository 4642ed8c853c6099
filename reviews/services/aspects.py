"""Staff say what a review says of an aspect. It counts at once, stays, and can be taken back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import StaffUser
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import AspectCorrection, Polarity, Review, ReviewAspect
from reviews.services.moderation import UNDO_SECONDS
from reviews.services.summaries import note_changed

UNDO_SALT = "reviews.aspect"
Said = AspectCorrection.Said


def settle(mentions: Sequence[ReviewAspect], said: str) -> None:
    """Polarity of the mentions of one aspect in one review, and which of them counts: as staff said, else ("") as the
    model did, with the mention farthest from undecided, of equal ones the first. Writes nothing."""
    for row in mentions:
        polarity = Polarity.NEUTRAL if said == Said.NOT_MEANT else said or Polarity.of(row.score)
        row.polarity, row.is_clearest = polarity, False
    if said != Said.NOT_MEANT:
        max(mentions, key=lambda row: abs(row.score - 0.5)).is_clearest = True


def said_of(review_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """(review, aspect) → what staff said. One query."""
    rows = AspectCorrection.objects.filter(review__in=review_ids).order_by()
    return {(review, aspect): said for review, aspect, said in rows.values_list("review_id", "aspect_id", "said")}


@transaction.atomic
def correct_aspect(review_id: int, aspect_id: int, said: str, *, by: StaffUser) -> str:
    """Of this aspect the review says `said`, in all its words. The key for `undo_aspect`; empty where somebody said so
    already. Raises BadInput for another word, or where the review does not name the aspect."""
    if said not in Said.values:
        raise BadInput(_("Choose praise, neither, complaint or not meant."), extra={"field": "said"})
    mentions = _locked(review_id, aspect_id)
    if not mentions:
        raise BadInput(_("The review does not name this aspect any more."), extra={"field": "aspect"})
    before = AspectCorrection.objects.filter(review=review_id, aspect=aspect_id).first()
    if before is not None and before.said == said:
        return ""
    now = timezone.now()
    AspectCorrection.objects.update_or_create(
        review_id=review_id, aspect_id=aspect_id, defaults={"said": said, "corrected_at": now, "corrected_by": by}
    )
    _write(review_id, mentions, said)
    was = [before.said, before.corrected_at.isoformat(), before.corrected_by_id] if before is not None else None
    told = {"by": by.pk, "at": now.isoformat(), "review": review_id, "aspect": aspect_id, "was": was}
    return signing.dumps(told, salt=UNDO_SALT, compress=True)


@transaction.atomic
def undo_aspect(key: str, *, by: StaffUser) -> bool:
    """Put back what was said before one correction, or what the model made of it. Whether anything changed: not where
    somebody corrected it again since. Raises UndoExpired for a key that is older than a day or somebody else's."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here. Correct it again.")) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else corrected this. Only they can undo it."))
    mentions = _locked(found["review"], found["aspect"])
    row = AspectCorrection.objects.filter(
        review=found["review"], aspect=found["aspect"], corrected_at=datetime.fromisoformat(found["at"])
    ).first()
    if row is None:
        return False
    if found["was"] is None:
        row.delete()
    else:
        row.said, at, row.corrected_by_id = found["was"]
        row.corrected_at = datetime.fromisoformat(at)
        row.save()
    _write(found["review"], mentions, found["was"][0] if found["was"] else "")
    return True


def _locked(review_id: int, aspect_id: int) -> list[ReviewAspect]:
    """The mentions, in their order, while nobody reads the review anew: a reading waits for the row of the review."""
    list(Review.objects.select_for_update().filter(pk=review_id).values_list("pk", flat=True))
    return list(ReviewAspect.objects.filter(review=review_id, aspect=aspect_id).order_by("pk"))


def _write(review_id: int, mentions: list[ReviewAspect], said: str) -> None:
    if mentions:
        settle(mentions, said)
        ReviewAspect.objects.bulk_update(mentions, ["polarity", "is_clearest"])
    note_changed([review_id])
