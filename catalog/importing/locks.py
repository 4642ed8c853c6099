"""Who imports: one process at a time, known by locks that PostgreSQL drops when that process dies.

Every run holds the lock of its batch from the start, while it waits too, and the lock of all imports while it works.
A batch that says it runs but whose lock is free has lost its process.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError, InterfaceError, connection

LOCK = 7_340_022  # one import or undo works at a time
BATCHES = 7_340_023  # first half of the key of one batch
POLL_SECONDS = 0.3


@contextlib.contextmanager
def working_on(batch_id: int, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold both locks. While others have them, `waiting` is called again and again; it may raise to give up."""
    with _held([BATCHES, batch_id], waiting), _held([LOCK], waiting):
        yield


def is_alive(batch_id: int) -> bool:
    """True while a process works on this batch or waits to."""
    if not _try([BATCHES, batch_id]):
        return True
    _release([BATCHES, batch_id])
    return False


def try_for_this_transaction() -> bool:
    """Keep imports away until this transaction ends. False when one is at work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


@contextlib.contextmanager
def _held(key: list[int], waiting: Callable[[], None]) -> Iterator[None]:
    while not _try(key):
        waiting()
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        # With a broken connection the lock is gone already.
        with contextlib.suppress(DatabaseError, InterfaceError):
            _release(key)


def _try(key: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({', '.join(['%s'] * len(key))})", key)
        return bool(cursor.fetchone()[0])


def _release(key: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_unlock({', '.join(['%s'] * len(key))})", key)
