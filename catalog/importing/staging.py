"""Staged rows: temporary tables that COPY fills and set-based SQL reads."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop
from psycopg2 import Error as DriverError

from catalog.importing.columns import Column
from catalog.importing.reader import Refusal, Source
from core.said import Said

REFUSED = "import_refused"
CHUNK = 1 << 18


@dataclass
class Stage:
    """The staged rows of one section, in the table `import_<name>`. Column `line` is the line in the file.

    Rows made from those of another section have no source: `made_from` is then the name of the file they came from
    and `given` the columns that are filled.
    """

    name: str
    columns: Sequence[Column]
    source: Source | None = None
    made_from: str = ""
    given: tuple[str, ...] = ()
    present: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        found = tuple(column.name for column in self.source.present) if self.source else self.given
        self.present = frozenset(found)

    @property
    def table(self) -> str:
        return f"import_{self.name}"

    @property
    def file(self) -> str:
        return self.source.name if self.source else self.made_from or f"{self.name}.csv"

    def create(self) -> None:
        columns = ", ".join(f"{column.name} {column.kind}" for column in self.columns)
        execute(f"DROP TABLE IF EXISTS {self.table}")
        execute(f"CREATE TEMPORARY TABLE {self.table} (line integer, {columns}) ON COMMIT DROP")

    def fill(self, rows: Iterator[str]) -> int:
        """COPY the rows of the file. Their number."""
        names = ", ".join(["line", *(column.name for column in self.source.present)]) if self.source else "line"
        return copy(self.table, names, rows)

    def count(self) -> int:
        return int(fetch_one(f"SELECT count(*) FROM {self.table}")[0])  # noqa: S608

    def refuse(self, where: str, *, column: str, reason: str, value: str = "NULL", using: str = "") -> int:
        """Take rows out of the stage and remember them as refused. How many.

        `where`, `using` and `value` are SQL over the staged row `s`; `reason` may name %(value)s.
        """
        parts = ", ".join(f"s.{name.name}::text" for name in self.columns)
        joined = f"USING {using}" if using else ""
        statement = f"""
            WITH gone AS (
                DELETE FROM {self.table} s {joined} WHERE {where}
                RETURNING s.line, ({value})::text AS value, array_to_string(ARRAY[{parts}], ',', '') AS row
            )
            INSERT INTO {REFUSED} SELECT %s, %s, line, %s, %s, value, row FROM gone
        """  # noqa: S608 names come from the code of the sections, never from a file
        return execute(statement, [self.name, self.file, self._title(column), reason])

    def refuse_repeated(self, key: Sequence[str]) -> int:
        """Of rows with the same key the first stays."""
        if not key:
            return 0
        names = ", ".join(key)
        same = " AND ".join(f"s.{name} = d.{name}" for name in key)
        return self.refuse(
            f"{same} AND s.line > d.first",
            using=f"(SELECT {names}, min(line) AS first FROM {self.table} GROUP BY {names} HAVING count(*) > 1) d",  # noqa: S608
            column=key[-1],
            reason=gettext_noop("stands already in line %(value)s"),
            value="d.first",
        )

    def drop(self) -> None:
        execute(f"DROP TABLE IF EXISTS {self.table}")

    def _title(self, column: str) -> str:
        if self.source and column in self.present:
            for found, place in zip(self.source.present, self.source.places, strict=True):
                if found.name == column:
                    return self.source.header[place]
        return column


def prepare_session() -> None:
    """For this transaction: no limit of time, memory for large joins, no compiler; a statement whose client is dead
    ends, so that its locks go."""
    for setting in (
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        "client_connection_check_interval = '2s'",
        "work_mem = '64MB'",
        "jit = off",
    ):
        execute(f"SET LOCAL {setting}")


def create_refused() -> None:
    execute(f"DROP TABLE IF EXISTS {REFUSED}")
    execute(
        f"CREATE TEMPORARY TABLE {REFUSED} (section text, file text, line integer, column_name text, reason text,"
        " value text, row text) ON COMMIT DROP"
    )


def refused_rows() -> Iterator[tuple[str, Refusal]]:
    """What `Stage.refuse` took out, as (section, refusal) in the order of the files."""
    statement = (
        f"SELECT section, file, line, column_name, reason, coalesce(value, ''), left(row, 2000) FROM {REFUSED}"  # noqa: S608
        " ORDER BY section, line"
    )
    for section, file, line, column, reason, value, row in stream(statement):
        yield section, Refusal(file, line, column, Said(reason, {"value": value} if value else {}), row)


def copy(table: str, columns: str, rows: Iterator[str]) -> int:
    """COPY lines of text into a table. Their number. An error of `rows` is raised as it is."""
    lines = _Lines(rows)
    with connection.cursor() as cursor:
        try:
            cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", lines, CHUNK)
        except DriverError:
            # The driver reports what went wrong in reading as a cancelled query.
            if lines.error is not None:
                raise lines.error from None
            raise
        return int(cursor.rowcount)


def stream(statement: str, size: int = 5_000) -> Iterator[tuple[Any, ...]]:
    """Rows of a SELECT through a cursor of the server, so that they are never all in memory."""
    connection.ensure_connection()
    with connection.connection.cursor(name=f"import_{time.monotonic_ns()}") as cursor:
        cursor.itersize = size
        cursor.execute(statement)
        yield from cursor


def execute(statement: str, parameters: Sequence[Any] | None = None) -> int:
    """Run a statement. The number of rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def fetch_one(statement: str, parameters: Sequence[Any] | None = None) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return tuple(cursor.fetchone())


def analyse(table: str) -> None:
    """Let the planner see what a table just got."""
    execute(f"ANALYZE {table}")


class _Lines:
    """Rows as a file that COPY can read from."""

    def __init__(self, rows: Iterator[str]) -> None:
        self._rows = rows
        self.error: BaseException | None = None

    def read(self, size: int = CHUNK) -> str:
        parts: list[str] = []
        length = 0
        try:
            for row in self._rows:
                parts.append(row)
                length += len(row)
                if length >= size:
                    break
        except BaseException as error:
            self.error = error
            raise
        return "".join(parts)
