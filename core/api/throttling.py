"""Limits per caller and minute, counted in Redis, or in this process while Redis is away."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import redis
from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled
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
LONGEST_NAME = 120
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
            name = name[:LONGEST_NAME]
            self._counts[name] = self._counts.get(name, 0) + 1
            return self._counts[name]

    def seen(self, name: str, window: int) -> int:
        """The count, without counting."""
        with self._guard:
            return self._counts.get(name[:LONGEST_NAME], 0) if window == self._window else 0

    def clear(self) -> None:
        with self._guard:
            self._counts = {}


local = LocalWindow()
TELL_SECONDS = 0.5


@dataclass
class _Count:
    together: int = 0
    """As Redis said last, with what was told then."""
    waiting: int = 0
    tell_at: float = 0.0


class Tally:
    """Calls of this minute by caller: counted here, and brought together with the other processes in Redis.

    Up to half of the limit that happens twice a second, above it with every call: so nobody waits for Redis long
    before there is anything to refuse, and what is refused is exact. While Redis is away each process counts alone.
    """

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[str, _Count] = {}
        self._guard = threading.Lock()

    def count(self, name: str, window: int, limit: int) -> int:
        """How many calls this minute has seen, this one included."""
        now = time.monotonic()
        with self._guard:
            if window != self._window or len(self._counts) >= MOST_COUNTED:
                self._window, self._counts = window, {}
            one = self._counts.setdefault(name[:LONGEST_NAME], _Count())
            one.waiting += 1
            if one.together + one.waiting <= limit // 2 and now < one.tell_at:
                return one.together + one.waiting
            told, one.waiting, one.tell_at = one.waiting, 0, now + TELL_SECONDS
        total = _from_redis(lambda client, key: _add(client, key, told), name, window)
        with self._guard:
            one.together = one.together + told if total is None else max(one.together + told, total)
            return one.together + one.waiting

    def forget(self) -> None:
        with self._guard:
            self._counts = {}


tally = Tally()


@dataclass(frozen=True)
class Rate:
    """Where a caller stands in this minute."""

    limit: int
    used: int
    reset_seconds: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


class KeyThrottle(BaseThrottle):
    """Fixed windows of a minute. A publishable key is shared by all browsers, so it is counted per address."""

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        window, self._wait = this_window()
        limit = self.limit_of(_caller(request))
        rate = Rate(limit, tally.count(self.name_of(request), window, limit), self._wait)
        request.rate = rate  # type: ignore[attr-defined]
        return rate.used <= rate.limit

    def wait(self) -> float:
        """Seconds until the next window."""
        return self._wait

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


def this_window() -> tuple[int, int]:
    """Number of the minute, and whole seconds until the next one, never 0."""
    now = time.time()
    window = int(now // WINDOW_SECONDS)
    return window, int((window + 1) * WINDOW_SECONDS - now) + 1


def limit_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """What an answer says about the caller's limit; nothing when the request ended before it was counted."""
    rate: Rate | None = getattr(request, "rate", None)
    if rate is None:
        return ()
    return (
        ("RateLimit-Limit", str(rate.limit)),
        ("RateLimit-Remaining", str(rate.remaining)),
        ("RateLimit-Reset", str(rate.reset_seconds)),
    )


# --- guessing -----------------------------------------------------------------------------------------------------


def refuse_guessers(request: Request) -> None:
    """Raises Throttled for an address that sent too many unknown keys in this minute."""
    window, wait = this_window()
    if seen(_guesser(request), window) >= settings.API_RATE_UNKNOWN_KEYS:
        raise Throttled(wait, _("Too many unknown keys came from this address."), code="too_many_unknown_keys")


def note_guess(request: Request) -> None:
    count(_guesser(request), this_window()[0])


def _guesser(request: Request) -> str:
    return f"unknown{BaseThrottle().get_ident(request)}"


# --- counting -----------------------------------------------------------------------------------------------------


def _caller(request: Request) -> Principal | None:
    return cast("Principal | None", request.auth)


def count(name: str, window: int) -> int:
    """How many requests under this name this minute has seen, this one included."""

    counted = _from_redis(lambda client, key: _add(client, key, 1), name, window)
    return local.count(name, window) if counted is None else counted


def _add(client: redis.Redis, key: str, amount: int) -> int:
    counted = cast(int, client.incrby(key, amount))
    if counted == amount:
        client.expire(key, WINDOW_SECONDS * 2)
    return counted


def seen(name: str, window: int) -> int:
    """How many this minute has seen, without counting."""
    found = _from_redis(lambda client, key: int(cast(bytes | None, client.get(key)) or 0), name, window)
    return local.seen(name, window) if found is None else found


def _from_redis(ask: Callable[[redis.Redis, str], int], name: str, window: int) -> int | None:
    """None while Redis is away or will not write. Waits 50 ms at most, and not at all while the breaker is open."""
    if not breaker.allows():
        return None
    try:
        found = ask(redis_client.client(), f"zg:rate:{window}:{name[:LONGEST_NAME]}")
    except (redis.RedisError, LocalServiceError, OSError):
        breaker.failed()
        return None
    breaker.succeeded()
    return found
