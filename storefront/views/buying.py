"""The basket, the checkout and the order: what the shop's own back end does with its server key."""

import secrets
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from storefront.api import Refused
from storefront.basket import Line, keep_cookie
from storefront.frame import Shopper, shop_page

ORDERS_COOKIE = "shop_orders"
ORDERS_SALT = "storefront.orders"
ORDERS_SECONDS = 90 * 24 * 3600
MOST_ORDERS = 20
COUNTRIES = {"CN": _("China"), "GB": _("United Kingdom"), "US": _("United States")}
DELIVERY = {
    "standard": (_("Standard, 3 to 5 days"), Decimal("12.00")),
    "express": (_("Express, next day"), Decimal("28.00")),
}
FREE_FROM = Decimal("299.00")
PAYMENTS = {"card": _("Card (demo: nothing is charged)"), "later": _("Pay later, by invoice")}


@require_safe
@shop_page
def basket(shopper: Shopper) -> HttpResponseBase:
    lines = shopper.basket.lines(shopper.browser)
    total = _sum(lines)
    context = {"lines": lines, "total": total, "missing_for_free": max(Decimal(0), FREE_FROM - total)}
    context["can_order"] = bool(lines) and all(line.is_available for line in lines)
    return shopper.page("shop/basket.html", context)


