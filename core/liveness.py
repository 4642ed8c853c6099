"""Which queues have a worker that listens.

Each worker's event loop says every few seconds in Redis which queues it takes from. Without Redis no worker gets
work, so that is the place to look; a worker that is frozen, disconnected or gone falls silent by itself.
"""

import contextlib
import time
from collections.abc import Sequence
from typing import Any, cast

import redis
from celery import bootsteps

from core import redis_client
from core.local_services import LocalServiceError

QUEUES = ("light", "mail", "bulk", "train", "deep")
# Queues of one worker: while it works on one it takes nothing from the other.
GROUPS = (frozenset({"light", "mail"}), frozenset({"bulk"}), frozenset({"train", "deep"}))
EVERY_SECONDS = 5.0
SILENT_AFTER_SECONDS = 30
PREFIX = "zg:alive:"


class SignsOfLife(bootsteps.StartStopStep):
    """Part of every worker: runs in the loop that takes messages, so it stops when that loop does."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        queues = list(consumer.app.amqp.queues.consume_from)
        say_alive(queues)
        self._timer = consumer.timer.call_repeatedly(EVERY_SECONDS, say_alive, (queues,))

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def say_alive(queues: Sequence[str]) -> None:
    """Remembered for half a minute. While Redis is away nothing is said, and nothing fails."""
    with contextlib.suppress(redis.RedisError, LocalServiceError, OSError):
        pipe = redis_client.client().pipeline(transaction=False)
        for queue in queues:
            pipe.set(PREFIX + queue, repr(time.time()), ex=SILENT_AFTER_SECONDS)
        pipe.execute()


def heard_from() -> dict[str, float]:
    """Seconds since a worker of each queue was last heard; silent queues are left out. Raises redis.RedisError."""
    values = cast(list[bytes | None], redis_client.client().mget([PREFIX + queue for queue in QUEUES]))
    now = time.time()
    return {
        queue: max(0.0, now - float(value)) for queue, value in zip(QUEUES, values, strict=True) if value is not None
    }


def silent_queues() -> list[str]:
    """Queues that no worker takes from. Raises redis.RedisError."""
    heard = heard_from()
    return [queue for queue in QUEUES if queue not in heard]
