"""The figures follow from orders and refunds, however these came to be what they are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from analytics.facts import counting
from analytics.models import CohortCell, CustomerMonth, CustomerStats, DailySales, FactsState, ProductDay, TouchedSale
from catalog.models import Order, OrderLine
from core.models import ShopProfile
from tests.analytics.facts.conftest import NOW, at
from tests.factories import CustomerFactory, ProductFactory


def test_an_empty_shop_has_no_rows_and_says_as_of_when(books):
    assert books.are_right()
    assert not DailySales.objects.exists()
    assert FactsState.objects.get().counted_at == NOW


def test_one_order_stands_in_every_table(books):
    customer, product = CustomerFactory.create(), ProductFactory.create()
    books.sell(customer, "2026-06-10", [60, 40], product=product)

    assert books.are_right()

    day = DailySales.objects.get()
    assert (day.day, day.orders, day.buyers, day.new_buyers, day.items, day.revenue) == (
        date(2026, 6, 10), 1, 1, 1, 2, Decimal(100),
    )  # fmt: skip
    assert ProductDay.objects.get(product=product).gross == 100
    assert ProductDay.objects.get(product=product).orders == 1
    assert set(CohortCell.objects.values_list("grain", "cohort", "offset", "customers", "is_frozen")) == {
        ("week", date(2026, 6, 8), 0, 1, True), ("month", date(2026, 6, 1), 0, 1, False),
    }  # fmt: skip


def test_days_are_the_shops_and_begin_at_its_midnight(books):
    books.sell(CustomerFactory.create(), "2026-06-10", hour=17)  # one in the morning of the 11th in Shanghai

    assert books.are_right()
    assert DailySales.objects.get().day == date(2026, 6, 11)


@pytest.mark.parametrize("zone", ["America/Havana", "Asia/Beirut", "Asia/Kathmandu", "Pacific/Apia"])
def test_hours_that_come_twice_or_never_belong_to_a_day(books, zone):
    ShopProfile.objects.update(time_zone=zone)
    counting.count()
    for hours in range(0, 24 * 4, 1):
        for day in ("2025-10-25", "2025-11-01", "2026-03-27"):
            books.sell(None, at(day, 0) + timedelta(hours=hours))
    assert books.are_right()


def test_a_first_order_that_comes_late_moves_the_newcomer_and_the_cohort(books):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-05-20")
    books.sell(customer, "2026-06-01")
    assert books.are_right()

    books.sell(customer, "2026-03-02")

    assert books.are_right()
    assert list(DailySales.objects.values_list("new_buyers", flat=True)) == [1, 0, 0]
    assert set(CohortCell.objects.filter(grain="month").values_list("cohort", "offset", "customers")) == {
        (date(2026, 3, 1), 0, 1), (date(2026, 3, 1), 2, 1), (date(2026, 3, 1), 3, 1),
    }  # fmt: skip


def test_a_refund_counts_on_its_own_day_weeks_later_and_a_day_may_be_below_zero(books):
    order = books.sell(CustomerFactory.create(), "2026-04-01", 100)
    books.sell(CustomerFactory.create(), "2026-05-02", 10)
    books.give_back(order, "2026-05-02", 30)

    assert books.are_right()

    assert DailySales.objects.get(day="2026-05-02").revenue == -20
    assert CustomerStats.objects.get(customer=order.customer).revenue == 70
    assert CustomerMonth.objects.get(customer=order.customer, month="2026-05-01").revenue == -30
    cell = CohortCell.objects.get(grain="month", cohort="2026-04-01", offset=1)
    assert (cell.customers, cell.orders, cell.revenue) == (0, 0, -30)


def test_a_refund_without_an_order_is_the_customers_and_in_another_currency_counts_nothing(books):
    customer = CustomerFactory.create()
    books.give_back(None, "2026-05-02", 30, customer=customer, product=ProductFactory.create(), quantity=2)
    books.give_back(None, "2026-05-02", 30, customer=customer, currency="EUR")
    assert books.are_right()
    assert not CustomerStats.objects.exists()
    assert CustomerMonth.objects.get().revenue == -30

    books.sell(customer, "2026-04-01")
    assert books.are_right()
    assert CustomerStats.objects.get().revenue == 70


def test_money_is_in_the_base_currency_at_the_rate_of_the_order(books):
    order = books.sell(CustomerFactory.create(), "2026-06-10", [33], currency="EUR", base_rate=Decimal("7.77777777"))
    books.sell(CustomerFactory.create(), "2026-06-10", 10)
    books.give_back(order, "2026-06-11", 1, currency="EUR")

    assert books.are_right()
    assert DailySales.objects.get(day="2026-06-10").gross == Decimal("266.6667")
    assert DailySales.objects.get(day="2026-06-11").refunded == Decimal("7.7778")

    Order.objects.filter(pk=order.pk).update(base_rate=2)
    assert books.are_right()
    assert DailySales.objects.get(day="2026-06-11").refunded == 2


def test_a_discount_of_the_order_falls_on_its_lines(books):
    product = ProductFactory.create()
    order = books.sell(None, "2026-06-10", [60], product=product)
    books.sell(None, "2026-06-10", [10], product=product)
    Order.objects.filter(pk=order.pk).update(lines_total=60, shipping=20, discount=40, total=40, paid_total=40)

    assert books.are_right()
    assert ProductDay.objects.get().gross == 40  # 60 · 40 / 80 + 10


def test_orders_that_nobody_paid_do_not_count_and_those_cancelled_after_payment_do(books):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10", status="placed", paid_at=None, paid_total=0)
    books.sell(customer, "2026-06-11", status="cancelled")

    assert books.are_right()
    assert DailySales.objects.get().orders == 1


def test_guests_are_orders_and_no_buyers(books):
    books.sell(None, "2026-06-10")
    books.sell(None, "2026-06-10")
    books.sell(CustomerFactory.create(), "2026-06-10")

    assert books.are_right()
    day = DailySales.objects.get()
    assert (day.orders, day.guest_orders, day.buyers) == (3, 2, 1)


def test_what_goes_is_taken_off_everywhere(books):
    one, other = CustomerFactory.create_batch(2)
    order = books.sell(one, "2026-04-01")
    books.give_back(order, "2026-05-02", 30)
    books.sell(one, "2026-06-01")
    books.sell(other, "2026-04-01")
    assert books.are_right()

    order.delete()
    assert books.are_right()
    other.delete()
    assert books.are_right()
    Order.objects.all().delete()

    assert books.are_right()
    assert not any(
        model.objects.exists() for model in (CustomerStats, CustomerMonth, DailySales, ProductDay, CohortCell)
    )


def test_orders_that_move_to_another_customer_take_their_refunds_along(books):
    kept, merged = CustomerFactory.create_batch(2)
    order = books.sell(merged, "2026-04-01")
    books.give_back(order, "2026-05-02", 30)
    books.sell(kept, "2026-06-01")
    assert books.are_right()

    Order.objects.filter(customer=merged).update(customer=kept)

    assert books.are_right()
    assert CustomerStats.objects.get().revenue == 170


def test_lines_that_change_change_pieces_and_products(books):
    product, other = ProductFactory.create_batch(2)
    order = books.sell(CustomerFactory.create(), "2026-06-10", [60], product=product)
    assert books.are_right()

    OrderLine.objects.filter(order=order).update(quantity=3)
    assert books.are_right()
    OrderLine.objects.filter(order=order).update(product=other)
    assert books.are_right()
    OrderLine.objects.filter(order=order).delete()
    assert books.are_right()
    assert not ProductDay.objects.exists()


def test_a_product_that_is_gone_leaves_its_pieces_to_the_day(books):
    product = ProductFactory.create()
    books.sell(None, "2026-06-10", [60], product=product)
    assert books.are_right()
    OrderLine.objects.update(product=None)

    assert books.are_right()
    assert (ProductDay.objects.count(), DailySales.objects.get().items) == (0, 1)


def test_orders_of_the_future_and_of_long_ago_are_counted_where_they_say(books):
    customer = CustomerFactory.create()
    for day in ("1970-01-05", "2026-06-10", "2199-12-31"):
        books.sell(customer, day)

    assert books.are_right()
    assert CohortCell.objects.get(grain="month", offset=229 * 12 + 11).is_frozen is False


def test_orders_dated_to_another_millennium_are_no_error(books):
    customer = CustomerFactory.create()
    books.sell(customer, "1970-01-05")
    books.sell(customer, "9998-12-31")

    assert counting.refresh()
    assert DailySales.objects.count() == 2
    assert set(counting.compare()[0].values()) == {0}


@pytest.mark.parametrize(
    "change", [{"time_zone": "America/New_York"}, {"base_currency": "EUR"}, {"week_start": 7}], ids=str
)
def test_another_zone_currency_or_week_counts_everything_anew(books, change):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10", hour=2)
    books.give_back(None, "2026-06-10", 3, customer=customer, currency="EUR")
    assert books.are_right()

    ShopProfile.objects.update(**change)

    assert not counting.refresh()
    assert counting.count()["counted"] == "everything"
    assert books.are_right()


def test_much_at_once_is_left_to_a_job_which_counts_everything(books, monkeypatch):
    monkeypatch.setattr(counting, "FEW_SALES", 2)
    monkeypatch.setattr(counting, "MANY_SALES", 4)
    for _number in range(3):
        books.sell(CustomerFactory.create(), "2026-06-10")

    assert not counting.refresh()
    assert counting.count()["counted"] == "everything"
    assert not TouchedSale.objects.exists()
    assert books.are_right()


def test_a_full_count_never_loops_over_rows_whatever_the_database_believes_of_its_tables(books, monkeypatch):
    told = []

    def look(clock, note=counting._note_state):
        note(clock)
        told.append(counting._ask("SHOW enable_nestloop", [])[0])

    monkeypatch.setattr(counting, "_note_state", look)
    books.sell(CustomerFactory.create(), "2026-06-10")
    counting.rebuild()
    counting.count()

    assert told == ["off", "on"]


def test_a_cell_is_final_when_its_period_is_over_and_still_right_after_a_late_order(books, monkeypatch):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-15")
    assert books.are_right()
    assert not CohortCell.objects.filter(is_frozen=True).exists()

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=7))
    assert counting.refresh()
    assert CohortCell.objects.get(is_frozen=True).grain == "week"

    books.sell(CustomerFactory.create(), "2026-06-16")
    assert books.are_right()
    assert CohortCell.objects.get(is_frozen=True).customers == 2


def test_a_customer_with_very_many_orders_is_one_row(books):
    customer = CustomerFactory.create()
    moment = at("2026-06-10")
    Order.objects.bulk_create(
        Order(number=f"M-{n}", customer=customer, currency="CNY", status="paid", placed_at=moment, paid_at=moment,
              lines_total=1, total=1, paid_total=1)
        for n in range(5_000)
    )  # fmt: skip
    assert counting.refresh()
    assert CustomerStats.objects.get().orders == 5_000
