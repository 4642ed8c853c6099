"""Photos of reviews: made safe, stored under a name of ours, shown once staff have looked, gone with their review."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.importing.pictures import PictureRefused, clean_picture
from core.models import StaffUser
from reviews.exceptions import BadInput, TooManyPhotos
from reviews.models import Review, ReviewPhoto
from reviews.models.reviews import PHOTOS


def add_photo(review: Review, data: bytes) -> ReviewPhoto:
    """Decode, draw anew, store; others do not see it before staff have. The same photo again is the one that is there.

    Raises BadInput for what is no safe picture, TooManyPhotos beyond six.
    """
    try:
        picture = clean_picture(data, in_request=True)
    except PictureRefused as error:
        raise BadInput(_("The photo %(reason)s.") % {"reason": error}, extra={"field": "photo"}) from error
    digest = hashlib.sha256(picture.content).hexdigest()
    name = default_storage.save(f"reviews/{secrets.token_hex(16)}.{picture.extension}", ContentFile(picture.content))
    photo = ReviewPhoto(
        review=review, file=name, width=picture.width, height=picture.height, content_sha256=digest
    )  # fmt: skip
    try:
        with transaction.atomic():
            Review.objects.select_for_update().get(pk=review.pk)
            there = list(ReviewPhoto.objects.filter(review=review))
            known = next((one for one in there if one.content_sha256 == digest), None)
            if known is None and len(there) >= PHOTOS:
                raise TooManyPhotos(_("A review has at most %(most)d photos.") % {"most": PHOTOS})
            if known is None:
                photo.position = 1 + max((one.position for one in there), default=-1)
                photo.save()
                note_new_photos([review.pk])
    except (TooManyPhotos, IntegrityError, Review.DoesNotExist):
        default_storage.delete(name)
        raise
    if known is not None:
        default_storage.delete(name)
    return known or photo


@transaction.atomic
def remove_photo(photo: ReviewPhoto) -> None:
    """The row now, the file once that is certain."""
    _delete_later([photo.file.name or ""])
    photo.delete()
    note_new_photos([photo.review_id])


@transaction.atomic
def judge_photo(photo: ReviewPhoto, state: str, *, by: StaffUser) -> None:
    """Show it to others or hide it from them, as a member of staff says. Raises BadInput for another state."""
    if state not in (ReviewPhoto.State.SHOWN, ReviewPhoto.State.HIDDEN):
        raise BadInput(_("A photo is shown or hidden."), extra={"field": "state"})
    Review.objects.select_for_update().get(pk=photo.review_id)
    photo.state, photo.looked_at, photo.looked_by = state, timezone.now(), by
    photo.save(update_fields=["state", "looked_at", "looked_by"])
    note_new_photos([photo.review_id])


def judge_photos(ids: Collection[int], seen: Mapping[int, bool], *, by: StaffUser, at: datetime) -> list[int]:
    """New photos of these reviews (locked) that were before somebody's eyes: True shows one, False hides it. Those that
    nobody saw stay new. Returns the keys of what was judged."""
    rows = list(ReviewPhoto.objects.new().filter(review__in=ids, pk__in=list(seen)).values_list("pk", flat=True))
    for state, is_shown in ((ReviewPhoto.State.SHOWN, True), (ReviewPhoto.State.HIDDEN, False)):
        chosen = [pk for pk in rows if seen[pk] is is_shown]
        ReviewPhoto.objects.filter(pk__in=chosen).update(state=state, looked_at=at, looked_by=by)
    if rows:
        note_new_photos(ids)
    return rows


def forget_looks(photo_ids: Collection[int], *, at: datetime) -> None:
    """They are new again, if they are as they were judged at this moment."""
    rows = ReviewPhoto.objects.filter(pk__in=photo_ids, looked_at=at)
    reviews = list(rows.values_list("review_id", flat=True))
    rows.update(state=ReviewPhoto.State.NEW, looked_at=None, looked_by=None)
    note_new_photos(reviews)


def note_new_photos(review_ids: Collection[int]) -> None:
    """Whether something new is among their photos."""
    new = Exists(ReviewPhoto.objects.new().filter(review=OuterRef("pk")))
    Review.objects.filter(pk__in=review_ids).update(has_new_photos=new)


def forget_files(review: Review) -> None:
    """Files of all its photos go when this transaction is done."""
    _delete_later([name for name in review.photos.values_list("file", flat=True) if name])


def _delete_later(names: list[str]) -> None:
    def delete() -> None:
        for name in names:
            default_storage.delete(name)

    if names:
        transaction.on_commit(delete, robust=True)
