"""Estimates with their likely ranges on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core.components.words import percent

PAD = 0.08


@dataclass(frozen=True)
class Range:
    """One row: `low` to `high` is the likely range (95%), `sentence` says it in words; without a range only they are
    there. Without `is_claimed` it is drawn as if it crossed the zero line: what lies beside that may be chance all the
    same. `badge` stands below the label, `hint` below the sentence."""

    label: Any
    estimate: float
    low: float | None
    high: float | None
    sentence: Any
    is_claimed: bool = True
    badge: Any = ""
    hint: Any = ""

    @property
    def tone(self) -> str:
        """above, below or across the zero line."""
        if not self.is_claimed or self.low is None or self.high is None:
            return "across"
        return "above" if self.low > 0 else "below" if self.high < 0 else "across"


@dataclass(frozen=True)
class Axis:
    """What several charts of a page share. `ends` are what stands at its ends, empty for nothing."""

    low: float
    high: float
    ends: tuple[str, str] = ("", "")

    def place(self, value: float) -> float:
        """Percent from the left; what lies beyond the axis is at its end."""
        return round(min(1.0, max(0.0, (value - self.low) / (self.high - self.low))) * 100, 2)


def axis_of(rows: Sequence[Range], *, most: float | None = None) -> Axis:
    """The axis that holds all rows and zero; relative changes, so its ends are percentages.

    It is no longer than ±`most`, unless an estimate lies beyond: one wide range does not make all others a dot.
    """
    axis = _axis(rows)
    if most is not None:
        far = max((abs(row.estimate) for row in rows), default=0.0) * (1 + 2 * PAD)
        axis = Axis(max(axis.low, -max(most, far)), min(axis.high, max(most, far)))
    first, last = (f"{'+' if end > 0 else ''}{percent(end)}" for end in (axis.low, axis.high))
    return Axis(axis.low, axis.high, (first, last))


def range_chart(rows: Sequence[Range], caption: Any = "", axis: Axis | None = None) -> SafeString:
    """Ranges as bars, estimates as dots, the zero line named "no change"; all rows share one axis, and with `axis` also
    with other charts."""
    on = axis or _axis(rows)
    drawn: list[dict[str, Any]] = []
    for row in rows:
        if row.low is None or row.high is None:
            drawn.append({"row": row, "is_drawn": False})
            continue
        left, right = on.place(row.low), on.place(row.high)
        drawn.append(
            {
                "row": row, "is_drawn": True, "left": left, "width": round(right - left, 2),
                "dot": on.place(row.estimate), "is_cut": row.low < on.low or row.high > on.high,
            }
        )  # fmt: skip
    context = {"rows": drawn, "zero": on.place(0.0), "caption": caption, "ends": on.ends}
    return render_to_string("core/components/range.html", context)


def _axis(rows: Sequence[Range]) -> Axis:
    low = min([0.0, *(row.low for row in rows if row.low is not None)])
    high = max([0.0, *(row.high for row in rows if row.high is not None)])
    span = (high - low) or 1.0
    return Axis(low - span * PAD, high + span * PAD)
