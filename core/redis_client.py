"""Redis for the product: one client per process, quick to give up, because no page may wait for it."""

import os
from functools import lru_cache
from threading import Lock

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
