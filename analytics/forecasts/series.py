"""Daily series of the shop, its categories and its products, from the tables of figures; days without a row are 0."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from analytics.models import DailySales, Forecast, Measure
from catalog.models import Category

Array = NDArray[np.float64]
MOST_DAYS = 730
"""Two years: methods look back no further."""
LOOK_BACK = 90
"""Days whose revenue decides which products and categories are forecast."""
MOST_PRODUCTS = 200
MOST_CATEGORIES = 50
AT_ONCE = 50
SPARSE = 0.5

TOP_PRODUCTS = """
SELECT product_id FROM analytics_productday d JOIN catalog_product p ON p.id = d.product_id AND p.deleted_at IS NULL
WHERE d.day > %(since)s AND d.day <= %(until)s GROUP BY product_id
ORDER BY sum(d.gross - d.refunded) DESC, product_id LIMIT %(most)s
"""
PRODUCT_DAYS = """
SELECT product_id, day, (gross - refunded)::float8, (items - returned)::float8 FROM analytics_productday
WHERE product_id = ANY(%(keys)s) AND day > %(since)s AND day <= %(until)s
"""
CATEGORY_DAYS = """
SELECT left(c.path, %(step)s), d.day, sum(d.gross - d.refunded)::float8, sum(d.items - d.returned)::float8
FROM analytics_productday d
JOIN catalog_product p ON p.id = d.product_id JOIN catalog_category c ON c.id = p.category_id
WHERE d.day > %(since)s AND d.day <= %(until)s GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Series:
    """Values of every day from `first` on; the last one is the day everything is as of."""

    scope: str
    measure: str
    first: date
    values: Array
    product_id: int | None = None
    category_id: int | None = None

    @property
    def key(self) -> tuple[str, str, int | None, int | None]:
        return self.scope, self.measure, self.product_id, self.category_id

    @property
    def is_sparse(self) -> bool:
        """Whether it sells on fewer than half of the days: a day then says little, a week more."""
        return float((self.values != 0).mean()) < SPARSE

    def between(self, first: date, last: date) -> Array:
        """Values of these days; days before the series began are 0."""
        start, end = (first - self.first).days, (last - self.first).days + 1
        return np.r_[np.zeros(max(0, -start)), self.values[max(0, start) : max(0, end)]]


def shop(until: date) -> list[Series]:
    """Revenue, pieces and orders of the shop."""
    since = until - timedelta(days=MOST_DAYS)
    rows = list(
        DailySales.objects.filter(day__gt=since, day__lte=until).values_list("day", "revenue", "items", "orders")
    )
    return _series(Forecast.Scope.SHOP, rows, until, (Measure.REVENUE, Measure.ITEMS, Measure.ORDERS))


def categories(until: date, *, most: int = MOST_CATEGORIES) -> Iterator[Series]:
    """Revenue and pieces of top-level categories, those that sold most lately first."""
    roots = {category.path: category.pk for category in Category.objects.get_root_nodes()}
    parameters: dict[str, Any] = {"since": until - timedelta(days=MOST_DAYS), "until": until, "step": Category.steplen}
    rows: dict[str, list[tuple[date, float, float]]] = {}
    for path, day, revenue, items in _rows(CATEGORY_DAYS, parameters):
        rows.setdefault(path, []).append((day, revenue, items))
    recent = until - timedelta(days=LOOK_BACK)
    sold = {path: sum(row[1] for row in own if row[0] > recent) for path, own in rows.items() if path in roots}
    for path in sorted(sold, key=lambda path: (-sold[path], path))[:most]:
        yield from _series(
            Forecast.Scope.CATEGORY, rows[path], until, (Measure.REVENUE, Measure.ITEMS), category_id=roots[path]
        )


def products(until: date, *, most: int = MOST_PRODUCTS) -> Iterator[Series]:
    """Revenue and pieces of the products that sold most lately, in that order."""
    parameters: dict[str, Any] = {"since": until - timedelta(days=LOOK_BACK), "until": until, "most": most}
    keys = [key for (key,) in _rows(TOP_PRODUCTS, parameters)]
    for start in range(0, len(keys), AT_ONCE):
        yield from _of_products(keys[start : start + AT_ONCE], until)


def _of_products(keys: list[int], until: date) -> Iterator[Series]:
    rows: dict[int, list[tuple[date, float, float]]] = {key: [] for key in keys}
    parameters: dict[str, Any] = {"keys": keys, "since": until - timedelta(days=MOST_DAYS), "until": until}
    for key, day, revenue, items in _rows(PRODUCT_DAYS, parameters):
        rows[key].append((day, revenue, items))
    for key in keys:
        yield from _series(Forecast.Scope.PRODUCT, rows[key], until, (Measure.REVENUE, Measure.ITEMS), product_id=key)


def _series(
    scope: str,
    rows: Sequence[tuple[Any, ...]],
    until: date,
    measures: tuple[str, ...],
    *,
    product_id: int | None = None,
    category_id: int | None = None,
) -> list[Series]:
    """One series for each column after the day, from the first day with a row on."""
    if not rows:
        return []
    first = min(row[0] for row in rows)
    found = []
    for column, measure in enumerate(measures, start=1):
        values = np.zeros((until - first).days + 1)
        for row in rows:
            values[(row[0] - first).days] = float(row[column])
        found.append(Series(scope, measure, first, values, product_id, category_id))
    return found


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
