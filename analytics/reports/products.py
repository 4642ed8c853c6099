"""What each product, category and price band sold in some days and in the days they are compared with.

Reads `ProductDay`: amounts are what the lines of orders were paid with, shipping left out, less what was given back for
the product; each on its own day. Class A is made of the products that bring the first 80% of the revenue, B of those
up to 95%, C of the rest (Pareto; Dickie 1951).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from core.reports import Comparison, Period

A_SHARE, B_SHARE = 0.8, 0.95
PAGE = 50
MOST_ROWS = 100_000
"""So many products at most go into a file."""
SECONDS = 4
"""No statement of this page reads longer."""
STEP = 4
"""Letters of a category's path per level (catalog.models.Category.steplen)."""

SORTS = {
    "revenue": "revenue DESC", "items": "items DESC", "orders": "orders DESC", "growth": "growth DESC NULLS LAST",
    "falling": "growth ASC NULLS LAST", "returns": "return_share DESC NULLS LAST",
}  # fmt: skip
CLASSES = ("A", "B", "C")


@dataclass(frozen=True)
class Asked:
    """Which products: `sort` a key of SORTS, `abc` a class or empty, `path` of a category or empty, `text` a part of
    the name or of an ID."""

    sort: str = "revenue"
    abc: str = ""
    path: str = ""
    text: str = ""
    page: int = 1


@dataclass(frozen=True)
class Sold:
    """One product. `growth` is None without revenue in the days before."""

    product_id: int
    orders: int
    items: int
    gross: Decimal
    returned: int
    refunded: Decimal
    revenue: Decimal
    before: Decimal | None
    growth: float | None
    return_share: float | None
    share: float | None
    abc: str


@dataclass(frozen=True)
class Products:
    """One page of products. `found` matched what was asked, `sold` products were sold in all, `counts` by class."""

    rows: list[Sold]
    found: int
    sold: int
    revenue: Decimal
    counts: dict[str, int]

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // PAGE))


SOLD = """
WITH sums AS (
    SELECT product_id, sum(orders) FILTER (WHERE is_now) AS orders, sum(items) FILTER (WHERE is_now) AS items,
        sum(gross) FILTER (WHERE is_now) AS gross, sum(returned) FILTER (WHERE is_now) AS returned,
        sum(refunded) FILTER (WHERE is_now) AS refunded, sum(gross - refunded) FILTER (WHERE NOT is_now) AS before
    FROM (
        SELECT *, true AS is_now FROM analytics_productday WHERE day BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT *, false FROM analytics_productday WHERE day BETWEEN %(before_first)s AND %(before_last)s
    ) days GROUP BY product_id
), sold AS (
    SELECT product_id, orders, items, gross, returned, refunded, gross - refunded AS revenue,
        CASE WHEN %(is_compared)s THEN coalesce(before, 0) END AS before,
        CASE WHEN before > 0 THEN (gross - refunded) / before - 1 END AS growth,
        CASE WHEN gross > 0 THEN refunded / gross END AS return_share
    FROM sums WHERE orders > 0 OR refunded > 0 OR returned > 0
), ranked AS (
    SELECT *, sum(greatest(revenue, 0)) OVER everything AS total,
        sum(greatest(revenue, 0)) OVER (ORDER BY revenue DESC, product_id) - greatest(revenue, 0) AS above
    FROM sold WINDOW everything AS ()
), classed AS MATERIALIZED (
    SELECT *, CASE WHEN total <= 0 OR revenue <= 0 THEN 'C' WHEN above < %(a_share)s * total THEN 'A'
        WHEN above < %(b_share)s * total THEN 'B' ELSE 'C' END AS abc FROM ranked
)
"""
# Classes are counted over all products beside the rows asked for, so that both read the days once. Names and categories
# are looked at only where something asks for them.
ROWS = """
, asked AS MATERIALIZED (
    SELECT * FROM classed s
    WHERE (%(abc)s = '' OR abc = %(abc)s) AND (%(path)s = '' AND %(text)s = '' OR EXISTS (
        SELECT 1 FROM catalog_product p LEFT JOIN catalog_category c ON c.id = p.category_id
        WHERE p.id = s.product_id AND (%(path)s = '' OR c.path LIKE %(path)s || '%%')
            AND (%(text)s = '' OR p.name ILIKE %(like)s OR p.external_id = %(text)s)
    ))
), page AS (SELECT * FROM asked ORDER BY {sort}, product_id LIMIT %(limit)s OFFSET %(offset)s)
SELECT counted.*, product_id, orders, items, gross, returned, refunded, revenue, before, growth, return_share,
    CASE WHEN total > 0 THEN revenue / total END, abc
FROM (
    SELECT (SELECT count(*) FROM asked), count(*), coalesce(sum(revenue), 0), count(*) FILTER (WHERE abc = 'A'),
        count(*) FILTER (WHERE abc = 'B'), count(*) FILTER (WHERE abc = 'C') FROM classed
) counted LEFT JOIN page ON true ORDER BY {sort}, product_id
"""


