"""RFM segment and cluster on the page of a customer: name, what it means, reasons, how sure, as of, version."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import Segment
from analytics.segments.features import FEATURES, apart_words, value_text
from analytics.segments.named import RFM
from catalog.models import CustomerTrait
from core.components import Explanation, Reason, Score
from core.components.words import figure, money_about

MIDDLE = 3
"""Of the scores from 1 to 5: above speaks for a customer, below against."""


def rfm(trait: CustomerTrait) -> Score:
    """One of ten names by the scores for how lately, how often and how much."""
    known = RFM.get(trait.value) if isinstance(trait.value, str) else None
    if known is None:
        return Score(None, missing=_("not scored"))
    title, meaning = known
    explanation = Explanation(
        what=meaning,
        reasons=[reason for one in _stored(trait) if (reason := _rfm_reason(one)) is not None],
        how_sure=_("A rule, no model: fifths of all customers, 5 is best"),
        as_of=trait.as_of,
    )
    return Score(title, explanation=explanation, lead=meaning)


def cluster(trait: CustomerTrait) -> Score:
    """The group of customers found by a model that this one is nearest to, by the name that staff know."""
    found = Segment.objects.filter(kind=Segment.Kind.CLUSTER, key=str(trait.value)).select_related("current").first()
    if found is None:
        return Score(None, missing=_("this cluster is gone"))
    profile = found.current.profile if found.current is not None else {}
    what = _("Customers like this one: %(words)s") % {"words": apart_words(profile)}
    version = trait.model_version
    explanation = Explanation(
        what=what,
        reasons=[reason for one in _stored(trait) if (reason := _cluster_reason(one)) is not None],
        how_sure=_agreement(version.metrics if version is not None else {}),
        as_of=trait.as_of,
        model_version=version.name if version is not None else "",
        model_url=reverse("admin:core_modelversion_change", args=[version.pk]) if version is not None else "",
    )
    return Score(str(found), explanation=explanation)


def _stored(trait: CustomerTrait) -> list[Mapping[str, Any]]:
    """The reasons; those of another version of the program are left out."""
    stored = trait.reasons if isinstance(trait.reasons, list) else []
    return [
        one
        for one in stored
        if isinstance(one, dict) and isinstance(one.get("value"), int | float) and isinstance(one.get("reason"), str)
    ]


def _rfm_reason(one: Mapping[str, Any]) -> Reason | None:
    score = one.get("score")
    if not isinstance(score, int):
        return None
    count = round(one["value"])
    words = {"count": figure(count), "score": score, "money": money_about(one["value"])}
    if one["reason"] == "recency":
        text = (
            _("last order today: %(score)d of 5")
            if count == 0
            else ngettext(
                "last order %(count)s day ago: %(score)d of 5", "last order %(count)s days ago: %(score)d of 5", count
            )
        )
    elif one["reason"] == "frequency":
        text = ngettext("ordered on one day: %(score)d of 5", "ordered on %(count)s days: %(score)d of 5", count)
    elif one["reason"] == "money":
        text = _("brought %(money)s: %(score)d of 5")
    else:
        return None
    return Reason(text % words, (score > MIDDLE) - (score < MIDDLE))


def _cluster_reason(one: Mapping[str, Any]) -> Reason | None:
    feature = FEATURES.get(one["reason"])
    if feature is None:
        return None
    said = {"what": feature.title, "value": value_text(one["reason"], one["value"])}
    return Reason(_("%(what)s: %(value)s") % said, int(one.get("direction", 0)))


def _agreement(metrics: Mapping[str, Any]) -> str:
    stability = metrics.get("stability")
    if not isinstance(stability, int | float):
        return ""
    return _("Clusters agree by %(share)s when customers are drawn anew (1 is the same)") % {
        "share": figure(stability, 2)
    }
