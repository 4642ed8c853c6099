"""A host of pictures inside the tests: what lies at each path, what was asked, and how many asked at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class PictureHost:
    """`pages` maps a path to bytes, or to a status; `headers` go with every answer."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | int] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.agents: list[dict[str, str]] = []
        self.most_at_once = self._now = 0
        self.meeting: threading.Barrier | None = None
        self._lock = threading.Lock()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.answer(self)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.asked.append(handler.path)
            self.agents.append(dict(handler.headers))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.meeting is not None:
                self.meeting.wait(5)
            found = self.pages.get(handler.path, 404)
            handler.send_response(found if isinstance(found, int) else 200)
            for name, value in self.headers.items():
                handler.send_header(name, value)
            body = b"" if isinstance(found, int) else found
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # whoever asked has heard enough
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def picture_host() -> Iterator[PictureHost]:
    host = PictureHost()
    thread = threading.Thread(target=host.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.server.shutdown()
        host.server.server_close()
        thread.join()
