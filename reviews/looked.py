"""Since when everything is known, so that what looks every minute for work need not go through all reviews each time.

A look that goes through everything and finds nothing is remembered in its process for an hour; until then only what
changed since counts. Once an hour everything is looked at again, whatever was missed.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache

KEPT = timedelta(hours=1)
IN_FLIGHT = timedelta(hours=1)
"""A row bears the time at which its transaction began, and is seen when that ends: an import may take long."""


def since(name: str, of: Any) -> datetime | None:
    """From when on changes are news for the job `name`; None where everything has to be looked at, for instance because
    another version than `of` was asked about last."""
    known: tuple[Any, datetime] | None = cache.get(_key(name))
    return known[1] - IN_FLIGHT if known is not None and known[0] == of else None


def note(name: str, of: Any, at: datetime) -> None:
    """At that moment everything was known."""
    cache.set(_key(name), (of, at), KEPT.total_seconds())


def _key(name: str) -> str:
    return f"reviews.looked.{name}"