def products(period: Period, asked: Asked, *, everything: bool = False) -> Products:
    """One statement, bounded by SECONDS (raises OperationalError). `everything`: not one page but all, for a file, and
    without that bound."""
    values = _values(period) | {
        "abc": asked.abc, "path": asked.path, "text": asked.text, "like": f"%{_escaped(asked.text)}%",
        "limit": MOST_ROWS if everything else PAGE, "offset": 0 if everything else (asked.page - 1) * PAGE,
    }  # fmt: skip
    rows = _ask(SOLD + ROWS.format(sort=SORTS[asked.sort]), values, None if everything else SECONDS)
    found, sold, revenue, *counts = rows[0][:6]
    products = [Sold(*[*row[6:14], *map(_float, row[14:17]), row[17]]) for row in rows if row[6] is not None]
    return Products(products, found, sold, revenue, dict(zip(CLASSES, counts, strict=True)))


# --- categories and price bands -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Products of one branch of the categories (`key`: its path, empty for those without), or of one price band
    (`key`: its lower end)."""

    key: Any
    products: int
    items: int
    revenue: Decimal
    before: Decimal | None
    return_share: float | None
    share: float | None

    @property
    def growth(self) -> float | None:
        return float(self.revenue / self.before) - 1 if self.before is not None and self.before > 0 else None


GROUPS = """
SELECT key, count(*), sum(items), sum(revenue), CASE WHEN %(is_compared)s THEN sum(before) END,
    CASE WHEN sum(gross) > 0 THEN sum(refunded) / sum(gross) END,
    CASE WHEN sum(sum(greatest(revenue, 0))) OVER () > 0
        THEN sum(revenue) / sum(sum(greatest(revenue, 0))) OVER () END
FROM ({rows}) g GROUP BY key ORDER BY {order} LIMIT 200
"""
BY_CATEGORY = """
SELECT s.*, CASE WHEN c.path IS NULL THEN '' ELSE left(c.path, %(letters)s) END AS key
FROM sold s JOIN catalog_product p ON p.id = s.product_id LEFT JOIN catalog_category c ON c.id = p.category_id
WHERE %(path)s = '' OR c.path LIKE %(path)s || '%%'
"""
# Bands begin at 1, 2 and 5 times a power of ten.
BY_PRICE = """
SELECT s.*, base * CASE WHEN price < 2 * base THEN 1 WHEN price < 5 * base THEN 2 ELSE 5 END AS key
FROM (SELECT *, gross / items AS price FROM sold WHERE items > 0 AND gross > 0) s,
    LATERAL (SELECT 10 ^ floor(log(price)) AS base) b
"""


def categories(period: Period, path: str = "", *, seconds: int | None = SECONDS) -> list[Group]:
    """Branches right below the category with this path (empty: the top), by revenue. One statement."""
    values = _values(period) | {"path": path, "letters": len(path) + STEP}
    return _groups(SOLD + GROUPS.format(rows=BY_CATEGORY, order="sum(revenue) DESC, key"), values, seconds)


def price_bands(period: Period, *, seconds: int | None = SECONDS) -> list[Group]:
    """What products of each price sold; the price is what a piece was paid with on average in these days. The cheapest
    first. One statement."""
    return _groups(SOLD + GROUPS.format(rows=BY_PRICE, order="key"), _values(period), seconds)


def band_end(start: Decimal) -> Decimal:
    """Where the band that starts here ends: 1 to 2, 2 to 5, 5 to 10."""
    first = Decimal(start).normalize().as_tuple().digits[0]
    return start * Decimal("2.5") if first == 2 else start * 2


def _groups(statement: str, values: dict[str, Any], seconds: int | None) -> list[Group]:
    return [Group(*row[:5], *map(_float, row[5:])) for row in _ask(statement, values, seconds)]


def _values(period: Period) -> dict[str, Any]:
    comparison = period.comparison
    # An empty range stands for no comparison.
    before = comparison or Comparison("previous", date.max, date.min)
    return {
        "first": period.first, "last": period.last, "before_first": before.first, "before_last": before.last,
        "is_compared": comparison is not None, "a_share": A_SHARE, "b_share": B_SHARE,
    }  # fmt: skip


def _ask(statement: str, values: dict[str, Any], seconds: int | None) -> Sequence[tuple[Any, ...]]:
    """`seconds` None: what the process allows."""
    with connection.cursor() as cursor:
        if seconds is not None:
            cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        cursor.execute(statement, values)
        return cursor.fetchall()


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
