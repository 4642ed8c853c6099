"""How far an import is: told to its job, and to the terminal when it runs there."""

import contextvars
import time
from collections.abc import Callable

from core import jobs
from core.said import Said

Listener = Callable[[int, int, str], None]
listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("import_listener", default=None)
"""Who else hears of the progress: rows done, rows in all, what is going on."""


class Progress:
    """Counts rows over all files. Raises core.jobs.JobCancelled when staff asked to stop."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._heard_at = 0.0

    def advance(self, rows: int, message: Said) -> None:
        self.done = min(self.done + rows, self.total)
        jobs.progress(self.done, self.total, message)
        hears = listener.get()
        if hears and time.monotonic() - self._heard_at >= 0.2:
            self._heard_at = time.monotonic()
            hears(self.done, self.total, str(message))
