"""The basket lies in a signed cookie: it works without scripts, needs no row, and belongs to nobody."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from storefront.api import Refused, ShopApi

COOKIE = "shop_basket"
SALT = "storefront.basket"
KEEP_SECONDS = 30 * 24 * 3600
MOST_LINES = 20
MOST_PIECES = 20


@dataclass(frozen=True)
class Entry:
    """What the cookie remembers: no names, no prices."""

    product: str
    sku: str
    quantity: int


@dataclass(frozen=True)
class Line:
    """An entry as the catalogue sees it now."""

    entry: Entry
    product: dict[str, Any]
    variant: dict[str, Any]

    @property
    def amount(self) -> Decimal:
        return Decimal(self.variant["price"]) * self.entry.quantity

    @property
    def is_available(self) -> bool:
        return bool(self.variant["in_stock"])


@dataclass
class Basket:
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def of(cls, request: HttpRequest) -> "Basket":
        """The basket of this browser; an empty one when the cookie is missing, old or not ours."""
        try:
            rows = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEEP_SECONDS)
            entries = [Entry(str(product), str(sku), int(quantity)) for product, sku, quantity in rows]
        except (signing.BadSignature, ValueError, TypeError):
            entries = []
        return cls(entries)

    @property
    def pieces(self) -> int:
        return sum(entry.quantity for entry in self.entries)

    @property
    def products(self) -> list[str]:
        return list(dict.fromkeys(entry.product for entry in self.entries))

    def add(self, product: str, sku: str, quantity: int) -> None:
        """More of what lies there, or a line more; never above the limits."""
        known = next((entry for entry in self.entries if entry.sku == sku), None)
        if known is not None:
            self.set(sku, known.quantity + quantity)
        elif len(self.entries) < MOST_LINES and quantity > 0:
            self.entries.append(Entry(product, sku, min(quantity, MOST_PIECES)))

    def set(self, sku: str, quantity: int) -> None:
        """This many; none takes the line away."""
        changed = [
            Entry(entry.product, sku, min(quantity, MOST_PIECES)) if entry.sku == sku else entry
            for entry in self.entries
        ]
        self.entries = [entry for entry in changed if entry.quantity > 0]

    def keep(self, response: HttpResponseBase) -> None:
        rows = [[entry.product, entry.sku, entry.quantity] for entry in self.entries]
        value = signing.dumps(rows, salt=SALT, compress=True)
        keep_cookie(response, COOKIE, value, max_age=KEEP_SECONDS)

    def lines(self, api: ShopApi) -> list[Line]:
        """What lies in it with today's names and prices; what the shop no longer has is left out. One call each."""
        found: list[Line] = []
        products: dict[str, dict[str, Any] | None] = {}
        for entry in self.entries:
            if entry.product not in products:
                products[entry.product] = _product(api, entry.product)
            product = products[entry.product]
            variant = next((one for one in product["variants"] if one["sku"] == entry.sku), None) if product else None
            if product is not None and variant is not None:
                found.append(Line(entry, product, variant))
        return found


def _product(api: ShopApi, product: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = api.get(f"products/{product}")
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return found


def keep_cookie(response: HttpResponseBase, name: str, value: str, *, max_age: int) -> None:
    """For this shop's pages only, and for no script."""
    from django.conf import settings

    response.set_cookie(
        name, value, max_age=max_age, path="/shop/", httponly=True, samesite="Lax", secure=settings.PRODUCTION
    )
