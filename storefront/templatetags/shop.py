"""Prices, pictures and words of the shop's pages."""

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.components import figure as in_full
from core.components.words import money as written

register = template.Library()
WIDTHS = (160, 320, 480)


@register.filter
def money(amount: Any, currency: str = "") -> str:
    """An amount of the API, which is a text, as people read it."""
    return written(Decimal(str(amount)), currency)


@register.filter
def figure(number: int | str) -> str:
    """How many there are: 12,345. The API writes what may be an amount as text."""
    return in_full(number if isinstance(number, int) else Decimal(number))


@register.filter
def moment(text: str | None) -> datetime | None:
    """A time of the API as a time."""
    return datetime.fromisoformat(text) if text else None


@register.simple_tag
def picture(address: str | None, sizes: str, *, alt: str = "", eager: bool = False, css: str = "") -> SafeString:
    """A picture in the widths that pages need; nothing moves while it loads."""
    if not address:
        return format_html('<span class="no-picture {}" aria-hidden="true"></span>', css)
    own = settings.MEDIA_URL
    small = f"/pictures/{{}}/{address.removeprefix(own)}" if address.startswith(own) else address
    candidates = ", ".join(f"{small.format(width)} {width}w" for width in WIDTHS) if "{}" in small else ""
    return format_html(
        '<img class="{}" src="{}" srcset="{}" sizes="{}" width="480" height="480" alt="{}" loading="{}" {}>',
        css, small.format(320), candidates, sizes, alt, "eager" if eager else "lazy",
        SafeString('fetchpriority="high"' if eager else 'decoding="async"'),
    )  # fmt: skip


@register.simple_tag
def stars(rating: float) -> SafeString:
    """One to five stars, filled to the next half; screen readers hear the number."""
    halves = round(float(rating) * 2)
    words = _("%(stars)s of 5 stars") % {"stars": f"{halves / 2:g}"}
    return format_html(
        '<span class="stars" role="img" aria-label="{}"><span aria-hidden="true" data-halves="{}">★★★★★</span></span>',
        words, halves,
    )  # fmt: skip


@register.filter
def share(part: Any) -> int:
    """0.625 as 63: percent without a sign, halves upward as the snippet has it."""
    return math.floor(100 * float(part or 0) + 0.5)


@register.filter
def places(limit: Any) -> range:
    """As many empty places as a shelf will show, so that nothing moves when it is filled."""
    return range(int(limit or 8))


@register.filter
def options(variant: dict[str, Any]) -> str:
    """What tells this variant from the others: "M", "Red · 42", or its SKU."""
    return " · ".join(capfirst(str(one["value"])) for one in variant["selected_options"]) or variant["sku"]


@register.filter
def option_names(variants: list[dict[str, Any]]) -> str:
    """What there is to choose: "Size"."""
    names = [str(one["name"]) for one in variants[0]["selected_options"]] if variants else []
    known = {
        "size": pgettext("option of a product", "Size"),
        "format": pgettext("option of a product", "Format"),
        "colour": _("Colour"),
        "color": _("Colour"),
        "material": _("Material"),
        "capacity": _("Capacity"),
        "ink": _("Ink"),
    }
    return " · ".join(known.get(name) or capfirst(name) for name in names) or _("Version")


@register.filter
def status(code: str) -> str:
    """The state of an order, for its customer."""
    return {
        "draft": _("Draft"),
        "placed": _("Placed, not paid yet"),
        "paid": _("Paid"),
        "partly_shipped": _("Partly on its way"),
        "shipped": _("On its way"),
        "delivered": _("Delivered"),
        "closed": _("Completed"),
        "cancelled": _("Cancelled"),
    }.get(code, code)


@register.filter
def step(kind: str) -> str:
    """A line of an order's timeline, for its customer."""
    return {
        "placed": pgettext("step of an order", "Placed"),
        "paid": pgettext("step of an order", "Paid"),
        "shipped": pgettext("step of an order", "Shipped"),
        "delivered": pgettext("step of an order", "Delivered"),
        "cancelled": pgettext("step of an order", "Cancelled"),
        "refunded": pgettext("step of an order", "Refunded"),
        "closed": pgettext("step of an order", "Completed"),
    }.get(kind, kind)
