"""A table in a card: what pages of figures repeat, said once. Rows are made before; the template asks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html


@dataclass(frozen=True)
class Column:
    """`shape`: "number" (to the right), "word" (never broken), "long" (at least 200 pixels) or "" for short text."""

    title: Any
    shape: str = "number"

    @property
    def css(self) -> str:
        return {"number": "zg-right", "word": "zg-word", "long": "zg-long"}.get(self.shape, "")

    @property
    def head_css(self) -> str:
        return "zg-right" if self.shape == "number" else ""


@dataclass(frozen=True)
class TableRow:
    """One line: its name, which may lead somewhere and have a `hint` below it, and one cell for each column."""

    name: Any
    cells: Sequence[Any]
    url: str = ""
    hint: Any = ""
    is_chosen: bool = False


@dataclass(frozen=True)
class TableCard:
    """`first` names the lines; `note` stands beside the title, `foot` below the table, `link` (label, address) at the
    head's end."""

    title: Any
    first: Any
    columns: Sequence[Column]
    rows: Sequence[TableRow]
    note: Any = ""
    foot: Any = ""
    link: tuple[Any, str] | None = None

    @property
    def lines(self) -> list[tuple[TableRow, list[tuple[Any, str]]]]:
        """Rows with what each cell is and how it lies."""
        shapes = [column.css for column in self.columns]
        return [(row, list(zip(row.cells, shapes, strict=True))) for row in self.rows]


def linked(text: Any, url: str) -> Any:
    """A figure that leads to what it counts; plain where there is nothing, or where one may not see it."""
    return format_html('<a class="zg-link" href="{}">{}</a>', url, text) if url else text
