"""What a page of the staff site says about alerts: the bell, the banner, the card of the home page.

All of it comes from one query per person that is remembered for ten seconds in this process, so that it works while
Redis is away and costs a page nothing.
"""

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction

from core.models import Alert, StaffUser

log = structlog.get_logger(__name__)
REMEMBER_SECONDS = 10.0
# Beyond this the bell says "99+".
MOST_COUNTED = 100
MOST_REMEMBERED = 500


@dataclass(frozen=True)
class Attention:
    """Alerts that this person may see and that nobody has taken on, the worst and newest first."""

    alerts: list[Alert] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.alerts)

    @property
    def critical(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.level == Alert.Level.CRITICAL]


_known: dict[int, tuple[float, Attention]] = {}
_guard = Lock()


def attention_of(user: Any) -> Attention:
    """At most ten seconds old. Nothing for strangers and those without the right; nothing while tables are missing."""
    if not isinstance(user, StaffUser) or not user.is_active or not user.has_perm("core.view_alert"):
        return Attention()
    known = _known.get(user.pk)
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    try:
        found = _read(user)
    except DatabaseError:  # a page that worked so far must not end here
        log.warning("alert.attention_unknown", exc_info=True)
        found = Attention()
    with _guard:
        if len(_known) >= MOST_REMEMBERED:
            _known.clear()
        _known[user.pk] = (time.monotonic() + REMEMBER_SECONDS, found)
    return found


def forget() -> None:
    """For those who changed an alert, and for tests."""
    with _guard:
        _known.clear()


def _read(user: StaffUser) -> Attention:
    rows = (
        Alert.objects.unattended()
        .visible_to(user)
        .only("rule", "key", "level", "text", "text_values", "link", "created_at", "last_seen_at", "count")
        .order_by("level", "-id")[:MOST_COUNTED]  # "critical" comes first, whatever stands behind it
    )
    if connection.in_atomic_block:  # a query that fails would take the caller's transaction with it
        with transaction.atomic():
            found = list(rows)
    else:
        found = list(rows)
    order = {level: place for place, level in enumerate(reversed(Alert.Level.values))}
    return Attention(sorted(found, key=lambda alert: order.get(alert.level, 9)))
