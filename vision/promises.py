"""What a precision asked of a label set promises: how much would be tagged by itself, and how much of it is right.

From the curves kept with the live version, of photos that it was calibrated on and did not learn from, at the places
from which labels are applied (`thresholds.applied_at`).
"""

from dataclasses import dataclass
from typing import Any

from core import model_registry
from vision.choices import VISION
from vision.models import LabelSet
from vision.thresholds import applied_at

LEAST, MOST, STEP = 0.5, 0.99, 0.01


@dataclass(frozen=True)
class Promise:
    """Where `target` is asked for: how many of the `labels` reach it; of the photos that show a label the share that is
    found (`coverage`); of what is told the share that is right (`precision`, None where nothing is)."""

    target: float
    reaching: int
    labels: int
    coverage: float
    precision: float | None


def promises(label_set: LabelSet) -> list[Promise]:
    """One for each hundredth, the least careful first; empty without a live version that tells labels of the set."""
    model = model_registry.active(VISION)
    learned: dict[str, dict[str, Any]] = model.meta.get("thresholds", {}) if model is not None else {}
    rows = [row for key, row in learned.items() if key.partition("/")[0] == label_set.key and row.get("curve")]
    shown = sum(row["positives"] for row in rows)
    if not shown:
        return []
    steps = round((MOST - LEAST) / STEP) + 1
    return [_promise(rows, round(LEAST + at * STEP, 2), shown) for at in range(steps)]


def _promise(rows: list[dict[str, Any]], target: float, shown: int) -> Promise:
    reaching = [point for row in rows if (point := applied_at(row, target)) is not None]
    told = sum(point["told"] for point in reaching)
    right = sum(point["told"] * point["precision"] for point in reaching)
    return Promise(target, len(reaching), len(rows), min(1.0, right / shown), right / told if told else None)
