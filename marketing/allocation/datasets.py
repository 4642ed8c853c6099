"""What offers are learned from, and what an order of each customer is worth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from catalog.experiment_metrics import BOUGHT
from marketing.campaigns import lifecycle
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.models import Campaign, OfferAllocation

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
MOST = 200_000
"""People of a campaign that are looked at."""
MOST_CAMPAIGNS = 20
YEAR = timedelta(days=365)
# Whoever has an arm was drawn by chance, whatever became of the message: intention to treat.
DRAWN = f"""
SELECT r.customer_id, r.arm, r.is_holdout, EXISTS (
    SELECT FROM catalog_order o WHERE o.customer_id = r.customer_id AND o.status IN ({BOUGHT})
        AND o.paid_at >= r.due_at AND o.paid_at < r.due_at + %(days)s * interval '1 day'
), EXISTS (
    SELECT FROM marketing_couponcode k WHERE k.customer_id = r.customer_id AND k.campaign_id = r.campaign_id
        AND k.order_id IS NOT NULL
), r.due_at, g.offer_id
FROM marketing_recipient r
JOIN marketing_campaignstep s ON s.id = r.step_id
JOIN catalog_customer c ON c.id = r.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
LEFT JOIN marketing_allocatedoffer g ON g.customer_id = r.customer_id AND g.allocation_id = %(allocation)s
WHERE r.campaign_id = %(campaign)s AND r.arm <> ''
    AND s.position = (SELECT min(position) FROM marketing_campaignstep WHERE campaign_id = %(campaign)s)
ORDER BY r.customer_id LIMIT %(most)s
"""  # noqa: S608 (our own words only)
ORDERS = f"""
SELECT o.customer_id, sum(o.lines_total * o.base_rate), sum((o.lines_total * o.base_rate) ^ 2), count(*)
FROM catalog_order o
WHERE o.customer_id IS NOT NULL AND o.status IN ({BOUGHT}) AND o.paid_at >= %(since)s AND o.paid_at < %(until)s
GROUP BY o.customer_id
"""  # noqa: S608 (our own words only)
SHIPPING = f"""
SELECT avg(o.shipping * o.base_rate) FROM catalog_order o
WHERE o.shipping > 0 AND o.status IN ({BOUGHT}) AND o.paid_at >= %(since)s AND o.paid_at < %(until)s
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class Given:
    """People to whom chance gave one offer or nothing, by rising id, and what became of it."""

    ids: NDArray[np.int64]
    treated: Flags
    outcome: Flags
    took: Flags
    first: datetime
    last: datetime


def campaigns() -> list[Campaign]:
    """Ended campaigns with offers that left some out by chance and whose orders are all in, the newest first."""
    before = timezone.now() - timedelta(days=OUTCOME_DAYS)
    rows = Campaign.objects.filter(state=Campaign.State.DONE, holdout_share__gt=0, ended_at__lt=before, trigger="")
    found: list[Campaign] = []
    for one in rows.prefetch_related("steps").order_by("-ended_at", "-pk")[: 10 * MOST_CAMPAIGNS]:
        if len(found) < MOST_CAMPAIGNS and (any(_by_arm(one).values()) or _accepted(one)):
            found.append(one)
    return found


def _by_arm(campaign: Campaign) -> dict[str, int | None]:
    """The offer of each version of the first step."""
    steps = sorted(campaign.steps.all(), key=lambda step: step.position)
    if not steps:
        return {}
    keys = [str(arm["key"]) for arm in steps[0].arms] or ["a"]
    return dict(zip(keys, lifecycle.offers_of(campaign, steps[0]), strict=True))


def _accepted(campaign: Campaign) -> int | None:
    rows = OfferAllocation.objects.filter(campaign=campaign, state=OfferAllocation.State.ACCEPTED)
    return rows.values_list("pk", flat=True).first()


def given(campaign: Campaign) -> dict[int, Given]:
    """By offer. Of versions: those who were to get one with the offer against everybody who was left out. Of an
    allocation: those whom it gave the offer, against those among them who were left out."""
    by_arm, allocation = _by_arm(campaign), _accepted(campaign)
    with connection.cursor() as cursor:
        cursor.execute(
            DRAWN, {"campaign": campaign.pk, "days": OUTCOME_DAYS, "most": MOST, "allocation": allocation or 0}
        )
        rows = cursor.fetchall()
    if allocation is not None:
        offers = {row[6] for row in rows if row[6] is not None}
        return {one: _of([row for row in rows if row[6] == one]) for one in offers}
    offers = {one for one in by_arm.values() if one is not None}
    return {
        one: _of([row for row in rows if row[2] or by_arm.get(row[1]) == one])
        for one in offers
        if any(not row[2] and by_arm.get(row[1]) == one for row in rows)
    }


def _of(rows: Sequence[tuple]) -> Given:  # type: ignore[type-arg]
    def column(place: int) -> NDArray[np.int64]:
        return np.array([row[place] for row in rows], np.int64)

    moments = [row[5] for row in rows]
    return Given(column(0), 1 - column(2), column(3), column(4), min(moments), max(moments))


@dataclass(frozen=True)
class Habits:
    """What customers' orders of a year cost before discounts [n], and what shipping costs those who pay for it."""

    total: Array
    squares: Array
    count: Flags
    shipping: float


def habits(ids: Iterable[int], until: datetime) -> Habits:
    """Of these customers, in their order; the other customers' orders count for nobody. Two statements."""
    window = {"since": until - YEAR, "until": until}
    wanted = list(ids)
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, window)
        known = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(SHIPPING, window)
        (shipping,) = cursor.fetchone()
    nothing = (0, 0, 0)
    rows = [known.get(one, nothing) for one in wanted]
    return Habits(
        np.array([float(row[0]) for row in rows]), np.array([float(row[1]) for row in rows]),
        np.array([row[2] for row in rows], np.int64), float(shipping or 0),
    )  # fmt: skip
