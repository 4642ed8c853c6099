"""Refusals of the rules about reviews."""

from core.exceptions import BadInput, DomainError, NotFound

__all__ = ["AlreadyReviewed", "BadInput", "DecidedMeanwhile", "NotFound", "OwnReview", "TooManyPhotos"]


class AlreadyReviewed(DomainError):
    code = "already_reviewed"


class OwnReview(DomainError):
    """Nobody votes on or complains about what they wrote."""

    code = "own_review"


class TooManyPhotos(DomainError):
    code = "too_many_photos"


class DecidedMeanwhile(DomainError):
    """Another member of staff decided in between."""

    code = "decided_meanwhile"
