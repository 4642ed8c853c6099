"""Reads for the staff pages: each answers one question in a known number of queries.

Windows of 28 days end now. In a shop whose history was imported and ended long ago they end with the day of the
last paid order, so that figures show the shop as it was instead of zeros.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
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
    When,
)
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

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

DAYS = 28
LOW_STOCK = 5
ZERO = Decimal("0")
AMOUNT = DecimalField(max_digits=24, decimal_places=4)


@dataclass(frozen=True)
class ShopClock:
    """The moment that counts as "now" for figures, and the 28 whole days of the shop that end with it."""

    now: datetime
    is_history: bool

    @property
    def today(self) -> date:
        return timezone.localtime(self.now).date()

    @property
    def start(self) -> datetime:
        """First moment of the window: midnight in the shop's time zone."""
        return _midnight(self.today - timedelta(days=DAYS - 1))

    @property
    def previous_start(self) -> datetime:
        return _midnight(self.today - timedelta(days=2 * DAYS - 1))

    @property
    def previous_end(self) -> datetime:
        """The same time of day 28 days earlier, so that an unfinished day is compared with an unfinished one."""
        return self.now - timedelta(days=DAYS)

    @property
    def week_ago_start(self) -> datetime:
        return _midnight(self.today - timedelta(days=7))

    @property
    def days(self) -> list[date]:
        return [self.today - timedelta(days=DAYS - 1 - i) for i in range(DAYS)]


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

    @property
    def is_low(self) -> bool:
        return not self.uncounted and 0 < self.on_hand <= LOW_STOCK


@dataclass(frozen=True)
class Purchases:
    """What one customer bought: orders that were paid, their worth net of refunds in the base currency."""

    orders: int = 0
    revenue: Decimal = ZERO
    last_at: datetime | None = None


@dataclass
class ShopFigures:
    """The figures of the home page, with the same measure one window before."""

    clock: ShopClock
    orders_today: int = 0
    orders_week_ago: int = 0
    orders_daily: list[int] = field(default_factory=list)
    revenue: Decimal = ZERO
    revenue_before: Decimal = ZERO
    revenue_daily: list[float] = field(default_factory=list)
    paid_orders_before: int = 0
    customers: int = 0
    customers_before: int = 0
    customers_daily: list[int] = field(default_factory=list)


def shop_clock() -> ShopClock:
    """Now, or the end of the last day with a paid order when that is more than 28 days ago. One query."""
    now = timezone.now()
    last = Order.objects.aggregate(last=Max("paid_at"))["last"]
    if last is None or now - last <= timedelta(days=DAYS):
        return ShopClock(now=now, is_history=False)
    day = timezone.localtime(last).date()
    return ShopClock(now=_midnight(day + timedelta(days=1)) - timedelta(microseconds=1), is_history=True)


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


def is_low() -> Q:
    """At least one and at most five pieces left, and no variant that is always available."""
    counted = (
        Variant.objects.order_by()
        .values("product")
        .annotate(total=Sum("stock"), uncounted=Count("id", filter=Q(track_stock=False)))
        .filter(uncounted=0, total__range=(1, LOW_STOCK))
    )
    return Q(is_in_stock=True, pk__in=counted.values("product"))


def low_stock(products: QuerySet[Product]) -> QuerySet[Product]:
    return products.filter(is_low())


def product_counts() -> dict[str, int]:
    """How many products each tab of the list holds. One query."""
    existing = Q(deleted_at=None)
    live = existing & Q(status=Product.Status.LIVE)
    return Product.objects.aggregate(
        all=Count("id", filter=existing),
        live=Count("id", filter=live),
        out=Count("id", filter=live & Q(is_in_stock=False)),
        hidden=Count("id", filter=existing & Q(status=Product.Status.HIDDEN)),
        draft=Count("id", filter=existing & Q(status=Product.Status.DRAFT)),
        low=Count("id", filter=live & is_low()),
        deleted=Count("id", filter=~existing),
    )


def drafts_without_picture() -> int:
    return Product.objects.existing().filter(status=Product.Status.DRAFT, images=None).count()


def order_pieces(order_ids: Iterable[int]) -> dict[int, int]:
    """Pieces of each order. One query."""
    rows = OrderLine.objects.filter(order_id__in=list(order_ids)).order_by().values_list("order_id")
    return dict(rows.annotate(pieces=Sum("quantity")))


def order_for_page(pk: str) -> Order | None:
    """An order with everything its page shows; None when there is none. Seven queries."""
    if not pk.isdigit() or len(pk) > 18:
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


def order_status_counts() -> dict[str, int]:
    return dict(Order.objects.order_by().values_list("status").annotate(n=Count("id")))


def in_base_currency(field_name: str) -> ExpressionWrapper:
    """An amount of an order in the base currency."""
    return ExpressionWrapper(F(field_name) * F("base_rate"), output_field=AMOUNT)


def customer_purchases(customer_ids: Iterable[int], base_currency: str) -> dict[int, Purchases]:
    """What these customers bought; customers without a paid order are missing. Two queries.

    Old systems record returns without the order; those in the base currency are taken off here.
    """
    ids = list(customer_ids)
    paid = ExpressionWrapper((F("paid_total") - F("refunded_total")) * F("base_rate"), output_field=AMOUNT)
    rows = (
        Order.objects.filter(customer_id__in=ids, paid_at__isnull=False)
        .order_by()
        .values_list("customer_id")
        .annotate(n=Count("id"), worth=Sum(paid), last=Max("paid_at"))
    )
    loose = dict(
        Refund.objects.filter(customer_id__in=ids, order=None, currency=base_currency)
        .order_by()
        .values_list("customer_id")
        .annotate(worth=Sum("amount"))
    )
    return {
        customer_id: Purchases(n, worth - loose.get(customer_id, ZERO), last) for customer_id, n, worth, last in rows
    }


