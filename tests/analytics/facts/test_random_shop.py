"""Whatever happens to orders, in whatever order: the figures are what plain Python counts, and the home page agrees."""

import random
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics.facts import counting
from analytics.models import DailySales
from catalog import services
from catalog.exceptions import DomainError
from catalog.figures import shop_clock, shop_figures
from catalog.models import Customer, Order, OrderLine, Refund
from tests.analytics.facts.conftest import NOW
from tests.analytics.facts.oracle import held
from tests.factories import CustomerFactory, VariantFactory

STEPS, BETWEEN_LOOKS = 60, 12


class Shop:
    """Does one thing after another, decided by a seed; what the shop refuses is no matter."""

    def __init__(self, seed: int, *, days: int = 100) -> None:
        self.dice, self.days = random.Random(seed), days
        self.customers = CustomerFactory.create_batch(5)
        self.variants = VariantFactory.create_batch(4, stock=10_000)
        often = [*[self.place] * 5, *[self.pay] * 4, *[self.refund] * 2]
        self.deeds = [
            *often, self.refund_pieces, self.cancel, self.ship, self.remove, self.merge, self.refund_without_order,
            self.change_rate, self.lose_product, self.backdate,
        ]  # fmt: skip

    def go_on(self, steps: int) -> None:
        for _step in range(steps):
            try:
                self.dice.choice(self.deeds)()
            except (DomainError, IndexError):
                continue

    def when(self):
        return NOW - timedelta(minutes=self.dice.randrange(60 * 24 * self.days))

    def order(self, **where) -> Order:
        return self.dice.choice(list(Order.objects.filter(**where).order_by("pk")))

    def place(self) -> None:
        lines = [
            services.NewLine(self.dice.randint(1, 4), variant.sku, unit_price=Decimal(self.dice.randint(1, 90)))
            for variant in self.dice.sample(self.variants, self.dice.randint(1, 3))
        ]  # fmt: skip
        foreign = self.dice.random() < 0.2
        services.place_order(
            services.NewOrder(
                lines=lines, customer=self.dice.choice([*self.customers, None]),
                shipping=Decimal(self.dice.choice([0, 5])), currency="EUR" if foreign else "CNY",
                base_rate=Decimal("7.8123") if foreign else None, placed_at=self.when(),
            )
        )  # fmt: skip

    def pay(self) -> None:
        order = self.order(paid_at=None)
        part = Decimal(1) if self.dice.random() < 0.2 else None
        services.pay_order(order.pk, amount=part, paid_at=self.when())

    def refund(self) -> None:
        order = self.order(paid_total__gt=0)
        services.refund_order(order.pk, amount=Decimal(self.dice.randint(1, 20)), refunded_at=self.when())

    def refund_pieces(self) -> None:
        order = self.order(paid_total__gt=0)
        services.refund_order(order.pk, lines=[services.ReturnedLine(1, 1)], refunded_at=self.when())

    def cancel(self) -> None:
        services.cancel_order(self.order().pk)

    def ship(self) -> None:
        services.ship_order(self.order(status="paid").pk)

    def remove(self) -> None:
        self.order().delete()

    def merge(self) -> None:
        kept, gone = self.dice.sample(self.customers, 2)
        for model in (Order, Refund):
            model.objects.filter(customer=gone).update(customer=kept)
        Customer.objects.filter(pk=gone.pk).delete()
        self.customers.remove(gone)
        self.customers.append(CustomerFactory.create())

    def refund_without_order(self) -> None:
        Refund.objects.create(
            customer=self.dice.choice(self.customers), product=self.dice.choice(self.variants).product, quantity=1,
            amount=self.dice.randint(1, 9), currency=self.dice.choice(["CNY", "EUR"]), refunded_at=self.when(),
        )  # fmt: skip

    def change_rate(self) -> None:
        Order.objects.filter(pk=self.order(currency="EUR").pk).update(base_rate=Decimal(self.dice.randint(6, 9)))

    def lose_product(self) -> None:
        line = self.dice.choice(list(OrderLine.objects.order_by("pk")))
        OrderLine.objects.filter(pk=line.pk).update(product=None)

    def backdate(self) -> None:
        order = self.order(paid_at__isnull=False)
        Order.objects.filter(pk=order.pk).update(paid_at=order.paid_at - timedelta(days=self.dice.randint(1, 60)))


@pytest.mark.parametrize(("seed", "days"), [(0, 100), (1, 100), (2, 100), (3, 100), (4, 1), (5, 3), (6, 9), (7, 40)])
def test_the_figures_are_right_after_anything(books, seed, days):
    """In few days most sales are new and added; in many most come late and are counted whole."""
    shop = Shop(seed, days=days)
    for _look in range(STEPS // BETWEEN_LOOKS):
        shop.go_on(BETWEEN_LOOKS)
        assert books.are_right()
    assert DailySales.objects.exists()


@pytest.mark.parametrize("days", [2, 100])
def test_many_small_counts_give_what_one_gives(books, days):
    shop = Shop(11, days=days)
    for _step in range(STEPS):
        shop.go_on(1)
        assert counting.refresh()
    before = held()
    assert set(counting.rebuild().values()) == {0}
    assert held() == before


@pytest.mark.parametrize("seed", [5, 6])
def test_the_home_page_shows_the_same_revenue_day_by_day(books, seed):
    Shop(seed).go_on(STEPS)
    assert counting.refresh()
    with timezone.override(ZoneInfo("Asia/Shanghai")):  # as for every request
        clock = shop_clock()
        shown = shop_figures(clock, "CNY")
    days = DailySales.objects.in_bulk(clock.days)

    assert [round(amount, 4) for amount in shown.revenue_daily] == [
        float(days[day].revenue) if day in days else 0.0 for day in clock.days
    ]
    assert any(shown.revenue_daily)
