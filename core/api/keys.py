"""Key look-up with a memory of a few seconds, so that a busy storefront does not read the same row each time."""

import threading
import time
from datetime import timedelta

from django.db import DatabaseError, InterfaceError
from django.db.models import Q
from django.utils import timezone

from core.api.principals import KeyAuth
from core.models import ApiKey

REMEMBER_SECONDS = 1.0
"""A revoked key works at most this much longer."""
STALE_SECONDS = 600.0
"""While the database is away keys are believed this much longer; nobody can revoke one meanwhile."""
USED_EVERY = timedelta(minutes=5)
MOST_REMEMBERED = 1_000

_known: dict[str | int, tuple[float, KeyAuth]] = {}
_named: dict[str, str] = {}
"""Hashes of usable keys by the header that carried them, so that a header is not hashed again."""
_origins: tuple[float, frozenset[str]] = (0.0, frozenset())
_guard = threading.Lock()


def key_by_value(value: str) -> KeyAuth | None:
    """The usable key with this value. Unknown values are not remembered: they would fill the memory."""
    name = ApiKey.hash_of(value)
    found = _remembered(name, Q(key_hash=name))
    if found is not None:
        with _guard:
            if len(_named) >= MOST_REMEMBERED:
                _named.clear()
            _named[f"Bearer {value}"] = name
    return found


def was_known(value: str) -> bool:
    """Whether this value was a usable key here lately: its owner does not suffer when a neighbour guesses."""
    return ApiKey.hash_of(value) in _known


def remembered_key(authorization: str) -> KeyAuth | None:
    """The key of this header when it was looked up within the last second; None for everything else."""
    name = _named.get(authorization)
    entry = _known.get(name) if name is not None else None
    return entry[1] if entry is not None and time.monotonic() < entry[0] else None


def key_by_id(key_id: int) -> KeyAuth | None:
    """The usable key with this id: tokens live only as long as the key that issued them."""
    return _remembered(key_id, Q(pk=key_id))


def allowed_origins() -> frozenset[str]:
    """Web addresses that any usable publishable key allows: all that a preflight request can be judged by."""
    global _origins
    until, origins = _origins
    if time.monotonic() < until:
        return origins
    try:
        lists = ApiKey.objects.usable().filter(kind=ApiKey.Kind.PUBLISHABLE).values_list("allowed_origins", flat=True)
        origins = frozenset(origin.rstrip("/").lower() for one in lists for origin in one)
    except (DatabaseError, InterfaceError):
        if not until or time.monotonic() > until + STALE_SECONDS:
            raise
    _origins = (time.monotonic() + REMEMBER_SECONDS, origins)
    return origins


def forget_keys() -> None:
    """For those who changed a key, and for tests."""
    global _origins
    with _guard:
        _known.clear()
        _named.clear()
    _origins = (0.0, frozenset())


def _remembered(name: str | int, where: Q) -> KeyAuth | None:
    entry = _known.get(name)
    if entry is not None and time.monotonic() < entry[0]:
        return entry[1]
    try:
        key = ApiKey.objects.usable().filter(where).first()
    except (DatabaseError, InterfaceError):
        if entry is None or time.monotonic() > entry[0] + STALE_SECONDS:
            raise
        return entry[1]
    if key is None:
        _known.pop(name, None)
        return None
    _note_use(key)
    found = KeyAuth.of(key)
    with _guard:
        if len(_known) >= MOST_REMEMBERED:
            _known.clear()
        _known[name] = (time.monotonic() + REMEMBER_SECONDS, found)
    return found


def _note_use(key: ApiKey) -> None:
    """When the key was last used, to five minutes: staff look for keys that nobody needs."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - USED_EVERY:
        try:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        except (DatabaseError, InterfaceError):  # no reason to refuse the caller
            return
