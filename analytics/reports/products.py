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
MEMORY = "64MB"
"""Sums of 50,000 products fit; on disk they take several times as long."""
STEP = 4
"""Letters of a category's path per level (catalog.models.Category.steplen)."""

SORTS = {
    "revenue": "revenue DESC", "items": "items DESC", "orders": "orders DESC", "growth": "growth DESC NULLS LAST",
    "falling": "growth ASC NULLS LAST", "returns": "return_share DESC NULLS LAST",
}  # fmt: skip
BY_GROWTH = ("growth", "falling")
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


# Money is added up in whole ten-thousandths, its smallest part: exact, and several times quicker than decimals.
UNIT = 10_000
SUMS = f"""
SELECT product_id, sum(orders) AS orders, sum(items) AS items, sum((gross * {UNIT})::int8) AS gross,
    sum(returned) AS returned, sum((refunded * {UNIT})::int8) AS refunded FROM analytics_productday
"""  # noqa: S608
SOLD = f"""
WITH sold AS MATERIALIZED (
    SELECT *, gross - refunded AS revenue FROM (
        {SUMS} WHERE day BETWEEN %(first)s AND %(last)s GROUP BY product_id
    ) days
)
"""  # noqa: S608
BEFORE = f"""
, before AS MATERIALIZED (
    SELECT *, gross - refunded AS revenue FROM (
        {SUMS} WHERE day BETWEEN %(before_first)s AND %(before_last)s GROUP BY product_id
    ) days
)
"""  # noqa: S608
CLASSED = """
, ranked AS (
    SELECT *, sum(greatest(revenue, 0)) OVER () AS total,
        sum(greatest(revenue, 0)) OVER (ORDER BY revenue DESC, product_id ROWS UNBOUNDED PRECEDING)
            - greatest(revenue, 0) AS above
    FROM sold
), classed AS MATERIALIZED (
    SELECT *, CASE WHEN gross > 0 THEN refunded / gross END AS return_share,
        CASE WHEN total <= 0 OR revenue <= 0 THEN 'C' WHEN above < %(a_share)s * total THEN 'A'
            WHEN above < %(b_share)s * total THEN 'B' ELSE 'C' END AS abc
    FROM ranked
)
"""
# What was sold in the days before is read for the products of the page alone, unless the order or a file asks for all.
GROWN = """
SELECT s.*, CASE WHEN b.revenue > 0 THEN s.revenue / b.revenue - 1 END AS growth
FROM classed s LEFT JOIN before b USING (product_id)
"""
PLAIN = "SELECT s.*, NULL::numeric AS growth FROM classed s"
BEFORE_OF_ALL = "LEFT JOIN (SELECT product_id AS key, revenue AS before FROM before) b ON b.key = page.product_id"
BEFORE_OF_PAGE = f"""
LEFT JOIN LATERAL (
    SELECT sum(((gross - refunded) * {UNIT})::int8) AS before FROM analytics_productday d
    WHERE d.product_id = page.product_id AND d.day BETWEEN %(before_first)s AND %(before_last)s
) b ON true
"""  # noqa: S608
# Classes are counted over all products beside the rows asked for, so that both read the days once. Names and categories
# are looked at only where something asks for them.
ROWS = """
, asked AS MATERIALIZED (
    SELECT * FROM ({known}) s
    WHERE (%(abc)s = '' OR abc = %(abc)s) AND (%(path)s = '' AND %(text)s = '' OR EXISTS (
        SELECT 1 FROM catalog_product p LEFT JOIN catalog_category c ON c.id = p.category_id
        WHERE p.id = s.product_id AND (%(path)s = '' OR c.path LIKE %(path)s || '%%')
            AND (%(text)s = '' OR p.name ILIKE %(like)s OR p.external_id = %(text)s)
    ))
), page AS (SELECT * FROM asked ORDER BY {sort}, product_id LIMIT %(limit)s OFFSET %(offset)s)
SELECT counted.*, product_id, orders, items, gross, returned, refunded, revenue,
    CASE WHEN %(is_compared)s THEN coalesce(before, 0) END, CASE WHEN before > 0 THEN revenue / before - 1 END,
    return_share, CASE WHEN total > 0 THEN revenue / total END, abc
FROM (
    SELECT (SELECT count(*) FROM asked), count(*), coalesce(sum(revenue), 0), count(*) FILTER (WHERE abc = 'A'),
        count(*) FILTER (WHERE abc = 'B'), count(*) FILTER (WHERE abc = 'C') FROM classed
) counted LEFT JOIN page ON true {before} ORDER BY {sort}, product_id
"""