def customer_order_count() -> Subquery:
    orders = Order.objects.filter(customer=OuterRef("pk"), paid_at__isnull=False).order_by().values("customer")
    return Subquery(orders.annotate(n=Count("id")).values("n"), output_field=IntegerField())


def customer_revenue() -> Subquery:
    orders = Order.objects.filter(customer=OuterRef("pk"), paid_at__isnull=False).order_by().values("customer")
    worth = Sum(ExpressionWrapper((F("paid_total") - F("refunded_total")) * F("base_rate"), output_field=AMOUNT))
    return Subquery(orders.annotate(worth=worth).values("worth"), output_field=AMOUNT)


def customer_last_order() -> Subquery:
    orders = Order.objects.filter(customer=OuterRef("pk"), paid_at__isnull=False).order_by().values("customer")
    return Subquery(orders.annotate(last=Max("paid_at")).values("last"))


def category_product_counts() -> Mapping[int, int]:
    """Products that are not deleted, per category (without those of categories below it). One query."""
    rows = Product.objects.existing().exclude(category=None).order_by().values_list("category_id")
    return dict(rows.annotate(n=Count("id")))


def shop_figures(clock: ShopClock, base_currency: str) -> ShopFigures:
    """Orders, revenue net of refunds and new customers of this window and the one before. One query."""
    since = clock.previous_start

    def per_day(rows: QuerySet[Any], moment: str, kind: str, amount: Any) -> QuerySet[Any]:
        in_window = Q(**{f"{moment}__gte": clock.start, f"{moment}__lte": clock.now})
        before = Q(**{f"{moment}__gte": since, f"{moment}__lt": clock.previous_end})
        last_week = Q(**{f"{moment}__gte": clock.week_ago_start, f"{moment}__lt": clock.now - timedelta(days=7)})
        return (
            rows.filter(in_window | before)
            .order_by()
            .annotate(
                part=Case(
                    When(last_week, then=WEEK_AGO),
                    When(in_window, then=NOW),
                    default=BEFORE,
                    output_field=IntegerField(),
                ),
                kind=Case(default=KINDS.index(kind), output_field=IntegerField()),
                day=TruncDate(moment),
            )
            .values_list("kind", "part", "day")
            .annotate(n=Count("id"), amount=amount)
        )

    nothing = Sum(Case(default=ZERO, output_field=AMOUNT))
    rate = Case(
        When(order__isnull=False, then=F("order__base_rate")),
        When(currency=base_currency, then=Decimal("1")),
        default=ZERO,
        output_field=AMOUNT,
    )
    back = Sum(ExpressionWrapper(F("amount") * rate, output_field=AMOUNT))
    rows = per_day(Order.objects.filter(paid_at__isnull=False), "paid_at", "paid", Sum(in_base_currency("paid_total")))
    rows = rows.union(
        per_day(Order.objects.exclude(status=Order.Status.DRAFT), "placed_at", "placed", nothing),
        per_day(Refund.objects.all(), "refunded_at", "refunded", back),
        per_day(Customer.objects.existing(), "joined_at", "joined", nothing),
        all=True,
    )
    return _add_up(clock, rows)


KINDS = ("paid", "placed", "refunded", "joined")
NOW, BEFORE, WEEK_AGO = range(3)


def _add_up(clock: ShopClock, rows: Iterable[tuple[int, int, date, int, Decimal]]) -> ShopFigures:
    found = ShopFigures(clock=clock)
    orders: dict[date, int] = defaultdict(int)
    revenue: dict[date, Decimal] = defaultdict(lambda: ZERO)
    customers: dict[date, int] = defaultdict(int)
    for kind, part, day, count, amount in rows:
        name = KINDS[kind]
        if name == "placed":
            orders[day] += count
            found.orders_week_ago += count if part == WEEK_AGO else 0
        elif name == "joined":
            customers[day] += count
            found.customers_before += count if part == BEFORE else 0
        else:
            worth = amount if name == "paid" else -amount
            revenue[day] += worth
            found.revenue_before += worth if part == BEFORE else ZERO
            if name == "paid":
                found.paid_orders_before += count if part == BEFORE else 0
    found.orders_today = orders[clock.today]
    found.orders_daily = [orders[day] for day in clock.days]
    found.revenue_daily = [float(revenue[day]) for day in clock.days]
    found.revenue = sum((revenue[day] for day in clock.days), ZERO)
    found.customers_daily = [customers[day] for day in clock.days]
    found.customers = sum(found.customers_daily)
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def customer_loose_refunds(customer: Customer) -> list[Refund]:
    """Returns that old systems recorded without their order, newest first, at most ten."""
    rows = (
        Refund.objects.filter(customer=customer, order=None).select_related("product").order_by("-refunded_at", "-id")
    )
    return list(rows[:10])


def latest_interactions(customer: Customer, limit: int = 15) -> list[Interaction]:
    """What this customer did last. Reads the index of customers in each month, newest first."""
    rows = Interaction.objects.filter(customer=customer).select_related("product").order_by("-occurred_at")
    return list(rows[:limit])
