"""Tables that people hand over: CSV, optionally gzip, UTF-8 with or without BOM, header row, columns matched by name.

A good file is read in one fast pass. Only when something is wrong is it read again, row by row, to say where.
"""

import csv
import gzip
import io
import itertools
import math
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NoReturn

import numpy as np
import pandas as pd

Kind = Literal["text", "key", "number", "integer", "time"]
WHAT = {"number": "a number", "integer": "a whole number", "time": "a time (ISO 8601 or seconds since 1970)"}
MILLISECONDS_FROM = 1e11
"""Numbers of this size are milliseconds since 1970; as seconds they would lie after the year 5000."""
LARGEST_EXACT = 2**53
SLOW_ROWS = 20_000
SCAN_BYTES = 1 << 20


@dataclass(frozen=True)
class Column:
    """One column that a reader wants.

    Kinds: `text` (str, may be blank), `key` (category, never blank), `number` (float64, finite), `integer` (int64) and
    `time` (float64, seconds since 1970 UTC; a time without zone counts as UTC; plain numbers are seconds, or
    milliseconds from 1e11). A column that is not `required` may be absent; then the frame has none of that name.
    """

    name: str
    kind: Kind = "text"
    required: bool = True


class TableError(ValueError):
    """What is wrong with a table and where. `str()` is the one line for people: file, line N, column C: reason."""

    def __init__(self, file: str, line: int | None, column: str | None, reason: str) -> None:
        self.file, self.line, self.column, self.reason = file, line, column, reason
        where = [file]
        if line is not None:
            where.append(f"line {line}")
        if column is not None:
            where.append(f"column {column}")
        super().__init__(f"{', '.join(where)}: {reason}")


