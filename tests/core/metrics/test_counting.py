"""Counters that all processes share."""

import os
import time

import pytest
import redis

from core import redis_client
from core.metrics.counting import HASH, Counters


def name(area: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return "http_requests", (("area", area), ("status", "2xx"))


def add(counters: Counters, area: str, times: int = 1) -> None:
    for _turn in range(times):
        counters.add("http_requests", 1, {"status": "2xx", "area": area})


@pytest.fixture
def away(monkeypatch):
    """Redis refuses until the fixture is told otherwise."""
    whole = redis_client.client
    state = {"away": True}

    def client():
        if state["away"]:
            raise redis.ConnectionError("refused")
        return whole()

    monkeypatch.setattr(redis_client, "client", client)
    return state


def make() -> Counters:
    counters = Counters()
    counters.is_shared = False  # no thread: the test hands over
    return counters


def test_two_processes_add_to_the_same_sums(redis_server):
    one, other = make(), make()
    add(one, "api", 3)
    add(other, "api", 4)
    add(other, "staff")

    assert one.hand_over()
    assert other.hand_over()

    assert one.totals() == other.totals() == {name("api"): 7, name("staff"): 1}


def test_what_is_not_yet_handed_over_counts_in_its_own_process(redis_server):
    one, other = make(), make()
    add(one, "api", 2)
    one.hand_over()
    add(one, "api")

    assert one.totals()[name("api")] == 3
    assert other.totals()[name("api")] == 2


def test_while_redis_is_away_nothing_fails_nothing_is_lost_and_no_total_falls(redis_server, away):
    away["away"] = False
    counters = make()
    add(counters, "api", 5)
    counters.hand_over()
    assert counters.totals()[name("api")] == 5

    away["away"] = True
    add(counters, "api", 2)
    assert counters.hand_over() is False
    assert counters.totals()[name("api")] == 7

    away["away"] = False
    assert counters.hand_over()
    assert make().totals()[name("api")] == 7


def test_counting_asks_nobody_and_is_quick(away):
    counters = make()
    started = time.process_time()
    add(counters, "api", 10_000)
    assert time.process_time() - started < 1

    assert counters.totals() == {name("api"): 10_000}


def test_a_child_of_a_fork_does_not_hand_over_its_parents_sums(redis_server):
    counters = make()
    add(counters, "api", 5)
    child = os.fork()
    if child == 0:
        add(counters, "staff")
        counters.hand_over()
        os._exit(0)
    os.waitpid(child, 0)

    assert make().totals() == {name("staff"): 1}
    counters.hand_over()
    assert make().totals() == {name("api"): 5, name("staff"): 1}


def test_sums_reach_redis_by_themselves(redis_server, monkeypatch):
    monkeypatch.setattr("core.metrics.counting.HAND_OVER_SECONDS", 0.02)
    counters = Counters()
    add(counters, "api")

    until = time.monotonic() + 5
    while not redis_server.hlen(HASH) and time.monotonic() < until:
        time.sleep(0.01)

    assert redis_server.hvals(HASH) == [b"1"]
