"""Work without a schedule that goes on beside the scheduler, each piece in a thread of its own.

Every scheduler runs all of it, also one that waits for its turn, so a loop must bear others like itself and its own
end at any line.
"""

import atexit
import threading
from collections.abc import Callable

import structlog

from core.extensions import loops as registered

log = structlog.get_logger(__name__)
FAREWELL_SECONDS = 5.0
AGAIN_SECONDS = 5.0


class Loops:
    """The threads of this process."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for entry in registered:
            thread = threading.Thread(
                target=self._run, args=(entry.key, entry.resolve()), name=f"loop-{entry.key}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Let each finish what it is at, for a moment."""
        self._stop.set()
        for thread in self._threads:
            thread.join(FAREWELL_SECONDS)

    def _run(self, name: str, loop: Callable[[threading.Event], None]) -> None:
        """A loop that ends against its promise begins again."""
        while not self._stop.is_set():
            try:
                loop(self._stop)
            except Exception:
                log.exception("loop.failed", loop=name)
            self._stop.wait(AGAIN_SECONDS)
