"""Measures and reasons of service groups as sentences in the reader's language."""

from typing import Any

from django.utils.translation import gettext as _

from core.components import figure
from core.components.words import duration

MEASURES = ("response", "satisfaction", "complaints")


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
    """The range; empty where there is none."""
    if mean.get("low") is None or mean.get("high") is None:
        return ""
    low = mean["low"]
    if name != "satisfaction":
        low = max(low, 0.0)
    return _("likely %(low)s to %(high)s") % {"low": value(name, low), "high": value(name, mean["high"])}


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
    return _("Not sure enough: only %(count)s customers have later cases. A person decides.") % followed