def read_table(
    path: str | Path,
    columns: Sequence[Column],
    *,
    rename: Mapping[str, str] | None = None,
    note: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """The wanted columns in the order asked for, rows in file order, at least one row.

    `rename` maps our column name to the file's own (`{"text": "review"}`); a file that has only our name is fine.
    `note` is told in one sentence about columns that nobody asked for. Raises TableError with the line of the file
    where the row begins, counted as an editor counts, also when quoted fields hold line breaks.
    """
    file = str(path)
    header = _header(file)
    sources = _match(file, header, columns, rename or {})
    spare = [name for name in header if name not in sources.values()]
    if spare and note:
        note(f"{file}: columns ignored: {', '.join(spare)}.")
    wanted = [column for column in columns if column.name in sources]
    try:
        _scan(file, header)
        frame = _read_fast(file, header, wanted, sources)
    except TableError:
        raise
    except (ValueError, OverflowError, csv.Error, pd.errors.ParserWarning) as error:
        _locate(file, header, wanted, sources, reason=str(error).strip().splitlines()[-1])
    if frame.empty:
        raise TableError(file, 2, None, "there are no rows below the header")
    return frame


def first_row(path: str | Path) -> dict[str, str]:
    """The columns of a file and what its first row has in them (empty texts without a row). Raises TableError."""
    file = str(path)
    header = _header(file)
    with _rows(file) as rows:
        row = next(itertools.islice(rows, 1, None), None)
    values = row[1] if row is not None and len(row[1]) == len(header) else [""] * len(header)
    return dict(zip(header, values, strict=True))


def line_of(path: str | Path, index: int) -> int:
    """The line of the file where a row begins, counted as an editor counts; `index` 0 is the first below the header."""
    with _rows(str(path)) as rows:
        return next(itertools.islice(rows, index + 1, None))[0]


# --- the file -----------------------------------------------------------------------------------------------------


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Bytes of the file, unpacked when it is gzip (told by its first bytes, whatever its name is)."""
    try:
        with Path(file).open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.open(raw) as unpacked:
                    yield unpacked  # type: ignore[misc]
            else:
                yield raw
    except FileNotFoundError:
        raise TableError(file, None, None, "there is no such file") from None
    except IsADirectoryError:
        raise TableError(file, None, None, "this is a folder, not a file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise TableError(file, None, None, "the gzip data is damaged or ends early") from None
    except OSError as error:
        raise TableError(file, None, None, f"the file cannot be read ({error.strerror or error})") from None


@contextmanager
def _rows(file: str) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """Line where each record begins, and its fields. Bytes that are not UTF-8 come as lone surrogates."""
    with _opened(file) as raw, _long_fields():
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield _numbered(file, text)


def _numbered(file: str, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(file, line, None, f"the quoting is broken ({error})") from None
        if row:
            yield line, row


@contextmanager
def _long_fields() -> Iterator[None]:
    """Fields may be of any length here; elsewhere the limit of the process stays as it is."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _header(file: str) -> list[str]:
    with _rows(file) as rows:
        first = next(rows, None)
    if first is None:
        raise TableError(file, 1, None, "the file is empty")
    line, fields = first
    for position, name in enumerate(fields):
        if (reason := _unreadable(name)) is not None:
            raise TableError(file, line, str(position + 1), reason)
    header = [name.strip() for name in fields]
    for name in header:
        if header.count(name) > 1:
            raise TableError(file, line, name, "the header has this column twice")
    return header


def _match(file: str, header: list[str], columns: Sequence[Column], rename: Mapping[str, str]) -> dict[str, str]:
    """Our name to the file's name, for every wanted column that is there."""
    sources: dict[str, str] = {}
    for column in columns:
        name = next((n for n in (rename.get(column.name, column.name), column.name) if n in header), None)
        if name is not None:
            sources[column.name] = name
        elif column.required:
            missing = rename.get(column.name, column.name)
            raise TableError(file, 1, missing, f"the column is missing; the header has {', '.join(header)}")
    return sources


def _scan(file: str, header: list[str]) -> None:
    """Raises ValueError (or TableError) for what the fast reader would mend in silence: NUL bytes, ragged rows."""
    with _opened(file) as raw:
        while block := raw.read(SCAN_BYTES):
            if b"\0" in block:
                raise ValueError("NUL byte")
    width = len(header)
    with _rows(file) as rows:
        if any(len(row) != width for _line, row in rows):
            raise ValueError("rows of different length")


# --- the fast way -------------------------------------------------------------------------------------------------


def _read_fast(file: str, header: list[str], wanted: list[Column], sources: dict[str, str]) -> pd.DataFrame:
    """All rows at once. Raises ValueError (or a parser error) when any value does not fit."""
    first = _first_row(file, header)
    if first is None:
        return pd.DataFrame({column.name: [] for column in wanted})
    dtypes: dict[str, Any] = {column.name: _dtype(column, first[sources[column.name]]) for column in wanted}
    names = {sources[column.name]: column.name for column in wanted}
    read: dict[str, Any] = {source: dtypes[name] for source, name in names.items()}
    with _opened(file) as raw, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            raw, encoding="utf-8-sig", names=header, header=0, index_col=False, usecols=list(read), dtype=read,
            keep_default_na=False, na_values={name: [""] for name, kind in read.items() if kind == "float64"},
            skip_blank_lines=True, low_memory=False,
        )  # fmt: skip
    frame = frame.rename(columns=names)
    for column in wanted:
        converted, bad = convert(frame[column.name], column.kind)
        if bool(bad.any()):
            raise ValueError(f"{column.name} does not fit")
        frame[column.name] = converted
    return frame[[column.name for column in wanted]]


def _first_row(file: str, header: list[str]) -> dict[str, str] | None:
    with _rows(file) as rows:
        row = next(itertools.islice(rows, 1, None), None)
    return None if row is None else dict(zip(header, row[1], strict=True))


