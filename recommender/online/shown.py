"""What was really shown: how it is spread over products and brands; and whether the model behind it is still right."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from catalog.models import Brand, Order, Product
from core.remembered import remembered
from recommender.answers import ITEM, PERSONAL, SESSION
from recommender.ml.drift import gini, novelty
from recommender.models import DriftCheck, RecommendationDay, ServedEvaluation
from recommender.online.reports import OF_BASE, Counts, Rate

MOST_BRANDS = 8
SOLD_DAYS = 90
NIGHTS = 14
RANKED = (PERSONAL, SESSION, ITEM)
"""Sources of lists that the model makes; all others are the same with any model, or with none."""
EXPOSURE = """
SELECT p.brand_id, coalesce(s.times, 0), coalesce(o.pieces, 0)
FROM catalog_product p
LEFT JOIN (
    SELECT product_id, sum(times) AS times FROM recommender_shownproduct
    WHERE day BETWEEN %(first)s AND %(last)s AND (%(placement)s = '' OR placement = %(placement)s) GROUP BY product_id
) s ON s.product_id = p.id
LEFT JOIN (
    SELECT l.product_id, sum(l.quantity) AS pieces FROM catalog_orderline l JOIN catalog_order o ON o.id = l.order_id
    WHERE o.paid_at >= %(sold_from)s AND o.paid_at < %(sold_to)s AND o.status = ANY(%(bought)s) GROUP BY l.product_id
) o ON o.product_id = p.id
WHERE p.status = %(live)s AND p.deleted_at IS NULL AND p.is_in_stock
ORDER BY p.id
"""


@dataclass(frozen=True)
class BrandShare:
    """Shares, 0 to 1: of all products seen, of the products for sale, of the pieces sold in 90 days."""

    name: str
    shown: float
    products: float
    sold: float


@dataclass(frozen=True)
class Exposure:
    """`gini` and `novelty` as in recommender.ml.drift; None while nothing was seen."""

    times: int
    gini: float | None = None
    novelty: float | None = None
    brands: Sequence[BrandShare] = ()


def exposure(first: date, last: date, placement: str = "") -> Exposure:
    """Over the products that may be sold. Two queries."""

    def ask() -> Exposure:
        about: dict[str, Any] = {
            "first": first, "last": last, "placement": placement, "live": str(Product.Status.LIVE),
            "sold_from": last - timedelta(days=SOLD_DAYS), "sold_to": last + timedelta(days=1),
            "bought": [str(status) for status in Order.BOUGHT],
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(EXPOSURE, about)
            return _spread([(brand, int(times), int(pieces)) for brand, times, pieces in cursor.fetchall()])

    return remembered(f"recommender.exposure.{first}.{last}.{placement}", ask)[0]


def _spread(rows: Sequence[tuple[int | None, int, int]]) -> Exposure:
    times = [row[1] for row in rows]
    if not sum(times):
        return Exposure(0)
    sold = [row[2] for row in rows]
    by_brand: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for brand, seen, pieces in rows:
        if brand is not None:
            for place, amount in enumerate((seen, 1, pieces)):
                by_brand[brand][place] += amount
    wholes = (sum(times), len(rows), sum(sold))
    most = sorted(by_brand.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_BRANDS]
    names = Brand.objects.in_bulk([pk for pk, _amounts in most])
    brands = [
        BrandShare(str(names[pk]), *(part / whole if whole else 0.0 for part, whole in zip(own, wholes, strict=True)))
        for pk, own in most
        if pk in names
    ]
    return Exposure(sum(times), gini(times), novelty(times, sold), brands)


@dataclass(frozen=True)
class Night:
    """One evaluation of the model that served, and how often its lists were clicked on that day and the one before:
    those that it ranked, not what others saw meanwhile, as in the control of an experiment or in the holdout."""

    evaluation: ServedEvaluation
    ndcg: float | None
    hit_rate: float | None
    ctr: Rate


def nights() -> list[Night]:
    """The newest evaluations, newest first. Two queries."""
    found = list(ServedEvaluation.objects.select_related("version").order_by("-day", "-version_id")[:NIGHTS])
    if not found:
        return []
    clicked: dict[tuple[int, date], Counts] = defaultdict(Counts)
    days = RecommendationDay.objects.filter(
        version_id__in={one.version_id for one in found}, day__gte=found[-1].day - timedelta(days=1),
        source__in=RANKED,
    )  # fmt: skip
    totals = {f"all_{name}": total for name, total in OF_BASE.items()}
    row: Any
    for row in days.values("version_id", "day").annotate(**totals):
        own = {name: row[f"all_{name}"] for name in OF_BASE}
        for day in (row["day"], row["day"] + timedelta(days=1)):
            clicked[row["version_id"], day].add(own)
    return [
        Night(one, one.measures.get("ndcg@10"), one.measures.get("hit_rate@10"), clicked[one.version_id, one.day].ctr)
        for one in found
    ]


def drift() -> list[DriftCheck]:
    """The newest check of each feature. One query."""
    return list(DriftCheck.objects.order_by("feature", "-day").distinct("feature"))
