"""What models of customers learn from: the only place that knows where it comes from.

Days are the shop's and money is in its base currency. An order counts on the day it was paid, a refund on the day it
was given, as in the shop's figures. PostgreSQL adds up a customer's day before anything leaves it, and rows travel as
fixed-width binary, so memory grows with the arrays and with nothing else.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from analytics.facts.statements import BACK, ORDERS, PAID, PER_AMOUNT, REFUNDED_TO, REFUNDS, day
from analytics.ml.churn import Acts
from analytics.ml.gamma_gamma import Spending
from analytics.ml.purchases import Purchases, Summary
from catalog.figures import shop_clock
from core.shop import current_shop, shop_zone

EPOCH = date(1970, 1, 1)
ONE_DAY = timedelta(days=1)
BLOCK = 100_000
"""Ids of customers that are scored together."""
SAMPLE = 40_000
"""Customers whose days models learn from: more do not change a model of some fifteen weights."""
CHUNK = 1 << 20
FEWEST = 20
"""Customers without whom nothing is learned."""

# What each customer paid and got back on each day; what counts is what counts in the shop's figures.
DAYS = f"""
SELECT customer, (day - date '1970-01-01')::bigint, sum(amount)::bigint::float8 / {PER_AMOUNT} FROM (
    SELECT o.customer_id AS customer, {day("o.paid_at")} AS day, true AS bought, {PAID} AS amount
    FROM {ORDERS} AND o.paid_at < %(end)s AND o.customer_id IS NOT NULL {{orders}}
    UNION ALL
    SELECT {REFUNDED_TO}, {day("r.refunded_at")}, false, -({BACK})
    FROM {REFUNDS} AND r.refunded_at < %(end)s AND r.amount > 0 AND {REFUNDED_TO} IS NOT NULL {{refunds}}
    ORDER BY customer, day, bought
) parts GROUP BY customer, day, bought
"""  # noqa: S608
SUMMARY = f"""
SELECT customer, min(day), max(day) FILTER (WHERE day <= %(known)s), count(*) FILTER (WHERE day <= %(known)s),
       sum(amount) FILTER (WHERE day <= %(known)s),
       count(*) FILTER (WHERE day <= %(known)s AND day > first AND amount > 0),
       coalesce(sum(amount) FILTER (WHERE day <= %(known)s AND day > first), 0),
       coalesce(sum(amount * amount) FILTER (WHERE day <= %(known)s AND day > first), 0),
       coalesce(sum(amount) FILTER (WHERE day = first), 0),
       count(*) FILTER (WHERE day > %(known)s), coalesce(sum(amount) FILTER (WHERE day > %(known)s), 0)
FROM (
    SELECT customer, day, sum(amount)::bigint::float8 / {PER_AMOUNT} AS amount,
        min(day) OVER (PARTITION BY customer) AS first
    FROM (
        SELECT o.customer_id AS customer, ({day("o.paid_at")} - date '1970-01-01')::bigint AS day, {PAID} AS amount
        FROM {ORDERS} AND o.paid_at < %(end)s AND o.customer_id IS NOT NULL
        ORDER BY customer, day
    ) paid GROUP BY customer, day
) days GROUP BY customer HAVING min(day) <= %(known)s
"""  # noqa: S608
LOOKED = """
SELECT i.customer_id, ((i.occurred_at AT TIME ZONE %(zone)s)::date - date '1970-01-01')::bigint,
       count(*) FILTER (WHERE i.kind = 'view'), count(*) FILTER (WHERE i.kind = 'cart')
FROM catalog_interaction i JOIN catalog_customer c ON c.id = i.customer_id AND c.is_personalised
WHERE i.kind IN ('view', 'cart') AND i.occurred_at >= %(since)s AND i.occurred_at < %(end)s
  AND i.customer_id = ANY(%(ids)s)
  AND (c.profile_since IS NULL OR i.occurred_at >= c.profile_since)
