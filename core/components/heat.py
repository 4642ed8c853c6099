"""Two dimensions as a table of coloured numbers: weekday and hour, cohorts, confusions. The number stands in each cell,
so the colour only helps to find it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

LEVELS = 7


@dataclass(frozen=True)
class HeatCell:
    """One number. `share` (0 to 1) is how strong its colour is; None leaves the cell without one. `title` says in a
    sentence what it counts, `url` is the page of what is behind it, `is_open`: its time is not over."""

    text: Any
    share: float | None = None
    title: Any = ""
    url: str = ""
    is_open: bool = False

    @property
    def level(self) -> int:
        """0 without colour, then 1 to 7."""
        if self.share is None:
            return 0
        return 1 + min(LEVELS - 1, max(0, int(self.share * LEVELS)))


@dataclass(frozen=True)
class HeatRow:
    """One line: its name, plain figures that lead it, and its cells."""

    label: Any
    cells: Sequence[HeatCell]
    leads: Sequence[Any] = ()
    url: str = ""


def heat(
    rows: Sequence[HeatRow],
    heads: Sequence[Any],
    *,
    caption: Any = "",
    corner: Any = "",
    lead_heads: Sequence[Any] = (),
) -> SafeString:
    """`heads` name the columns of cells, `lead_heads` those before them, `corner` the names of the lines."""
    return render_to_string(
        "core/components/heat.html",
        {"rows": rows, "heads": heads, "caption": caption, "corner": corner, "lead_heads": lead_heads},
    )
