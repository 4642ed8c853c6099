"""Refusals whose message can be shown to a person."""

from typing import Any


class DomainError(Exception):
    """A rule of the shop said no. `code` is stable for machines, the message is for people."""

    code = "refused"
    status = 409

    def __init__(self, message: Any, *, code: str | None = None, extra: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra or {}
        if code:
            self.code = code


class NotFound(DomainError):
    code = "not_found"
    status = 404


class BadInput(DomainError):
    """What was sent cannot be used; `extra["field"]` names where."""

    code = "bad_input"
    status = 422
