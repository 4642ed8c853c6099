"""What a person sees of files before they are imported: their columns, what those would be, and the first rows."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from catalog.importing.columns import Column
from catalog.importing.errors import ImportRefused
from catalog.importing.formats import Mappings, layout
from catalog.importing.reader import Place, look

FIRST_ROWS = 10
CELL = 200


@dataclass(frozen=True)
class FormatColumn:
    """A column that the format knows, under its usual name; `aliases` are found as well."""

    name: str
    aliases: tuple[str, ...]
    kind: str
    is_required: bool
    may_be_empty: bool


@dataclass(frozen=True)
class FileColumn:
    """A column of the file: its title, the column of the format it would become ("": left unread), first cells."""

    title: str
    becomes: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class InspectedFile:
    """One table. `problem` is a sentence when it cannot be read at all; then everything after it is empty."""

    name: str
    section: str
    format_columns: tuple[FormatColumn, ...]
    problem: str = ""
    encoding: str = ""
    delimiter: str = ""
    is_damaged: bool = False
    row_count: int = 0
    header: tuple[str, ...] = ()
    columns: tuple[FileColumn, ...] = ()
    missing: tuple[str, ...] = ()
    first_rows: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def is_ready(self) -> bool:
        """The import would take it as it is."""
        return not self.problem and not self.missing


@dataclass(frozen=True)
class Inspection:
    """The files that would be read in the order of writing, and those that would be left."""

    files: tuple[InspectedFile, ...]
    left: tuple[str, ...]
    problem: str = ""

    @property
    def is_ready(self) -> bool:
        return not self.problem and all(file.is_ready for file in self.files)


def inspect(path: Path, format: str = "native", mappings: Mappings | None = None) -> Inspection:
    """Look at a folder, or at one file of it, and write nothing. Never raises for what is wrong with the files."""
    try:
        found = layout(format, path)
    except ImportRefused as refusal:
        return Inspection((), (), str(refusal))
    files = tuple(
        _inspect(section.name, found.tables[section.name], section.columns(), mappings or {})
        for section in found.sections.values()
        if section.name in found.tables
    )
    return Inspection(files, tuple(found.left))


def columns_of(section: str, format: str = "native") -> tuple[FormatColumn, ...]:
    """Columns that a section of the native format knows. Raises LookupError."""
    from catalog.extensions import import_sections

    if format != "native":
        raise LookupError(f"The files of {format} have fixed columns.")
    return _format_columns(import_sections.get(section).resolve()().columns())


def _format_columns(columns: Sequence[Column]) -> tuple[FormatColumn, ...]:
    return tuple(
        FormatColumn(column.names[0], column.names[1:], column.kind, column.required, column.blank)
        for column in columns
    )


def _inspect(name: str, place: Place, columns: Sequence[Column], mappings: Mappings) -> InspectedFile:
    known = _format_columns(columns)
    try:
        source, missing = look(place, columns, mappings.get(name))
        with closing(source.records()) as records:
            first = [
                tuple(cell[:CELL] for cell in record.cells)
                for record in islice(records, FIRST_ROWS)
                if record.cells and not record.reason.text
            ]
            rest = sum(1 for _record in records) if place.sheet else 0
    except ImportRefused as refusal:
        return InspectedFile(place.name, name, known, str(refusal))
    except OSError as error:
        return InspectedFile(place.name, name, known, error.strerror or str(error))
    becomes = {at: column.names[0] for column, at in zip(source.present, source.places, strict=True)}
    return InspectedFile(
        place.name,
        name,
        known,
        encoding="" if place.sheet else source.encoding.label,
        delimiter="" if place.sheet else source.delimiter,
        is_damaged=source.encoding.is_damaged,
        row_count=len(first) + rest if place.sheet else source.lines,
        header=source.header,
        columns=tuple(
            FileColumn(title, becomes.get(at, ""), tuple(row[at] for row in first[:3]))
            for at, title in enumerate(source.header)
        ),
        missing=missing,
        first_rows=tuple(first),
    )
