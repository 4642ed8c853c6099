"""A likely range as it narrowed over time: a band with its middle line and the zero line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 600.0, 200.0


@dataclass(frozen=True)
class Point:
    """One moment: `low` to `high` is the likely range. All are shares."""

    at: datetime
    low: float
    high: float
    estimate: float


def band_chart(points: Sequence[Point], *, label: Any) -> SafeString:
    """`label` is the answer in a sentence. The picture is as high as the newest two thirds need, zero included: a wide
    beginning is cut off at the edge, so that it does not flatten the rest. The table below has all numbers."""
    later = points[len(points) // 3 :]
    top, bottom = max([0.02, *(p.high for p in later)]), min([-0.02, *(p.low for p in later)])
    first, last = points[0].at.timestamp(), points[-1].at.timestamp()
    span = (last - first) or 1.0

    def x(point: Point) -> float:
        return round((point.at.timestamp() - first) / span * WIDTH, 1)

    def y(value: float) -> float:
        return round((top - max(bottom, min(top, value))) / (top - bottom) * HEIGHT, 1)

    upper = [f"{x(p)},{y(p.high)}" for p in points]
    lower = [f"{x(p)},{y(p.low)}" for p in reversed(points)]
    newest = points[-1]
    return render_to_string(
        "core/components/band.html",
        {
            "points": points, "label": label, "top": top, "bottom": bottom, "width": WIDTH, "height": HEIGHT,
            "band": " ".join(upper + lower), "line": " ".join(f"{x(p)},{y(p.estimate)}" for p in points),
            "zero": y(0.0), "zero_share": round(y(0.0) / HEIGHT * 100, 1),
            "tone": "above" if newest.low > 0 else "below" if newest.high < 0 else "across",
        },
    )  # fmt: skip
