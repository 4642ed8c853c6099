"""Fields in messages, `{{name}}`: filled from a plain dictionary of texts.

No template engine reads what staff write, so that a message can never reach into the program: there are no dots, no
filters, no conditions and no loops. What is filled in is not read again. Two braces, because one brace is CSS.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.exceptions import BadInput

TAG = re.compile(r"\{\{[ ]{0,3}([a-z_]{1,30})[ ]{0,3}\}\}")
PICKS = re.compile(r"\{\{[ ]{0,3}recommended(?:[ ]{1,3}count=([1-6]))?[ ]{0,3}\}\}")
"""Where products stand that the recommender picked for whoever reads it; three of them unless it says how many."""
USUAL_PICKS, MOST_PLACES = 3, 3
_ANY = re.compile(f"{PICKS.pattern}|{TAG.pattern}")
LOOSE = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}|\$\{|<%|%>")
"""What would be a field or a command elsewhere and is none here."""
THREE = re.compile(r"\{\{\{|\}\}\}")


class BadMessage(BadInput):
    """A message that cannot be saved. `extra["field"]` is the part that has to change."""

    code = "bad_message"


@dataclass(frozen=True)
class Tag:
    """One field. `is_address`: stands only as the whole of an `href`."""

    title: Any
    sample: str
    is_address: bool = False


TAGS: Mapping[str, Tag] = {
    "name": Tag(gettext_lazy("customer's name"), "Li Na"),
    "shop": Tag(gettext_lazy("name of the shop"), "Zhanggui"),
    "shop_url": Tag(gettext_lazy("address of the shop"), "https://shop.example/", is_address=True),
    "products": Tag(gettext_lazy("products of the occasion"), "Longjing tea"),
    "product_url": Tag(gettext_lazy("page of the product"), "https://shop.example/shop/p/1/", is_address=True),
    "price_before": Tag(gettext_lazy("price before"), "¥128.00"),
    "price_now": Tag(gettext_lazy("price now"), "¥98.00"),
    "preferences_url": Tag(gettext_lazy("page of choices"), "https://shop.example/p", is_address=True),
    "unsubscribe_url": Tag(gettext_lazy("unsubscribe link"), "https://shop.example/u", is_address=True),
    "offer_title": Tag(gettext_lazy("what is offered"), "10%"),
    "offer_value": Tag(gettext_lazy("value of the offer"), "10%"),
    "offer_from": Tag(gettext_lazy("from an order of"), "100"),
    "coupon_code": Tag(gettext_lazy("own code of the customer"), "TEA-2345-6789"),
    "coupon_ends": Tag(gettext_lazy("last day of the code"), "31 Dec"),
}
OFFER_TAGS = frozenset({"offer_title", "offer_value", "offer_from", "coupon_code", "coupon_ends"})
"""Filled in from the offer of the campaign or of the version."""


def tags_in(text: str) -> set[str]:
    """Names of the fields in a text."""
    return {found.group(1) for found in TAG.finditer(text)}


def has_fields(text: str) -> bool:
    """Whether anything in a text is filled in."""
    return _ANY.search(text) is not None


def checked(text: str, *, field: str, is_body: bool = False) -> set[str]:
    """Fields of a text that is to be saved. Raises BadMessage for a field that nobody fills in, for what looks like a
    command of a template engine, and outside the body for addresses."""
    places = len(PICKS.findall(text))
    if places and not is_body:
        said = _("“{{%(name)s}}” stands in the text of the message only.")
        raise BadMessage(said % {"name": "recommended"}, extra={"field": field})
    if places > MOST_PLACES:
        said = _("Recommended products stand in at most %(most)d places.")
        raise BadMessage(said % {"most": MOST_PLACES}, extra={"field": field})
    plain = PICKS.sub("", text)
    found = tags_in(plain)
    for name in sorted(found):
        tag = TAGS.get(name)
        if tag is None:
            raise BadMessage(_("There is no field “{{%(name)s}}”.") % {"name": name}, extra={"field": field})
        if not is_body and tag.is_address:
            said = _("“{{%(name)s}}” stands in the text of the message only.")
            raise BadMessage(said % {"name": name}, extra={"field": field})
    if (loose := LOOSE.search(TAG.sub("", plain)) or THREE.search(text)) is not None:
        said = _("“%(sign)s” is no field. Fields look like {{name}}.")
        raise BadMessage(said % {"sign": loose.group()}, extra={"field": field})
    return found


def fill(
    text: str, values: Mapping[str, str], *, quote: Callable[[str], str] = str,
    picks: Callable[[int], str] = lambda count: "",
) -> str:  # fmt: skip
    """The text with its fields, each through `quote` (HTML escapes in an HTML part), and what `picks` makes of so many
    recommended products. A field without a value is left out; what is filled in is not read again."""

    def filled(found: re.Match[str]) -> str:
        if (name := found.group(2)) is not None:
            return quote(values.get(name, ""))
        return picks(int(found.group(1) or USUAL_PICKS))

    return _ANY.sub(filled, text)
