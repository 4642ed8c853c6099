"""Asking something that may never answer."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Asked(Generic[T]):
    """A question that is put in a thread of its own, because a server that accepts and stays silent cannot be waited
    for in any other way. While one question hangs, no second is put: whoever asks waits for the same answer.
    """

    def __init__(self, question: Callable[[], T], *, name: str) -> None:
        self._question, self._name = question, name
        self._guard = threading.Lock()
        self._running: tuple[int, Future[T]] | None = None

    def answer(self, *, seconds: float) -> T:
        """The answer of now. Raises TimeoutError after `seconds`, and what the question raises."""
        return self.start().result(timeout=seconds)

    def start(self) -> "Future[T]":
        """Put the question and do not wait, or join the one that is under way."""
        with self._guard:
            process = os.getpid()
            if self._running is not None and self._running[0] == process and not self._running[1].done():
                return self._running[1]
            future: Future[T] = Future()
            self._running = (process, future)
        threading.Thread(target=self._ask, args=(future,), name=f"asked-{self._name}", daemon=True).start()
        return future

    def _ask(self, future: "Future[T]") -> None:
        try:
            future.set_result(self._question())
        except BaseException as error:
            future.set_exception(error)