def _dtype(column: Column, example: str) -> str:
    if column.kind in ("number", "integer") or (column.kind == "time" and _is_number(example)):
        return "float64"
    return "str"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def convert(series: pd.Series, kind: Kind) -> tuple[pd.Series, np.ndarray]:
    """Values in the type of `kind`, and a mask of those that do not fit (their values mean nothing)."""
    if kind == "text":
        return series.astype(str), np.zeros(len(series), bool)
    if kind == "key":
        keys = series.astype("category")
        blank = [category for category in keys.cat.categories if not str(category).strip()]
        return keys, keys.isin(blank).to_numpy() | keys.isna().to_numpy()
    if kind == "time":
        return _times(series)
    numbers = pd.to_numeric(series, errors="coerce").astype("float64")
    bad = ~np.isfinite(numbers.to_numpy())
    if kind == "integer":
        whole = np.where(bad, 0.0, numbers.to_numpy())
        bad = bad | (np.floor(whole) != whole) | (np.abs(whole) > LARGEST_EXACT)
        return pd.Series(np.where(bad, 0, whole).astype(np.int64), index=series.index), bad
    return numbers, bad


def _times(series: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Seconds since 1970. A column is all numbers or all ISO 8601, as its first value is."""
    if series.dtype == "float64" or _is_number(str(series.iloc[0])):
        numbers = pd.to_numeric(series, errors="coerce").astype("float64")
        bad = ~np.isfinite(numbers.to_numpy())
        return numbers.where(numbers.abs() < MILLISECONDS_FROM, numbers / 1000.0), bad
    # Nanoseconds end in the year 2262, and a date beyond it must be told from one that is not a date.
    stamps = pd.to_datetime(series.astype(str), format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
    bad = stamps.isna().to_numpy()
    seconds = (stamps - pd.Timestamp(0, tz="UTC").as_unit("us")) / pd.Timedelta(seconds=1).as_unit("us")
    return seconds.astype("float64"), bad


# --- the slow way -------------------------------------------------------------------------------------------------


def _locate(file: str, header: list[str], wanted: list[Column], sources: dict[str, str], *, reason: str) -> NoReturn:
    """Read row by row and raise for the first one that does not fit."""
    columns = [(column, header.index(sources[column.name])) for column in wanted]
    times_are_numbers: dict[str, bool] = {}
    with _rows(file) as rows:
        next(rows)
        more = True
        while more:
            part, refusal = _checked(file, header, rows)
            more = refusal is None and len(part) == SLOW_ROWS
            found: list[tuple[int, Column, str]] = []
            for column, position in columns if part else []:
                values = pd.Series([row[position] for _line, row in part], dtype=object)
                if column.kind == "time" and not times_are_numbers.setdefault(column.name, _is_number(values.iloc[0])):
                    bad = _times(pd.concat([pd.Series(["1970-01-01"]), values]))[1][1:]
                else:
                    bad = convert(values, "number" if column.kind == "time" else column.kind)[1]
                if bad.any():
                    at = int(bad.argmax())
                    found.append((at, column, values.iloc[at]))
            if found:
                at, column, value = min(found, key=lambda entry: entry[0])
                raise TableError(file, part[at][0], sources[column.name], _misfit(column.kind, value))
            if refusal is not None:
                raise refusal
    raise TableError(file, None, None, reason)


def _checked(
    file: str, header: list[str], rows: Iterator[tuple[int, list[str]]]
) -> tuple[list[tuple[int, list[str]]], TableError | None]:
    """Up to SLOW_ROWS readable rows of the right width, and what stopped the reading before that."""
    part: list[tuple[int, list[str]]] = []
    try:
        for line, row in itertools.islice(rows, SLOW_ROWS):
            for position, value in enumerate(row):
                if (reason := _unreadable(value)) is not None:
                    name = header[position] if position < len(header) else str(position + 1)
                    raise TableError(file, line, name, reason)
            if len(row) != len(header):
                at = header[len(row)] if len(row) < len(header) else str(len(header) + 1)
                raise TableError(file, line, at, f"the row has {len(row)} fields, the header {len(header)}")
            part.append((line, row))
    except TableError as error:
        return part, error
    return part, None


def _unreadable(value: str) -> str | None:
    if "\0" in value:
        return "there is a NUL byte in the text"
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        return "the text is not UTF-8"
    return None


def _misfit(kind: Kind, value: str) -> str:
    if not value.strip():
        return "the value is blank"
    shown = value if len(value) <= 40 else f"{value[:40]}…"
    return f"{shown!r} is not {WHAT.get(kind, 'a value that fits')}"
