"""Several sessions at once, and counts that end in the middle."""

import threading
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from analytics.facts import counting
from analytics.facts.tables import STATS, Table
from analytics.models import CustomerStats, DailySales, FactsState, TouchedSale
from core.models import ShopProfile
from tests.analytics.facts.conftest import Books
from tests.analytics.facts.oracle import held
from tests.factories import CustomerFactory

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop():
    ShopProfile.objects.update_or_create(pk=1, defaults={"time_zone": "Asia/Shanghai", "base_currency": "CNY"})
    counting.rebuild()
    return Books()


def in_thread(work):
    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("at", range(1, 40, 3))
def test_a_count_that_ends_at_any_statement_has_done_nothing_and_the_next_does_all(shop, at):
    shop.sell(CustomerFactory.create(), "2026-06-10")
    before, waiting = held(), TouchedSale.objects.count()
    left = at

    def stop(execute, statement, values, many, context):
        nonlocal left
        if "RELEASE" not in statement and "advisory" not in statement:
            left -= 1
            if left == 0:
                raise DatabaseError("the power is off")
        return execute(statement, values, many, context)

    with connection.execute_wrapper(stop):
        try:
            counting.refresh()
        except DatabaseError:
            assert (held(), TouchedSale.objects.count()) == (before, waiting)

    assert counting.refresh()
    assert not TouchedSale.objects.exists()
    assert (CustomerStats.objects.get().orders, DailySales.objects.get().revenue) == (1, Decimal(100))
    assert set(counting.compare()[0].values()) == {0}


def test_two_that_count_at_once_give_what_one_gives(shop):
    for _number in range(5):
        shop.sell(CustomerFactory.create(), "2026-06-10")

    threads = [in_thread(counting.count) for _number in range(3)] + [
        in_thread(counting.refresh) for _number in range(3)
    ]
    for thread in threads:
        thread.join()

    assert DailySales.objects.get().orders == 5
    assert set(counting.compare()[0].values()) == {0}


def test_while_somebody_counts_the_task_of_every_few_seconds_leaves_it_to_them(shop):
    begun, go_on = threading.Event(), threading.Event()

    def hold():
        with counting._alone(0.0):
            begun.set()
            go_on.wait(10)

    thread = in_thread(hold)
    begun.wait(10)
    counted_at = FactsState.objects.get().counted_at
    assert counting.refresh()
    assert FactsState.objects.get().counted_at == counted_at
    go_on.set()
    thread.join()
    counting.refresh()
    assert FactsState.objects.get().counted_at > counted_at


def test_an_order_that_is_written_during_a_count_waits_for_the_next(shop):
    """Its note becomes visible with it: a count that began before sees neither."""
    written, go_on = threading.Event(), threading.Event()

    def sell_slowly():
        with transaction.atomic():
            shop.sell(CustomerFactory.create(), "2026-06-10")
            written.set()
            go_on.wait(10)

    thread = in_thread(sell_slowly)
    written.wait(10)
    assert counting.refresh()
    assert not DailySales.objects.exists()
    go_on.set()
    thread.join()

    assert counting.refresh()
    assert DailySales.objects.get().orders == 1


def test_a_customer_who_is_removed_during_a_count_is_no_error(shop, monkeypatch):
    """Rows of theirs are gone in a newer view than the count has: it takes a newer one."""
    customer = CustomerFactory.create()
    shop.sell(customer, "2026-06-10")
    counting.refresh()
    shop.sell(customer, "2026-06-11")
    apply, removed = Table.apply, []

    def with_somebody_faster(table, scope="true"):
        if table is STATS and not removed:
            removed.append(True)
            in_thread(lambda: CustomerStats.objects.all().delete()).join()
        return apply(table, scope)

    monkeypatch.setattr(Table, "apply", with_somebody_faster)
    assert counting.refresh()
    assert CustomerStats.objects.get().orders == 2
