"""Refusals of the rules about reviews."""

from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError, NotFound

__all__ = [
    "AlreadyReviewed", "BadInput", "NotFound", "OwnReview", "TooManyPhotos", "UndoExpired", "UnreadableTransformer",
]  # fmt: skip


class AlreadyReviewed(DomainError):
    code = "already_reviewed"


class OwnReview(DomainError):
    """Nobody votes on or complains about what they wrote."""

    code = "own_review"


class TooManyPhotos(DomainError):
    code = "too_many_photos"


class UnreadableTransformer(DomainError):
    """A pretrained encoder is named, and there is none that can be read."""

    code = "no_transformer"

    def __init__(self) -> None:
        super().__init__(
            _("REVIEWS_TRANSFORMER does not name a folder with a pretrained transformer that can be read.")
        )


class UndoExpired(DomainError):
    """The decision is too old, or somebody else made it."""

    code = "undo_expired"
