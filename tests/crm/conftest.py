"""A shop with a programme that runs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog import services as shop
from catalog.models import Customer, Order
from core.shop import forget_shop
from crm import services
from crm.models import LoyaltyAccount, LoyaltyProgramme
from tests.factories import CustomerFactory, ProductFactory, ShopProfileFactory


@pytest.fixture
def programme(db: None) -> LoyaltyProgramme:
    """A point for each yuan, final 30 days after delivery, valid for 12 months; running for a year."""
    ShopProfileFactory.create(return_window_days=30, time_zone="Asia/Shanghai")
    forget_shop()
    LoyaltyProgramme.current()
    LoyaltyProgramme.objects.update(
        is_on=True, started_at=timezone.now() - timedelta(days=365), points_per_unit=1, least_redeemed=10,
        point_value=Decimal("0.01"),
    )  # fmt: skip
    return LoyaltyProgramme.current()


@pytest.fixture
def customer(db: None) -> Customer:
    return CustomerFactory.create(name="Ana")


@pytest.fixture
def buy(programme: LoyaltyProgramme) -> Callable[..., Order]:
    """An order that is paid; with `settled` its points are booked, and `final` when its return window is over."""
    product = ProductFactory.create(price="1", stock=-1)
    product.variants.create(sku="P", stock=10_000_000)

    def order(customer: Customer, amount: int, *, settled: bool = True, paid_at: datetime | None = None, **more: Any):
        line = shop.NewLine(sku="P", quantity=1, unit_price=Decimal(amount))
        placed = shop.place_order(shop.NewOrder(lines=[line], customer=customer, **more)).order
        paid = shop.pay_order(placed.pk, paid_at=paid_at)
        if settled:
            services.settle_order(paid.pk)
        return paid

    return order


def finish(order: Order) -> None:
    """The order arrived and its return window is over: its points are final."""
    Order.objects.filter(pk=order.pk).update(status=Order.Status.DELIVERED)
    long_ago = timezone.now() - timedelta(days=31)
    order.events.create(kind="delivered", occurred_at=long_ago)
    services.settle_order(order.pk)
    services.mature_lot(order.loyalty_lot.pk)


def final(customer: Customer, points: int) -> Any:
    """The account with so many points that can be redeemed."""
    services.adjust(customer_id=customer.pk, points=points, reason="start", key=f"start-{points}")
    return services.account_of(customer.pk)


def numbers(customer: Customer) -> tuple[int, int, int]:
    """Available, pending, owed."""
    found = LoyaltyAccount.objects.get(customer=customer)
    return found.balance, found.pending, found.owed


def adds_up() -> None:
    assert services.recount().differences == []
