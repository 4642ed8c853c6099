"""Which columns of a file are which columns of the format: by their names, or as a person said."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from catalog.importing.columns import Column
from catalog.importing.errors import FileRefused

DELIMITERS = (",", ";", "\t", "|")
IGNORE = ""
ColumnMapping = Mapping[str, str]
"""Title in the file → column of the format, or "" for a column that shall not be read. Titles that are not named are
found by their names."""


@dataclass(frozen=True)
class Match:
    """Known columns with their places in the file, titles left unread, and required columns that are not there."""

    present: tuple[Column, ...]
    places: tuple[int, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]


def split(path: Path, line: str, columns: Sequence[Column], mapping: ColumnMapping) -> tuple[list[str], str]:
    """The cells of the header and what separates them: the sign with which most columns are known.

    `line` may be several lines when a title has a line break in it.
    """
    best: tuple[tuple[int, int], list[str], str] | None = None
    known = {squash(name) for column in columns for name in column.names} | {squash(name) for name in mapping}
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader(line.splitlines(keepends=True), delimiter=delimiter), [])
        except csv.Error as error:
            raise FileRefused(path, _("the header cannot be read: %(error)s") % {"error": error}) from error
        score = (sum(squash(cell) in known for cell in cells), len(cells))
        if best is None or score > best[0]:
            best = (score, [cell.strip() for cell in cells], delimiter)
    assert best is not None
    return best[1], best[2]


def match(path: Path, titles: Sequence[str], columns: Sequence[Column], mapping: ColumnMapping) -> Match:
    """Raises FileRefused for a title that stands there twice and for a mapping that cannot be meant."""
    squashed = [squash(title) for title in titles]
    repeated = next((title for at, title in enumerate(titles) if title and squashed[at] in squashed[:at]), None)
    if repeated:
        raise FileRefused(path, _("the column stands there twice"), column=repeated)
    said = _said(path, squashed, columns, mapping)
    free = [place for place in range(len(titles)) if place not in said]
    found: dict[str, int] = {name: place for place, name in said.items() if name}
    for column in columns:
        if column.name in found:
            continue
        place = next((p for name in column.names for p in free if squashed[p] == squash(name)), None)
        if place is not None:
            found[column.name] = place
    present = tuple(column for column in columns if column.name in found)
    places = tuple(found[column.name] for column in present)
    return Match(
        present,
        places,
        ignored=tuple(title for place, title in enumerate(titles) if place not in places),
        missing=tuple(column.names[0] for column in columns if column.required and column.name not in found),
    )


def _said(path: Path, squashed: Sequence[str], columns: Sequence[Column], mapping: ColumnMapping) -> dict[int, str]:
    """Places of which a person said what they are: the name of a column, or "" to leave them."""
    names = {squash(name): column.name for column in columns for name in (column.name, column.names[0])}
    said: dict[int, str] = {}
    for title, target in mapping.items():
        if squash(title) not in squashed:
            continue
        if target and squash(target) not in names:
            reason = _("the format has no column %(name)s") % {"name": target}
            raise FileRefused(path, reason, column=title)
        name = names[squash(target)] if target else IGNORE
        if name and name in said.values():
            reason = _("another column is taken for %(name)s already") % {"name": target}
            raise FileRefused(path, reason, column=title)
        said[squashed.index(squash(title))] = name
    return said


def squash(title: str) -> str:
    """Titles are the same when they differ only in case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", title).lower()
