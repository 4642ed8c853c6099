"""Help: the shop's articles, found by what somebody asks, quoted word for word with their version."""

from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from storefront.frame import Shopper, shop_page

LONGEST_QUESTION = 500
LIKELY = 0.3
"""Confidence from which an article may be what was asked for; the page says that below it nothing was found."""
SHOWN = 3
CATEGORIES = {
    "orders": _("Orders"), "delivery": _("Delivery"), "returns": _("Returns and refunds"),
    "payment": _("Payment and prices"), "products": _("Products"), "account": _("Account"), "shop": _("The shop"),
}  # fmt: skip
Row = dict[str, Any]


@require_safe
@shop_page
def find(shopper: Shopper) -> HttpResponseBase:
    """`?q=` what somebody asks; without it all articles by what they are about."""
    question = shopper.request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUESTION]
    language = _language(shopper)
    found: list[Row] = []
    if question:
        rows = shopper.browser.get("articles", q=question, language=language)["results"]
        found = [one for one in rows if one["confidence"] >= LIKELY][:SHOWN]
    every = shopper.browser.get("articles", language=language)["results"]
    groups = [(title, [one for one in every if one["category"] == key]) for key, title in CATEGORIES.items()]
    context = {"question": question, "found": found, "groups": [group for group in groups if group[1]]}
    return shopper.page("shop/help.html", {**context, "longest": LONGEST_QUESTION})


@require_safe
@shop_page
def article(shopper: Shopper, key: str) -> HttpResponseBase:
    """`?version=` as a quote names it, else as it is now."""
    version = shopper.request.GET.get("version", "")
    wanted = {"version": version} if version.isascii() and version.isdecimal() and len(version) < 6 else {}
    found = shopper.browser.get(f"articles/{key}", language=_language(shopper), **wanted)
    told = shopper.request.GET.get("told", "")
    context = {"article": found, "category": CATEGORIES.get(found["category"], ""), "told": told}
    return shopper.page("shop/article.html", context)


@require_POST
@shop_page
def helped(shopper: Shopper, key: str) -> HttpResponseBase:
    """`version`, `language` and `helped` yes or no."""
    form = shopper.request.POST
    body = {name: form.get(name, "") for name in ("version", "language")}
    shopper.browser.post(f"articles/{key}/helped", {**body, "helped": form.get("helped") == "yes"})
    said = {"version": body["version"], "told": "yes" if form.get("helped") == "yes" else "no"}
    return redirect(f"{reverse('shop:article', args=[key])}?{urlencode(said)}#helped")


def _language(shopper: Shopper) -> str:
    return "zh" if shopper.language.startswith("zh") else "en"
