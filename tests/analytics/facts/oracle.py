"""The figures counted anew in plain Python, order by order, and what the tables hold, in the same form."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics.models import CohortCell, CustomerMonth, CustomerStats, DailySales, ProductDay, SalesPart
from catalog.models import Order, OrderLine, Refund
from core.models import ShopProfile

Rows = dict[Any, tuple[Any, ...]]


def held() -> dict[str, Rows]:
    """What the tables hold."""
    return {
        "months": {
            (r.customer_id, r.month): (r.orders, r.purchase_days, r.items, r.gross, r.refunds, r.refunded, r.revenue,
                                       r.first_day, r.last_day)
            for r in CustomerMonth.objects.all()
        },
        "stats": {
            r.customer_id: (r.orders, r.purchase_days, r.items, r.gross, r.refunds, r.refunded, r.revenue,
                            r.first_day, r.last_day)
            for r in CustomerStats.objects.all()
        },
        "products": {
            (r.day, r.product_id): (r.orders, r.items, r.gross, r.returned, r.refunded)
            for r in ProductDay.objects.all()
        },
        "daily": {
            r.day: (r.orders, r.buyers, r.new_buyers, r.guest_orders, r.items, r.gross, r.refunds, r.refunded,
                    r.revenue)
            for r in DailySales.objects.all()
        },
        "parts": {(r.day, r.kind, r.part): (r.orders, r.gross, r.refunded) for r in SalesPart.objects.all()},
        "cells": {
            (r.grain, r.cohort, r.offset): (r.customers, r.orders, r.revenue, r.is_frozen)
            for r in CohortCell.objects.all()
        },
    }  # fmt: skip


def counted(today: date) -> dict[str, Rows]:
    """What they should hold."""
    shop = ShopProfile.objects.get()
    zone = ZoneInfo(shop.time_zone)
    lines = defaultdict(list)
    for line in OrderLine.objects.all():
        lines[line.order_id].append(line)
    sales, backs = [], []
    for order in Order.objects.filter(paid_at__isnull=False):
        sales.append((order.customer_id, order.paid_at.astimezone(zone).date(), order, lines[order.pk]))
    for refund in Refund.objects.select_related("order"):
        rate = refund.order.base_rate if refund.order else Decimal(refund.currency == shop.base_currency)
        who = (refund.order.customer_id if refund.order else None) or refund.customer_id
        backs.append((who, refund.refunded_at.astimezone(zone).date(), refund, _four(refund.amount * rate)))
    first: dict[int, date] = {}
    for who, day, _order, _lines in sales:
        if who is not None:
            first[who] = min(day, first.get(who, day))

    def monday(day: date) -> date:
        return day - timedelta(days=(day.isoweekday() - shop.week_start) % 7)

    def month(day: date) -> date:
        return day.replace(day=1)

    months = {
        key: _person([s for s in sales if (s[0], month(s[1])) == key], [b for b in backs if (b[0], month(b[1])) == key])
        for key in {(x[0], month(x[1])) for x in [*sales, *backs] if x[0] is not None}
    }
    stats = {}
    for who in first:
        theirs = [row for (owner, _month), row in months.items() if owner == who]
        sums = tuple(sum(row[place] for row in theirs) for place in range(7))
        stats[who] = (*sums, first[who], max(row[8] for row in theirs if row[8]))
    daily = {}
    for day in {x[1] for x in [*sales, *backs]}:
        here, back = [s for s in sales if s[1] == day], [b for b in backs if b[1] == day]
        row = _person(here, back)
        daily[day] = (
            row[0], len({s[0] for s in here if s[0] is not None}), sum(d == day for d in first.values()),
            sum(s[0] is None for s in here), row[2], row[3], row[4], row[5], row[6],
        )  # fmt: skip
    cells: Rows = {}
    for grain, begin in (("week", monday), ("month", month)):
        for cohort, period in {(begin(first[x[0]]), begin(x[1])) for x in [*sales, *backs] if x[0] in first}:
            if period < cohort:
                continue
            here = [s for s in sales if s[0] in first and (begin(first[s[0]]), begin(s[1])) == (cohort, period)]
            back = [b for b in backs if b[0] in first and (begin(first[b[0]]), begin(b[1])) == (cohort, period)]
            end = period + timedelta(days=7) if grain == "week" else month(period + timedelta(days=32))
            offset = (period - cohort).days // 7
            if grain == "month":
                offset = (period.year - cohort.year) * 12 + period.month - cohort.month
            cells[grain, cohort, offset] = (len({s[0] for s in here}), *_person(here, back)[0:7:6], end <= today)
    return {
        "months": months, "stats": stats, "products": _products(sales, backs), "daily": daily,
        "parts": _parts(sales, backs, zone), "cells": cells,
    }  # fmt: skip


def _parts(sales: list[Any], backs: list[Any], zone: ZoneInfo) -> Rows:
    found: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])

    def add(day: date, moment: datetime, order: Order | None, *values: Any) -> None:
        hour = f"{moment.astimezone(zone).hour:02d}"
        places = (order.channel, order.country) if order else ("", "")
        for kind, part in zip(("hour", "channel", "country"), (hour, *places), strict=True):
            row = found[day, kind, part]
            row[:] = [known + more for known, more in zip(row, values, strict=True)]

    for _who, day, order, _lines in sales:
        add(day, order.paid_at, order, 1, _four(order.paid_total * order.base_rate), 0)
    for _who, day, refund, amount in backs:
        add(day, refund.refunded_at, refund.order, 0, 0, amount)
    return {key: tuple(row) for key, row in found.items()}


def _person(sales: list[Any], backs: list[Any]) -> tuple[Any, ...]:
    days = {s[1] for s in sales}
    gross = sum((_four(s[2].paid_total * s[2].base_rate) for s in sales), Decimal(0))
    back = sum((b[3] for b in backs), Decimal(0))
    items = sum(line.quantity for s in sales for line in s[3])
    return (
        len(sales), len(days), items, gross, len(backs), back, gross - back,
        min(days, default=None), max(days, default=None),
    )  # fmt: skip


def _products(sales: list[Any], backs: list[Any]) -> Rows:
    found: dict[Any, list[Any]] = defaultdict(lambda: [set(), 0, Decimal(0), 0, Decimal(0)])
    for _who, day, order, lines in sales:
        whole = order.lines_total + order.shipping
        for line in lines:
            if line.product_id is None:
                continue
            row = found[day, line.product_id]
            row[0].add(order.pk)
            row[1] += line.quantity
            row[2] += _four(line.amount * order.paid_total * order.base_rate / whole) if whole else 0
    for _who, day, refund, amount in backs:
        if refund.product_id is not None:
            row = found[day, refund.product_id]
            row[3] += refund.quantity
            row[4] += amount
    return {key: (len(r[0]), *r[1:]) for key, r in found.items()}


def _four(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)
