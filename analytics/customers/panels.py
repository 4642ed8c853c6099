"""Scores on the page of a customer: value, word, reasons, how sure, as of, version."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.customers import reasons
from catalog.models import CustomerTrait
from core.components import Explanation, Score, percent
from core.components.words import figure, money_about

HIGH, MIDDLE = 0.7, 0.4


def churn(trait: CustomerTrait) -> Score:
    """Of the longest horizon that was scored."""
    days, chance = _longest(trait.value)
    if chance is None:
        return Score(None, missing=_("not scored"))
    what = reasons.churn_sentence(chance, days)
    return Score(percent(chance), _word(chance), _explained(trait, what, days), lead=what)


def order(trait: CustomerTrait) -> Score:
    days, chance = _longest(trait.value)
    if chance is None:
        return Score(None, missing=_("not scored"))
    what = reasons.order_sentence(chance, days)
    return Score(percent(chance), _word(chance), _explained(trait, what, days), lead=what)


def value(trait: CustomerTrait) -> Score:
    own = trait.value if isinstance(trait.value, dict) else {}
    amount, orders = own.get("value"), own.get("orders")
    if not isinstance(amount, int | float) or not isinstance(orders, int | float):
        return Score(None, missing=_("not scored"))
    if round(orders, 1):
        what = _("Likely brings %(money)s within 12 months, with %(orders)s days of orders") % {
            "money": money_about(amount), "orders": figure(orders, 1 if orders < 10 else 0),
        }  # fmt: skip
    else:
        what = _("Likely brings %(money)s within 12 months: hardly any order") % {"money": money_about(amount)}
    return Score(money_about(amount), _("in 12 months"), _explained(trait, what, None), lead=what)


def _longest(stored: Any) -> tuple[int, float | None]:
    known = {
        int(days): float(chance)
        for days, chance in (stored if isinstance(stored, dict) else {}).items()
        if str(days).isdecimal() and isinstance(chance, int | float)
    }
    days = max(known, default=0)
    return days, known.get(days)


def _word(chance: float) -> str:
    if chance >= HIGH:
        return pgettext("chance or risk", "high")
    return pgettext("chance or risk", "middling") if chance >= MIDDLE else pgettext("chance or risk", "low")


def _explained(trait: CustomerTrait, what: str, days: int | None) -> Explanation:
    version = trait.model_version
    return Explanation(
        what=what,
        reasons=reasons.reasons(trait.reasons if isinstance(trait.reasons, list) else []),
        how_sure=_how_sure(version.report if version is not None else {}, days),
        as_of=trait.as_of,
        model_version=version.name if version is not None else "",
        model_url=reverse("admin:core_modelversion_change", args=[version.pk]) if version is not None else "",
    )


def _how_sure(report: dict[str, Any], days: int | None) -> str:
    if days is None:
        test = report.get("back_test") or {}
        actual = test.get("actual")
        if not actual:
            return ""
        return _("In the last %(days)d days customers came %(count)s times; %(foretold)s times were foretold") % {
            "days": test["days"], "count": figure(round(actual)), "foretold": figure(round(test["predicted"])),
        }  # fmt: skip
    off = report.get("metrics", {}).get(f"level_error_{days}")
    if off is None:
        return _("No earlier date could be held back yet")
    return _("On earlier dates the share foretold was off by %(points)s points on average") % {
        "points": f"{off * 100:.1f}"
    }
