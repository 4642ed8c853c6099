"""A shop with a year of orders, written in a few statements."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Customer, Order
from core.choices import Role
from tests.factories import ShopProfileFactory, StaffUserFactory

CUSTOMERS = 300
DAYS = 365


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path


def place(customer: Customer, at: datetime, amount: float, number: str, **more) -> Order:
    fields = {"currency": "CNY", "base_rate": 1, "status": Order.Status.PAID} | more
    return Order(
        customer=customer, placed_at=at, paid_at=at, number=number, lines_total=amount, total=amount,
        paid_total=amount, **fields,
    )  # fmt: skip


def noon(days_ago: int) -> datetime:
    return timezone.localtime().replace(hour=12, minute=0) - timedelta(days=days_ago)


@pytest.fixture
def shop(db):
    """Customers with an even number come every two weeks or so, those with an odd one every ten; a third has left."""
    ShopProfileFactory.create(name="Shop")
    rng = np.random.default_rng(1)
    people = Customer.objects.bulk_create(
        Customer(name=f"C{n}", external_id=f"c{n}", joined_at=noon(DAYS)) for n in range(CUSTOMERS)
    )
    orders = []
    for number, person in enumerate(people):
        gap = 14.0 if number % 2 == 0 else 70.0
        ago, end = float(rng.integers(60, DAYS)), 1 if number % 3 else int(rng.integers(30, 300))
        while ago >= end:
            orders.append(place(person, noon(int(ago)), float(round(rng.gamma(5, 10), 2)), f"o{len(orders)}"))
            ago -= 1 + rng.exponential(gap)
    Order.objects.bulk_create(orders)
    return people


@pytest.fixture
def analyst(db, client):
    person = StaffUserFactory.create(role=Role.ANALYST)
    client.force_login(person)
    return client