def _sum(lines: list[Line]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


@require_POST
@shop_page
def add(shopper: Shopper) -> HttpResponseBase:
    """Only what the shop has can be put in. Back to the product, which says so."""
    sent = shopper.request.POST
    product = shopper.browser.get(f"products/{sent.get('product', '')}")
    variant = next((one for one in product["variants"] if one["sku"] == sent.get("sku")), None)
    address = reverse("shop:product", args=[product["id"]])
    if variant is None or not variant["in_stock"]:
        return redirect(address)
    shopper.basket.add(product["id"], variant["sku"], _quantity(sent.get("quantity", "1")) or 1)
    response = redirect(f"{address}?{urlencode({'added': 1})}")
    shopper.basket.keep(response)
    return response


@require_POST
@shop_page
def change(shopper: Shopper) -> HttpResponseBase:
    """The whole basket form: a quantity for each SKU, and perhaps a button that takes one out."""
    for name, value in shopper.request.POST.items():
        if name.startswith("quantity:") and (quantity := _quantity(str(value))) is not None:
            shopper.basket.set(name.removeprefix("quantity:"), quantity)
    if gone := shopper.request.POST.get("remove"):
        shopper.basket.set(gone, 0)
    response = redirect("shop:basket")
    shopper.basket.keep(response)
    return response


def _quantity(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def checkout(shopper: Shopper) -> HttpResponseBase:
    lines = shopper.basket.lines(shopper.browser)
    if not lines:
        return redirect("shop:basket")
    total = _sum(lines)
    chosen = {
        "country": _one_of(COUNTRIES, shopper.request.POST.get("country")),
        "delivery": _one_of(DELIVERY, shopper.request.POST.get("delivery")),
        "payment": _one_of(PAYMENTS, shopper.request.POST.get("payment")),
    }
    refusal = ""
    # Without scripts a button asks for the total first.
    if shopper.request.method == "POST" and not shopper.request.POST.get("recount"):
        try:
            return _place(shopper, lines, chosen, _shipping(chosen["delivery"], total))
        except Refused as refused:
            if refused.status not in (409, 422):
                raise
            refusal = refused.detail
    ways: list[dict[str, Any]] = [
        {"code": code, "label": label, "price": shipping, "total": total + shipping}
        for code, (label, _price) in DELIVERY.items()
        for shipping in [_shipping(code, total)]
    ]
    way = next(way for way in ways if way["code"] == chosen["delivery"])
    codes = _codes(shopper, lines, ways)
    wanted = _coupon(shopper)
    coupon = next((one for one in codes if _plain(one["code"]) == _plain(wanted)), None)
    off = coupon["ways"][chosen["delivery"]]["off"] if coupon is not None else Decimal(0)
    return shopper.page(
        "shop/checkout.html",
        {
            "lines": lines, "total": total, "ways": ways, "countries": COUNTRIES, "payments": PAYMENTS,
            "chosen": chosen, "refusal": refusal, "attempt": secrets.token_urlsafe(16),
            "way": way, "off": off, "to_pay": way["total"] - off,
            "name": shopper.me.get("me")["name"] if shopper.token else "",
            "codes": codes,
            "coupon": coupon["code"] if coupon is not None and coupon["counts"] else "",
            "typed": wanted if coupon is None else "", "is_unknown": bool(wanted) and coupon is None,
            "too_early": coupon is not None and not coupon["counts"],
        },
        status=409 if refusal else 200,
    )  # fmt: skip


def _codes(shopper: Shopper, lines: list[Line], ways: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The customer's codes, of offers and of points, with what each takes off and leaves to pay by each way of
    delivery."""
    if not shopper.token:
        return []
    found: dict[str, dict[str, Any]] = {}
    total = _sum(lines)
    for way in ways:
        asked = {"limit": 20, "products": str(total), "shipping": str(way["price"])}
        for one in shopper.me.get("me/offers", **asked)["results"]:
            _note_way(found, one, way, Decimal(one["takes_off"] or 0))
    for one in shopper.me.get("me/loyalty")["codes"]:
        for way in ways:
            _note_way(found, {**one, "title": one["name"]}, way, _of_points(one, lines, total, way["price"]))
    return list(found.values())


def _note_way(found: dict[str, dict[str, Any]], one: dict[str, Any], way: dict[str, Any], off: Decimal) -> None:
    said = found.setdefault(one["code"], {**one, "counts": False, "ways": {}})
    said["counts"] |= bool(off)
    said["ways"][way["code"]] = {"off": off, "total": way["total"] - off}


def _of_points(code: dict[str, Any], lines: list[Line], total: Decimal, shipping: Decimal) -> Decimal:
    """What a code of points will take off: an amount, the delivery, or a piece of its product."""
    if code["kind"] == "shipping":
        return shipping
    if code["kind"] == "product":
        pieces = [Decimal(line.variant["price"]) for line in lines if line.product["id"] == code["product"]]
        return max(pieces, default=Decimal(0))
    return min(Decimal(code["amount"]), total)


def _one_of(choices: dict[str, Any], wanted: str | None) -> str:
    return wanted if wanted in choices else next(iter(choices))


def _shipping(way: str, total: Decimal) -> Decimal:
    return Decimal("0.00") if way == "standard" and total >= FREE_FROM else DELIVERY[way][1]


def _place(shopper: Shopper, lines: list[Line], chosen: dict[str, str], shipping: Decimal) -> HttpResponseBase:
    """One order for one sending of the form, however often the button is pressed."""
    body: dict[str, Any] = {
        "lines": [{"sku": line.entry.sku, "quantity": line.entry.quantity} for line in lines],
        "shipping": str(shipping),
        "country": chosen["country"],
        "channel": "web",
    }
    if visitor := shopper.request.POST.get("visitor", "")[:64]:
        body["visitor"] = visitor  # the script wrote it there, when the person allows it
    if shopper.token:
        body["customer"] = shopper.me.get("me")["id"]
        if coupon := _coupon(shopper):
            body["coupon"] = coupon
    attempt = shopper.request.POST.get("attempt", "")[:60]
    key = f"shop-{attempt}" if attempt.isascii() and attempt.replace("-", "").replace("_", "").isalnum() else ""
    order = shopper.back_end.post("orders", body, idempotency_key=key)
    if chosen["payment"] == "card" and order["status"] == "placed":
        paid = {"kind": "paid", "method": "demo card", "external_id": f"demo-{order['id']}"}
        shopper.back_end.post(f"orders/{order['number']}/events", paid)
    response = redirect(f"{reverse('shop:order', args=[order['number']])}?new=1")
    shopper.basket.entries = []
    shopper.basket.keep(response)
    numbers = [order["number"], *(one for one in own_orders(shopper.request) if one != order["number"])]
    value = signing.dumps(numbers[:MOST_ORDERS], salt=ORDERS_SALT, compress=True)
    keep_cookie(response, ORDERS_COOKIE, value, max_age=ORDERS_SECONDS)
    return response


def _coupon(shopper: Shopper) -> str:
    """A code that was typed, else the one that was chosen."""
    sent = shopper.request.POST
    return (sent.get("typed", "").strip() or sent.get("coupon", "").strip())[:40]


def _plain(code: str) -> str:
    return "".join(code.upper().replace("-", "").split())


def own_orders(request: HttpRequest) -> list[str]:
    """Numbers of the orders that this browser placed."""
    try:
        found = signing.loads(request.COOKIES.get(ORDERS_COOKIE, ""), salt=ORDERS_SALT, max_age=ORDERS_SECONDS)
    except signing.BadSignature:
        return []
    return [str(number) for number in found]


@require_safe
@shop_page
def order(shopper: Shopper, number: str) -> HttpResponseBase:
    """An order of this browser, or of who is signed in. Others look like numbers that do not exist."""
    if number in own_orders(shopper.request):
        found = shopper.back_end.get(f"orders/{number}")
    elif shopper.token:
        found = shopper.me.get(f"orders/{number}")
    else:
        return shopper.page("shop/missing.html", status=404)
    for line in found["lines"]:
        line["name"] = _name_now(shopper, line) or line["name"]
    steps = [event for event in found["events"] if event["kind"] != "note"]
    is_new = shopper.request.GET.get("new") == "1"
    return shopper.page("shop/order.html", {"order": found, "steps": steps, "is_new": is_new})


def _name_now(shopper: Shopper, line: dict[str, Any]) -> str:
    """The product's name in the reader's language; the order keeps the one of its day for what is gone."""
    if not line["product"]:
        return ""
    try:
        return str(shopper.browser.get(f"products/{line['product']}")["name"])
    except Refused as refused:
        if refused.status != 404:
            raise
        return ""
