"""Figures whose counting is killed between two statements, in the middle of one, or loses its server: nothing is lost,
nothing is counted twice, and a full count finds no difference."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.harness import Session, Shop, locked_row, until

pytestmark = pytest.mark.installs

BOOKS = """
import uuid
from datetime import timedelta
from django.utils import timezone
from analytics.facts import counting
from analytics.models import CustomerStats, DailySales, TouchedSale
from catalog.models import Customer, Order, OrderLine, Refund, Variant

CUSTOMERS, VARIANT = list(Customer.objects.order_by("pk")[:8]), Variant.objects.order_by("pk").first()

def sell(customer, days, price):
    moment = timezone.now() - timedelta(days=days)
    order = Order.objects.create(number=uuid.uuid4().hex, customer=customer, currency="CNY", status="paid",
                                 placed_at=moment, paid_at=moment, lines_total=price, total=price, paid_total=price)
    OrderLine.objects.create(order=order, line=1, product=VARIANT.product, variant=VARIANT, sku=VARIANT.sku, quantity=1,
                             unit_price=price)
    return order

def go_on():
    '''Orders of today, one that comes late, a refund, one that is removed: some are added, others counted whole.'''
    for number, customer in enumerate(CUSTOMERS):
        sell(customer, 0, 10 + number)
    order = sell(CUSTOMERS[0], 40, 50)
    Refund.objects.create(order=order, customer=order.customer, refunded_at=timezone.now(), amount=7, currency="CNY")
    Order.objects.filter(pk=sell(CUSTOMERS[1], 3, 30).pk).update(paid_at=timezone.now() - timedelta(days=5))
    Order.objects.order_by("pk").first().delete()
"""
KILLED_EVERYWHERE = f"""{BOOKS}
import os, signal
from django.db import connection
from tests.analytics.facts.oracle import held

def is_killed(at):
    '''Count in a process of its own that kills itself before a statement.'''
    connection.close()
    child = os.fork()
    if not child:
        left = at
        def kill(execute, statement, values, many, context):
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(statement, values, many, context)
        with connection.execute_wrapper(kill):
            counting.count()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

counting.rebuild()
at = kills = 0
while True:
    at += 1
    if at % 10 == 1:
        go_on()
    before, waiting = held(), TouchedSale.objects.count()
    if not is_killed(at):
        break
    kills += 1
    now = held(), TouchedSale.objects.count()
    # Killed before the transaction ended nothing was done, behind it everything.
    assert now == (before, waiting) or now[1] == 0, at
assert not TouchedSale.objects.exists()
assert set(counting.compare()[0].values()) == {{0}}
counted = sum(DailySales.objects.values_list("orders", flat=True))
print(kills, counted, Order.objects.filter(paid_at__isnull=False).count())
"""
SELL = f"{BOOKS}\ngo_on()"
COUNT = "import django\ndjango.setup()\nfrom analytics.facts import counting\ncounting.count()"
COUNT_OFTEN = COUNT.replace("counting.count()", "for _time in range(12):\n    counting.count()")
LOOK = """
from analytics.facts import counting
from analytics.models import TouchedSale
counting.count()
assert not TouchedSale.objects.exists()
print(sum(counting.compare()[0].values()))
"""
TRUTH = """
SELECT (SELECT sum(orders) FROM analytics_dailysales), (SELECT sum(gross) FROM analytics_dailysales),
    (SELECT sum(orders) FROM analytics_customerstats), (SELECT sum(revenue) FROM analytics_customerstats),
    count(*), sum(paid_total), count(customer_id), sum(paid_total) - (SELECT sum(amount) FROM catalog_refund)
FROM catalog_order WHERE paid_at IS NOT NULL
"""
WRITTEN = {"early": "analytics_customermonth", "late": "analytics_salespart"}
"""Tables that a count writes to at its beginning and at its end."""


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    made = make_shop(durable=True)
    made.run(f"{SELL}\ncounting.rebuild()")
    made.run(SELL)
    return made


def are_right(shop: Shop) -> bool:
    """What waits is counted; then the figures are what the orders are, and a full count finds no difference."""
    drift = shop.run(LOOK)
    found = shop.ask(TRUTH)[0]
    assert found[:4] == found[4:]
    return drift == "0"


def newest(shop: Shop, table: str) -> str:
    """Where the row lies that was written last."""
    return str(shop.ask(f"SELECT ctid::text FROM {table} ORDER BY ctid DESC LIMIT 1")[0][0])


def counts_and_waits(shop: Shop, table: str) -> Any:
    """A process that counts and stands before a row of this table."""
    found = shop.spawn("-c", COUNT)
    blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ %s"
    until(lambda: shop.ask(blocked, [f"INSERT INTO {table}"]), seconds=60, what="the count waits")
    return found


def test_killed_before_any_statement_a_count_has_done_all_or_nothing(shop: Shop):
    kills, counted, orders = map(int, shop.run(KILLED_EVERYWHERE, timeout=600).split())

    assert kills > 30
    assert counted == orders
    assert are_right(shop)


@pytest.mark.parametrize("table", WRITTEN.values(), ids=WRITTEN)
def test_killed_in_the_middle_of_a_statement_a_count_has_done_nothing(shop: Shop, table: str):
    before = shop.ask(TRUTH)[0][:4]
    with locked_row(shop.postgres, table, newest(shop, table), column="ctid"):
        process = counts_and_waits(shop, table)
        process.kill()
        process.wait()

    until(lambda: not shop.ask("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"), seconds=10, what="it is gone")
    assert shop.ask(TRUTH)[0][:4] == before
    assert are_right(shop)


@pytest.mark.parametrize("table", WRITTEN.values(), ids=WRITTEN)
def test_a_count_whose_server_is_killed_has_done_nothing(shop: Shop, table: str):
    before = shop.ask(TRUTH)[0][:4]
    with Session(shop.postgres) as session:
        session.connection.autocommit = False
        session.ask(f"SELECT 1 FROM {table} WHERE ctid = %s FOR UPDATE", [newest(shop, table)])
        process = counts_and_waits(shop, table)
        shop.postgres.kill()
    assert process.wait(60) != 0
    shop.postgres.start()

    assert shop.ask(TRUTH)[0][:4] == before
    assert are_right(shop)


def test_two_that_count_while_orders_come_in_count_each_once(shop: Shop):
    counters = [shop.spawn("-c", COUNT_OFTEN) for _number in range(2)]
    for _time in range(4):
        shop.run(SELL)
    assert [counter.wait(120) for counter in counters] == [0, 0]

    assert are_right(shop)
