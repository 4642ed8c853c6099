"""A figure with its comparison, and the small line beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.components.words import compact, figure, money, money_short, percent

SMALLEST_BASE = 30
WIDTH, HEIGHT, PAD = 80, 24, 3


def direction(change: float) -> str:
    """An arrow, or that both are the same where the change would read as 0.0%."""
    return "＝" if abs(change) < 0.0005 else "▲" if change > 0 else "▼"


@dataclass(frozen=True)
class Figure:
    """One number a person decides with.

    `value` None means unknown, and then `missing` says why. `previous` is the same measure one period before and
    `period` names that period ("previous 28 days"). `kind` is "count", "money" (shop currency) or "share" (0 to 1).
    `more_is` says whether a rise is "good", "bad" or "neutral". `base` is the number of observations behind it:
    under 30 there is no comparison. `noise` is the relative change that is normal variation. By its `name` another
    app can say which page explains it (`core.dashboard.Card.leads`).
    """

    label: Any
    value: Any
    previous: Any = None
    period: Any = ""
    kind: str = "count"
    more_is: str = "good"
    base: int | None = None
    noise: float = 0.0
    series: Sequence[float] = ()
    series_days: int = 28
    url: str = ""
    missing: Any = ""
    note: Any = ""
    name: str = ""

    def written(self, value: Any, *, full: bool = False) -> str:
        if self.kind == "money":
            return money(value) if full else money_short(value)
        if self.kind == "share":
            return percent(value)
        return figure(value) if full or (value is not None and abs(value) < 10_000) else compact(value)

    @property
    def text(self) -> str:
        return self.written(self.value)

    @property
    def change(self) -> float | None:
        """Relative change, or the difference for a share; None without a base to compare with."""
        if self.value is None or self.previous is None:
            return None
        if self.base is not None and self.base < SMALLEST_BASE:
            return None
        if self.kind == "share":
            return float(self.value) - float(self.previous)
        return float(self.value) / float(self.previous) - 1 if self.previous else None

    @property
    def change_text(self) -> str:
        change = self.change
        if change is None:
            return ""
        arrow = direction(change)
        if self.kind == "share":
            size = _("%(points)s points") % {"points": f"{abs(change) * 100:.1f}"}
        else:
            size = percent(abs(change))
        return f"{arrow} {size}"

    @property
    def versus(self) -> str:
        return _("vs %(period)s") % {"period": self.period} if self.period else ""

    @property
    def tone(self) -> str:
        """good, bad or neutral: the colour says good or bad, the arrow says the direction."""
        change = self.change
        if change is None or direction(change) == "＝" or abs(change) <= self.noise or self.more_is == "neutral":
            return "neutral"
        return "good" if (change > 0) == (self.more_is == "good") else "bad"

    @property
    def title(self) -> str:
        """Both absolute values."""
        if self.value is None or self.previous is None:
            return ""
        return _("%(now)s now, %(before)s before") % {
            "now": self.written(self.value, full=True),
            "before": self.written(self.previous, full=True),
        }

    @property
    def why_no_change(self) -> str:
        if self.value is None or self.previous is None or self.change is not None:
            return ""
        return _("too few to compare") if self.previous else _("nothing to compare with")


def sparkline(series: Sequence[float], *, days: int | None = None) -> SafeString | str:
    """80 × 24, no axes, the last point marked; in words "from 12 to 31 in 28 days". Empty below two points and
    when nothing happened."""
    values = [float(value) for value in series]
    if len(values) < 2 or not any(values):
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (WIDTH - 2 * PAD) / (len(values) - 1)
    points = [
        (round(PAD + i * step, 1), round(HEIGHT - PAD - (value - low) / span * (HEIGHT - 2 * PAD), 1))
        for i, value in enumerate(values)
    ]
    words = _("from %(first)s to %(last)s in %(days)d days") % {
        "first": compact(values[0]), "last": compact(values[-1]), "days": days or len(values),
    }  # fmt: skip
    return format_html(
        '<svg class="zg-spark" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        WIDTH, HEIGHT, WIDTH, HEIGHT, words, " ".join(f"{x},{y}" for x, y in points), *points[-1],
    )  # fmt: skip
