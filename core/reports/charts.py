"""Charts with their table twin: the same numbers once as a picture (core/chart.js) and once in words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.components.words import SYMBOLS, base_currency, figure, money, percent

LEAST_POINTS = 8
"""A line over fewer points is a table."""
MOST_ROWS = 92
"""So many of the newest points stand in the table twin; the file has them all."""

Number = Decimal | float | int


@dataclass(frozen=True)
class Line:
    """One series. `kind`: "count", "money" (the shop's currency) or "share" (0 to 1). `is_open`: the last point is not
    finished and is dotted. `is_reference`: a control or an earlier period, grey and dashed. `texts` say each point in
    the table where the plain number is not enough. `is_drawn` False: in the table only. `low` and `high`: the likely
    range around each point, drawn as a band."""

    label: Any
    values: Sequence[Number | None]
    kind: str = "count"
    is_open: bool = False
    is_reference: bool = False
    texts: Sequence[str] = ()
    is_drawn: bool = True
    low: Sequence[Number | None] = ()
    high: Sequence[Number | None] = ()

    @property
    def drawn(self) -> list[float | None]:
        """What the picture gets; a share in percent."""
        return self._drawn(self.values)

    @property
    def band(self) -> dict[str, list[float | None]]:
        """The edges of the range as the picture gets them; empty without one."""
        return {"low": self._drawn(self.low), "high": self._drawn(self.high)} if self.low else {}

    def _drawn(self, values: Sequence[Number | None]) -> list[float | None]:
        size = 100 if self.kind == "share" else 1
        return [None if value is None else round(float(value) * size, 2) for value in values]

    @property
    def words(self) -> list[str]:
        return list(self.texts) or [written(value, self.kind) for value in self.values]


@dataclass(frozen=True)
class Chart:
    """A picture and its table. `spec` is empty where there is too little to draw. `title` is the answer; `note` says
    measure, unit and what is not finished."""

    title: Any
    spec: str
    heads: list[Any]
    rows: list[tuple[Any, list[str]]]
    first_head: Any = ""
    note: Any = ""
    urls: list[str] = field(default_factory=list)

    @property
    def table(self) -> list[tuple[Any, list[str], str]]:
        """Label, cells and the page behind it ("" for none)."""
        urls = self.urls or [""] * len(self.rows)
        return [(label, cells, url) for (label, cells), url in zip(self.rows, urls, strict=True)]


def written(value: Number | None, kind: str) -> str:
    """A number of a chart in words."""
    if value is None:
        return "–"
    if kind == "money":
        return money(value)
    return percent(float(value)) if kind == "share" else figure(value)


def line_chart(
    title: Any,
    labels: Sequence[Any],
    lines: Sequence[Line],
    *,
    first_head: Any = "",
    note: Any = "",
    enough: bool = True,
    urls: Sequence[str] = (),
) -> Chart:
    """Lines over `labels` (days, weeks, months), oldest first; the table has the newest first. All lines share one
    axis, so they are of one kind. `urls`: where a click on a point leads."""
    is_drawn = enough and len(labels) >= LEAST_POINTS
    spec = _spec("line", labels, lines, urls)
    rows = [
        (label, [line.words[place] for line in lines]) for place, label in list(enumerate(labels))[-MOST_ROWS:]
    ]  # fmt: skip
    return Chart(
        title, json.dumps(spec) if is_drawn else "", [line.label for line in lines], rows[::-1], first_head, note,
        list(urls)[-MOST_ROWS:][::-1],
    )  # fmt: skip


def bar_chart(
    title: Any,
    labels: Sequence[Any],
    lines: Sequence[Line],
    *,
    first_head: Any = "",
    note: Any = "",
    is_horizontal: bool = False,
    urls: Sequence[str] = (),
) -> Chart:
    """Bars from zero, in the order given; no picture of fewer than two."""
    spec = _spec("bar", labels, lines, urls) | ({"horizontal": True} if is_horizontal else {})
    rows = [(label, [line.words[place] for line in lines]) for place, label in enumerate(labels)]
    return Chart(
        title, json.dumps(spec) if len(labels) > 1 else "", [line.label for line in lines], rows, first_head, note,
        list(urls),
    )  # fmt: skip


def _spec(shape: str, labels: Sequence[Any], lines: Sequence[Line], urls: Sequence[str]) -> dict[str, Any]:
    kind = lines[0].kind if lines else "count"
    spec: dict[str, Any] = {
        "type": shape,
        "labels": [str(label) for label in labels],
        "unit": "%" if kind == "share" else "",
        "series": [
            {
                "label": str(line.label),
                "data": line.drawn,
                **({"open": True} if line.is_open else {}),
                **({"dashed": True, "colour": "0"} if line.is_reference else {}),
                **line.band,
            }
            for line in lines
            if line.is_drawn
        ],
    }
    if kind == "money":
        code = base_currency().upper()
        spec |= {"before": SYMBOLS[code]} if code in SYMBOLS else {"unit": code}
    if urls:
        spec["urls"] = list(urls)
    return spec
