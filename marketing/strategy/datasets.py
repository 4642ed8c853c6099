"""How customers took up discounts, free shipping and points: what orders and the ledger of points hold."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from catalog.experiment_metrics import BOUGHT

Array = NDArray[np.float64]
MEMBERS = """
SELECT m.customer_id, m.segment_id FROM analytics_segmentmembership m
JOIN analytics_segment g ON g.id = m.segment_id AND g.kind = %(basis)s AND g.archived_at IS NULL
JOIN catalog_customer c ON c.id = m.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
WHERE m.until IS NULL ORDER BY m.customer_id
"""
# Prices before anything was taken off, in the base currency. What a code for free shipping took off is no discount.
ORDERS = f"""
WITH bought AS (
    SELECT o.id, o.customer_id, o.lines_total, o.discount, o.shipping, o.base_rate FROM catalog_order o
    WHERE o.customer_id IS NOT NULL AND o.status IN ({BOUGHT}) AND o.paid_at >= %(since)s AND o.paid_at < %(until)s
), on_lines AS (
    SELECT l.order_id, sum(l.discount) AS off FROM catalog_orderline l
    WHERE l.discount > 0 AND l.order_id IN (SELECT id FROM bought) GROUP BY l.order_id
), by_code AS (
    SELECT k.order_id, sum(k.amount) AS off FROM marketing_couponcode k
    JOIN marketing_offer f ON f.id = k.offer_id AND f.kind = 'free_shipping'
    WHERE k.order_id IN (SELECT id FROM bought) GROUP BY k.order_id
), one AS (
    SELECT b.customer_id, b.base_rate * (b.lines_total + coalesce(l.off, 0)) AS price,
        b.base_rate * (b.discount + coalesce(l.off, 0)) - coalesce(k.off, 0) AS off,
        b.base_rate * b.shipping - coalesce(k.off, 0) AS shipping, b.shipping > 0 AS is_charged
    FROM bought b LEFT JOIN on_lines l ON l.order_id = b.id LEFT JOIN by_code k ON k.order_id = b.id
)
SELECT customer_id, greatest(sum(off), 0) / nullif(sum(price), 0) * 100,
    avg(CASE WHEN shipping < 0.01 THEN 1.0 ELSE 0.0 END), bool_or(is_charged)
FROM one GROUP BY customer_id
"""  # noqa: S608 (our own words only)
POINTS = """
SELECT a.customer_id, coalesce(-sum(t.points) FILTER (
    WHERE t.kind IN ('redeem', 'void') AND t.created_at >= %(since)s AND t.created_at < %(until)s), 0)
FROM crm_loyaltyaccount a LEFT JOIN crm_loyaltytransaction t ON t.account_id = a.id
WHERE a.customer_id IS NOT NULL AND a.closed_at IS NULL GROUP BY a.customer_id
"""


@dataclass(frozen=True)
class People:
    """Customers of the groups by rising id: the place of each one's group in `segments`, and what they took up, NaN
    for those who never met it."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    segments: list[int]
    responses: dict[str, Array]


def people(basis: str, *, since: datetime, until: datetime) -> People | None:
    """None while nobody is in a group of that kind. Three statements.

    Percent of discount: of all that the customer's orders cost before. Free shipping: share of orders without it;
    nobody met it where the shop charges nobody. Points: used, by those who have an account.
    """
    window = {"since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, {"basis": basis})
        # One group for each customer; clusters and RFM segments do not overlap.
        members = dict(cursor.fetchall())
        if not members:
            return None
        cursor.execute(ORDERS, window)
        orders = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(POINTS, window)
        points = {row[0]: row[1] for row in cursor.fetchall()}
    ids = np.array(sorted(members), np.int64)
    segments = sorted(set(members.values()))
    place = {segment: at for at, segment in enumerate(segments)}
    charges = any(row[2] for row in orders.values())
    nothing = (None, None, None)
    found = [orders.get(one, nothing) for one in ids.tolist()]
    return People(
        ids=ids,
        labels=np.array([place[members[one]] for one in ids.tolist()], np.int64),
        segments=segments,
        responses={
            "discount": _column([row[0] for row in found]),
            "free_shipping": _column([row[1] if charges else None for row in found]),
            "bonus_points": _column([points.get(one) for one in ids.tolist()]),
        },
    )


def _column(values: list[object]) -> Array:
    return np.array([np.nan if value is None else float(value) for value in values], np.float64)  # type: ignore[arg-type]
