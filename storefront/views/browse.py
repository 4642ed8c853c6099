"""Looking around: home and a product."""

import time
from itertools import chain, zip_longest
from typing import Any

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

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
    category = found["category"]
    trail = trail_to(shopper.browser.get("categories"), category["id"]) if category else []
    return shopper.page(
        "shop/product.html",
        {
            "product": found,
            "chosen": chosen or next(iter(found["variants"]), None),
            "trail": trail,
            "prices_differ": len({one["price"] for one in found["variants"]}) > 1,
            "was_added": shopper.request.GET.get("added") == "1",
            "lookalikes": lookalikes(shopper, found["id"]) if found["images"] else [],
            **opinions(shopper, found["id"]),
        },
    )
