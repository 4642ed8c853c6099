"""A CSV file or a sheet as checked rows: decoded, split, validated column by column, never held in memory.

`open_source` looks at the whole file once (encoding, header) and refuses what cannot be read at all;
`Source.rows` then streams. A row that cannot be used becomes a Refusal and the rows after it are still read.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path

from django.utils.translation import gettext as _

from catalog.importing import header, records, sheets
from catalog.importing.columns import Column, Problem
from catalog.importing.encoding import Encoding, find_encoding, open_text
from catalog.importing.errors import FileRefused
from catalog.importing.header import ColumnMapping
from catalog.importing.records import Record
from core.said import Said

SHEET = Encoding("xlsx", False, 1)
_DECIMAL_COMMA = re.compile(r"\s*-?\d{1,14},\d{1,4}\s*").fullmatch
_NUMBERS = frozenset({"numeric", "double precision", "integer"})


@dataclass(frozen=True)
class Refusal:
    """One row that was not taken: where, which column, why, and the row itself (cut to 2,000 characters)."""

    file: str
    line: int
    column: str
    reason: Said
    row: str


@dataclass(frozen=True)
class Place:
    """Where a table lies: a CSV file, or a sheet of a spreadsheet."""

    path: Path
    sheet: str = ""

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"{self.path.name} ({self.sheet})" if self.sheet else self.path.name


@dataclass(frozen=True)
class Source:
    """A file that can be read: its encoding, and where the known columns stand in it."""

    place: Place
    encoding: Encoding
    delimiter: str
    header: tuple[str, ...]
    present: tuple[Column, ...]
    places: tuple[int, ...]
    ignored: tuple[str, ...]
    stamp: tuple[int, ...]

    @property
    def path(self) -> Path:
        return self.place.path

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def lines(self) -> int:
        """About how many rows there are, for progress."""
        return max(self.encoding.newlines - 1, 1)

    def rows(self, refuse: Callable[[Refusal], None]) -> Iterator[str]:
        """Rows as lines of COPY text: the number of the line in the file, then the columns of `present`.

        Bad rows go to `refuse`. Raises FileRefused when the file is another one than was looked at.
        """
        pick = itemgetter(*self.places) if len(self.places) > 1 else None
        only = self.places[0]
        reads = [self._reader(column) for column in self.present]
        self.check_unchanged()
        with closing(self.records()) as found:
            for record in found:
                cells = record.cells
                if record.reason.text or not cells:
                    if record.reason.text:
                        refuse(Refusal(self.name, record.line, "", record.reason, record.text))
                    continue
                chosen: Sequence[str] = pick(cells) if pick else (cells[only],)
                try:
                    values = [read(cell) for read, cell in zip(reads, chosen, strict=True)]
                except Problem:
                    refuse(self._explain(record, chosen))
                    continue
                yield f"{record.line}\t" + "\t".join(values) + "\n"
        self.check_unchanged()

    def records(self) -> Generator[Record, None, None]:
        """Everything after the header, as it stands there."""
        width = len(self.header)
        if self.place.sheet:
            yield from records.of_sheet(self.path, self.place.sheet, width)
            return
        with open_text(self.path, self.encoding) as file:
            yield from records.of_csv(file, width, self.delimiter)

    def check_unchanged(self) -> None:
        """Raises FileRefused when the file was replaced, written to or removed since it was looked at."""
        try:
            stamp = _stamp(self.path)
        except FileNotFoundError as error:
            raise FileRefused(self.path, _("the file is gone")) from error
        if stamp != self.stamp:
            raise FileRefused(self.path, _("the file was changed while it was read; start again"))

    def digest(self) -> str:
        """SHA-256 of the file, by which a later run knows that it is the same. Raises FileRefused when it changed."""
        self.check_unchanged()
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _reader(self, column: Column) -> Callable[[str], str]:
        """In a file that does not separate by commas, `12,50` is an amount: so spreadsheets write it in Europe."""
        if self.delimiter == "," or column.kind not in _NUMBERS:
            return column.read
        return lambda cell: column.read(cell.replace(",", ".") if _DECIMAL_COMMA(cell) else cell)

    def _explain(self, record: Record, chosen: Sequence[str]) -> Refusal:
        for column, place, cell in zip(self.present, self.places, chosen, strict=True):
            try:
                self._reader(column)(cell)
            except Problem as problem:
                return Refusal(self.name, record.line, self.header[place], problem.said, record.text)
        raise AssertionError("A row was refused without a reason.")


def open_source(place: Place, columns: Sequence[Column], mapping: ColumnMapping | None = None) -> Source:
    """Look at a file before it is used. Raises FileRefused for an empty file or a missing column."""
    source, missing = look(place, columns, mapping)
    if missing:
        raise FileRefused(place.path, _("the column is missing"), column=", ".join(missing))
    return source


def look(
    place: Place, columns: Sequence[Column], mapping: ColumnMapping | None = None
) -> tuple[Source, tuple[str, ...]]:
    """The file as far as it can be understood, and the required columns that it does not have."""
    path, mapping = place.path, mapping or {}
    if not path.is_file():
        raise FileRefused(path, _("is not a file"))
    stamp = _stamp(path)
    if place.sheet:
        encoding, delimiter = SHEET, ","
        with closing(sheets.rows(path, place.sheet)) as rows:
            titles = [title.strip() for title in next(rows, [])]
    else:
        encoding = find_encoding(path)
        titles, delimiter = _header(path, encoding, columns, mapping)
    if not any(titles):
        raise FileRefused(path, _("the file is empty"))
    found = header.match(path, titles, columns, mapping)
    source = Source(place, encoding, delimiter, tuple(titles), found.present, found.places, found.ignored, stamp)
    return source, found.missing


def _header(path: Path, encoding: Encoding, columns: Sequence[Column], mapping: ColumnMapping) -> tuple[list[str], str]:
    with open_text(path, encoding) as file:
        taken: list[str] = []

        def lines() -> Iterator[str]:
            for line in islice(file, records.LONGEST_RECORD):
                taken.append(line)
                yield line

        try:
            next(csv.reader(lines()), [])
        except csv.Error as error:
            raise FileRefused(path, _("the header cannot be read: %(error)s") % {"error": error}) from error
    return header.split(path, "".join(taken), columns, mapping)


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino
