"""Reasons of a score: stored as a name, a number and a direction, written in the reader's language when shown.

Features that say the same thing (days since the last order, plain and as a logarithm) are one reason: what they add to
the log-odds is added up.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import Reason, money
from core.components.words import figure, money_about

OF = {
    "recency": ("recency", "recency_log"),
    "overdue": ("overdue",),
    "purchases": ("purchases_log", "bought_once", "rate_log"),
    "lately": ("purchases_30_log", "purchases_60_log", "purchases_90_log"),
    "tenure": ("tenure_log",),
    "spent": ("money_log", "mean_amount_log", "last_amount_log"),
    "looked": ("views_7_log", "views_30_log"),
    "carted": ("carts_7_log", "carts_30_log"),
}
"""Reason to the features it stands for."""
MOST = 3
EXPECTED, WORTH, CHANCE = "expected", "worth", "chance"
"""Reasons of lifetime value, which is their product."""


def chance_words(chance: float) -> str:
    """ "7 in 10", for a person to imagine; the ends are not rounded to certainty."""
    tenths = round(chance * 10)
    if tenths < 1:
        return _("fewer than 1 in 10")
    if tenths > 9:
        return _("more than 9 in 10")
    return _("about %(count)d in 10") % {"count": tenths}


def churn_sentence(chance: float, days: int) -> str:
    tenths = round(chance * 10)
    if tenths < 1:
        return _("Fewer than 1 in 10 customers like this one stop buying within %(days)d days") % {"days": days}
    if tenths > 9:
        return _("More than 9 in 10 customers like this one stop buying within %(days)d days") % {"days": days}
    return _("About %(count)d in 10 customers like this one stop buying within %(days)d days") % {
        "count": tenths, "days": days,
    }  # fmt: skip


def order_sentence(chance: float, days: int) -> str:
    tenths = round(chance * 10)
    if tenths < 1:
        return _("Fewer than 1 in 10 customers like this one order within %(days)d days") % {"days": days}
    if tenths > 9:
        return _("More than 9 in 10 customers like this one order within %(days)d days") % {"days": days}
    return _("About %(count)d in 10 customers like this one order within %(days)d days") % {
        "count": tenths, "days": days,
    }  # fmt: skip


def reasons(stored: Sequence[Mapping[str, Any]]) -> list[Reason]:
    """In words; reasons of another version of the program are left out."""
    found = []
    for one in stored:
        text = _text(str(one.get("reason", "")), one.get("value"))
        if text:
            found.append(Reason(text, int(one.get("direction", 0))))
    return found


def line(stored: Sequence[Mapping[str, Any]]) -> str:
    """All on one line, for a table: ▲ raises the score, ▼ lowers it."""
    marks = {1: "▲ ", -1: "▼ "}
    return " · ".join(f"{marks.get(reason.direction, '')}{reason.text}" for reason in reasons(stored))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, int | float):
        return ""
    count = round(value)
    words = {"count": figure(count)}
    if name == "recency":
        if count == 0:
            return _("last order today")
        return ngettext("last order %(count)s day ago", "last order %(count)s days ago", count) % words
    if name == "overdue":
        return ngettext("usually orders every day", "usually orders every %(count)s days", count) % words
    if name == "purchases":
        return ngettext("ordered on one day so far", "ordered on %(count)s days so far", count) % words
    if name == "lately":
        if count == 0:
            return _("no order in the last 90 days")
        return ngettext("ordered on one of the last 90 days", "ordered on %(count)s of the last 90 days", count) % words
    if name == "tenure":
        return ngettext("first order %(count)s day ago", "first order %(count)s days ago", count) % words
    if name == "looked":
        return _looks(count, words)
    if name == "carted":
        if count == 0:
            return _("put nothing into the basket in the last 30 days")
        return (
            ngettext(
                "put %(count)s product into the basket in the last 30 days",
                "put %(count)s products into the basket in the last 30 days",
                count,
            )
            % words
        )
    return _of_money(name, float(value))


def _looks(count: int, words: Mapping[str, str]) -> str:
    if count == 0:
        return _("looked at nothing in the last 30 days")
    return (
        ngettext(
            "looked at a product once in the last 30 days",
            "looked at products %(count)s times in the last 30 days",
            count,
        )
        % words
    )


def _of_money(name: str, value: float) -> str:
    if name == "spent":
        return _("spent %(money)s so far") % {"money": money(value)}
    if name == EXPECTED:
        return _("%(count)s orders expected in 12 months") % {"count": figure(value, 1)}
    if name == WORTH:
        return _("an order is worth about %(money)s") % {"money": money_about(value)}
    if name == CHANCE:
        return _("buys again within 12 months: %(chance)s") % {"chance": chance_words(value)}
    return ""
