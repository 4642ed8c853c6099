"""Which methods a model can show by themselves, in words for staff."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from core import model_registry as registry
from core.components.words import listed, run_on
from recommender import reasons, trials
from recommender.choices import RECOMMENDER
from recommender.models import Placement, TrainingSettings


def methods_of(report: Mapping[str, Any]) -> str:
    """Methods of a trained version that may be asked alone, by its report. Versions that do not say have those that
    got a weight."""
    told = report.get("voices")
    if not isinstance(told, Sequence):
        weights = report.get("weights") or {}
        told = [name for name, weight in weights.items() if weight > 0] or [report.get("chosen", "")]
    return _in_words(told)


def told_missing(method: str) -> str:
    """Why an answer that asked for one method alone was given by another, and which ones the live model has."""
    if method == Placement.Strategy.TWO_TOWER and not TrainingSettings.learns_with_network():
        why = _(
            "Nothing learns the two-tower network yet, so what fits best stands in. Whoever activates models can have "
            "it learned: Models, Recommender, Trials and weights."
        )
    else:
        why = _(
            "The live model does not have this method by itself, so what fits best stands in. The next training after "
            "saving adds it, where the shop is of a size that the method can learn."
        )
    there = _in_words(_live_methods())
    return run_on([why, _("It has: %(methods)s.") % {"methods": there} if there else ""])


def why_something_else(settings: Mapping[str, Any]) -> str:
    """Of an arm with these settings: `told_missing` where it is to show one method alone that the live model does not
    have, else empty."""
    method = str(settings.get("strategy", ""))
    return told_missing(method) if method in trials.ALONE and method not in _live_methods() else ""


def _live_methods() -> list[str]:
    """Methods that the live model can be asked for alone; none without a model, or with one that cannot be read."""
    live = registry.active(RECOMMENDER)
    meta = live.meta if live is not None else {}
    heard = meta.get("voices", ()) if meta.get("strategy") != trials.POPULAR else ()
    return [told["name"] for told in (*heard, *meta.get("solo", ()))]


def _in_words(methods: Iterable[str]) -> str:
    known = set(methods)
    return listed(reasons.strategy_name(name) for name in trials.ALONE if name in known)
