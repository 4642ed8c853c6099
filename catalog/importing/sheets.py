"""Spreadsheets (.xlsx) as rows of text: read one row at a time, after a look at what would be unpacked."""

import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from django.utils.translation import gettext as _

from catalog.importing.errors import FileRefused

ENDING = ".xlsx"
MOST_UNPACKED = 512 << 20
MOST_TEXTS = 64 << 20  # the table of texts is the one part that is held in memory
MOST_PARTS = 1_000
MOST_COLUMNS = 500
_FAULTS = (
    DefusedXmlException, ParseError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError,
    OverflowError, EOFError, NotImplementedError,
)  # fmt: skip
"""What a broken or hostile file makes the library raise."""


def sheet_names(path: Path) -> list[str]:
    """Raises FileRefused for what is no spreadsheet or unpacks to more than 512 MB."""
    with _book(path) as book:
        return [sheet.title for sheet in book.worksheets]


def rows(path: Path, sheet: str) -> Generator[list[str], None, None]:
    """Rows of a sheet as text, without the empty cells at their end. Raises FileRefused."""
    with _book(path) as book:
        try:
            found = book[sheet]
        except KeyError as error:
            raise FileRefused(path, _("has no sheet %(name)s") % {"name": sheet}) from error
        found.reset_dimensions()
        line = 0
        try:
            for values in found.iter_rows(values_only=True):
                line += 1
                if len(values) > MOST_COLUMNS and any(value is not None for value in values[MOST_COLUMNS:]):
                    raise FileRefused(path, _("has more than 500 columns"), line=line)
                cells = [_text(value) for value in values[:MOST_COLUMNS]]
                while cells and not cells[-1]:
                    cells.pop()
                yield cells
        except FileRefused:
            raise
        except _FAULTS as error:
            raise FileRefused(path, _("the spreadsheet is damaged"), line=line + 1) from error


@contextmanager
def _book(path: Path) -> Iterator[Any]:
    # Only who reads a spreadsheet pays for loading the library.
    from openpyxl import load_workbook

    _check(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except _FAULTS as error:
        raise FileRefused(path, _("the spreadsheet is damaged")) from error
    try:
        yield book
    finally:
        book.close()


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise FileRefused(path, _("is not a spreadsheet in the format .xlsx")) from error
    texts = max((part.file_size for part in parts if part.filename.endswith("sharedStrings.xml")), default=0)
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > MOST_UNPACKED or texts > MOST_TEXTS:
        raise FileRefused(path, _("unpacks to more than 512 MB, or to more than 64 MB of texts; save it as CSV"))


def _text(value: Any) -> str:
    """As the cell would stand in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
