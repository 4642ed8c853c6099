"""Estimates with their likely ranges on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

PAD = 0.08


@dataclass(frozen=True)
class Range:
    """One row: `low` to `high` is the likely range (95%), `sentence` says it in words."""

    label: Any
    estimate: float
    low: float
    high: float
    sentence: Any

    @property
    def tone(self) -> str:
        """above, below or across the zero line."""
        return "above" if self.low > 0 else "below" if self.high < 0 else "across"


def range_chart(rows: Sequence[Range], caption: Any = "") -> SafeString:
    """Ranges as bars, estimates as dots, the zero line named "no change"; all rows share one axis."""
    low = min([0.0, *(row.low for row in rows)])
    high = max([0.0, *(row.high for row in rows)])
    span = (high - low) or 1.0
    low, span = low - span * PAD, span * (1 + 2 * PAD)

    def place(value: float) -> float:
        return round((value - low) / span * 100, 2)

    drawn = []
    for row in rows:
        left = place(row.low)
        drawn.append({"row": row, "left": left, "width": round(place(row.high) - left, 2), "dot": place(row.estimate)})
    return render_to_string("core/components/range.html", {"rows": drawn, "zero": place(0.0), "caption": caption})
