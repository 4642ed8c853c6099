"""Reads for the API and for recommendations. Each says how many queries it costs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.utils.translation import get_language

from catalog.models import Category, Customer, Order, OrderEvent, Product, ProductImage, Variant, Visitor
from core.money import amount_text
from core.shop import current_shop

PRODUCT_PATH = "/api/v1/products/"
Row = dict[str, Any]


# --- products -----------------------------------------------------------------------------------------------------


def product_cards(ids: Iterable[int], language: str | None = None) -> dict[int, Row]:
    """What a shelf needs to show each of these products, by primary key; those that do not exist are left out.

    One query. Whether they may be shown is not asked here: see `sellable_among`.
    """
    first = ProductImage.objects.filter(product=OuterRef("pk")).order_by("position", "id")
    rows = Product.objects.filter(pk__in=set(ids)).annotate(
        image=Subquery(first.values("file")[:1]), image_alt=Subquery(first.values("alt")[:1])
    )
    fields = ("pk", "public_id", "external_id", "name", "name_translations", "price", "image", "image_alt")
    language = language or get_language() or ""
    currency = current_shop().base_currency
    return {
        pk: {
            "id": public_id,
            "public_id": public_id,
            "external_id": external_id,
            "name": (translations or {}).get(language) or name,
            "price": amount_text(price),
            "currency": currency,
            "image": image_url(image),
            "image_alt": alt or "",
            "url": PRODUCT_PATH + public_id,
        }
        for pk, public_id, external_id, name, translations, price, image, alt in rows.values_list(*fields)
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


def products_for_list(wanted: ProductFilter) -> QuerySet[Product]:
    """Live products; with what a row shows (two queries when read)."""
    rows = Product.objects.live().for_listing()
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
    return rows


def products_for_detail(*, with_hidden: bool = False) -> QuerySet[Product]:
    """Products with everything their page shows (three queries when read)."""
    rows = Product.objects.existing() if with_hidden else Product.objects.live()
    return rows.for_listing().prefetch_related(Prefetch("variants", Variant.objects.order_by("id")))


def product_row(product: Product) -> Row:
    """One row of a product list. The product comes from `products_for_list`."""
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


def product_detail(product: Product) -> Row:
    """Everything customers see of a product. It comes from `products_for_detail`."""
    return {
        **product_row(product),
        "description": product.localised("description"),
        "status": product.status,
        "attributes": product.attributes,
        "published_at": product.published_at,
        "images": [
            {"url": image_url(image.file.name), "alt": image.alt, "width": image.width, "height": image.height}
            for image in product.images.all()
        ],
        "variants": [
            {
                "id": variant.public_id,
                "external_id": variant.external_id,
                "sku": variant.sku,
                "options": variant.options,
                "price": amount_text(product.price if variant.price is None else variant.price),
                "in_stock": variant.is_available,
                "barcode": variant.barcode,
            }
            for variant in product.variants.all()
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
    return default_storage.url(name) if name else None


def _named(thing: Any) -> Row | None:
    return None if thing is None else _known_as(thing)


def _known_as(thing: Any) -> Row:
    return {"id": thing.public_id, "external_id": thing.external_id, "name": thing.localised("name")}


# --- people and orders --------------------------------------------------------------------------------------------


def customer_by_public_id(public_id: str) -> Customer | None:
    """An existing customer, as customer tokens name them."""
    return Customer.objects.existing().filter(public_id=public_id).first()


def visitor_by_key(key: str) -> Visitor | None:
    """The browser with this opaque id, with its customer."""
    return Visitor.objects.select_related("customer").filter(key=key).first()


def orders_for_detail() -> QuerySet[Order]:
    """Orders with lines, timeline, payments and refunds (five queries when read)."""
    return Order.objects.select_related("customer").prefetch_related("lines__product", "events", "payments", "refunds")


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
