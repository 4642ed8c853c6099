"""Small web servers for tests: receivers of webhooks that work, hang, drip, drop, redirect or never end."""

import contextlib
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Seen:
    line: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A server on a free port of 127.0.0.1, one thread per connection. What it got stands in `requests`.

    Modes: "answer" (with `status`, `headers`), "silent", "drip head", "drip body", "late body", "endless", "drop",
    "garbage", "drop body" (the head, then half of the body), "closed" (nobody listens). `answers` may give a status
    per request.
    """

    def __init__(
        self,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        mode: str = "answer",
        tls: bool = False,
        answers: Callable[[int], int] | None = None,
    ) -> None:
        self.status, self.headers, self.mode, self.answers = status, headers or {}, mode, answers
        self.requests: list[Seen] = []
        self._over = threading.Event()
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._tls = _own_certificate() if tls else None
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        if self.mode == "closed":
            self._server.close()
        else:
            self._start(self._accept)
        return self

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(timeout=3)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _address = self._server.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            seen = _read(connection)
            if seen is None:
                return
            with self._guard:
                self.requests.append(seen)
                number = len(self.requests)
            self._answer(connection, number)

    def _answer(self, connection: socket.socket, number: int) -> None:
        if self.mode == "silent":
            self._over.wait(30)
        elif self.mode == "drip head":
            self._drip(connection, b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 10_000)
        elif self.mode == "drip body":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
            self._drip(connection, b"a" * 10_000)
        elif self.mode == "late body":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
            for part in (b"la", b"te"):
                self._over.wait(0.1)
                connection.sendall(part)
        elif self.mode == "endless":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self._over.is_set():
                connection.sendall(b"a" * 65_536)
        elif self.mode == "drop":
            connection.sendall(b"HTTP/1.1 2")
        elif self.mode == "drop body":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        elif self.mode == "garbage":
            connection.sendall(b"\x00\x01 no web server\r\n\r\n")
        else:
            status = self.answers(number) if self.answers else self.status
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            connection.sendall(f"HTTP/1.1 {status} X\r\n{head}Content-Length: 2\r\n\r\nok".encode())

    def _drip(self, connection: socket.socket, data: bytes) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            if self._over.wait(0.02):
                return


def _read(connection: socket.socket) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65_536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rows = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _colon, value in (row.partition(":") for row in rows)}
    while len(body) < int(headers.get("content-length", 0)):
        part = connection.recv(65_536)
        if not part:
            return None
        body += part
    return Seen(line, headers, body)


def _own_certificate() -> ssl.SSLContext:
    """For 127.0.0.1, signed by itself."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
             "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
             certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
