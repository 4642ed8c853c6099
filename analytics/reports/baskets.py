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


# Lines are read once, for sizes and for pairs; the products of an order stand in one row, so that its pairs follow
# without a join. Both kinds of rows leave in one statement.
BASKETS = """
WITH newest AS MATERIALIZED (
    SELECT id, paid_total * base_rate AS worth FROM catalog_order
    WHERE paid_at >= %(since)s AND paid_at < %(until)s ORDER BY paid_at DESC LIMIT %(orders)s
), lines AS MATERIALIZED (
    SELECT order_id, product_id, sum(quantity) AS pieces FROM catalog_orderline
    WHERE order_id = ANY (ARRAY(SELECT id FROM newest))
    GROUP BY order_id, product_id, CASE WHEN product_id IS NULL THEN sku END
), baskets AS MATERIALIZED (
    SELECT order_id, count(*) AS products, count(product_id) AS known, sum(pieces) AS pieces
    FROM lines GROUP BY order_id
), small AS MATERIALIZED (
    SELECT order_id FROM baskets WHERE known BETWEEN 1 AND %(longest)s
), top AS MATERIALIZED (
    SELECT product_id, count(*) AS orders FROM lines JOIN small USING (order_id) WHERE product_id IS NOT NULL
    GROUP BY product_id ORDER BY orders DESC, product_id LIMIT %(top)s
), kept AS (
    SELECT array_agg(product_id ORDER BY product_id) AS products
    FROM lines JOIN small USING (order_id) JOIN top USING (product_id) GROUP BY order_id HAVING count(*) > 1
), pairs AS (
    SELECT one, other, count(*) AS together
    FROM kept, unnest(products) WITH ORDINALITY AS x (one, place), unnest(products[place + 1:]) AS y (other)
    GROUP BY one, other
    HAVING count(*) >= greatest(%(least)s, %(share)s * (SELECT count(*) FROM small))
), lifted AS (
    SELECT one, other, together, together::float / a.orders AS share, together::float / b.orders AS share_back,
        together::float * (SELECT count(*) FROM small) / (a.orders::float * b.orders) AS lift,
        (together - 1.645 * sqrt(together)) / (a.orders::float * b.orders) AS surest
    FROM pairs JOIN top a ON a.product_id = one JOIN top b ON b.product_id = other
)
SELECT 'size', least(products, %(sizes)s)::bigint, count(*), sum(products)::float, sum(pieces)::float,
    (SELECT count(*) FROM newest)::float, avg(worth), 0::float
FROM baskets b JOIN newest n ON n.id = b.order_id GROUP BY 2
UNION ALL (
    SELECT 'pair', one, other, share, share_back, lift, together, surest FROM lifted WHERE lift > 1
    ORDER BY surest DESC, one, other LIMIT %(pairs)s
)
"""


# The same orders and sizes as above, with who placed them.
BUYERS_OF_SIZE = """
SELECT n.customer_id FROM (
    SELECT id, customer_id FROM catalog_order
    WHERE paid_at >= %(since)s AND paid_at < %(until)s ORDER BY paid_at DESC LIMIT %(orders)s
) n
WHERE n.customer_id IS NOT NULL AND (
    SELECT count(*) FROM (
        SELECT FROM catalog_orderline l WHERE l.order_id = n.id
        GROUP BY l.product_id, CASE WHEN l.product_id IS NULL THEN l.sku END
    ) lines
) BETWEEN %(least)s AND %(most)s
"""


def buyers_of_size(period: Period, products: int) -> tuple[str, dict[str, Any]]:
    """The statement that finds who placed the orders of so many different products (`SIZES`: and more)."""
    since, until = period.moments
    most = products if products < SIZES else 2**31 - 1
    return BUYERS_OF_SIZE, {"since": since, "until": until, "orders": ORDERS, "least": products, "most": most}


# The same orders that the pair is counted in.
BUYERS_OF_PAIR = """
SELECT n.customer_id FROM (
    SELECT id, customer_id FROM catalog_order
    WHERE paid_at >= %(since)s AND paid_at < %(until)s ORDER BY paid_at DESC LIMIT %(orders)s
) n
WHERE n.customer_id IS NOT NULL AND (
    SELECT count(DISTINCT l.product_id) <= %(longest)s
        AND count(DISTINCT l.product_id) FILTER (WHERE l.product_id IN (%(one)s, %(other)s)) = 2
    FROM catalog_orderline l WHERE l.order_id = n.id
)
"""


def buyers_of_pair(period: Period, one: int, other: int) -> tuple[str, dict[str, Any]]:
    """The statement that finds who placed the orders with both products."""
    since, until = period.moments
    return BUYERS_OF_PAIR, {
        "since": since, "until": until, "orders": ORDERS, "longest": LONGEST_BASKET, "one": one, "other": other,
    }  # fmt: skip


def baskets(period: Period, *, seconds: int | None = SECONDS) -> Baskets:
    """One statement within a transaction, bounded by `seconds` (raises OperationalError); None: as long as the process
    allows."""
    since, until = period.moments
    values: dict[str, Any] = {
        "since": since, "until": until, "orders": ORDERS, "sizes": SIZES, "longest": LONGEST_BASKET,
        "top": TOP_PRODUCTS, "least": LEAST_TOGETHER, "share": SHARE_TOGETHER, "pairs": MOST_PAIRS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        if seconds is not None:
            cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        # Nobody knows how many rows the parts have; taken for a handful, tens of thousands of pairs would be held to
        # three hundred products one by one.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(BASKETS, values)
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
    sizes = sorted(row[1:] for row in rows if row[0] == "size")
    pairs = sorted((row[1:] for row in rows if row[0] == "pair"), key=lambda row: (-row[6], row[0], row[1]))
    orders = sum(row[1] for row in sizes)
    return Baskets(
        orders,
        bool(sizes) and sizes[0][4] == ORDERS,
        sum(row[2] for row in sizes) / orders if orders else None,
        sum(row[3] for row in sizes) / orders if orders else None,
        [Size(row[0], row[1], row[3] / row[1], row[5]) for row in sizes],
        [Pair(one, other, int(together), *shares) for one, other, *shares, together, _surest in pairs],
    )
