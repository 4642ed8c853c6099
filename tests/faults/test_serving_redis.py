"""Redis killed, frozen, full and emptied while shoppers read: nobody notices."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.utils import timezone

from tests.faults.harness import Load, Shop, fill_redis, storefront, until
from tests.faults.harness.load import least, percentile, statuses

pytestmark = pytest.mark.serial
ADDED_P99_MS = 150


@contextmanager
def killed(shop: Shop) -> Iterator[None]:
    shop.redis.kill()
    yield
    shop.redis.start()


@contextmanager
def frozen(shop: Shop) -> Iterator[None]:
    with shop.redis.frozen():
        yield


@contextmanager
def full(shop: Shop) -> Iterator[None]:
    with fill_redis(shop.redis):
        yield


@contextmanager
def emptied(shop: Shop) -> Iterator[None]:
    shop.redis.flush()
    yield


@pytest.mark.parametrize("trouble", [killed, frozen, full, emptied])
def test_storefronts_read_on_without_redis(shop: Shop, trouble: Callable, record_property):
    def added_p99() -> float:
        with Load(shop, storefront(shop)) as load:
            load.run_for(0.3)
            before = load.run_for(0.8)
            with trouble(shop):
                during = load.run_for(1.5)
            load.run_for(0.4)
        assert statuses(load.answers) == {200: len(load.answers)}
        assert len(during) > 20
        record_property("p99 before", percentile(before, 0.99))
        record_property("p99 during", percentile(during, 0.99))
        return percentile(during, 0.99) - percentile(before, 0.99)

    assert least(added_p99) <= ADDED_P99_MS


@pytest.mark.parametrize("trouble", [killed, frozen, full])
def test_events_are_stored_without_redis(shop: Shop, trouble: Callable):
    caller = shop.caller()
    sent = [str(uuid.uuid4()) for _ in range(3)]
    events = [
        {"kind": "view", "event_id": event_id, "occurred_at": timezone.now().isoformat(),
         "product": shop.facts["products"][1], "visitor": "without-redis"}
        for event_id in sent
    ]  # fmt: skip

    with trouble(shop):
        answer = caller.ask("/events", {"events": events})

    assert (answer.status, answer.json()["accepted"]) == (200, 3)
    assert answer.seconds < 2
    stored = shop.ask("SELECT count(*) FROM catalog_interaction WHERE event_id = ANY(%s::uuid[])", [sent])
    assert stored == [(3,)]


def test_limits_are_counted_here_while_redis_is_away(make_shop):
    shop = make_shop(environment={"API_RATE_SERVER": "20"})
    shop.start("web")
    caller = shop.caller()

    with shop.redis.frozen():
        answers = [caller.ask("/categories").status for _ in range(45)]

    # Two windows of a minute at most, when the clock strikes meanwhile.
    assert 20 <= answers.count(200) <= 40
    assert set(answers) == {200, 429}


def test_an_order_is_taken_at_once_while_redis_is_frozen(shop: Shop):
    caller = shop.caller()
    order = {
        "external_id": f"frozen-{uuid.uuid4().hex[:8]}",
        "customer": shop.facts["customers"][0],
        "lines": [{"sku": shop.facts["skus"][3], "quantity": 1}],
    }

    with shop.redis.frozen():
        answer = caller.ask("/orders", order)

    assert answer.status == 201, answer.body
    assert answer.seconds < 2
    until(lambda: caller.ask("/categories").status == 200, seconds=5)
