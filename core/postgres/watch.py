"""A server that gives no answer: noticed, left alone for a moment, and never waited for by every page.

A statement may run for seconds because it has much to do; a server that is frozen or cut off never answers. So what
runs longer than a moment makes a watcher ask the server the shortest question there is. No answer to that means away:
every waiting statement is cut off, and for a second nobody but one caller tries again. Used by the web process only.
"""

import os
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakSet

import structlog

from core.breaker import Breaker

log = structlog.get_logger(__name__)
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 0.25
"""A statement that runs longer makes the watcher ask whether the server still answers."""
ANSWER_SECONDS = 0.5
"""A server that takes longer for its first word counts as away."""
ASK_AGAIN_SECONDS = 0.25
"""For how long its word is trusted. A server that freezes right after it must not cost anybody more than that."""
CONNECT_SECONDS = 0.75
"""All tries of one connection together."""
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The first message of a client that wants encryption; every server says yes or no before it asks who is there."""

gate = Breaker(failures=1, seconds=1.0)
"""Open while the server is away."""


@dataclass(frozen=True)
class Address:
    """Where the server listens. `host` is a name, or the folder of its socket."""

    host: str
    port: int


def answers(address: Address | None, *, seconds: float = ANSWER_SECONDS) -> bool:
    """Whether a server is there and says a word. An address that cannot be asked counts as one that answers."""
    if address is None:
        return True
    try:
        if address.host.startswith("/"):
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(seconds)
            line.connect(f"{address.host}/.s.PGSQL.{address.port}")
        else:
            line = socket.create_connection((address.host, address.port), timeout=seconds)
    except OSError:
        return False
    with line:
        try:
            line.settimeout(seconds)
            line.sendall(SSL_REQUEST)
            return len(line.recv(1)) == 1
        except OSError:
            return False


def address_of(parameters: dict[str, Any]) -> Address | None:
    """None for what only the driver understands: several hosts, a service file, a default."""
    host, port = str(parameters.get("host") or ""), str(parameters.get("port") or "5432")
    return Address(host, int(port)) if host and "," not in host and port.isdigit() else None


class Watched(Protocol):
    """A connection as the watcher sees it."""

    busy_since: float
    """Monotonic seconds since when it waits for the server; 0.0 while it does not."""
    address: Address | None
    hard_limit: float
    """Seconds after which it is cut off whatever the server says; 0.0 for never."""

    def cut_off(self, since: float) -> None: ...


class Watcher:
    """One thread for all connections of this process, started with the first."""

    def __init__(self) -> None:
        self._members: WeakSet[Watched] = WeakSet()
        self._guard = threading.Lock()
        self._process = 0
        self._ask_at = 0.0
        self.last_answer = 0.0
        """When any statement last came back."""

    def watch(self, member: Watched) -> None:
        with self._guard:
            if self._process != os.getpid():
                self._process, self._members = os.getpid(), WeakSet()
                threading.Thread(target=self._run, daemon=True, name="database-watcher").start()
            self._members.add(member)

    def heard_lately(self) -> bool:
        """Whether somebody got an answer within the last second: then the server is busy rather than away."""
        return time.monotonic() - self.last_answer < 1.0

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception:
                log.exception("database.watcher_failed")

    def look(self) -> None:
        """Once over all that wait."""
        now = time.monotonic()
        with self._guard:
            members = list(self._members)
        waiting = [(member, since) for member in members if (since := member.busy_since)]
        late = [(member, since) for member, since in waiting if now - since > PATIENCE_SECONDS]
        if not late:
            return
        for member, since in late:
            if member.hard_limit and now - since > member.hard_limit:
                member.cut_off(since)
        if now < self._ask_at:
            return
        if answers(late[0][0].address) or self.last_answer > now:
            self._ask_at = time.monotonic() + ASK_AGAIN_SECONDS
            return
        gate.failed()
        log.error("database.gives_no_answer", waiting=len(waiting))
        for member, since in waiting:
            member.cut_off(since)


watcher = Watcher()
