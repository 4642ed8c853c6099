"""Recommended products in a message: what the recommender wrote ahead for whoever reads it, as HTML and as text."""

import html
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import override

from catalog.models import Product
from catalog.selectors import image_url
from core.components.words import money
from marketing import links
from marketing.messages.rendering import Picks
from recommender import mailing

MOST = 6
CELL = "padding:6px 12px 6px 0;vertical-align:top;font:14px/1.5 sans-serif"
SMALL = "color:#666;font-size:12px"


@dataclass(frozen=True)
class Shown:
    """One product as the message shows it."""

    name: str
    price: str
    url: str
    picture: str
    reason: str


def for_customer(customer_id: int, language: str) -> list[Shown]:
    """What may be sold now, best first, at most six. 0: for nobody, what is popular."""
    picks = mailing.picks_for_mail([customer_id], language=language, limit=MOST)[customer_id].picks
    rows = Product.objects.sellable().filter(pk__in=[one.product_id for one in picks]).prefetch_related("images")
    known = {one.pk: one for one in rows}
    with override(language):
        return [_shown(known[one.product_id], one.reason, language) for one in picks if one.product_id in known]


def _shown(product: Product, reason: str, language: str) -> Shown:
    first = next(iter(sorted(product.images.all(), key=lambda one: (one.position, one.pk))), None)
    picture = image_url(first.file.name) if first is not None else None
    return Shown(
        product.localised("name", language), money(product.price),
        links.absolute(reverse("shop:product", args=[product.public_id])),
        (links.absolute(picture) if picture.startswith("/") else picture) if picture else "", reason,
    )  # fmt: skip


def shelf(shown: list[Shown], *, leads_to: Callable[[str], str] = str) -> Picks:
    """Both parts. `leads_to` makes an address one that is counted."""
    addresses = {one.url: leads_to(one.url) for one in shown}

    def as_html(count: int) -> str:
        rows = "".join(_row(one, addresses[one.url]) for one in shown[:count])
        return f'<table role="presentation" cellpadding="0" cellspacing="0">{rows}</table>' if rows else ""

    def as_text(count: int) -> str:
        return "\n".join(f"- {one.name} · {one.price} ({one.reason})\n  {addresses[one.url]}" for one in shown[:count])

    return Picks(as_html, as_text)


def _row(one: Shown, address: str) -> str:
    to, name = html.escape(address), html.escape(one.name)
    picture = (
        f'<a href="{to}"><img src="{html.escape(one.picture)}" alt="" width="96" style="border:0;display:block"></a>'
        if one.picture else ""
    )  # fmt: skip
    words = f'{html.escape(one.price)}<br><span style="{SMALL}">{html.escape(one.reason)}</span>'
    cells = f'<td style="{CELL}" width="96">{picture}</td><td style="{CELL}"><a href="{to}">{name}</a><br>{words}</td>'
    return f"<tr>{cells}</tr>"
