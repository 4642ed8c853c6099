"""The API on a real web process: killed in the middle of a write, fed bodies of 50 MB, left without Redis."""

import http.client
import socket
import threading
import time

import psutil
import pytest
import redis
from django.test import RequestFactory
from rest_framework.request import Request as ApiRequest

from core import redis_client
from core.api import throttling
from tests.faults.harness import Load, Shop, fill_redis, locked_row, storefront, until
from tests.faults.harness.load import Request, statuses

pytestmark = pytest.mark.serial
BODY = 50_000_000


# --- killed in the middle of a write ------------------------------------------------------------------------------


def test_a_web_process_killed_while_it_writes_an_order_leaves_nothing_and_the_same_key_does_it_once(make_shop):
    shop = make_shop()
    shop.start("web")
    sku = shop.facts["skus"][0]
    [(variant, stock)] = shop.ask("SELECT id, stock FROM catalog_variant WHERE sku = %s", [sku])
    before = shop.ask("SELECT count(*) FROM catalog_order")
    order = Request("/api/v1/orders", {"lines": [{"sku": sku, "quantity": 1}]}, (("Idempotency-Key", "k1"),))

    with locked_row(shop.postgres, "catalog_variant", variant):
        first = threading.Thread(target=lambda: shop.caller(timeout=15).ask(order))
        first.start()
        until(lambda: shop.ask("SELECT 1 FROM core_idempotencykey WHERE key = 'k1'"), seconds=10)
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: shop.ask(waiting), seconds=10)
        during = shop.caller().ask(order)
        shop.part("web").kill()
        first.join(20)
    until(lambda: not shop.ask(waiting), seconds=10)
    assert (during.status, during.json()["code"]) == (409, "in_flight")
    assert shop.ask("SELECT count(*) FROM catalog_order") == before
    assert shop.ask("SELECT status FROM core_idempotencykey") == [(None,)]

    shop.start("web")
    answers = [shop.caller().ask(order) for _i in range(3)]

    assert [answer.status for answer in answers] == [201] * 3
    assert len({answer.body for answer in answers}) == 1
    assert shop.ask("SELECT count(*) FROM catalog_order") == [(before[0][0] + 1,)]
    assert shop.ask("SELECT stock FROM catalog_variant WHERE id = %s", [variant]) == [(stock - 1,)]


# --- large bodies and slow clients --------------------------------------------------------------------------------


def memory(shop: Shop) -> int:
    """Bytes of the web processes that nobody else has."""
    return sum(worker.memory_info().rss for worker in shop.part("web").workers())


def send_slowly(shop: Shop, path: str, pieces: bool) -> int:
    """Send 50 MB until the other side answers or closes; the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=20)
    connection.putrequest("POST", path)
    connection.putheader("Authorization", f"Bearer {shop.facts['server_key']}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader(*(("Transfer-Encoding", "chunked") if pieces else ("Content-Length", str(BODY))))
    connection.endheaders()
    block = b" " * 100_000
    try:
        for _i in range(BODY // len(block)):
            connection.send(b"%x\r\n%b\r\n" % (len(block), block) if pieces else block)
        if pieces:
            connection.send(b"0\r\n\r\n")
    except OSError:
        pass  # the answer may have come, and the line been closed, before all was sent
    try:
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("pieces", [False, True], ids=["with a length", "in pieces"])
def test_bodies_of_50_mb_are_refused_without_being_kept_while_others_are_answered(shop: Shop, pieces):
    shop.caller().ask("/categories")
    start, statuses_of_large, most = memory(shop), [], [0]

    with Load(shop, storefront(shop)) as load:
        senders = [
            threading.Thread(target=lambda: statuses_of_large.append(send_slowly(shop, "/api/v1/orders", pieces)))
            for _i in range(4)
        ]
        for sender in senders:
            sender.start()
        while any(sender.is_alive() for sender in senders):
            most[0] = max(most[0], memory(shop))
            time.sleep(0.05)
        for sender in senders:
            sender.join()

    assert set(statuses_of_large) - {0} == {411 if pieces else 413}
    assert len(statuses_of_large) == 4
    assert statuses(load.answers) == {200: len(load.answers)}
    assert most[0] - start < BODY / 2


def test_clients_that_send_a_byte_now_and_then_keep_nobody_waiting(shop: Shop):
    slow = [socket.create_connection(("127.0.0.1", shop.port), timeout=5) for _i in range(30)]
    try:
        for line in slow:
            line.sendall(b"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{")
        with Load(shop, storefront(shop)) as load:
            answers = load.run_for(1)
            for line in slow:
                line.sendall(b" ")
    finally:
        for line in slow:
            line.close()

    assert statuses(answers) == {200: len(answers)}
    assert max(answer.seconds for answer in answers) < 2


# --- limits without Redis -----------------------------------------------------------------------------------------


@pytest.fixture
def redis_of_shop(shop: Shop, settings):
    """The limits of this process count in the Redis that the test breaks."""
    before = settings.REDIS_URL
    settings.REDIS_URL = shop.redis.url()
    redis_client._client.cache_clear()
    throttling.breaker.succeeded()
    throttling.local.clear()
    yield shop.redis
    settings.REDIS_URL = before
    redis_client._client.cache_clear()


def seconds_of(name: str) -> tuple[float, int]:
    started = time.perf_counter()
    counted = throttling.count(name, 1)
    return time.perf_counter() - started, counted


def test_a_frozen_redis_costs_three_requests_50_ms_each_and_then_none(redis_of_shop):
    assert [seconds_of("a")[1] for _i in range(3)] == [1, 2, 3]

    with redis_of_shop.frozen():
        costs = [seconds_of("a") for _i in range(40)]

    assert max(cost for cost, _counted in costs) < 0.15  # 50 ms and what a busy machine adds
    assert sum(cost > 0.02 for cost, _counted in costs) <= 3
    assert [counted for _cost, counted in costs] == list(range(1, 41))
    until(lambda: not throttling.breaker.is_open, seconds=3)
    assert 4 <= seconds_of("a")[1] <= 7  # what was sent meanwhile is counted when it wakes up


def test_a_full_redis_is_counted_here_and_a_flushed_one_from_the_start(redis_of_shop):
    assert seconds_of("b")[1] == 1
    with fill_redis(redis_of_shop):
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            redis_client.client().incr("x")
        assert [seconds_of("b")[1] for _i in range(6)] == [1, 2, 3, 4, 5, 6]
    until(lambda: not throttling.breaker.is_open, seconds=3)
    assert seconds_of("b")[1] == 2

    redis_of_shop.flush()

    assert seconds_of("b")[1] == 1


def test_guessers_are_refused_while_redis_is_frozen(redis_of_shop, settings):
    settings.API_RATE_UNKNOWN_KEYS = 5
    request = ApiRequest(RequestFactory().get("/", REMOTE_ADDR="10.1.1.1"))

    with redis_of_shop.frozen():
        for _i in range(5):
            throttling.refuse_guessers(request)
            throttling.note_guess(request)
        with pytest.raises(throttling.Throttled):
            throttling.refuse_guessers(request)


def test_what_is_counted_here_takes_a_bounded_place():
    window = throttling.LocalWindow()
    process = psutil.Process()
    before = process.memory_info().rss

    for number in range(200_000):
        window.count(f"{number}:" + "x" * 5_000, 1)

    assert len(window._counts) <= throttling.MOST_COUNTED
    assert max(map(len, window._counts)) <= throttling.LONGEST_NAME
    assert process.memory_info().rss - before < 40_000_000
