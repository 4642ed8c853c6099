"""Refusals of the loyalty programme and of the inbox."""

from core.exceptions import BadInput, DomainError, NotFound

__all__ = [
    "BadInput",
    "CodeRefused",
    "CodeSpent",
    "ConversationClosed",
    "DecidedMeanwhile",
    "NotEnoughPoints",
    "NotFound",
    "ProgrammeOff",
    "RewardGone",
    "SomebodyElseReplied",
    "UndoRefused",
]


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


class CodeRefused(DomainError):
    """The code does not count for this order; `code` says why."""

    code = "coupon_refused"


class UndoRefused(DomainError):
    code = "undo_refused"


class ConversationClosed(DomainError):
    """Nothing can be written there any more."""

    code = "conversation_closed"


class SomebodyElseReplied(DomainError):
    """Another person answered the customer first; `extra["sequence"]` is their message."""

    code = "somebody_else_replied"


class DecidedMeanwhile(DomainError):
    """Somebody else decided first; look again."""

    code = "decided_meanwhile"
