"""The shop profile for requests: read often, changed hardly ever."""

import time
import zoneinfo

from django.conf import settings
from django.db import Error

from core.models import ShopProfile

REMEMBER_SECONDS = 3.0
_known: tuple[float, ShopProfile] | None = None


def current_shop() -> ShopProfile:
    """The profile, at most three seconds old. Do not change it: it is shared by all requests of this process.

    While the database is away the last known one is used, so that pages that need no database keep answering.
    """
    global _known
    if _known is not None and time.monotonic() < _known[0]:
        return _known[1]
    try:
        profile = ShopProfile.objects.filter(pk=1).first() or ShopProfile()
    except Error:
        if _known is None:
            raise
        profile = _known[1]
    _known = (time.monotonic() + REMEMBER_SECONDS, profile)
    return profile


def shop_zone() -> zoneinfo.ZoneInfo:
    """Where the days of the shop begin; UTC while nobody can say, so that a page or a job does not fail for it."""
    try:
        return zoneinfo.ZoneInfo(current_shop().time_zone)
    except (Error, KeyError, ValueError, OSError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def forget_shop() -> None:
    """For those who changed the profile, and for tests."""
    global _known
    _known = None
