"""Refusals of the rules about pictures."""

from core.exceptions import DomainError

__all__ = ["CannotMerge", "UndoExpired"]


class UndoExpired(DomainError):
    """The decision is too old, or somebody else made it."""

    code = "undo_expired"


class CannotMerge(DomainError):
    """These two labels do not belong together."""

    code = "cannot_merge"