def products(period: Period, asked: Asked, *, everything: bool = False) -> Products:
    """One statement, bounded by SECONDS (raises OperationalError). `everything`: not one page but all, for a file, and
    without that bound."""
    values = _values(period) | {
        "abc": asked.abc, "path": asked.path, "text": asked.text, "like": f"%{_escaped(asked.text)}%",
        "limit": MOST_ROWS if everything else PAGE, "offset": 0 if everything else (asked.page - 1) * PAGE,
    }  # fmt: skip
    if everything or asked.sort in BY_GROWTH:
        start, known, before = SOLD + BEFORE + CLASSED, GROWN, BEFORE_OF_ALL
    else:
        start, known, before = SOLD + CLASSED, PLAIN, BEFORE_OF_PAGE
    statement = start + ROWS.format(sort=SORTS[asked.sort], known=known, before=before)
    rows = _ask(statement, values, None if everything else SECONDS)
    found, sold, revenue, *counts = rows[0][:6]
    products = [_sold(row[6:]) for row in rows if row[6] is not None]
    return Products(products, found, sold, _money(revenue), dict(zip(CLASSES, counts, strict=True)))


def _sold(row: Sequence[Any]) -> Sold:
    product_id, orders, items, gross, returned, refunded, revenue, before, growth, return_share, share, abc = row
    return Sold(
        product_id, int(orders), int(items), _money(gross), int(returned), _money(refunded), _money(revenue),
        None if before is None else _money(before), _float(growth), _float(return_share), _float(share), abc,
    )  # fmt: skip


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


# Both times by what they sold themselves: a product that sells no more still counts among those before.
GROUPS = """
SELECT key, count(*) FILTER (WHERE is_now), coalesce(sum(items) FILTER (WHERE is_now), 0),
    coalesce(sum(revenue) FILTER (WHERE is_now), 0),
    CASE WHEN %(is_compared)s THEN coalesce(sum(revenue) FILTER (WHERE NOT is_now), 0) END,
    sum(refunded) FILTER (WHERE is_now) / nullif(sum(gross) FILTER (WHERE is_now), 0),
    sum(revenue) FILTER (WHERE is_now)
        / nullif(sum(sum(greatest(revenue, 0)) FILTER (WHERE is_now)) OVER (), 0)
FROM ({rows}) g GROUP BY key HAVING count(*) FILTER (WHERE is_now) > 0 ORDER BY {order} LIMIT 200
"""
BOTH = "(SELECT *, true AS is_now FROM sold UNION ALL SELECT *, false FROM before)"
BY_CATEGORY = f"""
SELECT s.*, CASE WHEN c.path IS NULL THEN '' ELSE left(c.path, %(letters)s) END AS key
FROM {BOTH} s JOIN catalog_product p ON p.id = s.product_id LEFT JOIN catalog_category c ON c.id = p.category_id
WHERE %(path)s = '' OR c.path LIKE %(path)s || '%%'
"""  # noqa: S608
# Bands begin at 1, 2 and 5 times a power of ten.
STARTS = [Decimal(digit).scaleb(power) for power in range(-4, 14) for digit in (1, 2, 5)]
BY_PRICE = f"""
SELECT *, greatest(width_bucket(gross / items, %(starts)s::numeric[]), 1) AS key FROM {BOTH} s
WHERE items > 0 AND gross > 0
"""  # noqa: S608


def categories(period: Period, path: str = "", *, seconds: int | None = SECONDS) -> list[Group]:
    """Branches right below the category with this path (empty: the top), by revenue. One statement."""
    values = _values(period) | {"path": path, "letters": len(path) + STEP}
    order = "sum(revenue) FILTER (WHERE is_now) DESC, key"
    return [_group(row[0], row) for row in _groups(BY_CATEGORY, order, values, seconds)]


