"""Refusals of the rules about pictures."""

from core.exceptions import DomainError

__all__ = ["UndoExpired"]


class UndoExpired(DomainError):
    """The decision is too old, or somebody else made it."""

    code = "undo_expired"
