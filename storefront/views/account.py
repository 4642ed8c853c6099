"""Who is signed in: their orders, their choices, their data. And the look of the shop."""

import secrets
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core.shop import current_shop
from storefront.api import Refused, ShopApi
from storefront.basket import keep_cookie
from storefront.frame import (
    ACCOUNT_COOKIE,
    ACCOUNT_SALT,
    ACCOUNT_SECONDS,
    LANGUAGE_COOKIE,
    LOOK_COOKIE,
    LOOKS,
    Shopper,
    shop_page,
)
from storefront.views.buying import own_orders

YEAR_SECONDS = 365 * 24 * 3600


@require_safe
@shop_page
def account(shopper: Shopper) -> HttpResponseBase:
    if not shopper.token:
        guest_orders = own_orders(shopper.request)
        return shopper.page("shop/sign_in.html", {"people": _people(shopper), "guest_orders": guest_orders})
    orders = shopper.me.get("me/orders", limit=20)
    consents = shopper.me.get("me/consents")
    return shopper.page(
        "shop/account.html",
        {
            "person": shopper.me.get("me"),
            "learned": shopper.me.get("me/preferences")["interests"],
            "orders": orders["results"],
            "copy": _copy(shopper),
            "reviews": shopper.me.get("me/reviews", limit=100)["results"],
            "points": shopper.me.get("me/loyalty"),
            "offers": seen(shopper, offers_of(shopper)),
            "shown_in_shop": _shown_in_shop(consents),
            "written": _written(consents),
            "choices_url": f"{consents['preferences_url']}?{urlencode({'language': shopper.language})}",
            "redeem_key": secrets.token_urlsafe(12),
            "said": shopper.request.GET.get("said", ""),
        },
    )


def offers_of(shopper: Shopper) -> list[dict[str, Any]]:
    """The customer's open offers."""
    found: list[dict[str, Any]] = shopper.me.get("me/offers", limit=20)["results"]
    return found


