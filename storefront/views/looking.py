"""Finding products by a photo, and those that look like another one."""

import base64
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from storefront.api import Refused
from storefront.frame import Shopper, shop_page
from storefront.views import finding

PER_PAGE = 24
BESIDE = 4
LARGEST_PHOTO = 10 * 1024 * 1024
SHOWN_BYTES = 200_000
"""Photos up to this size are shown above what was found; the page's script makes every photo smaller than that."""
LEAST_ALIKE = 0.5
"""Products that are less like the one of the page than this are not shown beside it."""
KINDS = ("image/jpeg", "image/png", "image/webp")
Row = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def by_photo(shopper: Shopper) -> HttpResponseBase:
    """A form; sent with a photo, the products that look like it. What cannot be taken is said above the form."""
    if shopper.request.method != "POST":
        return shopper.page("shop/photo_search.html")
    content, kind = _sent(shopper.request)
    if content is None:
        return shopper.page("shop/photo_search.html", {"problem": _("Choose a photo first.")}, status=400)
    api = shopper.me if shopper.token else shopper.browser
    chosen = _chosen(shopper.request.POST)
    try:
        answer = api.send(
            "search/image", content, kind if kind.startswith("image/") else "image/unknown", limit=PER_PAGE,
            category=chosen["chosen_category"], price_min=chosen["low"], price_max=chosen["high"],
            brand=",".join(chosen["brands"]), tag=",".join(chosen["tags"]),
        )  # fmt: skip
    except Refused as refused:
        if refused.status not in (400, 413, 422):
            raise
        return shopper.page("shop/photo_search.html", {"problem": refused.detail}, status=refused.status)
    shown = _shown(content, kind)
    context = {
        **chosen,
        "answer": answer,
        "products": answer["results"],
        "is_ready": answer["source"] != "fallback",
        "shown": shown,
        **(_filters(api, chosen) if shown else {}),
    }
    return shopper.page("shop/photo_search.html", context)


def _sent(request: HttpRequest) -> tuple[bytes | None, str]:
    """The photo and its kind: from the field, or the one that the page before showed and that is narrowed now."""
    file = request.FILES.get("image")
    if file is not None:
        return file.read(LARGEST_PHOTO + 1), file.content_type or ""
    head, _comma, body = request.POST.get("again", "").partition(";base64,")
    kind = head.removeprefix("data:")
    if kind not in KINDS:
        return None, ""
    try:
        return base64.b64decode(body, validate=True), kind
    except ValueError:
        return None, ""


def _chosen(asked: QueryDict) -> Row:
    """What narrows. What makes no sense is left out."""
    low, high = finding.prices(asked)
    found = {
        "low": low, "high": high, "chosen_category": asked.get("in", ""), "brands": asked.getlist("brand")[:30],
        "tags": [tag for tag in asked.getlist("tag") if ":" in tag and "," not in tag][:20],
    }  # fmt: skip
    return found | {"is_filtered": any(found.values())}


def _filters(api: Any, chosen: Row) -> Row:
    """What can be chosen: departments, brands and tags of the shop."""
    facets = finding.marked(api.get("search", limit=1)["facets"], chosen["brands"], chosen["tags"])
    return {"facets": facets, "departments": [one for one in facets["categories"] if one["depth"] == 1]}


def _shown(content: bytes, kind: str) -> str:
    """The photo as an address that holds it; empty for large ones. It is stored nowhere."""
    if kind not in KINDS or len(content) > SHOWN_BYTES:
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def lookalikes(shopper: Shopper, product_id: str) -> list[Row]:
    """What stands under "Looks like this" on the page of a product; nothing when that cannot be said now."""
    try:
        answer = shopper.browser.get(f"products/{product_id}/similar-looking", limit=BESIDE)
    except Refused:  # a page about a product does not fail for what stands below it
        return []
    return [row for row in answer["results"] if row["score"] >= LEAST_ALIKE]
