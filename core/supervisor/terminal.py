"""What the operator sees: one line per step, with the seconds that pass."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Without a terminal (a log file, a CI run) a line every so many seconds is enough.
QUIET_EVERY_SECONDS = 15


class Refused(Exception):
    """The shop cannot start or go on. The message is the one sentence to show."""


class Terminal:
    """Prints to standard output and survives that nobody reads it any more."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._pending = ""
        self._started = 0.0
        self._told = 0.0

    def say(self, text: str = "") -> None:
        """One line."""
        self._clear()
        self._write(f"{text}\n")

    def begin(self, title: str) -> None:
        """A step begins."""
        self._pending = title
        self._started = self._told = time.monotonic()
        if not self._live:
            self._write(f"  {title} …\n")
        self.tick()

    def tick(self, detail: str = "") -> None:
        """Show that the step goes on, and how far it is."""
        if not self._pending:
            return
        now = time.monotonic()
        text = f"  {self._pending} … {detail or ''}".rstrip() + (
            f" ({now - self._started:.0f} s)" if now - self._started > 2 else ""
        )
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r\x1b[K{text[:width]}")
        elif now - self._told >= QUIET_EVERY_SECONDS:
            self._told = now
            self._write(f"{text}\n")

    def end(self, *, failed: bool = False) -> None:
        """The step is over."""
        if not self._pending:
            return
        seconds = time.monotonic() - self._started
        title, self._pending = self._pending, ""
        if self._live:
            self._write(f"\r\x1b[K  {'✗' if failed else '✓'} {title} ({seconds:.1f} s)\n")
        elif seconds > 2 or failed:
            self._write(f"  {title}: {'failed' if failed else 'done'} ({seconds:.1f} s)\n")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step this process does itself; a thread keeps the seconds going meanwhile."""
        over = threading.Event()

        def keep_ticking() -> None:
            while not over.wait(1.0):
                self.tick()

        self.begin(title)
        ticker = threading.Thread(target=keep_ticking, daemon=True)
        ticker.start()
        failed = True
        try:
            yield
            failed = False
        finally:
            over.set()
            ticker.join()
            self.end(failed=failed)

    def _clear(self) -> None:
        if self._live and self._pending:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (BrokenPipeError, OSError, ValueError):
            return
