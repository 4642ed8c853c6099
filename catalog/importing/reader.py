"""A CSV file as checked rows: decoded, split, validated column by column, never held in memory.

`open_source` looks at the whole file once (encoding, header) and refuses what cannot be read at all;
`Source.rows` then streams. A row that cannot be used becomes a Refusal and the rows after it are still read.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from django.utils.translation import gettext as _

from catalog.importing.columns import Column, Problem
from catalog.importing.encoding import BROKEN, Encoding, find_encoding, open_bytes
from catalog.importing.errors import FileRefused

LONGEST_RECORD = 1_000  # lines of one record; more means a quote that nobody closed
ROW_TEXT_LIMIT = 2_000

csv.field_size_limit(16 << 20)


@dataclass(frozen=True)
class Refusal:
    """One row that was not taken: where, which column, why, and the row itself (cut to 2,000 characters)."""

    file: str
    line: int
    column: str
    reason: str
    row: str


@dataclass(frozen=True)
class Source:
    """A file that can be read: its encoding, and where the known columns stand in it."""

    path: Path
    encoding: Encoding
    header: tuple[str, ...]
    present: tuple[Column, ...]
    places: tuple[int, ...]
    ignored: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def lines(self) -> int:
        """About how many rows there are, for progress."""
        return max(self.encoding.newlines - 1, 1)

    def rows(self, refuse: Callable[[Refusal], None]) -> Iterator[str]:
        """Rows as lines of COPY text: the number of the line in the file, then the columns of `present`.

        Bad rows go to `refuse`.
        """
        width = len(self.header)
        pick = itemgetter(*self.places) if len(self.places) > 1 else None
        only = self.places[0]
        reads = [column.read for column in self.present]
        with _text(self.path, self.encoding) as file:
            for record in _records(file, width):
                cells = record.cells
                if record.reason or not cells:
                    if record.reason:
                        refuse(Refusal(self.name, record.line, "", record.reason, record.text))
                    continue
                chosen: Sequence[str] = pick(cells) if pick else (cells[only],)
                try:
                    values = [read(cell) for read, cell in zip(reads, chosen, strict=True)]
                except Problem:
                    refuse(self._explain(record, chosen))
                    continue
                yield f"{record.line}\t" + "\t".join(values) + "\n"

    def _explain(self, record: "_Record", chosen: Sequence[str]) -> Refusal:
        for column, cell in zip(self.present, chosen, strict=True):
            try:
                column.read(cell)
            except Problem as problem:
                title = self.header[self.places[self.present.index(column)]]
                return Refusal(self.name, record.line, title, str(problem), record.text)
        raise AssertionError("A row was refused without a reason.")


def open_source(path: Path, columns: Sequence[Column]) -> Source:
    """Look at a file before it is used. Raises FileRefused for an empty file or a missing column."""
    if not path.is_file():
        raise FileRefused(path, _("is not a file"))
    encoding = find_encoding(path)
    with _text(path, encoding) as file:
        try:
            header = next(csv.reader(file), [])
        except csv.Error as error:
            raise FileRefused(path, _("the header cannot be read: %(error)s") % {"error": error}) from error
    titles = tuple(title.strip() for title in header)
    if not any(titles):
        raise FileRefused(path, _("the file is empty"))
    squashed = [_squash(title) for title in titles]
    repeated = next((title for at, title in enumerate(titles) if title and squashed[at] in squashed[:at]), None)
    if repeated:
        raise FileRefused(path, _("the column stands there twice"), column=repeated)
    found = [(column, place) for column in columns if (place := _place(column, squashed)) is not None]
    known = {column.name for column, _place_ in found}
    missing = [column.names[0] for column in columns if column.required and column.name not in known]
    if missing:
        raise FileRefused(path, _missing_reason(titles), column=", ".join(missing))
    places = tuple(place for _column, place in found)
    ignored = tuple(title for place, title in enumerate(titles) if place not in places)
    return Source(path, encoding, titles, tuple(column for column, _place_ in found), places, ignored)


def _missing_reason(titles: Sequence[str]) -> str:
    if len(titles) == 1 and re.search(r"[;\t|]", titles[0]):
        return _("the column is missing; columns must be separated by commas")
    return _("the column is missing")


def _place(column: Column, squashed: Sequence[str]) -> int | None:
    for name in column.names:
        if _squash(name) in squashed:
            return squashed.index(_squash(name))
    return None


def _squash(title: str) -> str:
    return re.sub(r"[\s_\-]+", "", title).lower()


def _text(path: Path, encoding: Encoding) -> io.TextIOWrapper:
    return io.TextIOWrapper(open_bytes(path), encoding=encoding.name, errors=BROKEN, newline="")


@dataclass(slots=True)
class _Record:
    line: int
    cells: list[str] | None
    reason: str
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


def _records(file: Iterator[str], width: int) -> Iterator[_Record]:
    """Records after the header. A broken quote costs the line in which it stands, not the lines after it."""
    feed = _Feed(file)
    reader = csv.reader(feed, strict=True)
    line = 1
    while True:
        feed.taken = []
        cells: list[str] | None = None
        reason = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            reason = _("the quotes are broken")
        if cells is not None and len(cells) != width and cells:
            reason = _("has %(found)d cells where the header has %(width)d") % {"found": len(cells), "width": width}
        if reason and len(feed.taken) > 1:
            feed.give_back()
            reason, cells = _("the quotes are broken"), None
        if line > 1:
            yield _Record(line, cells, reason, feed.taken)
        line += len(feed.taken)
