"""Photos of reviews: made safe, stored under a name of ours, gone with their review."""

import hashlib
import secrets

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog.importing.pictures import PictureRefused, clean_picture
from reviews.exceptions import BadInput, TooManyPhotos
from reviews.models import Review, ReviewPhoto
from reviews.models.reviews import PHOTOS


def add_photo(review: Review, data: bytes) -> ReviewPhoto:
    """Decode, draw anew, store. The same photo again is the one that is there.

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


def forget_files(review: Review) -> None:
    """Files of all its photos go when this transaction is done."""
    _delete_later([name for name in review.photos.values_list("file", flat=True) if name])


def _delete_later(names: list[str]) -> None:
    def delete() -> None:
        for name in names:
            default_storage.delete(name)

    if names:
        transaction.on_commit(delete, robust=True)
