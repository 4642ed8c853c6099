"""Writes that meet each other: exact stock, a sentence instead of a 500, and an index that grows meanwhile."""

import os
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from tests.faults.harness import Load, Session, Shop, locked_row, storefront, until
from tests.faults.harness.load import Answer, Request, failures, statuses

pytestmark = pytest.mark.serial
EVENTS = int(os.environ.get("FAULT_EVENTS", "20000"))
"""How many events are posted at once: 100000 takes a minute."""


def order(shop: Shop, *numbers: int, quantity: int = 1) -> dict:
    lines = [{"sku": shop.facts["skus"][n], "quantity": quantity} for n in numbers]
    return {"external_id": uuid.uuid4().hex, "customer": shop.facts["customers"][0], "lines": lines}


def stock_of(shop: Shop, number: int) -> int:
    return shop.ask("SELECT stock FROM catalog_variant WHERE id = %s", [shop.facts["variant_pks"][number]])[0][0]


def set_stock(shop: Shop, number: int, pieces: int) -> None:
    body = {"rows": [{"sku": shop.facts["skus"][number], "set": pieces}], "reason": "count"}
    answer = shop.caller().ask("/stock", body)
    assert (answer.status, stock_of(shop, number)) == (200, pieces), answer.body


def at_once(count: int, act) -> list:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))


def test_fifty_buyers_for_ten_pieces(shop: Shop):
    set_stock(shop, 10, 10)

    answers: list[Answer] = at_once(50, lambda _n: shop.caller(timeout=30).ask("/orders", order(shop, 10)))

    assert statuses(answers) == {201: 10, 409: 40}
    assert {answer.json()["code"] for answer in answers if answer.status == 409} == {"out_of_stock"}
    assert stock_of(shop, 10) == 0
    sold = "SELECT count(*), sum(quantity) FROM catalog_orderline WHERE variant_id = %s"
    assert shop.ask(sold, [shop.facts["variant_pks"][10]]) == [(10, 10)]


@pytest.mark.parametrize("by", ["key", "external_id"])
def test_a_refund_that_is_sent_eight_times_at_once_has_one_effect(shop: Shop, by: str):
    caller = shop.caller()
    placed = caller.ask("/orders", order(shop, 13, quantity=4)).json()
    address = f"/api/v1/orders/{placed['number']}/events"
    assert caller.ask(address, {"kind": "paid"}).status == 200
    body = {"kind": "refunded", "lines": [{"line": 1, "quantity": 1}], "restock": True}
    headers = (("Idempotency-Key", uuid.uuid4().hex),) if by == "key" else ()
    body |= {"external_id": uuid.uuid4().hex} if by == "external_id" else {}
    before = stock_of(shop, 13)

    answers: list[Answer] = at_once(8, lambda _n: shop.caller(timeout=30).ask(Request(address, body, headers)))

    # With a key, those that came while the first worked are asked to come again.
    assert set(statuses(answers)) <= ({200, 409} if by == "key" else {200})
    assert statuses(answers)[200] >= 1
    after = caller.ask(f"/orders/{placed['number']}").json()
    assert after["refunded_total"] == "10.00"
    assert len(after["refunds"]) == 1
    assert stock_of(shop, 13) == before + 1


def test_eight_programs_that_add_and_take_at_once(shop: Shop):
    set_stock(shop, 11, 100)

    def add(number: int) -> Counter:
        caller = shop.caller(timeout=30)
        body = {"rows": [{"sku": shop.facts["skus"][11], "add": 1 if number % 2 else -1}], "reason": "correction"}
        return Counter(caller.ask("/stock", body).status for _round in range(20 + number))

    seen = sum(at_once(8, add), Counter())

    # Odd ones add 21 + 23 + 25 + 27, even ones take 20 + 22 + 24 + 26.
    assert seen == {200: sum(20 + n for n in range(8))}
    assert stock_of(shop, 11) == 104


def test_a_row_that_somebody_holds_is_503_and_nothing_changed(shop: Shop):
    caller = shop.caller()
    before = stock_of(shop, 12)
    orders = shop.ask("SELECT count(*) FROM catalog_order")

    with locked_row(shop.postgres, "catalog_variant", shop.facts["variant_pks"][12]):
        refused = caller.ask("/orders", order(shop, 12))
        headers = caller.last_headers

    assert (refused.status, refused.json()["code"], headers["retry-after"]) == (503, "busy", "1")
    assert refused.seconds < 4
    assert stock_of(shop, 12) == before
    assert shop.ask("SELECT count(*) FROM catalog_order") == orders
    assert caller.ask("/orders", order(shop, 12)).status == 201


