"""What customers say about a product: read by everybody, written and judged by who is signed in."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from storefront.api import Refused
from storefront.frame import Shopper, shop_page

SHOWN_ON_PRODUCT = 3
PER_PAGE = 10
MOST_PHOTOS = 6
LARGEST_PHOTO = 10_000_000
"""Bytes; the API says the same and refuses more."""
SORTS = {
    "newest": _("Newest"),
    "helpful": _("Most helpful"),
    "highest": _("Most stars"),
    "lowest": _("Fewest stars"),
}
REASONS = {
    "off_topic": _("It is not about the product"),
    "advertising": _("It is advertising"),
    "personal_data": _("It names somebody's personal data"),
    "abusive": _("It is abusive"),
    "not_genuine": _("It is not genuine"),
}
KEPT = ("review", "sort", "stars", "after")
"""What says which reviews are shown, so that who judged one comes back to it."""
Row = dict[str, Any]


def opinions(shopper: Shopper, product_id: str) -> Row:
    """For the page of a product: the stars, the reviews that helped most, and the reader's own, if there is one.

    Empty where the shop's key is from before reviews and may not read them: the page stands without.
    """
    try:
        summary = shopper.browser.get(f"products/{product_id}/review-summary")
    except Refused as refused:
        if refused.code != "scope_missing":
            raise
        return {}
    shown = []
    if summary["count"]:
        path = f"products/{product_id}/reviews"
        shown = shopper.browser.get(path, sort="helpful", limit=SHOWN_ON_PRODUCT)["results"]
    own = _own(shopper, product_id)
    return {"summary": summary, "reviews": shown, "own": own, "most_photos": MOST_PHOTOS}


def _own(shopper: Shopper, product_id: str) -> Row | None:
    """The newest hundred are looked through; whoever wrote more is told by the API that this one is there."""
    if not shopper.token:
        return None
    mine = shopper.me.get("me/reviews", limit=100)["results"]
    return next((one for one in mine if one["product"]["id"] == product_id), None)


@require_safe
@shop_page
def reviews(shopper: Shopper, product_id: str) -> HttpResponseBase:
    """All of them, page by page, or with `?review=` the one that a summary quotes."""
    asked = shopper.request.GET
    sort = asked.get("sort", "") if asked.get("sort", "") in SORTS else "newest"
    rating = asked.get("stars", "") if asked.get("stars", "") in {"1", "2", "3", "4", "5"} else ""
    product = shopper.browser.get(f"products/{product_id}")
    path = f"products/{product['id']}/reviews"
    only = asked.get("review", "")[:64]
    wanted = {"review": only} if only else {"sort": sort, "rating": rating, "cursor": asked.get("after", "")}
    page = shopper.browser.get(path, **wanted, limit=PER_PAGE)
    after = parse_qs(urlsplit(page["next"] or "").query).get("cursor", [""])[0]
    kept = {"sort": sort, **({"stars": rating} if rating else {})}
    return shopper.page(
        "shop/reviews.html",
        {
            "product": product,
            "summary": shopper.browser.get(f"products/{product['id']}/review-summary"),
            "reviews": page["results"],
            "only": only,
            "own": _own(shopper, product["id"]),
            "sorts": SORTS.items(),
            "sort": sort,
            "stars": rating,
            "reasons": REASONS.items(),
            "most_photos": MOST_PHOTOS,
            "said": asked.get("said", ""),
            "said_of": asked.get("of", ""),
            "here": urlencode({name: asked[name] for name in KEPT if name in asked}),
            "is_later": bool(asked.get("after")),
            "next": f"?{urlencode({**kept, 'after': after})}" if after else "",
        },
    )


@require_POST
@shop_page
def write(shopper: Shopper, product_id: str) -> HttpResponseBase:
    """Stars, words and photos. What cannot be taken is said beside the form, which keeps what was typed."""
    sent = shopper.request.POST
    place = f"{reverse('shop:product', args=[product_id])}#reviews"
    if not shopper.token:
        return redirect("shop:account")
    body = {name: sent.get(name, "") for name in ("rating", "title", "text", "author")}
    try:
        review = shopper.me.post(f"products/{product_id}/reviews", body)
    except Refused as refused:
        if refused.status not in (400, 409, 422):
            raise
        product = shopper.browser.get(f"products/{product_id}")
        context = {"product": product, "sent": body, "problem": refused.detail, "most_photos": MOST_PHOTOS}
        return shopper.page("shop/write_review.html", context, status=refused.status)
    problems = _add_photos(shopper, review["id"])
    if problems:
        return _photos_page(shopper, review, problems, is_new=True)
    return redirect(place)


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def photos(shopper: Shopper, review_id: str) -> HttpResponseBase:
    """The photos of the reader's own review; more of them, one by one or several at once."""
    if not shopper.token:
        return redirect("shop:account")
    if shopper.request.method == "POST":
        problems = _add_photos(shopper, review_id)
        if problems:
            return _photos_page(shopper, _own_review(shopper, review_id), problems)
        return redirect(f"{reverse('shop:account')}#my-reviews")
    return _photos_page(shopper, _own_review(shopper, review_id), [])


