"""PostgreSQL away, frozen, cut off, slow: recommendations go on from memory, the rest says when to come again."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from tests.faults.harness import Load, Session, Shop, storefront, terminate_all, until
from tests.faults.harness.load import Answer, failures, percentile, statuses

pytestmark = pytest.mark.serial
BACK_SECONDS = 5
DOWN_SECONDS = float(os.environ.get("FAULT_DOWN_SECONDS", "8"))
"""How long the killed server stays away: 20 shows the same and takes longer."""
KNOWN_SECONDS = 1.0
"""For how long what may be sold is known: until then an answer needs nothing from the database."""


def is_recommendation(answer: Answer) -> bool:
    return "/recommendations" in answer.path or answer.path.endswith("/similar")


def test_ended_connections_cost_no_reader_an_error(shop: Shop, record_property):
    with Load(shop, storefront(shop)) as load:
        load.run_for(0.3)
        ended = 0
        for _round in range(8):
            ended += terminate_all(shop.postgres)
            load.run_for(0.2)

    record_property("ended", ended)
    assert ended >= 8
    assert statuses(load.answers) == {200: len(load.answers)}


def test_a_line_that_is_reset_costs_no_reader_an_error(shop: Shop):
    with Load(shop, storefront(shop)) as load:
        load.run_for(0.3)
        for _round in range(5):
            shop.proxies["postgres"].reset()
            load.run_for(0.2)

    assert statuses(load.answers) == {200: len(load.answers)}


@contextmanager
def killed(shop: Shop) -> Iterator[None]:
    shop.postgres.kill()
    yield
    shop.postgres.start()


@contextmanager
def frozen(shop: Shop) -> Iterator[None]:
    with shop.postgres.frozen():
        yield


@contextmanager
def cut_off(shop: Shop) -> Iterator[None]:
    shop.proxies["postgres"].drop()
    yield
    shop.proxies["postgres"].heal()


@pytest.mark.parametrize(("trouble", "seconds"), [(killed, DOWN_SECONDS), (frozen, 2.5), (cut_off, 2.5)])
def test_a_database_that_is_away(shop: Shop, trouble: Callable, seconds: float, record_property):
    requests = storefront(shop)
    with Load(shop, requests, pause=0.01) as load:
        load.run_for(1)
        with trouble(shop):
            away_since = time.monotonic()
            during = load.run_for(seconds)
            assert shop.caller().ask("/livez").status == 200
            ready = shop.caller().ask("/readyz")
        back_since = time.monotonic()
        until(lambda: _is_whole(load, back_since), seconds=BACK_SECONDS, what="reads are back")
        back = time.monotonic() - back_since

    recommended = [answer for answer in during if is_recommendation(answer)]
    others = [answer for answer in during if not is_recommendation(answer)]
    record_property("back", round(back, 2))
    record_property("slowest", round(max(answer.seconds for answer in during), 3))
    record_property("p99", percentile(during, 0.99))
    assert (ready.status, ready.seconds < 1) == (503, True)
    assert statuses(recommended) == {200: len(recommended)}
    assert len(recommended) > 20
    # What was under way in the very moment may still have been answered.
    refused = [answer for answer in others if answer.status != 200]
    assert statuses(refused) == {503: len(refused)}
    assert len(refused) >= len(others) - 20
    assert max(answer.seconds for answer in during) <= 1.0
    remembered = [answer.json() for answer in recommended if answer.at > away_since + KNOWN_SECONDS]
    assert len(remembered) > 20
    assert {(body["source"], body["stale"]) for body in remembered} == {("fallback", True)}
    assert {len(body["items"]) for body in remembered} == {10}
    problem = refused[-1].json()
    assert (problem["code"], problem["status"]) == ("database_away", 503)


def _is_whole(load: Load, since: float) -> bool:
    latest = [answer for answer in load.answers if answer.at > since][-12:]
    return len(latest) == 12 and not failures(latest) and not any(
        is_recommendation(answer) and json.loads(answer.body)["stale"] for answer in latest
    )  # fmt: skip


def test_refusals_say_when_to_come_again_and_pages_say_a_sentence(shop: Shop):
    caller = shop.caller()
    assert caller.ask("/categories").status == 200
    with shop.postgres.frozen():
        refused = caller.ask("/categories")
        headers = caller.last_headers
        page = shop.caller().ask("/admin/login/")

    assert (refused.status, refused.seconds < 1) == (503, True)
    assert headers["content-type"] == "application/problem+json"
    assert headers["retry-after"] == "5"
    assert page.status in (200, 503)
    assert b"Traceback" not in page.body


def test_what_is_hidden_before_the_database_goes_is_not_shown_from_memory(shop: Shop):
    caller = shop.caller()
    best = caller.ask("/recommendations?visitor=unknown&limit=1").json()["items"][0]["product"]["id"]
    with Session(shop.postgres) as session:
        session.ask("UPDATE catalog_product SET status = 'hidden' WHERE public_id = %s", [best])
        time.sleep(1)  # what may be sold is known to the second
        try:
            now = caller.ask("/recommendations?visitor=unknown&limit=50").json()
            shop.postgres.kill()
            later = []

            def is_from_memory() -> bool:
                later.append(caller.ask("/recommendations?visitor=unknown&limit=50").json())
                return bool(later[-1]["source"] == "fallback")

            until(is_from_memory, seconds=5)  # within a second an answer needs no table
        finally:
            shop.postgres.start()
            shop.ask("UPDATE catalog_product SET status = 'live' WHERE public_id = %s", [best])

    assert best not in {item["product"]["id"] for item in now["items"]}
    for answer in later:
        assert best not in {item["product"]["id"] for item in answer["items"]}


def test_a_slow_line_is_slow_and_no_error(shop: Shop):
    shop.proxies["postgres"].delay(0.15)
    with Load(shop, storefront(shop), clients=4) as load:
        load.run_for(1.5)

    assert load.answers
    assert set(statuses(load.answers)) <= {200, 503}
    assert failures([answer for answer in load.answers if is_recommendation(answer)]) == []


def test_a_database_without_free_connections_is_no_error(shop: Shop):
    caller = shop.caller()
    until(lambda: not caller.ask("/recommendations").json()["stale"], seconds=5)
    with Session(shop.postgres) as first:
        others = connections_until_full(shop)
        assert terminate_all(shop.postgres, by=first) >= 1
        theirs = (
            "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'harness'"
        )
        until(lambda: not first.ask(theirs), seconds=5, what="the product has no connection")
        others += connections_until_full(shop)

        refused = caller.ask("/categories")
        answers = []

        def from_memory() -> bool:
            answers.append(caller.ask("/recommendations"))
            return answers[-1].json()["source"] == "fallback"

        # what may be sold was looked up at most a second ago; until then an answer needs nothing from the database
        until(from_memory, seconds=5)
        for connection in others:
            connection.close()

    assert (refused.status, refused.json()["code"]) == (503, "too_busy")
    assert {answer.status for answer in answers} == {200}
    until(lambda: caller.ask("/categories").status == 200, seconds=5)


def connections_until_full(shop: Shop) -> list[Any]:
    made = []
    with contextlib.suppress(psycopg2.OperationalError):
        while True:
            made.append(shop.postgres.connect())
    return made


def test_a_local_server_that_was_killed_is_started_beside_the_requests(make_shop):
    """Without DATABASE_URL nobody but the shop itself brings its server back."""
    shop: Shop = make_shop(environment={"DATABASE_URL": "", "REDIS_URL": ""})
    shop.start("web")
    caller = shop.caller()
    assert caller.ask("/categories").status == 200

    shop.postgres.kill()
    seen = [caller.ask("/categories")]
    until(lambda: seen.append(caller.ask("/categories")) or seen[-1].status == 200, seconds=10)

    assert {answer.status for answer in seen} == {200, 503}
    assert max(answer.seconds for answer in seen) <= 1.0
