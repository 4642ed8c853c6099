"""What messages offer: who gets a code, what the checkout takes for it, and what is said about it."""

from marketing.offers.codes import plain, spoken
from marketing.offers.editing import OfferData, change, close, create, reopen
from marketing.offers.giving import has_had, issue
from marketing.offers.saying import OfferTags, tags
from marketing.offers.using import CouponRefused

__all__ = [
    "CouponRefused",
    "OfferData",
    "OfferTags",
    "change",
    "close",
    "create",
    "has_had",
    "issue",
    "plain",
    "reopen",
    "spoken",
    "tags",
]