def price_bands(period: Period, *, seconds: int | None = SECONDS) -> list[Group]:
    """What products of each price sold; the price is what a piece was paid with on average in these days, and in those
    before for what was sold then. The cheapest first. One statement."""
    values = _values(period) | {"starts": [start * UNIT for start in STARTS]}
    return [_group(STARTS[row[0] - 1], row) for row in _groups(BY_PRICE, "key", values, seconds)]


def band_end(start: Decimal) -> Decimal:
    """Where the band that starts here ends: 1 to 2, 2 to 5, 5 to 10."""
    first = Decimal(start).normalize().as_tuple().digits[0]
    return start * Decimal("2.5") if first == 2 else start * 2


# Of the products whose pieces were paid with that much on average in these days, whoever paid for one in these days.
BUYERS_OF_BAND = """
SELECT o.customer_id FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id
WHERE o.paid_at >= %(since)s AND o.paid_at < %(until)s AND o.customer_id IS NOT NULL AND l.product_id IN (
    SELECT product_id FROM analytics_productday WHERE day BETWEEN %(first)s AND %(last)s AND product_id IS NOT NULL
    GROUP BY product_id HAVING sum(items) > 0 AND sum(gross) > 0
        AND greatest(width_bucket(sum(gross) / sum(items), %(starts)s::numeric[]), 1) = %(band)s
)
"""


def buyers_of_band(period: Period, start: Decimal) -> tuple[str, dict[str, Any]]:
    """The statement that finds who bought products of a price band (`start`: its lower end). Raises ValueError for an
    amount at which no band begins."""
    since, until = period.moments
    return BUYERS_OF_BAND, {
        "first": period.first, "last": period.last, "since": since, "until": until, "starts": STARTS,
        "band": STARTS.index(start) + 1,
    }  # fmt: skip


# Whoever paid in these days for an order with such a line.
BUYERS = """
SELECT o.customer_id FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id
WHERE o.paid_at >= %(since)s AND o.paid_at < %(until)s AND o.customer_id IS NOT NULL AND {line}
"""
OF_PRODUCT = "l.product_id = %(product)s"
OF_CATEGORY = """l.product_id IN (
    SELECT p.id FROM catalog_product p JOIN catalog_category c ON c.id = p.category_id
        JOIN catalog_category top ON top.id = %(category)s AND c.path LIKE top.path || '%%'
)"""
OF_CATEGORY_ALONE = (
    "l.product_id IN (SELECT id FROM catalog_product WHERE category_id IS NOT DISTINCT FROM %(category)s::bigint)"
)


def buyers_of_product(period: Period, product_id: int) -> tuple[str, dict[str, Any]]:
    """The statement that finds who bought a product in these days."""
    return BUYERS.format(line=OF_PRODUCT), {**_moments(period), "product": product_id}


def buyers_of_category(period: Period, category_id: int | None, *, is_alone: bool) -> tuple[str, dict[str, Any]]:
    """The statement that finds who bought in a category or below it. `is_alone`: in the category itself; None: what is
    in none."""
    line = OF_CATEGORY_ALONE if is_alone or category_id is None else OF_CATEGORY
    return BUYERS.format(line=line), {**_moments(period), "category": category_id}


def _moments(period: Period) -> dict[str, Any]:
    since, until = period.moments
    return {"since": since, "until": until}


def _groups(rows: str, order: str, values: dict[str, Any], seconds: int | None) -> Sequence[tuple[Any, ...]]:
    return _ask(SOLD + BEFORE + GROUPS.format(rows=rows, order=order), values, seconds)


def _group(key: Any, row: Sequence[Any]) -> Group:
    _key, products, items, revenue, before, return_share, share = row
    return Group(
        key, products, int(items), _money(revenue), None if before is None else _money(before), _float(return_share),
        _float(share),
    )  # fmt: skip


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
        cursor.execute(f"SET LOCAL work_mem = '{MEMORY}'")
        if seconds is not None:
            cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        cursor.execute(statement, values)
        return cursor.fetchall()


def _money(value: Any) -> Decimal:
    """From ten-thousandths."""
    return Decimal(value).scaleb(-4)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
