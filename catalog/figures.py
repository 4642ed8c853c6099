"""The shop's figures, and the moment they stand for.

Windows of 28 days end now. In a shop whose history was imported and ended long ago they end with the day of the
last paid order, so that figures show the shop as it was instead of zeros.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Q,
    QuerySet,
    Sum,
    When,
)
from django.db.models.functions import TruncDate
from django.utils import timezone

from catalog.models import Customer, Order, Refund

DAYS = 28
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
    # Orders dated to the future say nothing about now. By days, as the figures of days do (`analytics.reports.asof`).
    last = Order.objects.filter(paid_at__lte=now).aggregate(last=Max("paid_at"))["last"]
    day = timezone.localtime(last).date() if last is not None else None
    if day is None or timezone.localtime(now).date() - day <= timedelta(days=DAYS):
        return ShopClock(now=now, is_history=False)
    return ShopClock(now=_midnight(day + timedelta(days=1)) - timedelta(microseconds=1), is_history=True)


def data_end() -> datetime | None:
    """When the data of a shop whose history ended long ago end; None while it goes on."""
    clock = shop_clock()
    return clock.now if clock.is_history else None


def in_base_currency(field_name: str) -> ExpressionWrapper:
    """An amount of an order in the base currency."""
    return ExpressionWrapper(F(field_name) * F("base_rate"), output_field=AMOUNT)


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