def test_a_deadlock_is_503_and_nothing_changed(shop: Shop):
    numbers = sorted([20, 21], key=lambda n: shop.facts["variant_pks"][n])
    first, second = (shop.facts["variant_pks"][n] for n in numbers)
    before = stock_of(shop, 20), stock_of(shop, 21)
    answers: list[Answer] = []
    with Session(shop.postgres) as session:
        session.connection.autocommit = False
        lock = "SELECT 1 FROM catalog_variant WHERE id = %s FOR UPDATE"
        # Orders take rows in one order, so somebody else must take them the other way round.
        session.ask("SET deadlock_timeout = '20s'")
        session.ask(lock, [second])
        asking = threading.Thread(target=lambda: answers.append(shop.caller().ask("/orders", order(shop, *numbers))))
        asking.start()
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
        until(lambda: shop.ask(waits), seconds=5, what="the order waits")
        session.ask(lock, [first])
        asking.join(10)
        session.connection.rollback()

    assert [(answer.status, answer.json()["code"]) for answer in answers] == [(503, "busy")]
    assert (stock_of(shop, 20), stock_of(shop, 21)) == before
    assert shop.caller().ask("/orders", order(shop, *numbers)).status == 201


def test_a_statement_that_takes_too_long_is_503(make_shop):
    shop: Shop = make_shop(environment={"STATEMENT_TIMEOUT_MS": "300", "LOCK_TIMEOUT_MS": "0"})
    shop.start("web")
    caller = shop.caller()
    with Session(shop.postgres) as session:
        session.connection.autocommit = False
        session.ask("LOCK TABLE catalog_category IN ACCESS EXCLUSIVE MODE")
        refused = caller.ask("/categories")
        session.connection.rollback()

    assert (refused.status, refused.json()["code"]) == (503, "database_slow")
    assert caller.ask("/categories").status == 200


def test_an_index_added_under_load_disturbs_nobody(shop: Shop):
    with Load(shop, storefront(shop)) as load, Session(shop.postgres) as session:
        load.run_for(0.3)
        session.ask("CREATE INDEX CONCURRENTLY harness_index ON catalog_product (name, price)")
        load.run_for(0.3)
        session.ask("DROP INDEX CONCURRENTLY harness_index")

    assert statuses(load.answers) == {200: len(load.answers)}


def test_a_migration_that_gets_no_lock_gives_up_with_a_sentence_and_readers_go_on(make_shop):
    shop: Shop = make_shop()
    shop.start("web")
    with Session(shop.postgres) as session:
        session.connection.autocommit = False
        # The newest migration of its app, and the first thing that it takes back needs a table that every reader asks.
        session.ask("LOCK TABLE catalog_visitor IN ACCESS SHARE MODE")
        with Load(shop, storefront(shop), clients=2) as load:
            before = shop.ask("SELECT count(*) FROM django_migrations")
            done = shop.manage("migrate", "recommender", "0002", check=False)
        session.connection.rollback()

    assert done.returncode == 1
    assert "in use for more than three seconds" in done.stderr
    assert "Traceback" not in done.stderr
    # Readers wait behind the lock that was asked for, three seconds and no more.
    assert failures([answer for answer in load.answers if "/recommendations" in answer.path]) == []
    assert max(answer.seconds for answer in load.answers) < 4.5
    assert shop.ask("SELECT count(*) FROM django_migrations")[0] <= before[0]
    assert shop.caller().ask("/products").status == 200


def test_many_events_at_once_are_all_stored_once(shop: Shop):
    """Each batch is sent twice, as a page does that saw no answer. What waits in Redis is written by the scheduler."""
    now = timezone.now().isoformat()
    batches = [
        [{"kind": "view", "event_id": str(uuid.uuid4()), "occurred_at": now, "visitor": f"crowd-{batch}",
          "product": shop.facts["products"][n % 60]} for n in range(500)]
        for batch in range(EVENTS // 500)
    ]  # fmt: skip
    before = shop.ask("SELECT count(*) FROM catalog_interaction")[0][0]
    until(lambda: shop.caller().ask("/events", {"events": batches[0]}).status == 200, seconds=10)
    memory = memory_of(shop)

    def send(number: int) -> list[int]:
        caller = shop.caller(timeout=60)
        return [caller.ask("/events", {"events": batch}).status for batch in batches[number % 4 :: 4]]

    started = time.monotonic()
    seen = Counter(status for answers in at_once(8, send) for status in answers)
    seconds = time.monotonic() - started

    assert seen == {200: 2 * len(batches)}
    shop.start("scheduler")
    client = shop.redis.client()
    until(lambda: client.xlen("zg:ev:stream") == 0, seconds=60, what="the stream is empty")
    shop.part("scheduler").kill()
    assert shop.ask("SELECT count(*) FROM catalog_interaction")[0][0] - before == len(batches) * 500
    assert memory_of(shop) - memory < 60_000_000
    assert 2 * EVENTS / seconds > 500


def memory_of(shop: Shop) -> int:
    return sum(process.memory_info().rss for process in shop.part("web").workers() if process.is_running())
