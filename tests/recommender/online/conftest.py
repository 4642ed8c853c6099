"""A shop where people see lists, click and buy: written as events, orders and signed ids."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalog.models import Customer, Interaction, Product, Visitor
from catalog.partitions import ensure_partitions
from core.choices import Role
from core.roles import sync_roles
from recommender import tokens
from recommender.models import RecommendationDay
from recommender.online import counting
from tests.factories import OrderFactory, OrderLineFactory, ProductFactory, ShopProfileFactory, StaffUserFactory

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass
class Scene:
    """Acts at moments told in hours before `NOW`."""

    products: list[Product]
    known: dict[str, Visitor] = field(default_factory=dict)

    def token(self, hours_ago: float = 0.0, placement: str = "home", **more: Any) -> str:
        """An id made so long before NOW."""
        made = NOW - timedelta(hours=hours_ago)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("core.attribution.timezone.now", lambda: made)
            return tokens.make(placement=placement, version_id=more.pop("version_id", 7), **more)

    def visitor(self, key: str, customer: Customer | None = None) -> Visitor:
        if key not in self.known:
            self.known[key] = Visitor.objects.create(key=key, customer=customer, first_seen_at=NOW - timedelta(days=60))
        return self.known[key]

    def act(
        self, who: str, kind: str, token: str, hours_ago: float = 0.0, product: int | None = 0, **more: Any
    ) -> Interaction:
        shown = more.pop("shown", None)
        context = {"recommendation": token} | ({"shown": shown} if shown else {})
        return Interaction.objects.create(
            visitor=self.visitor(who), kind=kind, occurred_at=NOW - timedelta(hours=hours_ago), context=context,
            product=self.products[product] if kind != "impression" and product is not None else None,
            value=len(shown) if shown else None, **more,
        )  # fmt: skip

    def buy(
        self, customer: Customer | None, product: int = 0, hours_ago: float = 0.0, price: int = 100, quantity: int = 1
    ) -> Any:
        at, amount = NOW - timedelta(hours=hours_ago), Decimal(price * quantity)
        order = OrderFactory.create(
            customer=customer, status="paid", placed_at=at, paid_at=at, lines_total=amount, total=amount,
            paid_total=amount, base_rate=1,
        )  # fmt: skip
        OrderLineFactory.create(order=order, product=self.products[product], quantity=quantity, unit_price=price)
        return order

    def rows(self) -> list[dict[str, Any]]:
        """Everything that was counted, in a fixed order, without row numbers."""
        found = RecommendationDay.objects.order_by("day", "placement", "arm_id", "source", "version_id").values()
        return [{name: value for name, value in row.items() if name != "id"} for row in found]


@pytest.fixture
def scene(db, monkeypatch) -> Scene:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    ensure_partitions((NOW - timedelta(days=70)).date(), NOW.date())
    ShopProfileFactory.create(time_zone="UTC", credit_hours=24)
    return Scene(ProductFactory.create_batch(4))


@pytest.fixture
def day(scene):
    """Count, and give the one row that there must be."""

    def count() -> RecommendationDay:
        counting.count_touched()
        return RecommendationDay.objects.get()

    return count


@pytest.fixture
def staff(db) -> Callable[[Role], Client]:
    """`staff(Role.ANALYST)`: the browser of somebody in this role."""

    def make(role: Role) -> Client:
        sync_roles()
        client = Client()
        client.force_login(StaffUserFactory.create(role=role))
        return client

    return make


@pytest.fixture(autouse=True)
def no_figures_kept():
    """Figures of an earlier test that took long are not those of this one."""
    cache.clear()
