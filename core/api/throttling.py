"""Limits per caller and minute, counted in Redis, or in this process while Redis is away."""

import threading
import time
from typing import TYPE_CHECKING, cast

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core import redis_client
from core.api.principals import KeyAuth, Principal
from core.breaker import Breaker
from core.local_services import LocalServiceError

if TYPE_CHECKING:  # DRF loads this module while it makes its views
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
MOST_COUNTED = 20_000
breaker = Breaker()


class LocalWindow:
    """Counts of the current minute in this process. Several processes together let more through: that is the price."""

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[str, int] = {}
        self._guard = threading.Lock()

    def count(self, name: str, window: int) -> int:
        with self._guard:
            if window != self._window or len(self._counts) >= MOST_COUNTED:
                self._window, self._counts = window, {}
            self._counts[name] = self._counts.get(name, 0) + 1
            return self._counts[name]

    def clear(self) -> None:
        with self._guard:
            self._counts = {}


local = LocalWindow()


class KeyThrottle(BaseThrottle):
    """Fixed windows of a minute. A publishable key is shared by all browsers, so it is counted per address."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        now = time.time()
        window = int(now // WINDOW_SECONDS)
        self._wait = (window + 1) * WINDOW_SECONDS - now
        return count(self.name_of(request), window) <= self.limit_of(_caller(request))

    def wait(self) -> float:
        """Seconds until the next window."""
        return self._wait + 1

    def name_of(self, request: Request) -> str:
        caller = _caller(request)
        if caller is None:
            return f"ip{self.get_ident(request)}"
        if isinstance(caller, KeyAuth) and not caller.is_server:
            return f"{caller.throttle_name}:{self.get_ident(request)}"
        return caller.throttle_name

    @staticmethod
    def limit_of(caller: Principal | None) -> int:
        is_server = isinstance(caller, KeyAuth) and caller.is_server
        return int(settings.API_RATE_SERVER if is_server else settings.API_RATE_PUBLISHABLE)


def _caller(request: Request) -> Principal | None:
    return cast("Principal | None", request.auth)


def count(name: str, window: int) -> int:
    """How many requests under this name this minute has seen, this one included."""
    if breaker.allows():
        try:
            key = f"zg:rate:{window}:{name}"
            client = redis_client.client()
            counted = cast(int, client.incr(key))
            if counted == 1:
                client.expire(key, WINDOW_SECONDS * 2)
            breaker.succeeded()
            return counted
        except (redis.RedisError, LocalServiceError, OSError):
            breaker.failed()
    return local.count(name, window)
