"""A connection with an end: pinned to a checked address, secured for its name, over when the time is."""

import io
import socket
import ssl
import time
from functools import lru_cache
from typing import Any

from core.safe_fetch.addresses import Target
from core.safe_fetch.errors import FetchError


def connect(target: Target, addresses: list[str], until: float) -> socket.socket:
    """To the first address that answers, secured for https."""
    last: Exception | None = None
    for address in addresses:
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            last = error
            continue
        return _secured(sock, target, until) if target.scheme == "https" else sock
    code = "timeout" if last is None or isinstance(last, TimeoutError) else "connect"
    raise FetchError(code, f"{target.host}: {last or 'no time left'}"[:200]) from last


def _secured(sock: socket.socket, target: Target, until: float) -> socket.socket:
    sock.settimeout(max(0.001, until - time.monotonic()))
    try:
        return _tls().wrap_socket(sock, server_hostname=target.host)
    except TimeoutError as error:
        sock.close()
        raise FetchError("timeout", "while securing the connection") from error
    except (OSError, ValueError) as error:
        sock.close()
        raise FetchError("tls", str(error)[:200]) from error


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Line:
    """A socket whose every step gets only the time that is left, so that a byte now and then cannot hold it open."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock, self._end = sock, end

    def hurry(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)

    def sendall(self, data: Any) -> None:
        view = memoryview(data)
        while view:
            self.hurry()
            view = view[self._sock.send(view[:65_536]) :]

    def makefile(self, mode: str, *args: Any, **kwargs: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._sock))

    def close(self) -> None:
        """http.client closes as soon as it has the head of an answer; the body still has to be read."""

    def hang_up(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, line: Line, sock: socket.socket) -> None:
        self._line, self._sock = line, sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._line.hurry()
        return self._sock.recv_into(buffer)
