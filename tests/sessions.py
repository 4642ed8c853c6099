"""Sessions of PostgreSQL, seen from a test. The server ends one a moment after its connection was closed."""

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.faults.harness.waiting import until


def end(other: BaseDatabaseWrapper) -> None:
    """Close a connection and wait until the server has ended its session, with its locks."""
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other.close()
    until(lambda: pid not in pids(), seconds=10, what=f"session {pid} has ended")


def pids() -> list[int]:
    """The other client sessions in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [row[0] for row in cursor]
