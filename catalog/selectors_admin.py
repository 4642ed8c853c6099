"""Reads for the staff pages: each answers one question in a known number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    Count,
    DateTimeField,
    Expression,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, TruncDate

from catalog.figures import AMOUNT, DAYS, ZERO, ShopClock, shop_clock
from catalog.models import (
    Customer,
    Interaction,
    Order,
    OrderEvent,
    OrderLine,
    Product,
    ProductImage,
    Refund,
    Variant,
)
from core.paginator import RowCount, bounded_counts

__all__ = ["DAYS", "ShopClock", "shop_clock"]


@dataclass(frozen=True)
class Sales:
    """Pieces sold in the window: in all, and per day from the oldest to the newest."""

    pieces: int = 0
    daily: Sequence[int] = ()


@dataclass(frozen=True)
class Stock:
    """Stock of one product over its counted variants. `uncounted` is true when a variant is always available."""

    on_hand: int = 0
    variants: int = 0
    sku: str = ""
    uncounted: bool = False

    @property
    def is_out(self) -> bool:
        return not self.uncounted and self.on_hand <= 0


@dataclass(frozen=True)
class Purchases:
    """What one customer bought: orders that were paid, their worth net of refunds in the base currency; orders of which
    something was refunded, and all that was given back."""

    orders: int = 0
    revenue: Decimal = ZERO
    last_at: datetime | None = None
    returned: int = 0
    given_back: Decimal = ZERO


def product_sales(product_ids: Iterable[int], clock: ShopClock) -> dict[int, Sales]:
    """Sales of these products in the window; products without any are missing. One query."""
    rows = (
        OrderLine.objects.filter(
            product_id__in=list(product_ids),
            order__paid_at__gte=clock.start,
            order__paid_at__lte=clock.now,
            order__status__in=Order.BOUGHT,
        )
        .annotate(day=TruncDate("order__paid_at"))
        .order_by()
        .values_list("product_id", "day")
        .annotate(pieces=Sum("quantity"))
    )
    per_day: dict[int, dict[date, int]] = defaultdict(dict)
    for product_id, day, pieces in rows:
        per_day[product_id][day] = pieces
    return {
        product_id: Sales(sum(found.values()), [found.get(day, 0) for day in clock.days])
        for product_id, found in per_day.items()
    }


class SoldInWindow(Expression):
    """Pieces of the outer query's product sold in the window: for sorting a whole list.

    The sums of all products are made once, as one object that each row looks itself up in; a subquery per row would
    read the lines of every product.
    """

    output_field = IntegerField()
    contains_aggregate = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        clock = shop_clock()
        lines, orders, products = (model._meta.db_table for model in (OrderLine, Order, Product))
        sql = (
            f"COALESCE(((SELECT jsonb_object_agg(w.product_id, w.n) FROM (SELECT l.product_id, SUM(l.quantity) AS n"  # noqa: S608
            f" FROM {lines} l JOIN {orders} o ON o.id = l.order_id WHERE o.paid_at BETWEEN %s AND %s"
            f" AND o.status = ANY(%s) AND l.product_id IS NOT NULL GROUP BY l.product_id) w)"
            f" ->> {products}.id::text)::int, 0)"
        )
        return sql, (clock.start, clock.now, [str(status) for status in Order.BOUGHT])


def product_stock(product_ids: Iterable[int]) -> dict[int, Stock]:
    """Stock of these products; products without variants are missing. One query."""
    rows = (
        Variant.objects.filter(product_id__in=list(product_ids))
        .order_by()
        .values("product_id")
        .annotate(
            on_hand=Coalesce(Sum("stock", filter=Q(track_stock=True)), 0),
            variants=Count("id"),
            sku=Min("sku"),
            uncounted=Count("id", filter=Q(track_stock=False)),
        )
    )
    return {
        row["product_id"]: Stock(row["on_hand"], row["variants"], row["sku"], bool(row["uncounted"])) for row in rows
    }


def on_hand() -> Subquery:
    """Counted stock of the product of the outer query, for filtering and sorting; NULL without counted variants."""
    counted = Variant.objects.filter(product=OuterRef("pk"), track_stock=True).order_by().values("product")
    return Subquery(counted.annotate(total=Sum("stock")).values("total"), output_field=IntegerField())


def product_tabs() -> dict[str, QuerySet[Product]]:
    """The products of each tab of the list."""
    existing, live = Product.objects.existing(), Product.objects.live()
    return {
        "all": existing,
        "live": live,
        "low": Product.objects.low(),
        "out": live.filter(is_in_stock=False),
        "hidden": existing.filter(status=Product.Status.HIDDEN),
        "draft": existing.filter(status=Product.Status.DRAFT),
        "deleted": Product.objects.exclude(deleted_at=None),
    }


def product_counts() -> dict[str, RowCount]:
    """How many products each tab of the list holds. One query."""
    tabs = product_tabs()
    return dict(zip(tabs, bounded_counts(list(tabs.values())), strict=True))


def drafts_without_picture() -> int:
    return Product.objects.existing().filter(status=Product.Status.DRAFT, images=None).count()


def order_pieces(order_ids: Iterable[int]) -> dict[int, int]:
    """Pieces of each order. One query."""
    rows = OrderLine.objects.filter(order_id__in=list(order_ids)).order_by().values_list("order_id")
    return dict(rows.annotate(pieces=Sum("quantity")))


def order_for_page(pk: str) -> Order | None:
    """An order with everything its page shows; None when there is none. Seven queries."""
    if not pk.isdecimal() or len(pk) > 18:
        return None
    pictures = ProductImage.objects.order_by("position", "id")
    return (
        Order.objects.select_related("customer")
        .prefetch_related(
            Prefetch("lines", OrderLine.objects.select_related("product", "variant").order_by("line")),
            Prefetch("lines__product__images", pictures),
            Prefetch("events", OrderEvent.objects.select_related("created_by").order_by("occurred_at", "id")),
            "payments",
            Prefetch("refunds", Refund.objects.select_related("order_line")),
        )
        .filter(pk=int(pk))
        .first()
    )


def refund_is_known(order: Order, external_id: str) -> bool:
    return bool(external_id) and Refund.objects.filter(order=order, external_id=external_id).exists()


def customer_purchases(customer_ids: Iterable[int], base_currency: str) -> dict[int, Purchases]:
    """What these customers bought; customers without a paid order and without a refund are missing. One query.

    Old systems record returns without the order; those in the base currency are taken off here.
    """
    ids = list(customer_ids)
    paid = ExpressionWrapper((F("paid_total") - F("refunded_total")) * F("base_rate"), output_field=AMOUNT)
    back = ExpressionWrapper(F("refunded_total") * F("base_rate"), output_field=AMOUNT)
    is_paid, is_returned = Q(paid_at__isnull=False), Q(refunded_total__gt=0)
    rows = (
        Order.objects.filter(is_paid | is_returned, customer_id__in=ids)
        .order_by()
        .values_list("customer_id")
        .annotate(
            n=Count("id", filter=is_paid), worth=Sum(paid, filter=is_paid), last=Max("paid_at"),
            returned=Count("id", filter=is_returned), back=Sum(back),
        )
    )  # fmt: skip
    nothing = Value(None, output_field=IntegerField())
    returns = (
        Refund.objects.filter(customer_id__in=ids, order=None, currency=base_currency)
        .order_by()
        .values_list("customer_id")
        .annotate(
            n=nothing, worth=Sum("amount"), last=Value(None, output_field=DateTimeField()), returned=nothing,
            back=Value(None, output_field=AMOUNT),
        )
    )  # fmt: skip
    both: list[tuple[Any, ...]] = list(rows.union(returns, all=True))
    loose = {one[0]: one[2] for one in both if one[1] is None}
    found = {customer_id: Purchases(given_back=worth) for customer_id, worth in loose.items()}
    for customer_id, n, worth, last, returned, back_of_orders in both:
        if n is None:
            continue
        without = loose.get(customer_id, ZERO)
        revenue = (worth or ZERO) - without if n else ZERO
        found[customer_id] = Purchases(n, revenue, last, returned, back_of_orders + without)
    return found


def category_product_counts() -> Mapping[int, int]:
    """Products that are not deleted, per category (without those of categories below it). One query."""
    rows = Product.objects.existing().exclude(category=None).order_by().values_list("category_id")
    return dict(rows.annotate(n=Count("id")))


def customer_loose_refunds(customer: Customer) -> list[Refund]:
    """Returns that old systems recorded without their order, newest first, at most ten."""
    rows = (
        Refund.objects.filter(customer=customer, order=None).select_related("product").order_by("-refunded_at", "-id")
    )
    return list(rows[:10])


def latest_interactions(customer: Customer, limit: int = 15) -> list[Interaction]:
    """What this customer did last. Reads the index of customers in each month, newest first."""
    rows = Interaction.objects.filter(customer=customer).exclude(kind=Interaction.Kind.IMPRESSION)
    rows = rows.select_related("product").order_by("-occurred_at")
    return list(rows[:limit])
