"""What clusters are told apart by, and how each feature reads in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.components.words import figure, listed, money_about, percent

COUNT, DAYS, MONEY, SHARE = "count", "days", "money", "share"


@dataclass(frozen=True)
class Feature:
    """One column. `high` and `low` finish the sentence "customers who …"."""

    title: Any
    unit: str
    high: Any
    low: Any


FEATURES: dict[str, Feature] = {
    "recency": Feature(
        gettext_lazy("Days since the last order"), DAYS, gettext_lazy("bought long ago"), gettext_lazy("bought lately")
    ),
    "frequency": Feature(
        gettext_lazy("Days with an order"), COUNT, gettext_lazy("buy often"), gettext_lazy("buy rarely")
    ),
    "money": Feature(gettext_lazy("Revenue"), MONEY, gettext_lazy("bring much"), gettext_lazy("bring little")),
    "average_order": Feature(
        gettext_lazy("Average order"), MONEY, gettext_lazy("place large orders"), gettext_lazy("place small orders")
    ),
    "tenure": Feature(
        gettext_lazy("Days since the first order"), DAYS, gettext_lazy("have been here for long"),
        gettext_lazy("have come lately"),
    ),
    "returned": Feature(
        gettext_lazy("Share refunded"), SHARE, gettext_lazy("return much"), gettext_lazy("return hardly anything")
    ),
}  # fmt: skip


def value_text(name: str, value: float | None) -> str:
    """A value of a feature with its unit."""
    if value is None:
        return "–"
    match FEATURES[name].unit:
        case "money":
            return money_about(value)
        case "share":
            return percent(value)
        case "days":
            return ngettext("%(count)s day", "%(count)s days", round(value)) % {"count": figure(round(value))}
    return figure(value, 0 if value == int(value) else 1)


def apart_words(profile: Mapping[str, Any]) -> str:
    """“bought long ago (281 days against 96), buy rarely (1 against 3)”: what sets a cluster apart, strongest first."""
    parts = []
    for one in profile.get("apart", ())[:3]:
        feature = FEATURES.get(one["feature"])
        if feature is None:
            continue
        name = one["feature"]
        said = {
            "what": feature.high if one["deviations"] > 0 else feature.low,
            "own": value_text(name, profile["medians"].get(name)),
            "all": value_text(name, profile["all_medians"].get(name)),
        }
        parts.append(_("%(what)s (%(own)s, all customers %(all)s)") % said)
    return listed(parts) if parts else _("like the average customer in everything")


def cluster_name(apart: Sequence[Mapping[str, Any]], label: str) -> str:
    """A first name in the active language; staff may give another, which stays."""
    words = [
        str(FEATURES[one["feature"]].high if one["deviations"] > 0 else FEATURES[one["feature"]].low)
        for one in apart[:2]
        if one["feature"] in FEATURES
    ]
    text = listed(words) if words else _("average customers")
    return f"{label} · {text}"
