"""Locks of PostgreSQL that end with the session that holds them, however its process ends.

Whoever works on a job holds the job's lock on the connection it writes with. So a free lock says that the worker's
session is gone, and ending the session that holds it makes everything that a frozen worker has not committed undone.
"""

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

JOBS = 0x5A47_0001
SINGLE = 0x5A47_0002
SCHEDULER = 1
FACTS = 2
_HOLDERS = """
    FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s AND objid = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


def take(number: int, *, space: int = JOBS, on: BaseDatabaseWrapper = connection) -> bool:  # type: ignore[assignment]
    """Take the lock for this session. False when another session has it."""
    return _ask("SELECT pg_try_advisory_lock(%s, %s)", space, number, on)


def take_until_commit(number: int, *, space: int = JOBS) -> bool:
    """Take the lock for this transaction. False when another session has it."""
    return _ask("SELECT pg_try_advisory_xact_lock(%s, %s)", space, number, connection)  # type: ignore[arg-type]


def give_back(number: int, *, space: int = JOBS, on: BaseDatabaseWrapper = connection) -> None:  # type: ignore[assignment]
    """Give up what `take` took. Not having it is fine."""
    _ask("SELECT pg_advisory_unlock(%s, %s)", space, number, on)


def holds(number: int, *, space: int = JOBS) -> bool:
    """Whether this session has the lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 {_HOLDERS} AND pid = pg_backend_pid())", [space, _small(number)])
        return bool(cursor.fetchone()[0])


def end_holder(number: int, *, space: int = JOBS, seconds: float = 5.0) -> int:
    """End the sessions that hold the lock and wait until they are gone. Returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pg_terminate_backend(pid, %s) {_HOLDERS} AND pid <> pg_backend_pid()",
            [int(seconds * 1000), space, _small(number)],
        )
        return len(cursor.fetchall())


def _ask(question: str, space: int, number: int, on: BaseDatabaseWrapper) -> bool:
    with on.cursor() as cursor:
        cursor.execute(question, [space, _small(number)])
        return bool(cursor.fetchone()[0])


def _small(number: int) -> int:
    """Locks are named by two numbers of 31 bits; two jobs two thousand million apart share one, which is harmless."""
    return number % 0x7FFF_FFFF
