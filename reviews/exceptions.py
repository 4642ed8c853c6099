"""Refusals of the rules about reviews."""

from core.exceptions import BadInput, DomainError, NotFound

__all__ = ["AlreadyReviewed", "BadInput", "NotFound", "OwnReview", "TooManyPhotos", "UndoExpired"]


class AlreadyReviewed(DomainError):
    code = "already_reviewed"


class OwnReview(DomainError):
    """Nobody votes on or complains about what they wrote."""

    code = "own_review"


class TooManyPhotos(DomainError):
    code = "too_many_photos"


class UndoExpired(DomainError):
    """The decision is too old, or somebody else made it."""

    code = "undo_expired"
