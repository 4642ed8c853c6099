"""Measures and reasons of service groups as sentences in the reader's language."""

import math
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import figure
from core.components.words import duration

MEASURES = ("response", "satisfaction", "complaints")
LIMITS = {"response": (0.0, math.inf), "satisfaction": (1.0, 5.0), "complaints": (0.0, math.inf)}


def measure(name: str) -> str:
    return {
        "response": _("First answer, business time"), "satisfaction": _("Satisfaction, 1 to 5"),
        "complaints": _("Complaints per customer"),
    }[name]  # fmt: skip


def value(name: str, number: float | None) -> str:
    """In the unit of the measure; a dash where nothing is known."""
    if number is None:
        return "–"
    if name == "response":
        return duration(max(number, 0) * 60)
    return figure(number, 2)


def likely(name: str, mean: dict[str, Any]) -> str:
    """The range, within what the measure can be; empty where there is none, and where so few were all alike that none
    can be told."""
    if mean.get("low") is None or mean.get("high") is None:
        return ""
    least, most = LIMITS[name]
    low, high = max(mean["low"], least), min(mean["high"], most)
    if low >= high:
        return ""
    return _("likely %(low)s to %(high)s") % {"low": value(name, low), "high": value(name, high)}


def reason(key: str) -> str:
    return {
        "less_satisfied": _("less satisfied than everybody"), "more_complaints": _("more complaints than everybody"),
        "slower": _("waited longer than everybody"),
    }.get(key, "")  # fmt: skip


def strength(evidence: dict[str, Any]) -> str:
    """How far what was seen can be trusted."""
    followed = {"count": figure(evidence.get("followed") or 0)}
    match evidence.get("strength"):
        case "clear":
            return _("Clear: so it was again in later cases of %(count)s customers.") % followed
        case "none":
            return _("Not worse: later cases of %(count)s customers were no worse than everybody's.") % followed
    return ngettext(
        "Not sure enough: only %(count)s customer has later cases. A person decides.",
        "Not sure enough: only %(count)s customers have later cases. A person decides.", evidence.get("followed") or 0,
    ) % followed  # fmt: skip
