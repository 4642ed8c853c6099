"""Who acts right now: what stands in the ledger as the actor of every change.

Ids, never names: `staff:3`, `key:7`, `job:12`, `command:import_shop`, `customer` (for themselves: the entry's subject
says whom), `visitor` for a request that nobody signed, `system` for the rest of the program. Needs no settings, so that
`manage.py` may say its command before Django is set up.

The database hears it with the statements: each that writes begins with `/* by staff:3 */`, which the ledger's triggers
read. A statement without it was sent by somebody who has the database open.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.utils.functional import LazyObject

SYSTEM = "system"
VISITOR = "visitor"
CUSTOMER = "customer"
GOOD_ACTOR = re.compile(r"[a-z_]+(:[A-Za-z0-9_.-]+)?")
LONGEST = 60
WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|WITH|MERGE)\b", re.IGNORECASE)

_acting: ContextVar[str | Callable[[], str] | None] = ContextVar("acting", default=None)
_process = SYSTEM


def actor() -> str:
    """Who acts: the innermost `acting_as`, the job that runs, the request, or this process."""
    told = _acting.get()
    if isinstance(told, str):
        return told
    return _running_job() or (told() if told else _process)


@contextmanager
def acting_as(who: str | Callable[[], str]) -> Iterator[None]:
    """Everything inside is done by `who`; a callable is asked anew each time. Raises ValueError for what is no id."""
    if isinstance(who, str):
        _check(who)
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


def become(who: str) -> None:
    """This whole process acts as `who` unless something says otherwise: for commands."""
    global _process
    _check(who)
    _process = who


def signed(sql: str) -> str:
    """The statement with its actor in front when it writes."""
    return f"/* by {actor()} */ {sql}" if WRITES.match(sql) else sql


def of_request(request: Any) -> str:
    """Who sent a request, from what is known of it by now: asks the database nothing."""
    caller: Any = getattr(request, "auth", None)
    if hasattr(caller, "customer"):
        return CUSTOMER
    if hasattr(caller, "key_id"):
        return f"key:{caller.key_id}"
    user = request.__dict__.get("user")
    if isinstance(user, LazyObject):  # somebody asked for it already, or nobody knows yet
        user = request.__dict__.get("_cached_user")
    number = getattr(user, "pk", None)
    return VISITOR if number is None else f"staff:{number}"


class ActingMiddleware:
    """Whatever a request changes is done by whoever sent it. Nothing of it is left for the next request."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        with acting_as(lambda: of_request(request)):
            return self.get_response(request)


def _check(who: str) -> None:
    if len(who) > LONGEST or not GOOD_ACTOR.fullmatch(who):
        raise ValueError(f"{who!r} is no actor: a kind and an id, such as staff:3.")


def _running_job() -> str:
    running = sys.modules.get("core.jobs.running")
    pulse = running.current.get() if running is not None else None
    return f"job:{pulse.job_id}" if pulse is not None else ""
