"""A shop whose orders are made by hand at chosen moments."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from analytics.facts import counting
from catalog.models import Order, Refund
from tests.analytics.facts.oracle import counted, held
from tests.factories import OrderFactory, OrderLineFactory, RefundFactory, ShopProfileFactory

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def at(day: str, hour: int = 12) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=hour)


@dataclass
class Books:
    """Orders and refunds, and whether the figures say the same."""

    def sell(self, customer: Any, when: str | datetime, price: Any = 100, *, hour: int = 12, **more: Any) -> Order:
        """A paid order with one line per price given."""
        moment = at(when, hour) if isinstance(when, str) else when
        prices = [Decimal(one) for one in (price if isinstance(price, list) else [price])]
        product = more.pop("product", None)
        total = sum(prices, Decimal(0))
        order = OrderFactory.create(
            **{
                "customer": customer, "status": "paid", "placed_at": moment, "paid_at": moment, "lines_total": total,
                "total": total, "paid_total": total, **more,
            }
        )  # fmt: skip
        for one in prices:
            about = {"variant__product": product} if product else {}
            OrderLineFactory.create(order=order, unit_price=one, **about)
        return order

    def give_back(self, order: Order | None, when: str, amount: Any, **more: Any) -> Refund:
        if order is not None:
            more["customer"] = order.customer
        found: Refund = RefundFactory.create(order=order, refunded_at=at(when), amount=Decimal(amount), **more)
        return found

    def are_right(self) -> bool:
        """Counts what was touched: every table holds what plain Python counts, and a full count changes nothing."""
        assert counting.refresh()
        assert held() == counted(counting.Clock.of_this_shop().today)
        differences, _rows = counting.compare()
        assert set(differences.values()) == {0}
        return True


@pytest.fixture
def books(db, monkeypatch) -> Books:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    ShopProfileFactory.create(time_zone="Asia/Shanghai", base_currency="CNY")
    counting.rebuild()
    return Books()
