"""From which confidence on a label is applied by itself, and from which it is worth a look."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core import model_registry
from vision.choices import VISION
from vision.models import Label, LabelSet, TagSuggestion

COLOUR_APPLY, COLOUR_SUGGEST = 0.95, 0.6
"""Colours are counted, not learned: their confidence is made by `vision.colour_tags` for these two limits."""
COLOURS_RIGHT = 0.98
"""Of the colours applied on photos of which the truth is known (docs/benchmarks.md, "Photos")."""
LEAST_POSITIVES = 20
"""As `vision.ml.decisions` has it, which is not for the web process."""


@dataclass(frozen=True)
class Limits:
    """None: never."""

    apply: float | None
    suggest: float | None

    def applies(self, confidence: float) -> bool:
        return self.apply is not None and confidence >= self.apply

    def suggests(self, confidence: float) -> bool:
        return self.suggest is not None and confidence >= self.suggest


NEVER = Limits(None, None)


def key_of(label: Label) -> str:
    """By which models know it."""
    return f"{label.label_set.key}/{label.key}"


def limits(labels: Iterable[Label], source: str) -> dict[int, Limits]:
    """Of each label (with its `label_set`), for what `source` reads. Without a live model the network has none."""
    rows = list(labels)
    found = measured(rows, source)
    return {label.pk: _automatic(found[label.pk], label) for label in rows}


def measured(labels: Iterable[Label], source: str) -> dict[int, Limits]:
    """The same as if every set tagged by itself."""
    if source == TagSuggestion.Source.COLOURS:
        return {label.pk: Limits(COLOUR_APPLY, COLOUR_SUGGEST) for label in labels}
    model = model_registry.active(VISION)
    learned: dict[str, dict[str, Any]] = model.meta.get("thresholds", {}) if model is not None else {}
    return {label.pk: _learned(learned.get(key_of(label)), label) for label in labels}


def _automatic(found: Limits, label: Label) -> Limits:
    """Where a set waits for people, what would be applied is suggested."""
    return found if label.label_set.is_automatic else Limits(None, found.suggest)


def _learned(row: dict[str, Any] | None, label: Label) -> Limits:
    """At the precisions that the set asks for now, whatever it asked for when the model was trained."""
    if not row:
        return NEVER
    apply, suggest = applied_at(row, label.label_set.apply_precision), _suggested_at(row, label.label_set)
    return Limits(apply["threshold"] if apply else None, suggest["threshold"] if suggest else None)


def applied_at(row: dict[str, Any], target: float) -> dict[str, float] | None:
    """The place on the curve of a label from which it is applied where `target` is asked for: the smallest threshold
    at which even the lower bound of precision reaches it. What pages promise and what is done are both this."""
    return _least(row.get("curve"), "low", target) if row.get("positives", 0) >= LEAST_POSITIVES else None


def _suggested_at(row: dict[str, Any], label_set: LabelSet) -> dict[str, float] | None:
    """With few examples the plain share decides, since a person looks; but three photos of four say little, so that all
    such labels of the set together must reach the target with their lower bound, too."""
    target = label_set.suggest_precision
    if row.get("positives", 0) >= LEAST_POSITIVES:
        return _least(row.get("curve"), "low", target)
    own = _least(row.get("curve"), "precision", target)
    if own is None or "together" not in row:  # parents, and versions from before
        return own
    shared = _least(row["together"], "low", target)
    return max(own, shared, key=lambda point: point["threshold"]) if shared is not None else None


def _least(curve: list[dict[str, float]] | None, by: str, target: float) -> dict[str, float] | None:
    """The smallest threshold that reaches the target, where a photo was told at it: of places at which as many are told
    the greatest, since below the least sure of them nothing was measured."""
    good = [point for point in curve or [] if point[by] >= target]
    if not good:
        return None
    told = min(good, key=lambda point: point["threshold"])["told"]
    return max((point for point in good if point["told"] == told), key=lambda point: point["threshold"])
