"""The tables of the page "Products sold" as files: every row, not only the page that is shown."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.reports import baskets, products
from analytics.reports.asof import as_of
from analytics.reports.pages.products import VIEWS, asked, group_names, state
from analytics.reports.products import Asked, Group
from catalog.models import Category, Product
from core.components.words import money_cell
from core.exports import PageTable
from core.reports import Period

CHUNK = 2_000


def table(request: HttpRequest) -> PageTable:
    """What the address shows: products, categories, price bands or pairs of products."""
    show, period, category = state(request, as_of())
    heads, rows = TABLES[show](period, asked(request, category), category)
    title = _("Bought together") if show == "baskets" else VIEWS[show] if show != "products" else _("Products sold")
    return PageTable(f"{title} {period.words}", heads, rows)


def _products(period: Period, asked: Asked, _category: Category | None) -> tuple[list[str], Iterator[list[Any]]]:
    heads = [
        _("Product"), _("Shop's own ID"), _("Class"), _("Orders"), _("Pieces"), _("Sold for"), _("Pieces returned"),
        _("Refunded"), _("Revenue"), _("Share"), _("Revenue before"), _("Growth"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        found = products.products(period, asked, everything=True).rows
        for first in range(0, len(found), CHUNK):
            some = found[first : first + CHUNK]
            known = _named([row.product_id for row in some])
            for row in some:
                if (own := known.get(row.product_id)) is not None:
                    yield [
                        own.localised("name"), own.external_id, row.abc, row.orders, row.items, money_cell(row.gross),
                        row.returned, money_cell(row.refunded), money_cell(row.revenue), _four(row.share),
                        money_cell(row.before), _four(row.growth),
                    ]  # fmt: skip

    return heads, rows()


def _categories(period: Period, asked: Asked, category: Category | None) -> tuple[list[str], Iterator[list[Any]]]:
    def rows() -> Iterator[list[Any]]:
        found = products.categories(period, asked.path, seconds=None)
        for name, group in zip(group_names(found, category), found, strict=True):
            yield [name, *_group(group)]

    return [_("Category"), *_group_heads()], rows()


def _prices(period: Period, _asked: Asked, _category: Category | None) -> tuple[list[str], Iterator[list[Any]]]:
    def rows() -> Iterator[list[Any]]:
        for group in products.price_bands(period, seconds=None):
            yield [group.key, products.band_end(group.key), *_group(group)]

    return [_("Price from"), _("Price to"), *_group_heads()], rows()


def _baskets(period: Period, _asked: Asked, _category: Category | None) -> tuple[list[str], Iterator[list[Any]]]:
    heads = [
        _("Product"), _("Shop's own ID"), pgettext("another product", "With"), _("Shop's own ID"),
        _("Orders with both"), _("Of orders with the first"), _("Of orders with the second"), _("Times chance"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        with transaction.atomic():
            pairs = baskets.baskets(period, seconds=None).pairs
        known = _named([key for pair in pairs for key in (pair.first, pair.second)])
        for pair in pairs:
            first, second = known.get(pair.first), known.get(pair.second)
            if first is not None and second is not None:
                yield [
                    first.localised("name"), first.external_id, second.localised("name"), second.external_id,
                    pair.together, _four(pair.share), _four(pair.share_back), _four(pair.lift),
                ]  # fmt: skip

    return heads, rows()


TABLES = {"products": _products, "categories": _categories, "prices": _prices, "baskets": _baskets}


def _named(keys: list[int]) -> dict[int, Product]:
    return Product.objects.only("name", "name_translations", "external_id").in_bulk(keys)


def _group_heads() -> list[str]:
    return [_("Products"), _("Pieces"), _("Revenue"), _("Share"), _("Revenue before"), _("Growth"), _("Share returned")]


def _group(group: Group) -> list[Any]:
    return [
        group.products, group.items, money_cell(group.revenue), _four(group.share), money_cell(group.before),
        _four(group.growth), _four(group.return_share),
    ]  # fmt: skip


def _four(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
