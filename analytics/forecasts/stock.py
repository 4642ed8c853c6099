"""When stock ends, by the pieces that are expected to sell."""

import math
from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Case, Min, Sum, When

from analytics.models import Forecast, Measure
from catalog.models import Variant

FURTHEST = 365
"""Days: nothing is said about stock that lasts longer."""


def days_left(stock: int, expected: Sequence[float], *, passed: int = 0) -> int | None:
    """Whole days until `stock` is sold, counted from today, `passed` days after the forecast's own day. Beyond the
    forecast its mean is carried on. None when it lasts more than a year, or nothing is expected to sell.
    """
    left = float(max(stock, 0))
    ahead = list(expected[passed:])
    for day, pieces in enumerate(ahead):
        left -= max(pieces, 0.0)
        if left < 0:
            return day
    rate = sum(max(pieces, 0.0) for pieces in expected) / len(expected) if expected else 0.0
    if rate <= 0:
        return None
    days = len(ahead) + math.floor(left / rate)
    return days if days <= FURTHEST else None


def stock_of(products: Iterable[int]) -> dict[int, int]:
    """Pieces in stock; products of which a variant is not counted, such as vouchers, are left out. One query."""
    rows = (
        Variant.objects.filter(product__in=list(products))
        .values("product_id")
        .annotate(
            pieces=Sum("stock"),
            counted=Min(Case(When(track_stock=True, then=1), default=0)),
        )
        .order_by()
    )
    return {row["product_id"]: row["pieces"] for row in rows if row["counted"]}


def expected_pieces(product_id: int) -> Forecast | None:
    """The newest forecast of a product's pieces."""
    return Forecast.objects.filter(
        scope=Forecast.Scope.PRODUCT, measure=Measure.ITEMS, product=product_id, is_newest=True
    ).first()


def passed_since(row: Forecast, today: date) -> int:
    """Days of the forecast that are over. A history that ended long ago is looked at as of its own end."""
    days = (today - row.as_of).days - 1
    return max(0, days) if days < len(row.values) else 0
