"""Trouble inside PostgreSQL: ended sessions, held rows."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.harness.servers import Postgres


class Session:
    """A session of the test's own. `ask` returns all rows."""

    def __init__(self, server: Postgres) -> None:
        self.connection = server.connect()

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def terminate_all(server: Postgres, *, by: Session | None = None) -> int:
    """pg_terminate_backend on every session of the product. How many there were."""
    if by is None:
        with Session(server) as session:
            return terminate_all(server, by=session)
    return len(
        by.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND application_name <> 'harness'"
        )
    )


@contextlib.contextmanager
def locked_row(server: Postgres, table: str, value: int | str, *, column: str = "id") -> Iterator[Session]:
    """A row that somebody else holds FOR UPDATE until the end of the block."""
    with Session(server) as session:
        session.connection.autocommit = False
        session.ask(f"SELECT 1 FROM {table} WHERE {column} = %s FOR UPDATE", [value])
        try:
            yield session
        finally:
            session.connection.rollback()
