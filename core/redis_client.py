"""Redis for the product: one client per process, quick to give up, because no page may wait for it."""

import os
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import redis
from django.conf import settings

from core import local_services

# A frozen Redis must cost a request no more than this.
SERVING_TIMEOUT_SECONDS = 0.05

_urls: dict[int, str] = {}
_guard = Lock()


def redis_url() -> str:
    """`REDIS_URL`, or the URL of the local server, which is started when it does not run. Kept per process.

    Raises local_services.LocalServiceError when the local server cannot run.
    """
    if settings.REDIS_URL:
        return str(settings.REDIS_URL)
    with _guard:
        process = os.getpid()
        if process not in _urls:
            _urls.clear()
            _urls[process] = local_services.ensure_redis(
                settings.VAR_DIR, database=getattr(settings, "LOCAL_REDIS_DATABASE", 0)
            )
        return _urls[process]


def broker_url() -> str:
    """The same server in the words of Celery, which writes socket paths differently from redis-py."""
    url = redis_url()
    if url.startswith("unix://"):
        address, _, query = url.removeprefix("unix://").partition("?db=")
        return f"redis+socket://{address}?virtual_host={query or 0}"
    return url


def client() -> redis.Redis:
    """Client for serving paths: 50 ms for connecting and for every answer, no retry. Callers need a fallback."""
    return _client(os.getpid())


@lru_cache(maxsize=2)
def _client(process: int) -> redis.Redis:
    """A pool must not cross a fork; the process id in the key makes a new one."""
    return redis.Redis.from_url(
        redis_url(),
        socket_timeout=SERVING_TIMEOUT_SECONDS,
        socket_connect_timeout=SERVING_TIMEOUT_SECONDS,
        retry=None,
        health_check_interval=0,
    )


class Errand:
    """Commands on their way to Redis while whoever sent them does something else. To be closed.

    Waits as briefly as `client`, and raises what that raises.
    """

    def __init__(self, *commands: Sequence[Any]) -> None:
        self._pool = client().connection_pool
        self._line = self._pool.get_connection()
        self._waiting = len(commands)
        try:
            self._line.send_packed_command(self._line.pack_commands(commands))
        except BaseException:
            self.close()
            raise

    def answers(self) -> list[Any]:
        """One for each command, in their order. To be asked once."""
        found = []
        while self._waiting:
            found.append(self._line.read_response())
            self._waiting -= 1
        return found

    def close(self) -> None:
        if self._waiting:  # an answer that nobody read must not reach the next one on this line
            self._line.disconnect()
        self._pool.release(self._line)
