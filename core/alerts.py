"""Alerts: raised by whoever sees trouble, shown to those whose work it is, over when the trouble is."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from core.choices import Role
from core.models import Alert
from core.said import Said


@dataclass(frozen=True)
class AlertKind:
    """What `core.extensions.alert_rules` resolves to: title and defaults of one kind of trouble.

    `threshold` None: there is nothing to set. `unit` stands behind the threshold on the page.
    """

    title: Any
    level: str
    roles: tuple[Role, ...] = (Role.OPERATOR,)
    threshold: float | None = None
    unit: Any = ""
    by_mail: bool = True


def raise_alert(rule: str, *, key: str = "", said: Said, level: str | None = None, link: str = "") -> Alert | None:
    """Open an alert, or count once more while the same one (rule and key) is open. None when the rule is off.

    Safe to call from anywhere and often; takes part in the caller's transaction.
    """
    now = timezone.now()
    if Alert.objects.open().filter(rule=rule, key=key).update(count=F("count") + 1, last_seen_at=now):
        return Alert.objects.open().filter(rule=rule, key=key).first()
    try:
        with transaction.atomic():
            return Alert.objects.create(
                rule=rule, key=key, level=level or Alert.Level.WARNING, text=said.text[:300],
                text_values=dict(said.values), link=link,
            )  # fmt: skip
    except IntegrityError:
        return Alert.objects.open().filter(rule=rule, key=key).first()


def resolve(rule: str, *, key: str | None = None) -> int:
    """The trouble is over: close its open alert (all of the rule without `key`). Returns how many were closed."""
    found = Alert.objects.open().filter(rule=rule)
    if key is not None:
        found = found.filter(key=key)
    return found.update(resolved_at=timezone.now())
