"""Why there is no score: named, with what is needed and what is there, in words for people."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exceptions import DomainError


class Refused(DomainError):
    """Nothing can be learned yet. `reason` is one of "orders", "customers", "days" and "repeats"."""

    def __init__(self, reason: str, *, needed: int = 0, known: int = 0) -> None:
        self.reason, self.needed, self.known = reason, needed, known
        super().__init__(words(self.stored), code=f"too_little_{reason}")

    @property
    def stored(self) -> dict[str, Any]:
        return {"reason": self.reason, "needed": self.needed, "known": self.known}


def words(stored: Mapping[str, Any]) -> str:
    """A sentence in the reader's language; empty for no refusal."""
    reason, needed, known = stored.get("reason", ""), stored.get("needed", 0), stored.get("known", 0)
    if not reason:
        return ""
    if reason == "days":
        return ngettext(
            "Not yet: needs %(needed)d days of orders, has %(known)d day",
            "Not yet: needs %(needed)d days of orders, has %(known)d days",
            known,
        ) % {"needed": needed, "known": known}
    if reason == "customers":
        return ngettext(
            "Not yet: needs %(needed)d customers who bought, has %(known)d",
            "Not yet: needs %(needed)d customers who bought, has %(known)d",
            known,
        ) % {"needed": needed, "known": known}
    if reason == "repeats":
        return _("Not yet: nobody paid on a second day, so how often customers come back cannot be told")
    return _("Not yet: no order was paid")
