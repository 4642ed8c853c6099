"""What came in the last hour and the last day, as the stream counted it."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import redis

from catalog.buffer import keys
from catalog.buffer.stream import REFUSING, REPEATED, TOO_FAST
from catalog.buffer.watching import Waiting, waiting
from core import redis_client
from core.local_services import LocalServiceError

MINUTES, HOURS = 60, 24


@dataclass(frozen=True)
class EventFigures:
    """`minutes`: events taken in each of the last 60, the running one last. The rest is of the last 24 hours."""

    minutes: list[int]
    kinds: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    bots: int = 0
    unwanted: int = 0
    waiting: Waiting = field(default_factory=lambda: Waiting(0, 0.0))
    bots_of_the_hour: int = 0
    """Events of bots in the last 60 minutes."""

    @property
    def taken(self) -> int:
        return sum(self.kinds.values())


def event_figures() -> EventFigures | None:
    """None while Redis is away."""
    now = int(time.time())
    names = [keys.minute(now // 60 - back) for back in reversed(range(MINUTES))]
    names += [keys.hour(now // 3600 - back) for back in range(HOURS)]
    try:
        pipe: Any = redis_client.client().pipeline(transaction=False)
        for name in names:
            pipe.hgetall(name)
        found = [{key.decode(): int(value) for key, value in one.items()} for one in pipe.execute()]
        waits = waiting()
    except (redis.RedisError, LocalServiceError, OSError):
        return None
    day = _sum(found[MINUTES:])
    return EventFigures(
        minutes=[sum(_part(one, "a:").values()) for one in found[:MINUTES]],
        kinds=_part(day, "a:"),
        refused=_part(day, "x:"),
        repeated=day[REPEATED],
        bots=day[TOO_FAST],
        unwanted=day[REFUSING],
        waiting=waits,
        bots_of_the_hour=_sum(found[:MINUTES])[TOO_FAST],
    )


def _sum(parts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in parts:
        total.update(one)
    return total


def _part(counts: dict[str, int], prefix: str) -> dict[str, int]:
    """The counts of one sort, the largest first."""
    found = {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda one: -one[1]))
