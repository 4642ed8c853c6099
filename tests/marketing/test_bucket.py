"""No provider is handed more messages a second than the shop says, by however many workers."""

import time

import pytest
import redis

from core import redis_client
from marketing.sending import bucket
from marketing.sending.bucket import Bucket


@pytest.fixture
def name():
    made, client = f"test-{time.monotonic_ns()}", redis_client.client()
    yield made
    client.delete(f"marketing:rate:{made}", f"marketing:rate:{made}-other")


def test_two_workers_share_one_rate(name):
    workers = [Bucket(name, 10), Bucket(name, 10)]

    found = [workers[number % 2].take() for number in range(14)]

    # A second's worth at once, and the one that is due now; then a tenth of a second for each.
    free = [wait for wait in found if wait == 0]
    assert 11 <= len(free) <= 12
    assert found[:11] == [0] * 11
    assert all(0 < wait <= 0.1 for wait in found if wait)


def test_after_the_wait_that_it_said_the_next_one_may_go(name):
    worker = Bucket(name, 20, burst_seconds=0)
    assert worker.take() == 0

    wait = worker.take()
    time.sleep(wait)

    assert 0 < wait <= 0.05
    assert worker.take() == 0


def test_each_provider_has_a_rate_of_its_own(name):
    one, other = Bucket(name, 1, burst_seconds=0), Bucket(f"{name}-other", 1, burst_seconds=0)
    one.take()

    assert one.take() > 0
    assert other.take() == 0


def test_without_redis_a_worker_keeps_to_the_rate_by_itself(name, monkeypatch):
    class Away:
        def eval(self, *args):
            raise redis.ConnectionError

    monkeypatch.setattr(bucket.redis_client, "client", Away)
    worker = Bucket(name, 10)

    found = [worker.take() for _message in range(14)]

    assert found[:11] == [0] * 11
    assert 0 < found[-1] <= 0.1
