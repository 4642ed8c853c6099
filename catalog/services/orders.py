"""Placing orders."""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import coupons, facts
from catalog.exceptions import BadInput, DomainError, OrderNumberTaken
from catalog.models import Customer, Order, OrderEvent, OrderLine, Product, Variant
from catalog.services.stock import take_for_order
from catalog.services.visitors import visitor_of_order
from catalog.signals import announce, order_placed
from core.api import ids
from core.money import amount_text
from core.shop import current_shop

ZERO = Decimal("0")
LARGEST_TOTAL = Decimal("10000000000000")
NUMBER_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that people confuse on the telephone


@dataclass(frozen=True)
class NewLine:
    """What is bought: a SKU, or a product that has one variant. Without a price the catalogue's counts."""

    quantity: int
    sku: str | None = None
    product: str | None = None
    unit_price: Decimal | None = None
    discount: Decimal = ZERO


@dataclass(frozen=True)
class NewOrder:
    """An order to place. `number` is the shop's own; without one it is made here.

    `visitor` is the id of the browser, which is no part of what was ordered.
    """

    lines: Sequence[NewLine]
    customer: Customer | None = None
    visitor: str = ""
    number: str = ""
    currency: str = ""
    base_rate: Decimal | None = None
    shipping: Decimal = ZERO
    discount: Decimal = ZERO
    channel: str = ""
    country: str = ""
    placed_at: datetime | None = None
    coupon: str = ""

    def fingerprint(self) -> str:
        """Equal for equal orders, whatever prices and stock are today: how a repeated call is recognised."""
        content: Any = [
            self.customer.pk if self.customer else None,
            self.currency,
            str(self.base_rate.normalize() if self.base_rate is not None else None),
            str(self.shipping.normalize()),
            str(self.discount.normalize()),
            self.channel,
            self.country,
            self.placed_at.timestamp() if self.placed_at else None,
            [
                [
                    line.sku,
                    line.product,
                    line.quantity,
                    str(line.unit_price.normalize() if line.unit_price is not None else None),
                    str(line.discount.normalize()),
                ]
                for line in self.lines
            ],
            *([self.coupon] if self.coupon else []),
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class Placed:
    order: Order
    is_new: bool


def place_order(new: NewOrder) -> Placed:
    """Take the stock and write the order, or neither.

    The same number with the same content is the same order; with other content it is refused (OrderNumberTaken).
    Raises OutOfStock, BadInput.
    """
    if new.number and (known := _known(new)) is not None:
        return known
    try:
        with transaction.atomic():
            return Placed(_write(new), is_new=True)
    except (IntegrityError, DomainError):
        # A twin may have been quicker with this number: it took the stock and the code.
        known = _known(new) if new.number else None
        if known is None:
            raise
        return known


def _known(new: NewOrder) -> Placed | None:
    order = Order.objects.filter(number=new.number).first()
    if order is None:
        return None
    placed = order.events.filter(kind=OrderEvent.Kind.PLACED).first()
    if placed is None or placed.details.get("fingerprint") != new.fingerprint():
        raise OrderNumberTaken(_("Another order already has the number %(number)s.") % {"number": new.number})
    return Placed(order, is_new=False)


def _write(new: NewOrder) -> Order:
    lines, wanted = _lines(new)
    lines_total = sum((line.amount for line in lines), ZERO)
    if lines_total + new.shipping < new.discount:
        raise BadInput(_("The discount is larger than the order."), extra={"field": "discount"})
    if lines_total >= LARGEST_TOTAL or lines_total + new.shipping - new.discount >= LARGEST_TOTAL:
        raise BadInput(_("The order is larger than this shop can count."), extra={"field": "lines"})
    now, priced = timezone.now(), _money(new)
    coupon = _coupon(new, lines, priced["base_rate"], now) if new.coupon else None
    discount = new.discount + (coupon.off if coupon is not None else ZERO)
    # The row comes first: a twin with the same number waits here, before it has taken any stock.
    order = Order.objects.create(
        number=new.number or _new_number(now),
        customer=new.customer,
        visitor_id=visitor_of_order(new.visitor, new.customer) if new.visitor else None,
        status=Order.Status.PLACED,
        lines_total=lines_total,
        shipping=new.shipping,
        discount=discount,
        total=lines_total + new.shipping - discount,
        channel=new.channel,
        country=new.country,
        placed_at=new.placed_at or now,
        **priced,
    )
    if coupon is not None:
        coupon.use(order)
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)
    take_for_order(order, wanted)
    OrderEvent.objects.create(
        order=order,
        kind=OrderEvent.Kind.PLACED,
        occurred_at=order.placed_at,
        details={
            "fingerprint": new.fingerprint(),
            **({"coupon": amount_text(coupon.off)} if coupon is not None else {}),
        },
    )
    announce(order_placed, Order, order_id=order.pk)
    facts.order_moved(order, OrderEvent.Kind.PLACED, {})
    return order


