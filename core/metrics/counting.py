"""Counters that all processes share and that cost the one that counts nothing.

A process adds up in memory; a thread of its own hands the sums to Redis every few seconds. While Redis is away the
sums wait. A process that is killed loses the last seconds, and an answer of Redis that never came may be counted
twice: rates stay right, single events are in the tables.
"""

import atexit
import json
import os
import threading
from collections.abc import Mapping
from typing import Any, cast

import redis

from core import redis_client
from core.local_services import LocalServiceError

HASH = "zg:metrics"
HAND_OVER_SECONDS = 5.0

Name = tuple[str, tuple[tuple[str, str], ...]]
"""A counter with its labels in order."""


class Counters:
    """One per process. After a fork the child begins with nothing, because the parent hands over its own."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sums: dict[Name, float] = {}
        self._shared: dict[Name, float] = {}
        self._process = 0
        self.is_shared = True

    def add(self, name: str, amount: float, labels: Mapping[str, str]) -> None:
        key = (name, tuple(sorted(labels.items())))
        if self._process != os.getpid():
            self._begin()
        with self._guard:
            self._sums[key] = self._sums.get(key, 0.0) + amount

    def hand_over(self) -> bool:
        """Move the sums to Redis. False when it is away: then they stay."""
        with self._guard:
            sums, self._sums = self._sums, {}
        if not sums:
            return True
        try:
            pipe = redis_client.client().pipeline(transaction=True)
            for key, amount in sums.items():
                pipe.hincrbyfloat(HASH, _as_text(key), amount)
            pipe.execute()
        except (redis.RedisError, LocalServiceError, OSError):
            with self._guard:
                for key, amount in sums.items():
                    self._sums[key] = self._sums.get(key, 0.0) + amount
            return False
        return True

    def totals(self) -> dict[Name, float]:
        """What all processes have counted. While Redis is away: what was last known, and this process's own sums."""
        try:
            found = cast(dict[bytes, bytes], redis_client.client().hgetall(HASH))
            self._shared = {_from_text(key): float(value) for key, value in found.items()}
        except (redis.RedisError, LocalServiceError, OSError, ValueError):
            pass
        with self._guard:
            own = dict(self._sums)
        return {key: self._shared.get(key, 0.0) + own.get(key, 0.0) for key in {*self._shared, *own}}

    def forget(self) -> None:
        """For tests."""
        with self._guard:
            self._sums, self._shared = {}, {}

    def _begin(self) -> None:
        """The first count of this process starts its thread."""
        with self._guard:
            if self._process == os.getpid():
                return
            self._process, self._sums = os.getpid(), {}
        if self.is_shared:
            atexit.register(self.hand_over)
            threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(HAND_OVER_SECONDS):
            self.hand_over()


def _as_text(key: Name) -> str:
    return json.dumps([key[0], dict(key[1])], separators=(",", ":"))


def _from_text(text: bytes) -> Name:
    name, labels = cast(tuple[str, dict[str, Any]], json.loads(text))
    return name, tuple(sorted(labels.items()))
