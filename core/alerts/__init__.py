"""Alerts: raised by whoever sees trouble, shown to those whose work it is, over when the trouble is.

`raise_alert` and `resolve` may be called from anywhere. The kinds are in `core.extensions.alert_rules`; how this shop
wants to hear about each stands in its AlertRule.
"""

from core.alerts.centre import acknowledge, forget_old, raise_alert, resolve
from core.alerts.kinds import AlertKind, kind_of
from core.alerts.rules import rule_of, threshold_of

__all__ = [
    "AlertKind",
    "acknowledge",
    "forget_old",
    "kind_of",
    "raise_alert",
    "resolve",
    "rule_of",
    "threshold_of",
]
