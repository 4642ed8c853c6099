"""Writing down who was shown what: each person once, and no request waits for it.

A request puts the exposure into this process's memory. A thread of its own hands what has come together to Redis every
second, as members of one set; a task takes them from there into the table with one statement (`store`). While Redis is
away the thread writes to the table itself, and while that is away too the exposures wait. Nothing is counted twice,
because the table has one row for each person and keeps the earliest moment, and members are removed from the set only
after they are stored, by name. A process that is killed loses the last second; those people are written down when they
come again.
"""

import atexit
import os
import threading
import time
from collections.abc import Iterable, Sequence
from typing import cast

import redis
import structlog
from django.db import DatabaseError, InterfaceError, connection

from core import redis_client
from core.experiments.placing import Placed, Subject, place_in_everything
from core.local_services import LocalServiceError
from core.metrics import count

log = structlog.get_logger(__name__)
SET = "zg:exposures"
HAND_OVER_SECONDS = 1.0
MOST_WAITING = 100_000
"""Exposures kept in memory while neither Redis nor the database answers; further ones are counted and dropped."""
MOST_REMEMBERED = 200_000
AT_ONCE = 5_000
REDIS_AWAY = (redis.RedisError, LocalServiceError, OSError)

Seen = tuple[int, int, str, float]
"""Experiment id, arm id, subject, seconds since 1970."""

STORE = """
INSERT INTO core_exposure (experiment_id, arm_id, subject, exposed_at)
SELECT a.experiment_id, a.id, n.subject, to_timestamp(n.at)
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::float8[]) AS n (experiment_id, arm_id, subject, at)
JOIN core_experimentarm a ON a.id = n.arm_id AND a.experiment_id = n.experiment_id
ORDER BY a.experiment_id, n.subject
ON CONFLICT (experiment_id, subject) DO UPDATE SET exposed_at = excluded.exposed_at
WHERE core_exposure.exposed_at > excluded.exposed_at
"""


class Exposures:
    """One per process. After a fork the child begins with nothing, because the parent hands over its own."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[Seen] = []
        self._remembered: set[tuple[int, str]] = set()
        self._process = 0
        self.is_shared = True

    def add(self, placed: Placed) -> None:
        """Note it unless this process did before."""
        key = (placed.experiment_id, placed.subject)
        if self._process != os.getpid():
            self._begin()
        if key in self._remembered:
            return
        with self._guard:
            if len(self._waiting) >= MOST_WAITING:
                count("exposures_dropped")
                return
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered = set()
            self._remembered.add(key)
            self._waiting.append((placed.experiment_id, placed.arm_id, placed.subject, time.time()))

    def hand_over(self) -> int:
        """Move what has come together to Redis, or else to the table. How many were moved."""
        with self._guard:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return 0
        try:
            redis_client.client().sadd(SET, *map(_as_text, waiting))
        except REDIS_AWAY:
            return self._write_directly(waiting)
        return len(waiting)

    def _write_directly(self, waiting: list[Seen]) -> int:
        try:
            return write(waiting)
        except (DatabaseError, InterfaceError):
            log.warning("exposures.wait", count=len(waiting))
            with self._guard:
                self._waiting = [*waiting, *self._waiting][:MOST_WAITING]
            return 0

    def forget(self) -> None:
        """For tests."""
        with self._guard:
            self._waiting, self._remembered = [], set()

    def _begin(self) -> None:
        """The first exposure of this process starts its thread."""
        with self._guard:
            if self._process == os.getpid():
                return
            self._process, self._waiting, self._remembered = os.getpid(), [], set()
        if self.is_shared:
            atexit.register(self.hand_over)
            threading.Thread(target=self._run, name="exposures", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(HAND_OVER_SECONDS):
            try:
                self.hand_over()
            except Exception:
                log.exception("exposures.failed")
            finally:
                connection.close()


exposures = Exposures()


def expose(placed: Placed) -> None:
    """This person has just been shown what the experiment changes."""
    exposures.add(placed)


def expose_to_models(subject: Subject) -> None:
    """This person has just been shown what a model decides, or, in the holdout, what is there instead."""
    placed = place_in_everything(subject)
    if placed is not None:
        exposures.add(placed)


def store() -> int:
    """Take exposures from Redis into the table. How many were taken. Safe to run at any time and by several at once.

    Redis being away is no fault here: processes then write to the table themselves.
    """
    taken = 0
    while True:
        try:
            members = cast(list[bytes], redis_client.client().srandmember(SET, AT_ONCE))
        except REDIS_AWAY:
            return taken
        if not members:
            return taken
        write([seen for member in members if (seen := _from_text(member)) is not None])
        try:
            redis_client.client().srem(SET, *members)
        except REDIS_AWAY:
            return taken
        taken += len(members)


def write(seen: Iterable[Seen]) -> int:
    """Into the table with one statement: each person once, at the earliest moment. Arms that are gone are left out."""
    earliest: dict[tuple[int, str], Seen] = {}
    for one in seen:
        key = (one[0], one[2])
        if key not in earliest or one[3] < earliest[key][3]:
            earliest[key] = one
    columns: Sequence[list[object]] = [list(column) for column in zip(*earliest.values(), strict=True)]
    if not columns:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(STORE, columns)
        return int(cursor.rowcount)


def _as_text(seen: Seen) -> str:
    return f"{seen[0]} {seen[1]} {seen[3]:.3f} {seen[2]}"


def _from_text(text: bytes) -> Seen | None:
    try:
        experiment, arm, at, subject = text.decode().split(" ", 3)
        return int(experiment), int(arm), subject, float(at)
    except ValueError:
        log.error("exposures.unreadable")
        return None