def _coupon(new: NewOrder, lines: Sequence[OrderLine], base_rate: Decimal, now: datetime) -> coupons.Taken:
    """What the code takes off what is left to pay: never more."""
    lines_total = sum((line.amount for line in lines), ZERO)
    pieces: dict[int, Decimal] = {}
    for line in lines:
        if line.product_id is not None:
            pieces[line.product_id] = max(pieces.get(line.product_id, ZERO), line.amount / line.quantity)
    # What was taken off already is taken off the products first.
    products = max(lines_total - new.discount, ZERO)
    shipping = min(new.shipping, lines_total + new.shipping - new.discount)
    basket = coupons.Basket(new.customer, products, shipping, base_rate, new.placed_at or now, pieces)
    return coupons.taken(new.coupon, basket)


def _money(new: NewOrder) -> dict[str, Any]:
    """Currency and its rate. Catalogue prices are in the base currency, so others need prices of their own."""
    base = current_shop().base_currency
    currency = new.currency or base
    if currency == base:
        if new.base_rate not in (None, 1):
            raise BadInput(_("The rate of the base currency is 1."), extra={"field": "base_rate"})
        return {"currency": base, "base_rate": Decimal(1)}
    if new.base_rate is None:
        raise BadInput(
            _("An order in %(currency)s needs the rate to %(base)s.") % {"currency": currency, "base": base},
            extra={"field": "base_rate"},
        )
    for position, line in enumerate(new.lines):
        if line.unit_price is None:
            raise BadInput(
                _("An order in %(currency)s needs a price in each line.") % {"currency": currency},
                extra={"field": f"lines.{position}.unit_price"},
            )
    return {"currency": currency, "base_rate": new.base_rate}


def _lines(new: NewOrder) -> tuple[list[OrderLine], Mapping[Variant, int]]:
    """Lines with their prices, and the pieces wanted of each variant."""
    by_sku, by_product = _variants(new.lines)
    lines: list[OrderLine] = []
    wanted: Counter[Variant] = Counter()
    for position, line in enumerate(new.lines):
        variant = _variant_of(line, position, by_sku, by_product)
        product = variant.product
        if product.status != Product.Status.LIVE:
            raise DomainError(
                _("%(sku)s is not for sale.") % {"sku": variant.sku},
                code="not_for_sale",
                extra={"field": f"lines.{position}"},
            )
        price = line.unit_price
        if price is None:
            price = product.price if variant.price is None else variant.price
        row = OrderLine(
            line=position + 1,
            product=product,
            variant=variant,
            sku=variant.sku,
            name=product.name,
            quantity=line.quantity,
            unit_price=price,
            discount=line.discount,
        )
        if row.amount < 0:
            raise BadInput(_("The discount is larger than the line."), extra={"field": f"lines.{position}.discount"})
        lines.append(row)
        wanted[variant] += line.quantity
    return lines, wanted


def _variants(lines: Sequence[NewLine]) -> tuple[dict[str, Variant], dict[str, list[Variant]]]:
    """Variants by SKU, and those of each product id, in at most three queries."""
    named = [line.product for line in lines if line.product]
    existing = Product.objects.existing()
    keys = ids.primary_keys(existing, named) if named else {}
    rows = Variant.objects.select_related("product").filter(
        Q(sku__in=[line.sku for line in lines if line.sku]) | Q(product__in=keys.values()), product__deleted_at=None
    )
    by_sku: dict[str, Variant] = {}
    of_product: dict[int, list[Variant]] = {}
    for variant in rows.order_by("pk"):
        by_sku[variant.sku] = variant
        of_product.setdefault(variant.product_id, []).append(variant)
    return by_sku, {ident: of_product.get(pk, []) for ident, pk in keys.items()}


def _variant_of(
    line: NewLine, position: int, by_sku: Mapping[str, Variant], by_product: Mapping[str, list[Variant]]
) -> Variant:
    if line.sku:
        variant = by_sku.get(line.sku)
        if variant is None:
            raise BadInput(
                _("No variant has the SKU %(sku)s.") % {"sku": line.sku},
                code="unknown_sku",
                extra={"field": f"lines.{position}.sku"},
            )
        return variant
    found = by_product.get(line.product or "")
    field = {"field": f"lines.{position}.product"}
    if found is None:
        raise BadInput(_("No product has this ID."), code="unknown_product", extra=field)
    if len(found) != 1:
        raise BadInput(
            _("This product has %(count)d variants: name the SKU.") % {"count": len(found)},
            code="variant_needed",
            extra=field,
        )
    return found[0]


def _new_number(now: datetime) -> str:
    """Date and eight random characters: short enough to read out, too many to guess."""
    return f"{now:%y%m%d}-{''.join(secrets.choice(NUMBER_LETTERS) for _i in range(8))}"


__all__ = ["NewLine", "NewOrder", "Placed", "place_order"]
