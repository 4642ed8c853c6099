"""Codes that an order names, as the floor above that gave them decides (catalog.extensions.order_coupons)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext as _

from catalog.exceptions import BadInput
from catalog.extensions import order_coupons
from catalog.models import Customer, Order


@dataclass(frozen=True)
class Basket:
    """What an order costs before the code. Money is in its own currency; `base_rate` converts to the shop's. `pieces`:
    what one piece of each product costs, by its key; the dearest of its variants."""

    customer: Customer | None
    products: Decimal
    shipping: Decimal
    base_rate: Decimal
    at: datetime
    pieces: Mapping[int, Decimal] = field(default_factory=dict)


class CouponDoor(Protocol):
    """Gives codes and takes them."""

    def off(self, code: str, basket: Basket) -> Decimal | None:
        """What the code takes off, in the order's currency. None: not one of these codes. Raises DomainError."""

    def use(self, code: str, order: Order, off: Decimal) -> None:
        """In the transaction of the order: the code is used now, by this order. Raises DomainError when somebody else
        was quicker."""


@dataclass(frozen=True)
class Taken:
    """A code that will be used, and what it takes off."""

    door: CouponDoor
    code: str
    off: Decimal

    def use(self, order: Order) -> None:
        self.door.use(self.code, order, self.off)


def taken(code: str, basket: Basket) -> Taken:
    """Ask the doors what a code is worth for this basket. Raises BadInput for a code nobody gave, DomainError for one
    that does not count here."""
    for entry in order_coupons:
        door: CouponDoor = entry.resolve()
        off = door.off(code, basket)
        if off is not None:
            return Taken(door, code, off)
    raise BadInput(_("No code is like this."), code="unknown_coupon", extra={"field": "coupon"})
