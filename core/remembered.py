"""Figures that take the database long: made anew at most every few minutes, and said how old they are."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.core.cache import cache
from django.utils import timezone

SLOW_SECONDS = 0.05
KEEP_SECONDS = 180
T = TypeVar("T")


def remembered(key: str, compute: Callable[[], T]) -> tuple[T, datetime | None]:
    """What `compute` gives, and the moment it was made when that was an earlier request.

    Only what took longer than SLOW_SECONDS is kept, so a shop that is quick to count always sees figures of now. What
    a person may see must not depend on anything but the key.
    """
    known: tuple[T, datetime] | None = cache.get(key)
    if known is not None:
        return known
    as_of, started = timezone.now(), time.perf_counter()
    value = compute()
    if time.perf_counter() - started > SLOW_SECONDS:
        cache.set(key, (value, as_of), KEEP_SECONDS)
    return value, None
