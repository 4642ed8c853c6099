"""What customers read about an offer, in their language."""

from decimal import Decimal
from typing import TypedDict

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override, pgettext

from core.components.words import day_text, figure, money
from core.shop import current_shop
from marketing.models import CouponCode, Offer
from marketing.offers import codes
from marketing.offers.giving import end_of


class OfferTags(TypedDict):
    """Plain texts for the fields of a message; "" where there is nothing to say."""

    offer_title: str
    offer_value: str
    offer_from: str
    coupon_code: str
    coupon_ends: str


def tags(offer: Offer, language: str, code: str) -> OfferTags:
    """What the fields of a message say for the customer who has this code ("": nobody yet, as in a preview)."""
    ends = end_of(offer, timezone.now())
    if code:
        ends = CouponCode.objects.filter(code=code).values_list("expires_at", flat=True).first()
    is_code = bool(code) and offer.kind != Offer.Kind.POINTS
    with override(language):
        return {
            "offer_title": title_of(offer, language),
            "offer_value": value_of(offer),
            "offer_from": money(offer.least_order) if offer.least_order else "",
            "coupon_code": codes.spoken(code) if is_code else "",
            "coupon_ends": day_text(ends) if ends is not None else "",
        }


def title_of(offer: Offer, language: str) -> str:
    """In this language, else in the shop's first that has one, else what it is worth."""
    wanted = language.lower().replace("_", "-")
    stem = wanted.split("-")[0]
    titles = {code: text for code, text in offer.title.items() if isinstance(text, str) and text.strip()}
    near = [code for code in titles if stem and code.split("-")[0] == stem]
    for code in (wanted, *near, *current_shop().languages, *titles):
        if code in titles:
            return str(titles[code])
    with override(language or None):
        return value_of(offer)


def value_of(offer: Offer) -> str:
    """10% off, ¥20.00 off, free shipping, 200 points: in the language that is active."""
    if offer.kind == Offer.Kind.POINTS:
        count = int(offer.value)
        return ngettext("%(count)s point", "%(count)s points", count) % {"count": figure(count)}
    if offer.kind == Offer.Kind.FREE_SHIPPING:
        return pgettext("offer", "Free shipping")
    if offer.unit == Offer.Unit.PERCENT:
        return _("%(share)s%% off") % {"share": f"{Decimal(offer.value).normalize():f}"}
    return _("%(amount)s off") % {"amount": money(offer.value)}
