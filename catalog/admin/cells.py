"""Cells that several lists share. Pure: everything they show was read before."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.fields import as_text
from catalog.models import ImportBatch, Order, Product
from catalog.selectors_admin import Sales, Stock
from core.components import Meaning, figure, money, pill, sparkline, when
from core.components.words import day_text as date_text

PRODUCT_MEANINGS = {
    Product.Status.LIVE: Meaning.GOOD,
    Product.Status.HIDDEN: Meaning.IDLE,
    Product.Status.DRAFT: Meaning.IDLE,
}
ORDER_MEANINGS = {
    Order.Status.DRAFT: Meaning.IDLE,
    Order.Status.PLACED: Meaning.MOVING,
    Order.Status.PAID: Meaning.GOOD,
    Order.Status.PARTLY_SHIPPED: Meaning.MOVING,
    Order.Status.SHIPPED: Meaning.MOVING,
    Order.Status.DELIVERED: Meaning.GOOD,
    Order.Status.CLOSED: Meaning.IDLE,
    Order.Status.CANCELLED: Meaning.STOPPED,
}
IMPORT_MEANINGS = {
    ImportBatch.State.WAITING: Meaning.MOVING,
    ImportBatch.State.RUNNING: Meaning.MOVING,
    ImportBatch.State.DONE: Meaning.GOOD,
    ImportBatch.State.FAILED: Meaning.STOPPED,
    ImportBatch.State.UNDOING: Meaning.MOVING,
    ImportBatch.State.UNDONE: Meaning.IDLE,
}
NOTHING = mark_safe('<span class="zg-hint">–</span>')


def picture(address: str, size: int = 40) -> SafeString:
    """Decorative: the name stands beside it."""
    if not address:
        return format_html('<span class="cat-pic cat-pic-none" style="width:{0}px;height:{0}px"></span>', size)
    return format_html(
        '<img class="cat-pic" src="{}" width="{}" height="{}" alt="" loading="lazy" decoding="async">',
        address, size, size,
    )  # fmt: skip


def two_lines(title: Any, hint: Any = "", image: Any = None) -> SafeString:
    """A name with a quiet line under it, and a picture before them."""
    text = format_html(
        '<span class="cat-two"><span class="cat-title">{}</span><span class="zg-hint">{}</span></span>', title, hint
    )
    return text if image is None else format_html('<span class="cat-cell">{}{}</span>', image, text)


def quiet(text: Any) -> SafeString:
    return format_html('<span class="zg-hint">{}</span>', text)


def sentence(text: Any) -> str:
    """Stored choices are lower case; a cell begins with a capital."""
    return capfirst(str(text))


def day(moment: datetime | None) -> Any:
    """The date alone, the full moment behind it."""
    if moment is None:
        return NOTHING
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), when(moment), date_text(moment))


def number(value: Any) -> SafeString:
    """Right-aligned, in digits of one width."""
    return format_html('<span class="zg-num">{}</span>', value)


def amount(value: Decimal | None, currency: str = "") -> SafeString:
    return number(money(value, currency))


def product_status(product: Product) -> SafeString:
    if product.deleted_at is not None:
        return pill(Meaning.STOPPED, _("Deleted"))
    return pill(PRODUCT_MEANINGS[Product.Status(product.status)], sentence(product.get_status_display()))


def order_status(order: Order) -> SafeString:
    return pill(ORDER_MEANINGS[Order.Status(order.status)], sentence(order.get_status_display()))


def import_state(batch: ImportBatch) -> SafeString:
    return pill(IMPORT_MEANINGS[ImportBatch.State(batch.state)], sentence(batch.get_state_display()))


def stock(found: Stock | None, *, is_low: bool) -> SafeString:
    """Pieces on hand, with a pill when they run out."""
    if found is None:
        return number(format_html('<span class="zg-hint">{}</span>', _("no variant")))
    if found.uncounted:
        return number(format_html('<span class="zg-hint">{}</span>', _("not counted")))
    if found.is_out:
        return number(pill(Meaning.STOPPED, _("Out of stock")))
    if is_low:
        text = ngettext("%(count)d left", "%(count)d left", found.on_hand) % {"count": found.on_hand}
        return number(pill(Meaning.WAITING, text))
    return number(figure(found.on_hand))


def sold(found: Sales | None, days: int) -> SafeString:
    """Pieces sold in the window with their line; a plain 0 when nothing was sold."""
    if found is None:
        return number(figure(0))
    return format_html(
        '<span class="zg-num cat-sold">{}<span>{}</span></span>',
        sparkline(in_fours(found.daily), days=days), figure(found.pieces),
    )  # fmt: skip


def in_fours(daily: Any) -> list[int]:
    """Sums of four days: a line of 28 mostly empty days is only noise."""
    values = list(daily)
    return [sum(values[i : i + 4]) for i in range(0, len(values), 4)]


def pairs(values: Mapping[str, Any]) -> SafeString:
    """Attributes for reading."""
    if not values:
        return NOTHING
    rows = format_html_join(
        "", "<div><dt>{}</dt><dd>{}</dd></div>", ((key, as_text(value)) for key, value in values.items())
    )
    return format_html('<dl class="zg-rows">{}</dl>', rows)
