"""Sales that are new are added, and give what counting everything gives; what cannot be added is counted whole."""

from datetime import date
from decimal import Decimal

import pytest

from analytics.facts import counting
from analytics.models import CohortCell, CustomerMonth, CustomerStats, DailySales, ProductDay, TouchedSale
from catalog.models import Order, OrderLine
from tests.analytics.facts.conftest import at
from tests.factories import CustomerFactory, OrderFactory, ProductFactory


@pytest.fixture
def whole(monkeypatch):
    """How often something was counted whole."""
    found = []

    def counted(values, work=counting._count_customers):
        found.append(values)
        return work(values)

    monkeypatch.setattr(counting, "_count_customers", counted)
    return found


def test_orders_in_order_of_time_and_refunds_are_added(books, whole):
    regular, product = CustomerFactory.create(), ProductFactory.create()
    first = books.sell(regular, "2026-05-20", [60, 40], product=product)
    assert books.are_right()
    books.sell(regular, "2026-06-01", product=product)
    books.sell(regular, "2026-06-01", 7, hour=13)
    books.sell(None, "2026-03-01", 5)
    books.sell(CustomerFactory.create(), "2026-02-01", 3)
    books.give_back(first, "2026-06-02", 30, product=product, quantity=1)
    books.give_back(None, "2026-06-03", 2, customer=regular)

    assert books.are_right()

    assert not whole
    assert CustomerStats.objects.get(customer=regular).purchase_days == 2
    assert DailySales.objects.get(day="2026-06-01").buyers == 1
    assert ProductDay.objects.get(day="2026-06-01", product=product).gross == 100
    june = CohortCell.objects.get(grain="month", cohort="2026-05-01", offset=1)
    assert (june.customers, june.orders, june.revenue) == (1, 2, 75)


def test_several_days_of_somebody_new_are_one_newcomer_and_as_many_days(books, whole):
    customer = CustomerFactory.create()
    for day in ("2026-06-10", "2026-04-30", "2026-06-09", "2026-06-10"):
        books.sell(customer, day)

    assert books.are_right()

    assert not whole
    stats = CustomerStats.objects.get()
    assert (stats.purchase_days, stats.first_day, stats.last_day) == (3, date(2026, 4, 30), date(2026, 6, 10))
    assert CohortCell.objects.get(grain="week", offset=6).customers == 1


def test_the_same_day_again_is_no_further_day(books, whole):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10")
    assert books.are_right()
    books.sell(customer, "2026-06-10", hour=1)

    assert books.are_right()
    assert not whole
    assert CustomerStats.objects.get().purchase_days == 1


def test_an_order_that_comes_late_is_counted_whole(books, whole):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10")
    assert books.are_right()
    books.sell(customer, "2026-06-09")

    assert books.are_right()
    assert whole


def test_an_order_is_new_when_it_is_paid(books, whole):
    order = books.sell(CustomerFactory.create(), "2026-06-10", status="placed", paid_at=None, paid_total=0)
    assert books.are_right()
    Order.objects.filter(pk=order.pk).update(paid_at=at("2026-06-11"), paid_total=100)
    Order.objects.filter(pk=order.pk).update(paid_total=90)

    assert books.are_right()
    assert not whole
    assert DailySales.objects.get().gross == 90


def test_what_happens_to_a_new_order_before_it_is_counted_needs_no_count_of_its_own(books, whole):
    one, other = CustomerFactory.create_batch(2)
    order = books.sell(one, "2026-06-10", [10, 20])
    Order.objects.filter(pk=order.pk).update(customer=other, channel="shop", paid_at=at("2026-06-11"))
    OrderLine.objects.filter(order=order, line=1).update(quantity=5)
    refund = books.give_back(order, "2026-06-12", 5)
    type(refund).objects.filter(pk=refund.pk).update(amount=6)

    assert books.are_right()
    assert not whole
    assert (CustomerStats.objects.get().customer_id, CustomerStats.objects.get().revenue) == (other.pk, 24)


def test_a_new_order_that_is_removed_or_no_longer_paid_leaves_nothing(books):
    books.sell(CustomerFactory.create(), "2026-06-10").delete()
    order = books.sell(CustomerFactory.create(), "2026-06-10")
    Order.objects.filter(pk=order.pk).update(paid_at=None)

    assert books.are_right()
    assert not DailySales.objects.exists()


def test_an_order_that_was_counted_and_is_paid_anew_moves(books):
    order = books.sell(CustomerFactory.create(), "2026-06-10")
    assert books.are_right()
    Order.objects.filter(pk=order.pk).update(paid_at=None)
    Order.objects.filter(pk=order.pk).update(paid_at=at("2026-06-12"))

    assert books.are_right()
    assert DailySales.objects.get().day == date(2026, 6, 12)

    Order.objects.filter(pk=order.pk).update(paid_at=None)
    assert books.are_right()
    Order.objects.filter(pk=order.pk).update(paid_at=at("2026-06-13"))
    assert books.are_right()
    assert DailySales.objects.get().orders == 1


