"""Mail about alerts: to the members of the rule's roles, not more often than somebody can read."""

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from core.alerts.kinds import kind_of
from core.choices import Role
from core.models import Alert, AlertRule, StaffUser
from core.shop import current_shop

log = structlog.get_logger(__name__)
# A trouble that comes and goes is told once in this time.
PAUSE = timedelta(hours=4)
# A critical alert that nobody has taken on is told again.
REMIND_AFTER = timedelta(days=1)
MOST_AT_ONCE = 50


def tell(alert: Alert, rule: AlertRule) -> int:
    """Write one mail for each person and return how many. Never raises: what cannot be written waits.

    Nothing is written while the same trouble (rule and key) was told less than four hours ago.
    """
    if not rule.by_mail:
        return 0
    try:
        with transaction.atomic():
            return _write(alert, rule)
    except Exception:  # the alert itself matters more than its mail
        log.exception("alert.mail_failed", alert_id=alert.pk, rule=alert.rule)
        return 0


def tell_waiting() -> int:
    """Tell what could not be told when it was raised, and remind of critical alerts once a day."""
    now = timezone.now()
    rules = {rule.key: rule for rule in AlertRule.objects.filter(is_on=True, by_mail=True)}
    untold = Q(mailed_at=None) | Q(level=Alert.Level.CRITICAL, mailed_at__lt=now - REMIND_AFTER)
    waiting = Alert.objects.open().filter(untold, acknowledged_at=None, rule__in=rules)
    return sum(tell(alert, rules[alert.rule]) for alert in waiting.order_by("id")[:MOST_AT_ONCE])


def readers_of(rule: AlertRule) -> QuerySet[StaffUser]:
    """Members of the rule's roles with an address; the owners when there is none, because somebody must know."""
    reachable = StaffUser.objects.filter(is_active=True, is_staff=True).exclude(email="")
    members = reachable.filter(_in_roles(rule.roles)).distinct()
    return members if members.exists() else reachable.filter(_in_roles([Role.OWNER])).distinct()


def _in_roles(roles: list[str]) -> Q:
    wanted = Q(groups__name__in=roles)
    return wanted | Q(is_superuser=True) if Role.OWNER in roles else wanted


def _write(alert: Alert, rule: AlertRule) -> int:
    from core import mail  # which raises alerts of its own

    now = timezone.now()
    if Alert.objects.filter(rule=alert.rule, key=alert.key, mailed_at__gt=now - PAUSE).exists():
        return 0
    people = list(readers_of(rule).only("email", "language"))
    if not people:
        return 0
    # Two processes may see the same alert: the one that changes the row writes.
    if not Alert.objects.filter(pk=alert.pk, mailed_at=alert.mailed_at).update(mailed_at=now):
        return 0
    for person in people:
        mail.send("alert", to=person.email, language=person.language or _house_language(), context=_context(alert))
    return len(people)


def _context(alert: Alert) -> dict[str, Any]:
    path = reverse("admin:core_alert_change", args=[alert.pk])
    return {
        "alert": alert,
        "kind": kind_of(alert.rule),
        "shop": current_shop().name,
        "address": f"{str(settings.PUBLIC_URL).rstrip('/')}{path}",
    }


def _house_language() -> str:
    """For who has chosen none: the first language of the shop."""
    known = [code for code, _name in settings.LANGUAGES]
    return next((code for code in current_shop().languages if code in known), settings.LANGUAGE_CODE)
