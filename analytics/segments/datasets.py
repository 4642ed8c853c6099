"""What clusters are learned from: one row for each customer who bought, from the figures of customers."""

import io
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from catalog.figures import shop_clock

ROWS = """
SELECT s.customer_id, %(day)s::date - s.last_day, s.purchase_days, greatest(s.revenue, 0), s.gross / s.orders,
       %(day)s::date - s.first_day, CASE WHEN s.gross > 0 THEN least(s.refunded / s.gross, 1) ELSE 0 END,
       coalesce(r.cluster_id, 0)
FROM analytics_customerstats s
JOIN catalog_customer c ON c.id = s.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
LEFT JOIN analytics_customerscore r ON r.customer_id = s.customer_id
WHERE s.orders > 0 AND s.last_day <= %(day)s::date
ORDER BY s.customer_id
"""
NAMES = ("recency", "frequency", "money", "average_order", "tenure", "returned")


@dataclass(frozen=True)
class Customers:
    """Buyers at the end of `as_of`, in the order of their numbers: features as float columns in the units of
    `features.FEATURES`, and `before`, the segment that is each one's cluster until now (0: none)."""

    as_of: date
    ids: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
    before: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def customers() -> Customers:
    """Everybody who bought and is not erased, as one table of numbers: 8 × 8 bytes for each of them."""
    day = shop_clock().today
    buffer = io.StringIO()
    with connection.cursor() as cursor:
        query = cursor.mogrify(ROWS, {"day": day}).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (DELIMITER ' ')", buffer)
    text = buffer.getvalue()
    rows = np.fromstring(text, sep=" ").reshape(-1, len(NAMES) + 2) if text else np.empty((0, len(NAMES) + 2))
    return Customers(
        as_of=day,
        ids=rows[:, 0].astype(np.int64),
        columns={name: rows[:, place + 1] for place, name in enumerate(NAMES)},
        before=rows[:, -1].astype(np.int64),
    )
