"""What fields of a message say about its occasion: names of products, prices, where they are shown."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import translation

from catalog.models import Product, Variant
from core.components.words import listed, money
from marketing import links
from marketing.models import Occasion

SHOWN = 3
"""So many products are named in one line."""


def values(occasion: Occasion, language: str) -> dict[str, str]:
    """By name of the field, as plain texts. Only products that can be bought now are named."""
    facts = occasion.facts
    wanted = facts.get("products") or []
    known = {one.pk: one for one in Product.objects.sellable().filter(pk__in=wanted)}
    products = [known[pk] for pk in wanted if pk in known]
    said = {"products": "", "product_url": "", "price_before": "", "price_now": ""}
    if not products:
        return said
    first = products[0]
    with translation.override(language):
        said["products"] = listed(one.localised("name", language) for one in products[:SHOWN])
        said["product_url"] = links.absolute(reverse("shop:product", args=[first.public_id]))
        said["price_now"] = money(_price(first, facts))
        if facts.get("before") and first.pk == wanted[0]:
            said["price_before"] = money(Decimal(facts["before"]))
    return said


def _price(product: Product, facts: dict[str, Any]) -> Decimal:
    if variant := facts.get("variant"):
        own = Variant.objects.filter(pk=variant, product=product).values_list("price", flat=True).first()
        if own is not None:
            return own
    return product.price
