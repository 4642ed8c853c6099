"""What lies in one basket: how many pieces, how many different products, and which are bought together.

Reads lines of the newest orders of the days, at most ORDERS of them, so that it costs the same in any shop. Two
products are bought together more often than by chance when their lift is above 1: orders with both, times all orders,
over orders with the one times orders with the other (Brin, Motwani, Ullman and Tsur 1997). Pairs are ordered by the
lower end of the lift's range (counts of Poisson, one-sided 95%), so that a few lucky orders do not lead.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from core.reports import Period

ORDERS = 20_000
LEAST_TOGETHER = 5
"""A pair needs so many orders, and one in 2,000 of those looked at."""
SHARE_TOGETHER = 0.0005
MOST_PAIRS = 30
TOP_PRODUCTS = 300
LONGEST_BASKET = 50
"""Orders of more products are a trader's list, not a basket: they take no part in pairs."""
SIZES = 7
"""Baskets of so many products and more are one group."""
SECONDS = 4


@dataclass(frozen=True)
class Size:
    """Orders with so many different products (the last group: and more)."""

    products: int
    orders: int
    pieces: float
    worth: Decimal


@dataclass(frozen=True)
class Pair:
    """`share` of the orders with the first have the second too, and the other way round."""

    first: int
    second: int
    together: int
    share: float
    share_back: float
    lift: float


@dataclass(frozen=True)
class Baskets:
    """`orders` were looked at; `is_cut` when the days have more."""

    orders: int
    is_cut: bool
    products: float | None
    pieces: float | None
    sizes: list[Size]
    pairs: list[Pair]


NEWEST = """
WITH newest AS MATERIALIZED (
    SELECT id, paid_total * base_rate AS worth FROM catalog_order
    WHERE paid_at >= %(since)s AND paid_at < %(until)s ORDER BY paid_at DESC LIMIT %(orders)s
)
"""
BY_SIZE = """
, baskets AS (
    SELECT n.id, n.worth, count(DISTINCT coalesce('p' || l.product_id, l.sku)) AS products, sum(l.quantity) AS pieces
    FROM newest n JOIN catalog_orderline l ON l.order_id = n.id GROUP BY n.id, n.worth
)
SELECT least(products, %(sizes)s), count(*), avg(pieces)::float, avg(worth), sum(products), sum(pieces),
    (SELECT count(*) FROM newest)
FROM baskets GROUP BY 1 ORDER BY 1
"""
TOGETHER = """
, lines AS MATERIALIZED (
    SELECT DISTINCT l.order_id, l.product_id FROM newest n JOIN catalog_orderline l ON l.order_id = n.id
    WHERE l.product_id IS NOT NULL
), small AS (
    SELECT order_id FROM lines GROUP BY order_id HAVING count(*) <= %(longest)s
), known AS MATERIALIZED (
    SELECT product_id, count(*) AS orders FROM lines JOIN small USING (order_id)
    GROUP BY product_id ORDER BY orders DESC, product_id LIMIT %(top)s
), kept AS MATERIALIZED (
    SELECT order_id, product_id FROM lines JOIN small USING (order_id) JOIN known USING (product_id)
), pairs AS (
    SELECT a.product_id AS one, b.product_id AS other, count(*) AS together
    FROM kept a JOIN kept b ON b.order_id = a.order_id AND b.product_id > a.product_id GROUP BY 1, 2
    HAVING count(*) >= greatest(%(least)s, %(share)s * (SELECT count(*) FROM small))
)
SELECT one, other, together, together::float / a.orders, together::float / b.orders,
    together::float * (SELECT count(*) FROM small) / (a.orders::float * b.orders) AS lift
FROM pairs JOIN known a ON a.product_id = one JOIN known b ON b.product_id = other
WHERE together::float * (SELECT count(*) FROM small) > a.orders::float * b.orders
ORDER BY (together - 1.645 * sqrt(together)) / (a.orders::float * b.orders) DESC, one, other LIMIT %(pairs)s
"""


def baskets(period: Period, *, seconds: int | None = SECONDS) -> Baskets:
    """Two statements, bounded by `seconds` (raises OperationalError); None: as long as the process allows."""
    since, until = period.moments
    values: dict[str, Any] = {
        "since": since, "until": until, "orders": ORDERS, "sizes": SIZES, "longest": LONGEST_BASKET,
        "top": TOP_PRODUCTS, "least": LEAST_TOGETHER, "share": SHARE_TOGETHER, "pairs": MOST_PAIRS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        if seconds is not None:
            cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        cursor.execute(NEWEST + BY_SIZE, values)
        rows = cursor.fetchall()
        cursor.execute(NEWEST + TOGETHER, values)
        pairs = [Pair(*row) for row in cursor.fetchall()]
    orders = sum(row[1] for row in rows)
    return Baskets(
        orders,
        bool(rows) and rows[0][6] == ORDERS,
        float(sum(row[4] for row in rows) / orders) if orders else None,
        float(sum(row[5] for row in rows) / orders) if orders else None,
        [Size(*row[:4]) for row in rows],
        pairs,
    )
