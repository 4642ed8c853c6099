"""Rows of the native import format, for demo shops of every size."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catalog.demo import world
from catalog.demo.chance import iso
from catalog.demo.customers import Customer
from catalog.demo.kinds import DEPARTMENTS, KINDS
from catalog.demo.products import Product, options_in_chinese
from catalog.demo.reviews import Review

CURRENCY = "CNY"
Row = Sequence[object]
Head = tuple[str, ...]

CATEGORIES: Head = ("id", "parent", "name", "name_en", "name_zh", "position")
BRANDS: Head = ("name", "name_en", "name_zh")
PRODUCTS: Head = (
    "id", "name", "name_en", "name_zh", "description", "description_en", "description_zh", "category", "brand", "price",
    "status", "attributes", "created_at",
)  # fmt: skip
VARIANTS: Head = ("sku", "product", "options", "options_zh", "price", "stock", "barcode")
IMAGES: Head = ("product", "file", "position", "alt")
CUSTOMERS: Head = (
    "id", "email", "phone", "name", "locale", "country", "city", "created_at", "birthday", "personalisation",
)  # fmt: skip
ORDERS: Head = ("number", "customer", "placed_at", "status", "currency", "shipping", "discount", "channel", "country")
ORDER_LINES: Head = ("order", "line", "sku", "name", "quantity", "unit_price", "discount")
PAYMENTS: Head = ("order", "id", "kind", "amount", "currency", "paid_at", "method")
INTERACTIONS: Head = ("event_id", "kind", "product", "customer", "visitor", "occurred_at", "value")
REVIEWS: Head = (
    "id", "product", "customer", "rating", "title", "text", "language", "created_at", "status", "reply", "replied_at",
)  # fmt: skip


def money(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def category_rows() -> Iterator[Row]:
    for place, (key, (en, zh)) in enumerate(DEPARTMENTS.items()):
        yield key, "", en, en, zh, place
    for place, (key, kind) in enumerate(KINDS.items()):
        yield key, kind.parent, kind.en, kind.en, kind.zh, place


def brand_rows() -> Iterator[Row]:
    for brand in world.BRANDS:
        yield brand.name, brand.name, brand.zh


def product_row(product: Product) -> Row:
    names = (product.name_en, product.name_en, product.name_zh)
    texts = (product.description_en, product.description_en, product.description_zh)
    end = (product.status, _json(product.attributes), iso(product.created_at))
    return (product.id, *names, *texts, product.kind, product.brand.name, money(product.price), *end)


def variant_rows(products: Iterable[Product]) -> Iterator[Row]:
    for product in products:
        for variant in product.variants:
            price, stock = money(variant.price), variant.stock
            chinese = _json(options_in_chinese(variant))
            yield variant.sku, product.id, _json(variant.options), chinese, price, stock, variant.barcode


def customer_row(one: Customer) -> Row:
    personal = "true" if one.personalisation else "false"
    where = (one.locale, one.country, one.city)
    return one.id, one.email, one.phone, one.name, *where, iso(one.created_at), one.birthday, personal


def review_row(review: Review) -> Row:
    about = (review.id, review.product.id, review.customer.id, review.rating)
    said = (review.title, review.text, review.language, iso(review.created_at), review.status)
    return *about, *said, review.reply, iso(review.replied_at) if review.reply else ""


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""
