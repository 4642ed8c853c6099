"""What every page of the shop has: whether it is open at all, its language and look, and who is signed in."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from core.shop import current_shop
from storefront.api import Refused, ShopApi
from storefront.basket import Basket
from storefront.keys import ShopKeys, shop_keys

LANGUAGE_COOKIE = "shop_language"
LOOK_COOKIE = "shop_look"
VISITOR_COOKIE = "shop_visitor"
ACCOUNT_COOKIE = "shop_account"
ACCOUNT_SALT = "storefront.account"
ACCOUNT_SECONDS = 3_600
LOOKS = ("light", "dark")
VISITOR = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Shopper:
    """One request to the shop: its three ways to the API, the basket, and what the frame of the page shows."""

    def __init__(self, request: HttpRequest, keys: ShopKeys) -> None:
        self.request = request
        self.keys = keys
        self.language = translation.get_language() or settings.LANGUAGE_CODE
        self.basket = Basket.of(request)
        self.token = _token_of(request)
        self.visitor = _visitor_of(request)

    @property
    def browser(self) -> ShopApi:
        """What any visitor may read."""
        return ShopApi(self.request, self.keys.publishable, self.language)

    @property
    def back_end(self) -> ShopApi:
        """What only the shop itself may do."""
        return ShopApi(self.request, self.keys.server, self.language)

    @property
    def me(self) -> ShopApi:
        """What belongs to who is signed in."""
        return ShopApi(self.request, self.token, self.language)

    def page(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        shop = current_shop()
        frame = {
            "shop": shop,
            "language": self.language,
            "languages": settings.LANGUAGES,
            "look": look if (look := self.request.COOKIES.get(LOOK_COOKIE)) in LOOKS else "",
            "key": self.keys.publishable,
            "token": self.token,
            "pieces": self.basket.pieces,
            "basket_products": ",".join(self.basket.products),
        }
        response = render(self.request, template, {**frame, **(context or {})}, status=status)
        response["Cache-Control"] = "no-store" if self.token else "private, no-cache"
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        return response


Page = Callable[..., HttpResponseBase]


def is_open() -> bool:
    """As `STOREFRONT` says; without it for the demo shop outside production."""
    if settings.STOREFRONT is not None:
        return bool(settings.STOREFRONT)
    return not settings.PRODUCTION and current_shop().is_demo


def shop_page(view: Callable[..., HttpResponseBase]) -> Page:
    """Gives the view a `Shopper`. Closed shops have no pages; what the API refuses gets a page in words."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        keys = shop_keys() if is_open() else None
        if keys is None:
            raise Http404
        with translation.override(_language_of(request)):
            request.LANGUAGE_CODE = translation.get_language()
            shopper = Shopper(request, keys)
            try:
                response = view(shopper, *args, **kwargs)
            except Refused as refused:
                response = _refusal(shopper, refused)
            response.headers["Content-Language"] = shopper.language
            return response

    return page


def _refusal(shopper: Shopper, refused: Refused) -> HttpResponseBase:
    if refused.status == 404:
        return shopper.page("shop/missing.html", status=404)
    if refused.status == 401 and shopper.token:
        response = shopper.page("shop/signed_out.html", status=401)
        response.delete_cookie(ACCOUNT_COOKIE, path="/shop/")
        return response
    status = refused.status if refused.status in (429, 503) else 400
    response = shopper.page("shop/trouble.html", {"detail": refused.detail}, status=status)
    if refused.retry_after:
        response["Retry-After"] = refused.retry_after
    return response


def _language_of(request: HttpRequest) -> str:
    """What this browser chose in the shop, else what the site's middleware found."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE


def _visitor_of(request: HttpRequest) -> str:
    """The id of the browser, which the script of the shop puts there while the person allows it."""
    known = request.COOKIES.get(VISITOR_COOKIE, "")
    return known if VISITOR.fullmatch(known) else ""


def _token_of(request: HttpRequest) -> str:
    try:
        token: str = signing.loads(request.COOKIES.get(ACCOUNT_COOKIE, ""), salt=ACCOUNT_SALT, max_age=ACCOUNT_SECONDS)
    except signing.BadSignature:
        return ""
    return token