def seen(shopper: Shopper, offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These stand on the page: what campaigns show with them counts as seen."""
    for one in offers:
        if one["message"] and not one["message"]["seen"]:
            shopper.me.post(f"me/offers/{one['id']}/acts", {"act": "seen"})
    return offers


WORDING = "account-2026-11"
"""Version of the words of PURPOSES."""
PURPOSES = {
    "offers": (_("Offers"), _("Discounts, coupons and sales.")),
    "news": (_("News"), _("New products and stories from the shop.")),
    "care": (_("Care after a purchase"), _("How to use what you bought, birthdays, and help.")),
    "surveys": (_("Surveys"), _("Short questions about your order.")),
}


def _states(consents: dict[str, Any]) -> dict[str, str]:
    """What the customer says of e-mail, by purpose."""
    return {one["purpose"]: one["state"] for one in consents["consents"] if one["channel"] == "email"}


def _written(consents: dict[str, Any]) -> list[dict[str, Any]]:
    """What the shop may write to them about by e-mail."""
    said = _states(consents)
    return [
        {"purpose": purpose, "title": title, "help": text, "state": said.get(purpose, "none")}
        for purpose, (title, text) in PURPOSES.items()
    ]


def _shown_in_shop(consents: dict[str, Any]) -> bool:
    """Whether this customer lets the shop show them offers on its pages."""
    mine = [one for one in consents["consents"] if one["channel"] == "in_site" and one["purpose"] == "offers"]
    return all(one["state"] != "withdrawn" for one in mine)


def _copy(shopper: Shopper) -> dict[str, Any] | None:
    """The copy that was asked for, or None."""
    try:
        found: dict[str, Any] = shopper.me.get("me/export")
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return found


def _people(shopper: Shopper) -> list[dict[str, Any]]:
    """Invented people to try the demo shop as. A real shop has a sign-in of its own here, and never this."""
    if not current_shop().is_demo:
        return []
    found = []
    for ident in shopper.keys.accounts:
        try:
            token = shopper.back_end.post(f"customers/ext:{ident}/tokens")["token"]
            found.append({**ShopApi(shopper.request, token, shopper.language).get("me"), "ident": ident})
        except Refused as refused:
            if refused.status != 404:  # erased meanwhile
                raise
    return found


@require_POST
@shop_page
def sign_in(shopper: Shopper) -> HttpResponseBase:
    """What a shop's back end does once it knows who somebody is: it asks for a token and gives it to the browser."""
    ident = shopper.request.POST.get("who", "")
    if not current_shop().is_demo or ident not in shopper.keys.accounts:
        return redirect("shop:account")
    token = shopper.back_end.post(f"customers/ext:{ident}/tokens", {"lifetime_seconds": ACCOUNT_SECONDS})["token"]
    response = redirect("shop:account")
    keep_cookie(response, ACCOUNT_COOKIE, signing.dumps(token, salt=ACCOUNT_SALT), max_age=ACCOUNT_SECONDS)
    return response


@require_POST
@shop_page
def sign_out(shopper: Shopper) -> HttpResponseBase:
    response = redirect("shop:home")
    response.delete_cookie(ACCOUNT_COOKIE, path="/shop/")
    return response


@require_POST
@shop_page
def personalisation(shopper: Shopper) -> HttpResponseBase:
    if not shopper.token:
        return redirect("shop:account")
    shopper.me.put("me/preferences", {"personalised": shopper.request.POST.get("personalised") == "1"})
    return redirect("/shop/account/?said=choice")


@require_POST
@shop_page
def shown_offers(shopper: Shopper) -> HttpResponseBase:
    """Offers on the pages of the shop: yes or no."""
    if not shopper.token:
        return redirect("shop:account")
    wanted = shopper.request.POST.get("wanted") == "1"
    shopper.me.put("me/consents", {"consents": [{"purpose": "offers", "channel": "in_site", "given": wanted}]})
    return redirect("/shop/account/?said=choice")


@require_POST
@shop_page
def written_to(shopper: Shopper) -> HttpResponseBase:
    """What the shop may write about by e-mail. What waits for the link in a mail goes on waiting."""
    if not shopper.token:
        return redirect("shop:account")
    wanted = set(shopper.request.POST.getlist("wanted"))
    said = _states(shopper.me.get("me/consents"))
    words = [
        {"purpose": purpose, "channel": "email", "given": purpose in wanted}
        for purpose in PURPOSES
        if (said.get(purpose) == "given") != (purpose in wanted)
    ]
    if not words:
        return redirect("/shop/account/?said=kept#written")
    told = _states(shopper.me.put("me/consents", {"consents": words, "wording_version": WORDING}))
    waits = any(told.get(purpose) == "pending" for purpose in wanted)
    return redirect(f"/shop/account/?said={'mailed' if waits else 'kept'}#written")


@require_POST
@shop_page
def follow_offer(shopper: Shopper, offer_id: str) -> HttpResponseBase:
    """To what the customer would buy with it; the checkout knows the code by then."""
    if not shopper.token:
        return redirect("shop:account")
    try:
        shopper.me.post(f"me/offers/{offer_id}/acts", {"act": "clicked"})
    except Refused as refused:
        if refused.status != 404:  # taken down meanwhile
            raise
    return redirect("shop:basket" if shopper.basket.pieces else "shop:search")


@require_POST
@shop_page
def forget_profile(shopper: Shopper) -> HttpResponseBase:
    if not shopper.token:
        return redirect("shop:account")
    shopper.me.post("me/preferences/reset")
    return redirect("/shop/account/?said=forgotten")


@require_POST
@shop_page
def redeem(shopper: Shopper) -> HttpResponseBase:
    """Points for a reward. The key comes from the page, so that a second click is the same code."""
    if not shopper.token:
        return redirect("shop:account")
    sent = shopper.request.POST
    try:
        shopper.me.post(
            "me/loyalty/redemptions", {"reward": sent.get("reward", "")[:64]},
            idempotency_key=sent.get("key", "")[:40] or secrets.token_urlsafe(12),
        )  # fmt: skip
    except Refused as refused:
        if refused.status not in (400, 409, 422):
            raise
        return redirect("/shop/account/?said=no-reward#points")
    return redirect("/shop/account/?said=reward#points")


@require_POST
@shop_page
def ask_copy(shopper: Shopper) -> HttpResponseBase:
    if not shopper.token:
        return redirect("shop:account")
    shopper.me.post("me/export")
    return redirect("/shop/account/?said=copy")


@require_safe
@shop_page
def copy_file(shopper: Shopper) -> HttpResponseBase:
    return shopper.me.file("me/export/file") if shopper.token else redirect("shop:account")


@require_POST
@shop_page
def erase(shopper: Shopper) -> HttpResponseBase:
    """Only with the tick: it cannot be taken back."""
    if not shopper.token or shopper.request.POST.get("sure") != "1":
        return redirect("/shop/account/?said=unsure")
    asked = shopper.me.delete("me")
    response = shopper.page("shop/erased.html", {"asked": asked, "token": ""})
    response.delete_cookie(ACCOUNT_COOKIE, path="/shop/")
    return response


@require_POST
@shop_page
def look(shopper: Shopper) -> HttpResponseBase:
    """Language and light or dark, remembered by this browser."""
    sent, back = shopper.request.POST, shopper.request.POST.get("next", "")
    is_ours = back.startswith("/shop/") and url_has_allowed_host_and_scheme(back, {shopper.request.get_host()})
    response = redirect(back if is_ours else "shop:home")
    if sent.get("language") in dict(settings.LANGUAGES):
        keep_cookie(response, LANGUAGE_COOKIE, sent["language"], max_age=YEAR_SECONDS)
    if sent.get("look") in LOOKS:
        keep_cookie(response, LOOK_COOKIE, sent["look"], max_age=YEAR_SECONDS)
    return response


@require_safe
@shop_page
def privacy(shopper: Shopper) -> HttpResponseBase:
    return shopper.page("shop/privacy.html")
