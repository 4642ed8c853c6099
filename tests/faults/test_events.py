"""Events on their way into the table while parts and servers are taken away."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.events_under_fire import fire
from tests.faults.harness import Shop, until

STREAM = "zg:ev:stream"


def view(shop: Shop, **more) -> dict:
    return {"kind": "view", "event_id": str(uuid.uuid4()), "product": shop.facts["products"][0], "visitor": "v", **more}


def stored(shop: Shop, events: list[dict]) -> int:
    ids = [event["event_id"] for event in events]
    return shop.ask("SELECT count(*) FROM catalog_interaction WHERE event_id = ANY(%s::uuid[])", [ids])[0][0]


@pytest.mark.installs
def test_events_under_fire(make_shop):
    shop = make_shop(durable=True, environment={"WEB_WORKERS": "2", "EVENT_CLAIM_SECONDS": "2"})

    report = fire(shop, events=20_000, size=100, rounds=1, pause=1.0, seed=7, seconds=120)

    assert report.is_good, report
    assert report.kills == {"scheduler": 1, "redis": 1, "postgres": 1, "web": 1}


@pytest.mark.serial
def test_the_last_act_counts_in_the_next_answer_while_nobody_writes(shop: Shop):
    """No scheduler runs here: the event is in Redis alone."""
    caller, visitor = shop.caller(), f"v-{uuid.uuid4().hex[:8]}"
    event = view(shop, visitor=visitor, kind="cart")

    assert caller.ask("/events", {"events": [event]}).json()["accepted"] == 1
    answer = caller.ask(f"/recommendations?visitor={visitor}").json()

    assert stored(shop, [event]) == 0
    assert answer["source"] == "personal"


@pytest.mark.serial
def test_events_are_accepted_while_the_database_is_dead_and_stored_when_it_is_back(make_shop):
    shop = make_shop(durable=True, environment={"EVENT_CLAIM_SECONDS": "2"})
    shop.start("web", "scheduler")
    caller = shop.caller()
    known = [view(shop), view(shop)]
    assert caller.ask("/events", {"events": known[:1]}).json()["accepted"] == 1
    until(lambda: stored(shop, known) == 1, seconds=20, what="the first is stored")

    shop.postgres.kill()
    taken = caller.ask("/events", {"events": known[1:]})
    unknown = caller.ask("/events", {"events": [view(shop, product=shop.facts["products"][5])]})
    retry_after = caller.last_headers.get("retry-after")
    ready = caller.ask("/readyz").status
    shop.postgres.start()

    assert (taken.status, taken.json()["accepted"], taken.seconds < 1) == (200, 1, True)
    assert (unknown.status, retry_after, ready) == (503, "5", 503)
    until(lambda: stored(shop, known) == 2, seconds=20, what="the second is stored")


@pytest.mark.serial
def test_a_consumer_that_is_killed_shows_in_readyz_and_its_events_are_written_by_the_next(make_shop):
    shop = make_shop(environment={"EVENT_CLAIM_SECONDS": "1"})
    shop.start("web", "scheduler")
    caller = shop.caller()
    first, later = [view(shop)], [view(shop) for _ in range(50)]
    caller.ask("/events", {"events": first})
    until(lambda: stored(shop, first) == 1, seconds=20, what="the first is stored")

    shop.part("scheduler").kill()
    caller.ask("/events", {"events": later})
    time.sleep(1.2)
    part = caller.ask("/readyz").json()["parts"]["events"]
    shop.start("scheduler")
    until(lambda: stored(shop, later) == 50, seconds=20, what="the others are stored")

    assert part["detail"].startswith("50 wait, the oldest for")
    assert shop.redis.client().xlen(STREAM) == 0


@pytest.mark.serial
def test_a_frozen_redis_that_wakes_writes_nothing_twice(make_shop):
    shop = make_shop(environment={"EVENT_CLAIM_SECONDS": "1"})
    shop.start("web", "scheduler")
    caller = shop.caller()
    events = [view(shop) for _ in range(20)]
    caller.ask("/events", {"events": events[:1]})

    with shop.redis.frozen():
        answer = caller.ask("/events", {"events": events})
    until(lambda: shop.redis.client().xlen(STREAM) == 0, seconds=20, what="the stream is empty")

    # What was sent before the freeze may have been answered already; the rest was written at once.
    assert answer.status == 200
    until(lambda: stored(shop, events) == 20, seconds=20, what="all are stored")
    time.sleep(2)
    rows = shop.ask("SELECT count(*) FROM catalog_interaction i JOIN catalog_visitor v ON v.id = visitor_id"
                    " WHERE v.key = 'v'")  # fmt: skip
    assert rows == [(20,)]


LIVE = """
from datetime import datetime
from analytics.live import counting

found = counting.count(datetime.fromisoformat("{until}"))
print(sorted(found.minutes[-1].items()), found.active, [(one.now, one.before) for one in found.products])
"""


@pytest.mark.installs
def test_live_figures_are_the_same_after_a_kill_a_flush_of_redis_and_a_replay(make_shop):
    shop = make_shop(durable=True, environment={"EVENT_CLAIM_SECONDS": "2"})
    shop.start("web", "scheduler")
    caller, client = shop.caller(), shop.redis.client()
    until_moment = datetime.now(UTC)
    at = (until_moment - timedelta(seconds=30)).isoformat()
    events = [
        view(shop, visitor=f"live-{n % 40}", product=shop.facts["products"][n % 7], occurred_at=at) for n in range(400)
    ]

    def live() -> str:
        return shop.run(LIVE.format(until=until_moment.isoformat())).strip().splitlines()[-1]

    for place in range(0, 400, 50):
        assert caller.ask("/events", {"events": events[place : place + 50]}).json()["accepted"] == 50
        if place == 200:
            shop.part("scheduler").kill()
            shop.start("scheduler")
    until(lambda: stored(shop, events) == 400, seconds=40, what="all are stored")
    before = live()

    client.flushdb()
    for place in range(0, 400, 50):
        caller.ask("/events", {"events": events[place : place + 50]})
    until(lambda: client.xlen(STREAM) == 0, seconds=40, what="nothing waits")

    assert before.startswith("[('view', 400)] 40 ")
    assert live() == before
