"""Refusals of the loyalty programme."""

from core.exceptions import BadInput, DomainError, NotFound

__all__ = ["BadInput", "CodeSpent", "NotEnoughPoints", "NotFound", "ProgrammeOff", "RewardGone", "UndoRefused"]


class ProgrammeOff(DomainError):
    code = "programme_off"


class NotEnoughPoints(DomainError):
    code = "not_enough_points"


class RewardGone(DomainError):
    """Not today, or no piece is left."""

    code = "reward_gone"


class CodeSpent(DomainError):
    """The code was used, taken back, or its time is over."""

    code = "code_spent"


class UndoRefused(DomainError):
    code = "undo_refused"
