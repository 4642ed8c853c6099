"""Looking around: home and a product."""

import time
from itertools import chain, zip_longest
from typing import Any
from urllib.parse import quote, urlencode

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from storefront.api import Refused
from storefront.frame import Shopper, shop_page
from storefront.views.account import offers_of, seen
from storefront.views.finding import trail_to
from storefront.views.looking import lookalikes
from storefront.views.reviewing import opinions

MOST_DEPARTMENTS = 6
MOST_OFFERS = 2
SHELF_SECONDS = 60
HERO_SIZES = "(min-width: 900px) 300px, 30vw"
_shelves: dict[str, tuple[float, dict[str, Any]]] = {}


@require_safe
@shop_page
def home(shopper: Shopper) -> HttpResponseBase:
    offers = [one for one in offers_of(shopper) if one["message"]][:MOST_OFFERS] if shopper.token else []
    context = {**_front(shopper), "hero_sizes": HERO_SIZES, "offers": seen(shopper, offers)}
    return shopper.page("shop/home.html", context)


def _front(shopper: Shopper) -> dict[str, Any]:
    """What is new in each department, and the departments with a picture. The same for all, so kept for a minute."""
    known = _shelves.get(shopper.language)
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    api = shopper.browser
    departments, shelves = [], []
    for category in api.get("categories")[:MOST_DEPARTMENTS]:
        newest = api.get("products", category=category["id"], in_stock="true", limit=2)["results"]
        departments.append({**category, "image": newest[0]["image"] if newest else None})
        shelves.append(newest)
    mixed = [product for product in chain.from_iterable(zip_longest(*shelves)) if product is not None]
    hero = [product for product in mixed if product["image"]][:3]
    large = {product["image"] for product in hero}
    for department in departments:  # a picture that the page shows large anyway is not fetched a second time
        department["sizes"] = HERO_SIZES if department["image"] in large else "48px"
    front = {"departments": departments, "newest": mixed[:8], "hero": hero}
    _shelves[shopper.language] = (time.monotonic() + SHELF_SECONDS, front)
    return front


@require_safe
@shop_page
def product(shopper: Shopper, product_id: str) -> HttpResponseBase:
    found = shopper.browser.get(f"products/{product_id}")
    chosen = next((one for one in found["variants"] if one["in_stock"]), None)
    category, sold_out = found["category"], [one for one in found["variants"] if not one["in_stock"]]
    trail = trail_to(shopper.browser.get("categories"), category["id"]) if category else []
    return shopper.page(
        "shop/product.html",
        {
            "product": found,
            "chosen": chosen or next(iter(found["variants"]), None),
            "trail": trail,
            "prices_differ": len({one["price"] for one in found["variants"]}) > 1,
            "sold_out": sold_out,
            "waits_for": _waits_for(shopper, product_id) if sold_out and shopper.token else [],
            "asked": shopper.request.GET.get("asked", ""),
            "was_added": shopper.request.GET.get("added") == "1",
            "lookalikes": lookalikes(shopper, found["id"]) if found["images"] else [],
            **opinions(shopper, found["id"]),
        },
    )


def _waits_for(shopper: Shopper, product_id: str) -> list[str]:
    """SKUs of this product of which the customer is told when they are back."""
    rows = shopper.me.get("me/stock-requests")["results"]
    return [one["sku"] for one in rows if one["product"] == product_id]


@require_POST
@shop_page
def tell_me(shopper: Shopper, product_id: str) -> HttpResponseBase:
    """One message when it is back; `stop` takes that back. Who is not signed in says where to."""
    said = shopper.request.POST
    sku, told = said.get("sku", "")[:80], "mail"
    try:
        if not shopper.token:
            shopper.browser.post("stock-requests", {"sku": sku, "email": said.get("email", "")[:254]})
        elif said.get("stop"):
            shopper.me.delete(f"me/stock-requests/{quote(sku, safe='')}")
            told = "no"
        elif shopper.me.post("me/stock-requests", {"sku": sku})["confirmed"]:
            told = "yes"
    except Refused as refused:
        if refused.status not in (400, 404, 409, 422):
            raise
        told = "not"
    return redirect(f"{reverse('shop:product', args=[product_id])}?{urlencode({'asked': told})}#tell-me")
