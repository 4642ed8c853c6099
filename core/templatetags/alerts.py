"""The bell and the banner: `{% load alerts %}`. Neither ever breaks the page it stands on."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.alerts import kind_of, states
from core.alerts.attention import MOST_COUNTED, Attention, attention_of
from core.models import Alert

register = template.Library()
MOST_LINES = 3


@dataclass(frozen=True)
class Line:
    """One sentence of the banner and the way to what mends it."""

    text: str
    url: str
    label: str
    is_critical: bool


@register.inclusion_tag("core/alerts/bell.html", takes_context=True)
def alert_bell(context: template.Context) -> dict[str, Any]:
    """How many alerts ask for this person; a link that opens a short list."""
    user = _user(context)
    if user is None or not user.has_perm("core.view_alert"):
        return {"shown": False}
    found = attention_of(user)
    return {
        "shown": True,
        "count": found.count,
        "figure": f"{MOST_COUNTED - 1}+" if found.count >= MOST_COUNTED else str(found.count),
        "is_critical": bool(found.critical),
        "label": _bell_label(found),
    }


@register.inclusion_tag("core/alerts/banner.html", takes_context=True)
def alert_banner(context: template.Context) -> dict[str, Any]:
    """Open critical alerts of this person, then what the web process sees of the installation."""
    user = _user(context)
    if user is None or context.get("is_popup"):
        return {"lines": []}
    found = attention_of(user)
    here = str(getattr(context.get("request"), "path", ""))
    alerts = [alert for alert in found.critical if alert_url(alert) != here]
    lines = [Line(str(alert.said), alert_url(alert), _("Open the alert"), True) for alert in alerts[:MOST_LINES]]
    told = {alert.rule for alert in found.critical}
    lines += [_line(state, user) for state in states.current() if state.rule not in told]
    return {"lines": lines, "more": max(0, len(alerts) - MOST_LINES)}


def alert_url(alert: Alert) -> str:
    return reverse("admin:core_alert_change", args=[alert.pk])


def _line(state: states.State, user: Any) -> Line:
    kind = kind_of(state.rule)
    url = ""
    if kind.page and (not kind.permission or user.has_perm(kind.permission)):
        try:
            url = reverse(f"admin:{kind.page}")
        except NoReverseMatch:
            url = ""
    return Line(str(state.said), url, str(kind.page_label), kind.level == Alert.Level.CRITICAL)


def _user(context: template.Context) -> Any:
    user = getattr(context.get("request"), "user", None)
    return user if user is not None and user.is_authenticated and user.is_staff else None


def _bell_label(found: Attention) -> str:
    if not found.count:
        return _("Alerts: none open")
    if found.count >= MOST_COUNTED:
        return _("Alerts: more than %(count)d open") % {"count": MOST_COUNTED - 1}
    return ngettext("Alerts: %(count)d open", "Alerts: %(count)d open", found.count) % {"count": found.count}
