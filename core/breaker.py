"""A breaker: after a few failures in a row a service is left alone for a moment."""

import threading
import time


class Breaker:
    """Open after `failures` in a row for `seconds`; then one caller tries while the others still stay away."""

    def __init__(self, *, failures: int = 3, seconds: float = 1.0) -> None:
        self._limit, self._seconds = failures, seconds
        self._count, self._closed_again_at = 0, 0.0
        self._guard = threading.Lock()

    def allows(self) -> bool:
        """Whether this caller may try now."""
        if self._count < self._limit:
            return True
        with self._guard:
            now = time.monotonic()
            if now < self._closed_again_at:
                return False
            self._closed_again_at = now + self._seconds
            return True

    def succeeded(self) -> None:
        self._count = 0

    def failed(self) -> None:
        with self._guard:
            self._count += 1
            self._closed_again_at = time.monotonic() + self._seconds

    def open_for(self, *, seconds: float) -> None:
        """Stay away from the service for this long, whatever happened before."""
        with self._guard:
            self._count, self._closed_again_at = self._limit, time.monotonic() + seconds

    @property
    def is_open(self) -> bool:
        return self._count >= self._limit and time.monotonic() < self._closed_again_at
