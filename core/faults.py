"""What servers and disks do to a request, in the words of an answer: never a 500."""

import errno
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import UnreadablePostError
from django.utils.translation import gettext_lazy as _

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Fault:
    """`retry_after` in seconds; None where waiting does not help."""

    status: int
    code: str
    sentence: Any
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


AWAY = Fault(503, "database_away", _("The shop is not reachable right now."), 5)
SLOW = Fault(503, "database_slow", _("This takes too long right now. Try again in a moment."), 5)
BUSY = Fault(503, "busy", _("Somebody else is just changing the same thing. Try again in a moment."), 1)
CROWDED = Fault(503, "too_busy", _("The shop has too much to do right now. Try again in a moment."), 2)
FULL = Fault(507, "disk_full", _("The disk is full, so nothing was saved. What was there before is unchanged."))
CUT_SHORT = Fault(408, "cut_short", _("The body did not arrive in time."))

BY_STATE = {
    "57014": SLOW,  # statement timeout
    "55P03": BUSY,  # lock timeout
    "40P01": BUSY,  # deadlock
    "40001": BUSY,  # serialization
    "53100": FULL,
    "53200": CROWDED,  # out of memory
    "53300": CROWDED,  # too many connections
    "53400": CROWDED,
}


def fault_of(error: BaseException | None) -> Fault | None:
    """The fault behind an exception, None when it is something else: a mistake of ours or of the caller."""
    if isinstance(error, UnreadablePostError):
        return CUT_SHORT
    if isinstance(error, OSError):
        return FULL if error.errno in DISK_FULL else None
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    state = getattr(error.__cause__, "pgcode", None) or ""
    if state in BY_STATE:
        return BY_STATE[state]
    if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
        return CROWDED if "too many clients" in str(error) or "connection slots" in str(error) else AWAY
    return None
