"""The loop that counts (see core.loops): every few seconds while somebody watches, once a minute otherwise.

Every scheduler runs one; whoever holds the lock counts, the others find a young row. It never takes more than a
twentieth of one core: the longer a count takes, the longer it waits.
"""

import threading
import time

import redis
import structlog
from django.db import DatabaseError, InterfaceError, connection

from analytics.live import counting
from core import redis_client
from core.local_services import LocalServiceError

log = structlog.get_logger(__name__)
WATCHED = "zg:live:watched"
WATCHED_FOR = 30
"""Seconds after the last look at the page."""
SECONDS, IDLE_SECONDS = 3.0, 60.0
LARGEST_SHARE = 0.05
LOOK_EVERY = 1.0
REDIS_AWAY = (redis.RedisError, LocalServiceError, OSError)


def run(stop: threading.Event) -> None:
    """Until told to stop. Never raises: what is away is waited for."""
    rest_until = 0.0
    while not stop.wait(LOOK_EVERY):
        if time.monotonic() < rest_until:
            continue
        try:
            seconds = counting.refresh(younger_than=SECONDS if is_watched() else IDLE_SECONDS)
        except (DatabaseError, InterfaceError) as error:
            log.warning("live.not_counted", error=str(error)[:200])
            connection.close()
            seconds = counting.TIMEOUT_MS / 1000
        if seconds is not None:
            rest_until = time.monotonic() + seconds / LARGEST_SHARE - seconds
    connection.close()


def is_watched() -> bool:
    """Whether somebody looked in the last half minute. While Redis is away: yes, because nobody knows."""
    try:
        return bool(redis_client.client().exists(WATCHED))
    except REDIS_AWAY:
        return True


def watch() -> None:
    """Somebody looks. Never raises."""
    try:
        redis_client.client().set(WATCHED, 1, ex=WATCHED_FOR)
    except REDIS_AWAY:
        return
