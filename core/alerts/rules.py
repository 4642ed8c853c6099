"""Rules of this shop: one row for each registered kind, made after every migration."""

from typing import Any

from django.apps import apps
from django.db import transaction

from core.alerts.kinds import kind_of
from core.extensions import alert_rules
from core.models import AlertRule


@transaction.atomic
def sync_rules() -> None:
    """A row for each kind; what the shop has set stays. Rows of kinds that are gone go too. Safe to run again."""
    known = set(AlertRule.objects.values_list("key", flat=True))
    wanted = {entry.key for entry in alert_rules}
    AlertRule.objects.bulk_create([_by_default(key) for key in sorted(wanted - known)], ignore_conflicts=True)
    AlertRule.objects.filter(key__in=known - wanted).delete()


def sync_after_migrate(sender: Any, **kwargs: Any) -> None:
    """Receiver of post_migrate: acts once, when the last app has its tables, and not on the way back to a state before
    there were rules."""
    if "alertrule" not in kwargs.get("apps", apps).all_models["core"]:
        return
    with_tables = [config for config in apps.get_app_configs() if config.models_module is not None]
    if with_tables and sender == with_tables[-1] and kwargs.get("using", "default") == "default":
        sync_rules()


def rule_of(key: str) -> AlertRule:
    """How this shop wants to hear about a kind; the defaults of the kind while it has no row."""
    return AlertRule.objects.filter(key=key).first() or _by_default(key)


def threshold_of(key: str) -> float:
    """The shop's threshold, in the unit of the kind; 0 for a kind without one."""
    row = rule_of(key)
    if row.threshold is not None:
        return row.threshold
    return kind_of(key).threshold or 0.0


def _by_default(key: str) -> AlertRule:
    kind = kind_of(key)
    return AlertRule(key=key, threshold=kind.threshold, roles=[role.value for role in kind.roles], by_mail=kind.by_mail)
