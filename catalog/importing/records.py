"""Records of a file one after another: lines of CSV, or rows of a sheet, with their place in the file."""

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_noop

from catalog.importing import sheets
from core.said import NOTHING, Said

LONGEST_RECORD = 1_000  # lines of one record; more means a quote that nobody closed
ROW_TEXT_LIMIT = 2_000
QUOTES = Said(gettext_noop("the quotes are broken"))

csv.field_size_limit(16 << 20)


@dataclass(slots=True)
class Record:
    """`cells` is None, or `reason` says why, when the record cannot be used. An empty line has no cells."""

    line: int
    cells: list[str] | None
    reason: Said
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """As it stands in the file, without the end of the line."""
        return "".join(self.lines)[:ROW_TEXT_LIMIT].rstrip("\r\n")


class _Feed:
    """Gives the csv reader its lines and remembers them, so that those behind an open quote can be read again."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_RECORD:
            raise csv.Error("quote not closed")
        line = self._again.popleft() if self._again else next(self._file)
        self.taken.append(line)
        return line

    def give_back(self) -> list[str]:
        """Keep the first line taken and offer the others again."""
        first, others = self.taken[:1], self.taken[1:]
        self._again.extendleft(reversed(others))
        self.taken = first
        return first


def of_csv(file: Iterator[str], width: int, delimiter: str) -> Iterator[Record]:
    """Records after the header. A broken quote costs the line in which it stands, not the lines after it."""
    feed = _Feed(file)
    reader = csv.reader(feed, strict=True, delimiter=delimiter)
    line = 1
    while True:
        feed.taken = []
        cells: list[str] | None = None
        reason = NOTHING
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            reason = QUOTES
        if cells and len(cells) != width:
            reason = _wrong_width(len(cells), width)
        if reason is not NOTHING and len(feed.taken) > 1:
            feed.give_back()
            reason, cells = QUOTES, None
        if line > 1:
            yield Record(line, cells, reason, feed.taken)
        line += len(feed.taken)


def of_sheet(path: Path, sheet: str, width: int) -> Iterator[Record]:
    """Rows after the header; cells that are missing at the end are empty."""
    for line, cells in enumerate(sheets.rows(path, sheet), 1):
        if line == 1 or not cells:
            continue
        reason = _wrong_width(len(cells), width) if len(cells) > width else NOTHING
        text = io.StringIO()
        csv.writer(text).writerow(cells)
        yield Record(line, cells + [""] * (width - len(cells)), reason, [text.getvalue()])


def _wrong_width(found: int, width: int) -> Said:
    return Said(gettext_noop("has %(found)d cells where the header has %(width)d"), {"found": found, "width": width})
