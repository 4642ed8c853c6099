"""What uplift is learned from: who was drawn to get a message, who was left out, and what was known before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from analytics import datasets
from analytics.ml import churn
from catalog.experiment_metrics import BOUGHT
from core.shop import shop_zone
from marketing.campaigns.trials import OUTCOME_DAYS

FEATURES = (
    "recency", "purchases_log", "tenure_log", "mean_amount_log", "money_log", "bought_once", "overdue",
    "purchases_30_log",
)  # fmt: skip
MOST = 200_000
"""People of a campaign that a model learns from."""
# Whoever has an arm was drawn by chance, whatever became of the message: intention to treat.
DRAWN = f"""
SELECT r.customer_id, NOT r.is_holdout, EXISTS (
    SELECT FROM catalog_order o WHERE o.customer_id = r.customer_id AND o.status IN ({BOUGHT})
        AND o.paid_at >= r.due_at AND o.paid_at < r.due_at + %(days)s * interval '1 day'
), r.due_at
FROM marketing_recipient r
JOIN marketing_campaignstep s ON s.id = r.step_id
JOIN catalog_customer c ON c.id = r.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
WHERE r.campaign_id = %(campaign)s AND r.arm <> ''
    AND s.position = (SELECT min(position) FROM marketing_campaignstep WHERE campaign_id = %(campaign)s)
ORDER BY r.customer_id LIMIT %(most)s
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class Drawn:
    """People of a campaign by rising id, whether each was to get the message, whether an order came within the days
    that count, and the last day before the first message."""

    ids: NDArray[np.int64]
    treated: NDArray[np.int64]
    outcome: NDArray[np.int64]
    known: date
    first: datetime
    last: datetime


def drawn(campaign_id: int) -> Drawn | None:
    """None for a campaign that drew nobody."""
    with connection.cursor() as cursor:
        cursor.execute(DRAWN, {"campaign": campaign_id, "days": OUTCOME_DAYS, "most": MOST})
        rows = cursor.fetchall()
    if not rows:
        return None
    ids, treated, outcome = (np.array([row[place] for row in rows], np.int64) for place in range(3))
    first, last = min(row[3] for row in rows), max(row[3] for row in rows)
    return Drawn(ids, treated, outcome, known_before(first), first, last)


def known_before(moment: datetime) -> date:
    """The last whole day of the shop before a message."""
    return timezone.localtime(moment, shop_zone()).date() - timedelta(days=1)


def features_of(ids: NDArray[np.int64], known: date) -> dict[str, NDArray[np.float64]]:
    """FEATURES at the end of a day, for people by rising id; NaN for those who had bought nothing."""
    found = np.full((len(ids), len(FEATURES)), np.nan)
    for people, rows in blocks(known):
        place = np.searchsorted(ids, people)
        inside = (place < len(ids)) & (ids[np.minimum(place, len(ids) - 1)] == people)
        found[place[inside]] = rows[inside]
    return {name: found[:, at] for at, name in enumerate(FEATURES)}


def blocks(known: date) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Everybody who bought until then, in blocks: ids and FEATURES [people × features]."""
    columns = [churn.WIDE.index(name) for name in FEATURES]
    for purchases in datasets.blocks_of_purchases(known):
        page = churn.sheet(purchases, datasets.number_of(known))
        yield purchases.customer_ids.astype(np.int64)[page.customers], page.rows[:, columns]
