"""Reads for the API and for recommendations. Each says how many queries it costs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.utils.translation import get_language

from catalog.models import Category, Customer, Order, OrderEvent, Product, ProductImage
from core.api import ids
from core.money import amount_text
from core.shop import current_shop

PRODUCT_PATH = "/api/v1/products/"
CARDS = "SELECT * FROM catalog_cards(%s::bigint[], %s)"
PLAIN_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Names of files that stand in an address as they are."""
Row = dict[str, Any]


# --- products -----------------------------------------------------------------------------------------------------


def product_cards(ids: Iterable[int], language: str | None = None) -> dict[int, Row]:
    """What a shelf needs to show each of these products, by primary key; those that do not exist are left out.

    One query. Whether they may be shown is not asked here: see `sellable_among`.
    """
    language = language or get_language() or ""
    currency = current_shop().base_currency
    with connection.cursor() as cursor:
        cursor.execute(CARDS, [list(ids), language])
        rows = cursor.fetchall()
    return {
        pk: {
            "id": public_id,
            "public_id": public_id,
            "external_id": external_id,
            "name": name,
            "price": amount_text(price),
            "currency": currency,
            "image": image_url(image),
            "image_alt": alt or "",
            "url": PRODUCT_PATH + public_id,
        }
        for pk, public_id, external_id, name, price, image, alt in rows
    }


def sellable_among(ids: Iterable[int]) -> set[int]:
    """Those of these products that may be sold right now: live, not deleted, in stock. One query, never remembered."""
    return set(Product.objects.sellable().filter(pk__in=list(ids)).values_list("pk", flat=True))


@dataclass(frozen=True)
class ProductFilter:
    """What `GET products` can ask for. Empty fields do not narrow anything."""

    category: Category | None = None
    brand: int | None = None
    price_min: Any = None
    price_max: Any = None
    in_stock: bool | None = None
    updated_since: Any = None


def products_for_list(wanted: ProductFilter) -> QuerySet[Product, Any]:
    """Live products with what a row shows, as named tuples for `listed_row` (one query when read)."""
    first = ProductImage.objects.filter(product=OuterRef("pk")).order_by("position", "id")
    rows = Product.objects.live()
    if wanted.category is not None:
        rows = rows.in_branch(wanted.category)
    if wanted.brand is not None:
        rows = rows.filter(brand_id=wanted.brand)
    if wanted.price_min is not None:
        rows = rows.filter(price__gte=wanted.price_min)
    if wanted.price_max is not None:
        rows = rows.filter(price__lte=wanted.price_max)
    if wanted.in_stock is not None:
        rows = rows.filter(is_in_stock=wanted.in_stock)
    if wanted.updated_since is not None:
        rows = rows.filter(updated_at__gte=wanted.updated_since)
    return rows.annotate(image=Subquery(first.values("file")[:1])).values_list(*LISTED, named=True)


def listed_row(row: Any) -> Row:
    """One row of a product list, from `products_for_list`."""
    language = get_language() or ""
    return {
        "id": row.public_id,
        "external_id": row.external_id,
        "name": (row.name_translations or {}).get(language) or row.name,
        "price": amount_text(row.price),
        "currency": current_shop().base_currency,
        "in_stock": row.is_in_stock,
        "category": _of_row(row, "category", language),
        "brand": _of_row(row, "brand", language),
        "image": image_url(row.image),
        "updated_at": row.updated_at,
        "url": PRODUCT_PATH + row.public_id,
    }


def _of_row(row: Any, name: str, language: str) -> Row | None:
    """The category or brand of a row."""
    public_id = getattr(row, f"{name}__public_id")
    if public_id is None:
        return None
    words = (getattr(row, f"{name}__name_translations") or {}).get(language) or getattr(row, f"{name}__name")
    return {"id": public_id, "external_id": getattr(row, f"{name}__external_id"), "name": words}


LISTED = (
    "public_id", "external_id", "name", "name_translations", "price", "is_in_stock", "updated_at", "image",
    *(f"{thing}__{name}" for thing in ("category", "brand")
      for name in ("public_id", "external_id", "name", "name_translations")),
)  # fmt: skip


