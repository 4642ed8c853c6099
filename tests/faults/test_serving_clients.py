"""Clients that dribble, stare or vanish do not stop the others."""

import json
import socket
import threading
import time
from collections import deque
from types import SimpleNamespace

import pytest
from gunicorn.http.errors import LimitRequestLine

from config import web_worker
from config.web_worker import MOST_COLLECTED, AgainstTheClock, Worker, is_complete
from tests.faults.harness import Load, Shop, storefront
from tests.faults.harness.load import least, percentile, statuses

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(length: int, body: bytes = b"") -> bytes:
    return b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % length + body


@pytest.mark.parametrize(
    ("data", "is_over"),
    [
        (b"GET /livez HT", False),
        (GET[:-1], False),
        (GET, True),
        (post(10), False),
        (post(10, b"123456789"), False),
        (post(10, b"1234567890"), True),
        (post(0), True),
        (post(10**9, b"x" * MOST_COLLECTED), True),
        (b"x" * MOST_COLLECTED, True),
        (post(5).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"), True),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", False),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", True),
    ],
)
def test_a_request_goes_to_a_thread_when_it_is_complete(data, is_over):
    assert is_complete(data) is is_over


def test_who_is_too_slow_is_told_so():
    ours, theirs = socket.socketpair()
    worker = object.__new__(Worker)
    late = SimpleNamespace(sock=ours, received=b"GET /", timeout=time.monotonic() - 1, close=ours.close)
    worker.pending_conns, worker.nr_conns = deque([late]), 1
    worker.poller = SimpleNamespace(unregister=lambda _sock: None)

    worker.murder_pending()

    assert theirs.recv(200).startswith(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n")
    assert theirs.recv(1) == b""
    assert (len(worker.pending_conns), worker.nr_conns) == (0, 0)


def test_an_address_that_is_too_long_is_refused_in_the_form_of_the_api():
    ours, theirs = socket.socketpair()

    object.__new__(Worker).handle_error(None, ours, ("127.0.0.1", 1), LimitRequestLine(9_100, 8_190))
    ours.close()

    head, _empty, body = theirs.recv(2_000).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 414 URI Too Long", b"Connection: close", b"Content-Type: application/problem+json",
        b"Content-Length: %d" % len(body),
    ]  # fmt: skip
    told = json.loads(body)
    assert (told["status"], told["code"], told["type"]) == (
        414, "address_too_long", "urn:zhanggui:problem:address_too_long",
    )  # fmt: skip


def test_the_rest_of_a_large_body_is_read_against_the_clock(monkeypatch):
    ours, theirs = socket.socketpair()
    theirs.sendall(b"abc")
    assert AgainstTheClock(ours).recv(10) == b"abc"

    monkeypatch.setattr(web_worker, "READ_SECONDS", -1.0)

    with pytest.raises(ConnectionResetError):
        AgainstTheClock(ours).recv(10)


class Dribblers:
    """Twenty of each kind: silent ones, ones that send a header byte by byte, ones that never finish a body."""

    def __init__(self, port: int) -> None:
        self._lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        self._over = threading.Event()
        for line in self._lines[20:40]:
            line.sendall(b"GET /api/v1/products HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for line in self._lines[40:]:
            line.sendall(post(1_000, b"{").replace(b"/x", b"/api/v1/events"))
        self._thread = threading.Thread(target=self._dribble, daemon=True)
        self._thread.start()

    def _dribble(self) -> None:
        while not self._over.wait(0.1):
            for line in self._lines[20:]:
                line.sendall(b"x")

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)
        for line in self._lines:
            line.close()


@pytest.mark.serial
def test_sixty_slow_clients_stop_nobody(shop: Shop, record_property):
    """The web process has one worker of four threads here."""

    def added_p99() -> float:
        with Load(shop, storefront(shop)) as load:
            load.run_for(0.3)
            before = load.run_for(0.8)
            slow = Dribblers(shop.port)
            since = time.monotonic()
            during = load.run_for(1.5)
            while len(during) <= 20 and time.monotonic() - since < 8:  # a busy machine needs longer for as many
                during += load.run_for(0.5)
            slow.stop()
        assert statuses(load.answers) == {200: len(load.answers)}
        assert len(during) > 20
        record_property("p99 before", percentile(before, 0.99))
        record_property("p99 during", percentile(during, 0.99))
        return percentile(during, 0.99) - percentile(before, 0.99)

    assert least(added_p99) <= 150


@pytest.mark.serial
def test_requests_in_pieces_and_in_a_row_are_answered(shop: Shop):
    key = shop.facts["server_key"].encode()
    ask = b"GET /api/v1/categories HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", shop.port), timeout=5) as line:
        for byte in (ask[:10], ask[10:60], ask[60:]):
            line.sendall(byte)
            time.sleep(0.05)
        assert line.recv(65536).startswith(b"HTTP/1.1 200 OK")
        line.sendall(ask + ask)
        seen = b""
        while seen.count(b"HTTP/1.1 200 OK") < 2:
            seen += line.recv(65536)


@pytest.mark.serial
def test_a_body_larger_than_what_is_collected_arrives_whole(shop: Shop):
    product = shop.facts["products"][0]
    event = {"kind": "view", "occurred_at": "2026-11-01T10:00:00Z", "product": product, "visitor": "v" * 60}
    answer = shop.caller().ask("/events", {"events": [event] * 500})

    assert answer.status == 200, answer.body[:300]
    assert len(str([event] * 500)) > MOST_COLLECTED
