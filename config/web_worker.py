"""gunicorn's threaded worker, safe from slow clients.

There are few threads, and one that waits for the next byte of a request answers nobody else. So the loop of the worker
collects a request, as a proxy in front would, and a thread gets it when it is complete. What is too large to collect
is read by a thread against the clock.
"""

import contextlib
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.http.errors import LimitRequestLine
from gunicorn.workers.gthread import TConn, ThreadWorker

COLLECT_SECONDS = 10.0
"""A request that is not complete so long after its first byte is refused."""
MOST_COLLECTED = 65_536
"""Bytes kept for one connection that is still sending."""
READ_SECONDS = 20.0
"""What a thread waits in all for the rest of a larger body."""
STUCK_SECONDS = 10
"""A client that takes or gives no byte for so long is gone."""
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*\r\n", re.IGNORECASE)
UNSIZED = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade):", re.IGNORECASE)
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class AgainstTheClock:
    """A socket for reading a body: all of it within `READ_SECONDS`."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._end = time.monotonic() + READ_SECONDS

    def recv(self, size: int) -> bytes:
        if time.monotonic() > self._end:
            raise ConnectionResetError(104, "The client sends too slowly.")
        return self._line.recv(size)


def is_complete(data: bytes) -> bool:
    """Whether a thread can work on this without waiting for more, or there is too much of it to collect."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return len(data) >= MOST_COLLECTED
    head = data[: end + 4]
    if UNSIZED.search(head):
        return b"100-continue" in head.lower() or data.endswith(b"0\r\n\r\n") or len(data) >= MOST_COLLECTED
    length = LENGTH.search(head)
    return length is None or len(data) - end - 4 >= min(int(length[1]), MOST_COLLECTED)


class Worker(ThreadWorker):
    """Everything but how requests come in is gunicorn's."""

    def accept(self, listener: socket.socket) -> None:
        try:
            line, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        waits = struct.pack("ll", STUCK_SECONDS, 0)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, waits)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, waits)
        conn = TConn(self.cfg, line, client, listener.getsockname())
        conn.received = b""
        if self.cfg.is_ssl:
            self.enqueue_req(conn)
        else:
            self._collect(conn, is_waiting=False)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn, is_waiting=False)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """More of a request."""
        self._collect(conn, is_waiting=True)

    def _collect(self, conn: TConn, *, is_waiting: bool) -> None:
        """Take what has come; hand the request over when it is complete, else wait for more of it."""
        try:
            data = conn.sock.recv(MOST_COLLECTED)
            is_gone = not data
        except BlockingIOError:
            data, is_gone = b"", False
        except OSError:
            data, is_gone = b"", True
        conn.received += data
        is_over = is_gone or (conn.received and is_complete(conn.received))
        if is_waiting and is_over:
            self.poller.unregister(conn.sock)
            self.pending_conns.remove(conn)
        if is_gone:
            self.nr_conns -= 1
            conn.close()
        elif is_over:
            self.enqueue_req(conn)
        elif not is_waiting:
            conn.timeout = time.monotonic() + COLLECT_SECONDS
            self.pending_conns.append(conn)
            more: Callable[..., None] = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, more)

    def murder_pending(self) -> None:
        """Those whose time is over hear why."""
        now = time.monotonic()
        for conn in self.pending_conns:
            if conn.timeout > now:
                break
            if conn.received:
                with contextlib.suppress(OSError):
                    conn.sock.send(TOO_SLOW)
        super().murder_pending()

    def handle(self, conn: TConn) -> Any:
        if conn.received:
            conn.data_ready = True
            conn.init()
            conn.parser.unreader.sock = AgainstTheClock(conn.sock)
            conn.parser.unreader.unread(conn.received)
            conn.received = b""
        return super().handle(conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """An address that is too long is refused in the form of the API: 1,000 Chinese characters are 9,000 in one."""
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        with contextlib.suppress(OSError):
            client.sendall(too_long())


def too_long() -> bytes:
    """The answer to an address that is not read to its end; so nobody knows the language of who sent it."""
    from core.api.errors import MEDIA_TYPE, problem
    from core.api.renderers import dumps

    body = dumps(problem(414, "address_too_long", "An address may have at most 8,190 characters."))
    head = ["HTTP/1.1 414 URI Too Long", "Connection: close", f"Content-Type: {MEDIA_TYPE}"]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body