def _photos_page(shopper: Shopper, review: Row, problems: list[str], *, is_new: bool = False) -> HttpResponseBase:
    free = max(0, MOST_PHOTOS - len(review["photos"]))
    context = {"review": review, "problems": problems, "is_new": is_new, "most_photos": free}
    context["has_new"] = any(photo["status"] == "new" for photo in review["photos"])
    return shopper.page("shop/review_photos.html", context, status=422 if problems else 200)


def _own_review(shopper: Shopper, review_id: str) -> Row:
    """Of the newest hundred. Raises Refused as the API does for what is not there."""
    mine = shopper.me.get("me/reviews", limit=100)["results"]
    found = next((one for one in mine if one["id"] == review_id), None)
    if found is None:
        raise Refused(404, {})
    return found


def _add_photos(shopper: Shopper, review_id: str) -> list[str]:
    """Send the chosen files on; what was refused, each with its reason. Those that were taken stay."""
    problems = []
    files = shopper.request.FILES.getlist("photos")
    for file in files[:MOST_PHOTOS]:
        kind = file.content_type or ""
        try:
            shopper.me.send(
                f"me/reviews/{review_id}/photos",
                file.read(LARGEST_PHOTO + 1),
                kind if kind.startswith("image/") else "image/unknown",
            )
        except Refused as refused:
            if refused.status not in (400, 409, 413, 422):
                raise
            problems.append(f"{file.name}: {refused.detail}")
    if len(files) > MOST_PHOTOS:
        problems.append(_said("A review has at most %(most)d photos.") % {"most": MOST_PHOTOS})
    return problems


@require_POST
@shop_page
def judge(shopper: Shopper, product_id: str, review_id: str) -> HttpResponseBase:
    """Found helpful, or complained about with one of the reasons. The reader comes back to that review."""
    reason = shopper.request.POST.get("reason", "")
    if not shopper.token:
        return redirect("shop:account")
    if reason in REASONS:
        shopper.me.post(f"reviews/{review_id}/report", {"reason": reason})
    else:
        shopper.me.post(f"reviews/{review_id}/helpful")
    came = parse_qs(shopper.request.POST.get("here", "")[:1_000])
    back = {name: came[name][0] for name in KEPT if name in came} or {"review": review_id}
    back |= {"said": "complained" if reason in REASONS else "helpful", "of": review_id}
    return redirect(f"{reverse('shop:reviews', args=[product_id])}?{urlencode(back)}#r-{review_id}")


@require_POST
@shop_page
def take_back(shopper: Shopper, review_id: str) -> HttpResponseBase:
    """Gone for good, with its photos and votes."""
    if shopper.token:
        shopper.me.delete(f"me/reviews/{review_id}")
    return redirect("shop:account")
