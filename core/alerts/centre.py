"""Opening, counting and closing alerts."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from psycopg2.extras import Json

from core.alerts import mails
from core.alerts.kinds import kind_of
from core.alerts.rules import rule_of
from core.models import Alert, StaffUser
from core.said import Said

log = structlog.get_logger(__name__)
RESOLVED_KEPT = timedelta(days=90)

WORSE = "array_position(%(levels)s, excluded.level) > array_position(%(levels)s, known.level)"
# One statement, so that callers at the same moment make one row. A trouble that grows worse wants attention again.
RAISE = f"""
    INSERT INTO core_alert AS known
        (rule, key, level, text, text_values, link, count, created_at, last_seen_at)
    VALUES (%(rule)s, %(key)s, %(level)s, %(text)s, %(values)s, %(link)s, 1, %(now)s, %(now)s)
    ON CONFLICT (rule, key) WHERE resolved_at IS NULL DO UPDATE SET
        count = known.count + 1,
        last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
        text = excluded.text,
        text_values = excluded.text_values,
        link = excluded.link,
        level = CASE WHEN {WORSE} THEN excluded.level ELSE known.level END,
        acknowledged_at = CASE WHEN {WORSE} THEN NULL ELSE known.acknowledged_at END,
        acknowledged_by_id = CASE WHEN {WORSE} THEN NULL ELSE known.acknowledged_by_id END
    RETURNING *, xmax = 0 AS is_new
"""  # noqa: S608  # constants only; values are parameters


def raise_alert(rule: str, *, key: str = "", said: Said, level: str | None = None, link: str = "") -> Alert | None:
    """Open an alert, or count once more while the same one (rule and key) is open. None when the rule is off.

    `key` says what it is about and holds no personal data. The text is that of the last call; `level` (else the
    kind's) only rises while the alert is open. A new alert is mailed to the rule's roles when the rule says so;
    mail that cannot be written is tried again by the check of the next minute and never makes this fail. Safe to
    call from anywhere and often; takes part in the caller's transaction.
    """
    wanted = rule_of(rule)
    if not wanted.is_on:
        return None
    parameters = {
        "rule": rule,
        "key": key[:120],
        "level": level or kind_of(rule).level,
        "text": said.text[:300],
        "values": Json(dict(said.values)),
        "link": link[:300],
        "now": timezone.now(),
        "levels": list(Alert.Level.values),
    }
    alert = next(iter(Alert.objects.raw(RAISE, parameters)))
    if getattr(alert, "is_new", False):
        log.warning("alert.raised", rule=rule, level=alert.level, alert_id=alert.pk)
        mails.tell(alert, wanted)
    return alert


def acknowledge(alert: Alert, by: StaffUser) -> bool:
    """Somebody has taken it on: it stays open and stops asking for attention. False when it no longer does."""
    return bool(
        Alert.objects.open()
        .filter(pk=alert.pk, acknowledged_at=None)
        .update(acknowledged_at=timezone.now(), acknowledged_by=by)
    )


def resolve(rule: str, *, key: str | None = None) -> int:
    """The trouble is over: close its open alert (all of the rule without `key`). Returns how many were closed."""
    found = Alert.objects.open().filter(rule=rule)
    if key is not None:
        found = found.filter(key=key[:120])
    return found.update(resolved_at=timezone.now())


def close(alert: Alert) -> bool:
    """Close this one alert by hand. While the trouble lasts, the next check opens a new one."""
    return bool(Alert.objects.open().filter(pk=alert.pk).update(resolved_at=timezone.now()))


@transaction.atomic
def forget_old() -> int:
    """Remove alerts that have been over for 90 days. Returns how many."""
    found = Alert.objects.filter(resolved_at__lt=timezone.now() - RESOLVED_KEPT)
    return found.delete()[0]