GROUP BY 1, 2
"""
LOOKS = ("views_7_log", "views_30_log", "carts_7_log", "carts_30_log")
"""What `looks` adds to the features: acts of the last 7 and 30 days."""
LOOK_DAYS = 30


def known_until() -> date | None:
    """The last whole day of the shop that models may know: yesterday, or the end of a history that ended long ago. None
    without a paid order."""
    with timezone.override(shop_zone()):
        clock = shop_clock()
        today = clock.today
    if clock.is_history:
        return today
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(paid_at) FROM catalog_order")
        (first,) = cursor.fetchone()
    yesterday = today - timedelta(days=1)
    return None if first is None or timezone.localtime(first, shop_zone()).date() > yesterday else yesterday


def first_day() -> date | None:
    """The day of the first paid order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(paid_at) FROM catalog_order")
        (first,) = cursor.fetchone()
    return None if first is None else timezone.localtime(first, shop_zone()).date()


def number_of(day: date) -> int:
    """Days since 1970-01-01, as the mathematics counts."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=int(number))


def sample_of_purchases(until: date, *, most: int = SAMPLE) -> Purchases:
    """Days of up to some `most` customers up to and with `until`, always the same ones for the same shop."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_customer")
        (customers,) = cursor.fetchone()
    parts = max(1, -(-int(customers) // most))
    chosen = "AND abs(hashint8({key})::bigint) %% %(parts)s = 0" if parts > 1 else ""
    return _purchases(until, chosen, {"parts": parts})


def blocks_of_purchases(until: date, *, size: int = BLOCK) -> Iterator[Purchases]:
    """Days of everybody up to and with `until`, by blocks of customers' ids. Erased customers are left out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM catalog_customer")
        low, high = cursor.fetchone()
    if low is None:
        return
    chosen = (
        "AND {key} >= %(low)s AND {key} < %(high)s"
        " AND EXISTS (SELECT FROM catalog_customer c WHERE c.id = {key} AND c.erased_at IS NULL"
        " AND c.merged_into_id IS NULL)"
    )
    for start in range(int(low), int(high) + 1, size):
        found = _purchases(until, chosen, {"low": start, "high": start + size})
        if len(found):
            yield found


def looks(purchases: Purchases, until: date, *, since: date | None = None) -> Acts | None:
    """Features of what the customers of `purchases` looked at and put into the basket from `since` (at first: from the
    first purchase) to `until`. None in a shop that was sent no such events. Acts of people who switched personalisation
    off or had their profile forgotten are not read."""
    if not len(purchases):
        return None
    ids = purchases.customer_ids.astype(np.int64)
    first = day_of(int(purchases.days.min())) if since is None else since
    parameters = {"ids": ids.tolist(), "since": midnight_after(first - ONE_DAY), "end": midnight_after(until)}
    rows = _numbers(LOOKED, 4, {**parameters, **_place()})
    if since is None and not len(rows):
        return None
    owners = np.searchsorted(ids, rows[:, 0].astype(np.int64))
    days, views, carts = rows[:, 1].astype(np.int64), rows[:, 2], rows[:, 3]

    def features(customers: NDArray[np.int64], as_of: int) -> NDArray[np.float64]:
        columns = []
        for acts in (views, carts):
            for length in (7, LOOK_DAYS):
                inside = (days <= as_of) & (days > as_of - length)
                counts = np.bincount(owners[inside], weights=acts[inside], minlength=len(ids))
                columns.append(np.log1p(counts[customers]))
        return np.column_stack(columns)

    return features


@dataclass(frozen=True)
class Known:
    """Everybody who bought by a day, and what came from them after it until another."""

    summary: Summary
    spending: Spending
    later_days: NDArray[np.float64]
    later_money: NDArray[np.float64]


def summaries(known: date, until: date) -> Known:
    """One row per customer, added up by the database: what `lifetime.fit` takes, learned from days up to `known`."""
    end = midnight_after(until)
    rows = _numbers(SUMMARY, 11, {"known": number_of(known), "end": end, **_place()})
    whole = rows[:, [0, 1, 2, 3]].astype(np.int64)
    count, total, squares = rows[:, 5], rows[:, 6], rows[:, 7]
    bought = rows[:, 4]
    if not bool((total > 0).any()):
        # Nobody paid again: first purchases speak.
        count, total = (rows[:, 8] > 0).astype(np.float64), rows[:, 8]
        squares = total**2
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    spread = np.maximum(squares - count * mean**2, 0.0)
    nothing = np.zeros(len(rows))
    summary = Summary(
        customers=whole[:, 0], customer_ids=whole[:, 0].astype(object), frequency=whole[:, 3], first=whole[:, 1],
        last=whole[:, 2], bought=bought, returned=nothing, first_amount=rows[:, 8], last_amount=nothing,
        as_of=number_of(known),
    )  # fmt: skip
    return Known(summary, Spending(count, mean, spread), rows[:, 9].copy(), rows[:, 10].copy())


def _purchases(until: date, chosen: str, parameters: dict[str, object]) -> Purchases:
    statement = DAYS.format(orders=chosen.format(key="o.customer_id"), refunds=chosen.format(key=REFUNDED_TO))
    rows = _numbers(statement, 3, {"end": midnight_after(until), **_place(), **parameters})
    ids, codes = np.unique(rows[:, 0].astype(np.int64), return_inverse=True)
    return Purchases.from_arrays(codes, rows[:, 1].astype(np.int64), rows[:, 2], ids.astype(object))


def _place() -> dict[str, object]:
    shop = current_shop()
    return {"zone": shop.time_zone, "base": shop.base_currency}


def midnight_after(day: date) -> datetime:
    """In the shop's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min), shop_zone())


def _numbers(statement: str, columns: int, parameters: dict[str, object]) -> NDArray[np.float64]:
    """Rows of a SELECT of numbers: rows × columns. Every value is asked for as float8, exact for ids below 2⁵³."""
    names = [f"c{place}" for place in range(columns)]
    asked = ", ".join(f"{name}::float8" for name in names)
    sink = _Sink(columns)
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows of a million customers are sorted before they are added up.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        inside = cursor.mogrify(statement, parameters).decode()
        cursor.copy_expert(
            f"COPY (SELECT {asked} FROM ({inside}) AS rows ({', '.join(names)})) TO STDOUT (FORMAT binary)",  # noqa: S608
            sink, CHUNK,
        )  # fmt: skip
    return sink.rows()


class _Sink:
    """Takes what COPY sends in its binary form and keeps numbers. Rows have one width because no value is null."""

    HEAD = 19

    def __init__(self, columns: int) -> None:
        self._columns = columns
        fields = [("count", ">i2")]
        for place in range(columns):
            fields += [(f"size{place}", ">i4"), (f"value{place}", ">f8")]
        self._row = np.dtype(fields)
        self._waiting = bytearray()
        self._parts: list[NDArray[np.float64]] = []
        self._is_headless = False

    def write(self, data: bytes) -> int:
        self._waiting += data
        if not self._is_headless:
            if len(self._waiting) < self.HEAD:
                return len(data)
            (extension,) = struct.unpack_from(">i", self._waiting, 15)
            del self._waiting[: self.HEAD + extension]
            self._is_headless = True
        if len(self._waiting) >= CHUNK:
            self._take()
        return len(data)

    def _take(self) -> None:
        # The last two bytes may be the end mark, which looks like the beginning of a row.
        count = max(0, len(self._waiting) - 2) // self._row.itemsize
        if not count:
            return
        found = np.frombuffer(bytes(self._waiting[: count * self._row.itemsize]), self._row)
        self._parts.append(
            np.column_stack([found[f"value{place}"].astype(np.float64) for place in range(self._columns)])
        )
        del self._waiting[: count * self._row.itemsize]

    def rows(self) -> NDArray[np.float64]:
        self._take()
        if bytes(self._waiting) not in (b"", b"\xff\xff"):
            raise ValueError("The database sent a row that is not made of numbers.")
        return np.concatenate(self._parts) if self._parts else np.empty((0, self._columns))
