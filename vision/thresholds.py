"""From which confidence on a label is applied by itself, and from which it is worth a look."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core import model_registry
from vision.choices import VISION
from vision.models import Label, TagSuggestion

COLOUR_APPLY, COLOUR_SUGGEST = 0.95, 0.6
"""Colours are counted, not learned: their confidence is made by `vision.colour_tags` for these two limits."""


LEARNED_APPLY, LEARNED_SUGGEST, LEAST_POSITIVES = 0.95, 0.7, 20
"""As `vision.ml.decisions` has them, which is not for the web process."""


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
    if source == TagSuggestion.Source.COLOURS:
        colours = Limits(COLOUR_APPLY, COLOUR_SUGGEST)
        return {label.pk: _automatic(colours, label) for label in labels}
    model = model_registry.active(VISION)
    learned: dict[str, dict[str, Any]] = model.meta.get("thresholds", {}) if model is not None else {}
    return {label.pk: _automatic(_learned(learned.get(key_of(label)), label), label) for label in labels}


def _learned(row: dict[str, Any] | None, label: Label) -> Limits:
    """What the model was given when it was trained; where the set asks for another precision since, from its curve."""
    if not row:
        return NEVER
    curve, label_set = row.get("curve") or [], label.label_set
    apply, suggest = row.get("apply"), row.get("suggest")
    if curve and label_set.apply_precision != LEARNED_APPLY:
        apply = _on(curve, label_set.apply_precision) if row.get("positives", 0) >= LEAST_POSITIVES else None
    if curve and label_set.suggest_precision != LEARNED_SUGGEST:
        suggest = _on(curve, label_set.suggest_precision)
    return Limits(apply, suggest)


def _on(curve: list[dict[str, float]], precision: float) -> float | None:
    """The smallest threshold of the curve whose lower bound of precision reaches the target."""
    return min((point["threshold"] for point in curve if point["low"] >= precision), default=None)


def _automatic(found: Limits, label: Label) -> Limits:
    """Where a set waits for people, what would be applied is suggested."""
    return found if label.label_set.is_automatic else Limits(None, found.suggest)
