"""Waiting for what must happen, never for time to pass."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], *, seconds: float, what: str = "", pause: float = 0.05) -> T:
    """The first true answer of `condition`. An error of it counts as not yet. AssertionError when the time is over."""
    end = time.monotonic() + seconds
    last: Exception | None = None
    while True:
        try:
            found = condition()
            last = None
            if found:
                return found
        except AssertionError:
            raise
        except Exception as error:  # servers that are just coming back fail in many ways
            last = error
        if time.monotonic() > end:
            name = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"{name}: not within {seconds} s{f' ({last!r})' if last else ''}")
        time.sleep(pause)