def product_row(product: Product) -> Row:
    """One row of a product list. Of a product with category, brand and images at hand."""
    return {
        "id": product.public_id,
        "external_id": product.external_id,
        "name": product.localised("name"),
        "price": amount_text(product.price),
        "currency": current_shop().base_currency,
        "in_stock": product.is_in_stock,
        "category": _named(product.category),
        "brand": _named(product.brand),
        "image": next((image_url(image.file.name) for image in product.images.all()), None),
        "updated_at": product.updated_at,
        "url": PRODUCT_PATH + product.public_id,
    }


DETAIL = """
SELECT p.public_id, p.external_id, p.name, p.name_translations, p.description, p.description_translations, p.price,
    p.status, p.attributes, p.is_in_stock, p.published_at, p.updated_at,
    c.public_id, c.external_id, c.name, c.name_translations, b.public_id, b.external_id, b.name, b.name_translations,
    (SELECT jsonb_agg(jsonb_build_array(i.file, i.alt, i.width, i.height) ORDER BY i.position, i.id)
     FROM catalog_productimage i WHERE i.product_id = p.id),
    (SELECT jsonb_agg(jsonb_build_array(v.public_id, v.external_id, v.sku, v.options, v.options_translations,
        v.price::text, NOT v.track_stock OR v.stock > 0, v.barcode) ORDER BY v.id)
     FROM catalog_variant v WHERE v.product_id = p.id)
FROM catalog_product p
LEFT JOIN catalog_category c ON c.id = p.category_id
LEFT JOIN catalog_brand b ON b.id = p.brand_id
WHERE p.deleted_at IS NULL AND (p.status = 'live' OR %(with_hidden)s) AND p.{column} = %(value)s
"""


def product_detail(ident: str, *, with_hidden: bool = False, language: str | None = None) -> Row | None:
    """Everything customers see of the product with this id, or None.

    One query, written out: the page that storefronts ask for most would else spend its time building models.
    """
    if ids.where(ident) is None:
        return None
    external = ids.external_part(ident)
    column, value = ("public_id", ident) if external is None else ("external_id", external)
    with connection.cursor() as cursor:
        cursor.execute(DETAIL.format(column=column), {"with_hidden": with_hidden, "value": value})
        found = cursor.fetchone()
    return _detail(found, language or get_language() or "") if found else None


def _detail(found: Sequence[Any], language: str) -> Row:
    public_id, external_id, name, names, text, texts, price, status, attributes, in_stock, published, updated = found[
        :12
    ]
    pictures, variants = (orjson.loads(part) if part else [] for part in found[20:])

    def words(plain: str, translations: str | None) -> str:
        return (orjson.loads(translations).get(language) if translations else None) or plain

    def named(row: Sequence[Any]) -> Row | None:
        return {"id": row[0], "external_id": row[1], "name": words(row[2], row[3])} if row[0] else None

    return {
        "id": public_id,
        "external_id": external_id,
        "name": words(name, names),
        "price": amount_text(price),
        "currency": current_shop().base_currency,
        "in_stock": in_stock,
        "category": named(found[12:16]),
        "brand": named(found[16:20]),
        "image": image_url(pictures[0][0]) if pictures else None,
        "updated_at": updated,
        "url": PRODUCT_PATH + public_id,
        "description": words(text, texts),
        "status": status,
        "attributes": orjson.loads(attributes),
        "published_at": published,
        "images": [
            {"url": image_url(file), "alt": alt, "width": width, "height": height}
            for file, alt, width, height in pictures
        ],
        "variants": [
            {
                "id": variant_id,
                "external_id": own_id,
                "sku": sku,
                "options": options,
                "selected_options": [
                    {"name": option, "value": value}
                    for option, value in (translations.get(language) or options).items()
                ],
                "price": amount_text(price if own_price is None else Decimal(own_price)),
                "in_stock": available,
                "barcode": barcode,
            }
            for variant_id, own_id, sku, options, translations, own_price, available, barcode in variants
        ],
    }


