"""RFM scores and names of everybody who bought, from the figures, written where they changed."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from analytics.models import CustomerScore
from analytics.segments import membership
from catalog.figures import shop_clock
from catalog.importing.staging import copy
from core.jobs import guard, progress
from core.said import Said

KIND = "rfm"
BATCH = 50_000
EPOCH = date(1970, 1, 1)
ROW = np.dtype(
    [("customer", "i8"), ("frequency", "i8"), ("first", "i8"), ("last", "i8"), ("bought", "f8"), ("returned", "f8")]
)
# In the order of the customers' numbers, which is what parts equal customers.
BUYERS = """
SELECT s.customer_id, s.purchase_days, s.first_day - DATE '1970-01-01', s.last_day - DATE '1970-01-01',
    s.gross::float8, s.refunded::float8
FROM analytics_customerstats s JOIN catalog_customer c ON c.id = s.customer_id AND c.erased_at IS NULL
    AND c.merged_into_id IS NULL
WHERE s.first_day <= %s ORDER BY s.customer_id
"""
MAKE = """
CREATE TEMPORARY TABLE rfm_batch (
    customer_id bigint, recency int, frequency int, money int, segment text, days int, purchase_days int, worth float8
) ON COMMIT DROP
"""
# What differs from the scores that stand. Only that is written, and only for that are reasons put together.
CHANGED = """
CREATE TEMPORARY TABLE rfm_changed ON COMMIT DROP AS
SELECT b.* FROM rfm_batch b
JOIN catalog_customer c ON c.id = b.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
LEFT JOIN analytics_customerscore t ON t.customer_id = b.customer_id
WHERE t.rfm_segment IS DISTINCT FROM b.segment
    OR (t.recency, t.frequency, t.money) IS DISTINCT FROM (b.recency, b.frequency, b.money)
"""
WRITE_SCORES = """
INSERT INTO analytics_customerscore AS t (customer_id, recency, frequency, money, rfm_segment, rfm_as_of, scored_at)
SELECT customer_id, recency, frequency, money, segment, %(as_of)s, %(now)s FROM rfm_changed
ON CONFLICT (customer_id) DO UPDATE SET recency = excluded.recency, frequency = excluded.frequency,
    money = excluded.money, rfm_segment = excluded.rfm_segment, rfm_as_of = excluded.rfm_as_of,
    scored_at = excluded.scored_at
"""
WRITE_TRAITS = f"""
INSERT INTO catalog_customertrait AS t (customer_id, kind, value, reasons, as_of)
SELECT customer_id, '{KIND}', to_jsonb(segment), jsonb_build_array(
    jsonb_build_object('reason', 'recency', 'value', days, 'score', recency),
    jsonb_build_object('reason', 'frequency', 'value', purchase_days, 'score', frequency),
    jsonb_build_object('reason', 'money', 'value', round(worth::numeric, 2), 'score', money)
), %(now)s FROM rfm_changed
ON CONFLICT (customer_id, kind) DO UPDATE SET value = excluded.value, reasons = excluded.reasons, as_of = excluded.as_of
"""  # noqa: S608
GONE = f"""
CREATE TEMPORARY TABLE rfm_changed ON COMMIT DROP AS
SELECT customer_id, '' AS segment FROM (
    SELECT customer_id FROM analytics_customerscore WHERE recency IS NOT NULL OR rfm_segment <> ''
    UNION SELECT customer_id FROM catalog_customertrait WHERE kind = '{KIND}'
) t
WHERE NOT EXISTS
    (SELECT FROM analytics_customerstats s WHERE s.customer_id = t.customer_id AND s.first_day <= %(as_of)s)
"""  # noqa: S608
FORGET_SCORES = """
UPDATE analytics_customerscore t SET recency = NULL, frequency = NULL, money = NULL, rfm_segment = '', rfm_as_of = NULL
FROM rfm_changed c WHERE c.customer_id = t.customer_id
"""
FORGET_TRAITS = f"""
DELETE FROM catalog_customertrait t USING rfm_changed c WHERE c.customer_id = t.customer_id AND t.kind = '{KIND}'
"""  # noqa: S608


def score(as_of: date | None = None) -> dict[str, Any]:
    """Score everybody as of the end of a day of the shop (at first the one that its figures end with).

    The same figures and the same day give the same scores. What did not change is not written: `rfm_as_of` is the day
    since which a customer's scores are what they are. A block of customers is one transaction.
    """
    from analytics.ml import rfm
    from analytics.ml.purchases import Summary

    day = as_of or shop_clock().today
    known = _buyers(day)
    number = (day - EPOCH).days
    empty = np.zeros(len(known))
    # Orders dated into the future are as recent as can be.
    summary = Summary(
        customers=known["customer"], customer_ids=known["customer"].astype(object), frequency=known["frequency"],
        first=known["first"], last=np.minimum(known["last"], number), bought=known["bought"],
        returned=known["returned"], first_amount=empty, last_amount=empty, as_of=number,
    )  # fmt: skip
    found = rfm.score(summary)
    columns = (
        summary.customers, found.recency, found.frequency, found.money, found.segments, summary.recency,
        summary.frequency, np.round(summary.money, 2),
    )  # fmt: skip
    changed = 0
    for start in range(0, len(summary), BATCH):
        rows = slice(start, start + BATCH)
        told = zip(*(column[rows].tolist() for column in columns), strict=True)
        changed += _write(day, ("\t".join(map(str, row)) + "\n" for row in told))
        progress(min(start + BATCH, len(summary)), len(summary), Said(gettext_noop("Scoring customers")))
    _forget_gone(day)
    return {"customers": len(summary), "changed": changed, "as_of": day.isoformat()}


def first_score() -> None:
    """Before the shop opens: score unless it was done."""
    if not CustomerScore.objects.exclude(rfm_segment="").exists():
        score()


def _buyers(day: date) -> np.ndarray[Any, Any]:
    with connection.cursor() as cursor:
        cursor.execute(BUYERS, [day])
        return np.fromiter(iter(cursor), dtype=ROW, count=cursor.rowcount)


def _write(day: date, lines: Iterator[str]) -> int:
    """Scores, traits and memberships of a block, where they changed. How many did."""
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(MAKE)
        copy("rfm_batch", "customer_id, recency, frequency, money, segment, days, purchase_days, worth", lines)
        cursor.execute("ANALYZE rfm_batch")
        cursor.execute(CHANGED)
        changed: int = cursor.rowcount
        if changed:
            cursor.execute("ANALYZE rfm_changed")
            cursor.execute(WRITE_SCORES, {"as_of": day, "now": now})
            cursor.execute(WRITE_TRAITS, {"now": now})
            membership.follow_rfm(now=now, only_changed=True)
        cursor.execute("DROP TABLE rfm_batch, rfm_changed")
    return changed


def _forget_gone(day: date) -> None:
    """Scores, trait and membership of whoever has no order any more."""
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(GONE, {"as_of": day})
        if cursor.rowcount:
            cursor.execute(FORGET_SCORES)
            cursor.execute(FORGET_TRAITS)
            membership.follow_rfm(now=timezone.now(), only_changed=True)
        cursor.execute("DROP TABLE rfm_changed")
