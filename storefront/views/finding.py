"""Finding products: the search, and a category, which is a search without words."""

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from storefront.api import Refused
from storefront.frame import Shopper, shop_page

PER_PAGE = 24
LONGEST_QUERY = 200
SORTS = {
    "relevance": _("Best match"),
    "price": _("Price, low to high"),
    "-price": _("Price, high to low"),
    "newest": _("Newest"),
}
Row = dict[str, Any]


@require_safe
@shop_page
def search(shopper: Shopper) -> HttpResponseBase:
    try:
        found = _found(shopper)
    except Refused as refused:
        return _without_filters(shopper, refused)
    return shopper.page("shop/search.html", found)


@require_safe
@shop_page
def category(shopper: Shopper, category_id: str) -> HttpResponseBase:
    trail = trail_to(shopper.browser.get("categories"), category_id)
    if not trail:
        return shopper.page("shop/missing.html", status=404)
    here = trail[-1]
    beside = here["children"] or (trail[-2]["children"] if len(trail) > 1 else [])
    try:
        found = _found(shopper, within=here)
    except Refused as refused:
        return _without_filters(shopper, refused)
    return shopper.page("shop/search.html", {**found, "trail": trail[:-1], "category": here, "beside": beside})


def _without_filters(shopper: Shopper, refused: Refused) -> HttpResponseBase:
    """An old or broken link names a brand or category that is not there: the words still count."""
    asked = shopper.request.GET
    if refused.status != 400 or not set(asked) - {"q"}:
        raise refused
    words = urlencode({"q": asked["q"]}) if asked.get("q") else ""
    return redirect(f"{shopper.request.path}{'?' if words else ''}{words}")


def _found(shopper: Shopper, *, within: Row | None = None) -> Row:
    """The page of results that the address asks for. What makes no sense in it is left out."""
    asked = shopper.request.GET
    low, high = prices(asked)
    sort = asked.get("sort") if asked.get("sort") in SORTS else "relevance"
    tags = [tag for tag in asked.getlist("tag") if ":" in tag and "," not in tag][:20]
    brands = asked.getlist("brand")[:30]
    offset = asked.get("offset", "")
    query = asked.get("q", "").strip()[:LONGEST_QUERY]
    chosen_category = asked.get("in", "")
    only_stock = asked.get("stock") == "1"
    api = shopper.me if shopper.token else shopper.browser
    answer = api.get(
        "search", q=query, sort=sort, price_min=low, price_max=high, tag=",".join(tags), brand=",".join(brands),
        category=within["id"] if within else chosen_category, in_stock="true" if only_stock else "",
        offset=offset if offset.isdigit() and len(offset) < 4 else "", limit=PER_PAGE, visitor=shopper.visitor,
    )  # fmt: skip
    facets = marked(answer["facets"], brands, tags)
    chosen = len(tags) + len(brands) + sum(map(bool, (low or high, only_stock, chosen_category)))
    return {
        "query": query,
        "answer": answer,
        "products": answer["results"],
        "also": answer["also"],
        "facets": facets,
        "departments": [one for one in facets["categories"] if one["depth"] == 1],
        "low": low,
        "high": high,
        "only_stock": only_stock,
        "sort": sort,
        "sorts": SORTS
        if query
        else {name: label for name, label in SORTS.items() if name != "relevance"} | {"relevance": _("Most popular")},
        "chosen_category": chosen_category,
        "chosen": chosen,
        "is_filtered": bool(chosen),
        "cleared": urlencode({"q": query}) if query else "",
        "is_first": not offset or offset == "0",
        "more": _with(asked, offset=answer["next_offset"]) if answer["next_offset"] else "",
    }


def prices(asked: QueryDict) -> tuple[str, str]:
    """The lowest and the highest price that are asked for, in this order; empty where none is."""
    low, high = price(asked.get("from", "")), price(asked.get("to", ""))
    return (high, low) if low and high and Decimal(low) > Decimal(high) else (low, high)


def marked(facets: Row, brands: list[str], tags: list[str]) -> Row:
    """The same facets with what is chosen."""
    for brand in facets["brands"]:
        brand["is_chosen"] = brand["id"] in brands
    for kind in facets["tags"]:
        for value in kind["values"]:
            value["tag"] = f"{kind['kind']}:{value['value']}"
            value["is_chosen"] = value["tag"] in tags
    return facets


def _with(asked: QueryDict, **changed: Any) -> str:
    """The same question with something changed."""
    kept = asked.copy()
    for name, value in changed.items():
        kept[name] = str(value)
    return kept.urlencode()


def price(text: str) -> str:
    """A typed price as the API takes it, or nothing when it is none."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return ""
    return f"{value:.2f}" if value.is_finite() and 0 <= value < 10**9 else ""


def trail_to(tree: list[Row], ident: str) -> list[Row]:
    """From the top of the tree to this category; empty when it is not there."""
    for node in tree:
        if ident in (node["id"], f"ext:{node['external_id']}"):
            return [node]
        if below := trail_to(node["children"], ident):
            return [node, *below]
    return []