def test_somebody_who_only_gave_back_and_then_buys_is_counted_whole(books, whole):
    customer = CustomerFactory.create()
    books.give_back(None, "2026-06-02", 30, customer=customer)
    assert books.are_right()
    assert not whole
    books.sell(customer, "2026-06-01")
    books.give_back(None, "2026-06-05", 1, customer=customer)

    assert books.are_right()
    assert whole
    assert CustomerStats.objects.get().revenue == 69


def test_amounts_of_another_currency_are_rounded_sale_by_sale_and_added(books, whole):
    customer = CustomerFactory.create()
    for _number in range(3):
        books.sell(customer, "2026-06-10", Decimal("0.01"), currency="EUR", base_rate=Decimal("7.77777777"))
        books.sell(customer, "2026-06-10", Decimal("0.01"))
        assert books.are_right()

    assert not whole
    assert DailySales.objects.get().gross == Decimal("0.2634")  # 3 · 0.0778 + 3 · 0.01


def test_lines_of_an_order_with_a_discount_are_rounded_one_by_one_and_added(books, whole):
    product = ProductFactory.create()
    for _number in range(2):
        order = books.sell(CustomerFactory.create(), "2026-06-10", [60], product=product)
        Order.objects.filter(pk=order.pk).update(shipping=7, discount=20, total=47, paid_total=47)
        books.sell(CustomerFactory.create(), "2026-06-10", [10], product=product)
        assert books.are_right()

    assert not whole
    assert ProductDay.objects.get().gross == Decimal("104.1792")  # 2 · 42.0896 (60 · 47 / 67) + 20


def test_notes_that_name_no_sale_are_counted_whole(books, whole):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10")
    TouchedSale.objects.update(order_id=None, is_new=False)

    assert books.are_right()
    assert whole


def test_figures_of_a_customer_that_are_gone_come_back_with_the_next_order(books, whole):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10")
    assert books.are_right()
    CustomerStats.objects.all().delete()
    books.sell(customer, "2026-06-11")

    assert books.are_right()
    assert whole
    assert CustomerMonth.objects.get().orders == 2


def test_many_orders_at_once_are_as_many_single_ones(books):
    customers = CustomerFactory.create_batch(3)
    moments = [at(f"2026-06-{day:02d}", hour) for day in (8, 9, 10) for hour in (3, 15)]
    Order.objects.bulk_create(
        OrderFactory.build(customer=customer, status="paid", placed_at=moment, paid_at=moment, lines_total=9, total=9,
                           paid_total=9)
        for customer in customers for moment in moments
    )  # fmt: skip

    assert books.are_right()
    assert list(DailySales.objects.values_list("buyers", "orders")) == [(3, 6)] * 3


def sell_many(customers, products, *, count: int, day: int) -> list[Order]:
    """Orders with numbers beside each other, each with two lines of products that take turns."""
    orders = Order.objects.bulk_create(
        OrderFactory.build(customer=customers[number % len(customers)], status="paid", placed_at=moment, paid_at=moment,
                           lines_total=9, total=9, paid_total=9)
        for number in range(count) for moment in [at(f"2026-06-{day:02d}", number % 24)]
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(order=order, line=line, product=products[(order.pk + line) % len(products)], sku="x", name="",
                  quantity=line, unit_price=Decimal(3), discount=Decimal(0))
        for order in orders for line in (1, 2)
    )  # fmt: skip
    return orders


def test_hundreds_of_new_orders_with_lines_are_added_again_and_again(books, whole):
    customers, products = CustomerFactory.create_batch(40), ProductFactory.create_batch(7)
    for turn in range(3):
        sell_many(customers, products, count=300, day=10 + turn)
        assert books.are_right()

    assert not whole
    assert sum(ProductDay.objects.values_list("items", flat=True)) == 2700


def test_new_orders_with_numbers_far_apart_are_added_like_those_beside_each_other(books, whole):
    customers, products = CustomerFactory.create_batch(3), ProductFactory.create_batch(2)
    (old,) = sell_many(customers, products, count=1, day=8)
    Order.objects.filter(pk=old.pk).update(paid_at=None)
    sell_many(customers[1:], products, count=40, day=9)
    assert books.are_right()
    whole.clear()

    Order.objects.filter(pk=old.pk).update(paid_at=at("2026-06-11"))
    sell_many(customers[1:], products, count=2, day=11)

    assert books.are_right()
    assert not whole
    assert (DailySales.objects.get(day="2026-06-11").orders, DailySales.objects.get(day="2026-06-11").items) == (3, 9)