def category_tree() -> list[Row]:
    """All categories, each with its children, in the order of the shop. One query."""
    children: dict[str, list[Category]] = defaultdict(list)
    for category in Category.objects.only(
        "path", "depth", "position", "name", "name_translations", "public_id", "external_id"
    ):
        children[category.path[: -Category.steplen]].append(category)

    def branch(path: str) -> list[Row]:
        nodes = sorted(children.get(path, ()), key=lambda node: (node.position, node.name))
        return [{**_known_as(node), "children": branch(node.path)} for node in nodes]

    return branch("")


def image_url(name: str | None) -> str | None:
    """Address of a stored picture, below the address of this installation."""
    if not name:
        return None
    base = getattr(default_storage, "base_url", None)
    if base and base.endswith("/") and PLAIN_NAME.fullmatch(name):  # a tenth of the price, and cards have one each
        return f"{base}{name}"
    return default_storage.url(name)


def _named(thing: Any) -> Row | None:
    return None if thing is None else _known_as(thing)


def _known_as(thing: Any) -> Row:
    return {"id": thing.public_id, "external_id": thing.external_id, "name": thing.localised("name")}


# --- people and orders --------------------------------------------------------------------------------------------


def customer_by_public_id(public_id: str) -> Customer | None:
    """An existing customer, as customer tokens name them; a token of a merged record is one of the kept record."""
    return Customer.objects.known_as(public_id)


def orders_for_detail() -> QuerySet[Order]:
    """Orders with lines, timeline, payments and refunds (five queries when read)."""
    return Order.objects.select_related("customer").prefetch_related("lines__product", "events", "payments", "refunds")


def orders_of(customer: Customer) -> QuerySet[Order]:
    """What this person ordered, with the number of pieces (one query when read)."""
    return Order.objects.filter(customer=customer).annotate(pieces=Sum("lines__quantity", default=0))


def order_row(order: Order) -> Row:
    """One row of a customer's list. The order comes from `orders_of`."""
    return {
        "id": order.public_id,
        "number": order.number,
        "status": order.status,
        "currency": order.currency,
        "total": amount_text(order.total),
        "refunded_total": amount_text(order.refunded_total),
        "pieces": order.pieces,  # type: ignore[attr-defined]  # annotated
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
    }


def order_detail(order: Order, *, for_customer: bool = False) -> Row:
    """An order, without names and addresses. It comes from `orders_for_detail`.

    Customers do not see what staff and the shop's systems noted for each other.
    """
    events = [event for event in order.events.all() if not (for_customer and event.kind == OrderEvent.Kind.NOTE)]
    return {
        "id": order.public_id,
        "number": order.number,
        "external_id": order.external_id,
        "status": order.status,
        "customer": order.customer.public_id if order.customer else None,
        "currency": order.currency,
        "base_rate": amount_text(order.base_rate),
        "lines_total": amount_text(order.lines_total),
        "shipping": amount_text(order.shipping),
        "discount": amount_text(order.discount),
        "total": amount_text(order.total),
        "paid_total": amount_text(order.paid_total),
        "refunded_total": amount_text(order.refunded_total),
        "channel": order.channel,
        "country": order.country,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "lines": [
            {
                "line": line.line,
                "product": line.product.public_id if line.product else None,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": amount_text(line.unit_price),
                "discount": amount_text(line.discount),
                "amount": amount_text(line.amount),
                "refunded_quantity": line.refunded_quantity,
            }
            for line in order.lines.all()
        ],
        "events": [
            {"kind": event.kind, "occurred_at": event.occurred_at, "note": "" if for_customer else event.note}
            for event in events
        ],
        "payments": _money(order.payments.all(), "paid_at"),
        "refunds": _money(order.refunds.all(), "refunded_at"),
    }


def _money(rows: Sequence[Any] | QuerySet[Any], moment: str) -> list[Row]:
    return [
        {
            "external_id": row.external_id,
            "amount": amount_text(row.amount),
            "currency": row.currency,
            moment: getattr(row, moment),
        }
        for row in rows
    ]
