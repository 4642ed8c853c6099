"""RFM scores and names of everybody who bought, from the figures, written where they changed."""

import json
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
WHERE s.first_day <= %s ORDER BY s.customer_id
"""
MAKE = """
CREATE TEMPORARY TABLE rfm_batch
    (customer_id bigint, recency int, frequency int, money int, segment text, reasons jsonb) ON COMMIT DROP
"""
EXISTS = "EXISTS (SELECT FROM catalog_customer c WHERE c.id = b.customer_id AND c.erased_at IS NULL)"
WRITE_SCORES = f"""
INSERT INTO analytics_customerscore AS t (customer_id, recency, frequency, money, rfm_segment, rfm_as_of, scored_at)
SELECT b.customer_id, b.recency, b.frequency, b.money, b.segment, %(as_of)s, %(now)s FROM rfm_batch b WHERE {EXISTS}
ON CONFLICT (customer_id) DO UPDATE SET recency = excluded.recency, frequency = excluded.frequency,
    money = excluded.money, rfm_segment = excluded.rfm_segment, rfm_as_of = excluded.rfm_as_of,
    scored_at = excluded.scored_at
WHERE (t.recency, t.frequency, t.money, t.rfm_segment) IS DISTINCT FROM
    (excluded.recency, excluded.frequency, excluded.money, excluded.rfm_segment)
"""  # noqa: S608
WRITE_TRAITS = f"""
INSERT INTO catalog_customertrait AS t (customer_id, kind, value, reasons, as_of)
SELECT b.customer_id, '{KIND}', to_jsonb(b.segment), b.reasons, %(now)s FROM rfm_batch b WHERE {EXISTS}
ON CONFLICT (customer_id, kind) DO UPDATE SET value = excluded.value, reasons = excluded.reasons, as_of = excluded.as_of
WHERE t.value IS DISTINCT FROM excluded.value
"""  # noqa: S608
GONE = "NOT EXISTS (SELECT FROM analytics_customerstats s WHERE s.customer_id = t.customer_id AND s.first_day <= %s)"
FORGET_SCORES = f"""
UPDATE analytics_customerscore t SET recency = NULL, frequency = NULL, money = NULL, rfm_segment = '', rfm_as_of = NULL
WHERE (t.recency IS NOT NULL OR t.rfm_segment <> '') AND {GONE}
"""  # noqa: S608
FORGET_TRAITS = f"DELETE FROM catalog_customertrait t WHERE t.kind = '{KIND}' AND {GONE}"  # noqa: S608


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
    changed = 0
    for start in range(0, len(summary), BATCH):
        rows = slice(start, start + BATCH)
        told = zip(
            summary.customers[rows].tolist(), found.recency[rows].tolist(), found.frequency[rows].tolist(),
            found.money[rows].tolist(), found.segments[rows].tolist(), summary.recency[rows].tolist(),
            summary.frequency[rows].tolist(), summary.money[rows].tolist(), strict=True,
        )  # fmt: skip
        changed += _write(day, ("\t".join(_cells(row)) + "\n" for row in told))
        progress(min(start + BATCH, len(summary)), len(summary), Said(gettext_noop("Scoring customers")))
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(FORGET_SCORES, [day])
        cursor.execute(FORGET_TRAITS, [day])
        membership.follow_rfm(now=timezone.now())
    return {"customers": len(summary), "changed": changed, "as_of": day.isoformat()}


def first_score() -> None:
    """Before the shop opens: score unless it was done."""
    if not CustomerScore.objects.exclude(rfm_segment="").exists():
        score()


def _buyers(day: date) -> np.ndarray[Any, Any]:
    with connection.cursor() as cursor:
        cursor.execute(BUYERS, [day])
        return np.fromiter(iter(cursor), dtype=ROW, count=cursor.rowcount)


def _cells(row: tuple[Any, ...]) -> Iterator[str]:
    """A line of COPY: the scores, and as reasons the days, number and money that they rest on."""
    customer, recency, frequency, money, segment, days, orders, worth = row
    reasons = [
        {"reason": "recency", "value": days, "score": recency},
        {"reason": "frequency", "value": orders, "score": frequency},
        {"reason": "money", "value": round(worth, 2), "score": money},
    ]
    yield from (str(customer), str(recency), str(frequency), str(money), segment, json.dumps(reasons))


def _write(day: date, lines: Iterator[str]) -> int:
    """How many scores changed."""
    now = timezone.now()
    with transaction.atomic():
        guard()
        with connection.cursor() as cursor:
            cursor.execute(MAKE)
            copy("rfm_batch", "customer_id, recency, frequency, money, segment, reasons", lines)
            cursor.execute(WRITE_SCORES, {"as_of": day, "now": now})
            changed: int = cursor.rowcount
            cursor.execute(WRITE_TRAITS, {"now": now})
            membership.follow_rfm(now=now, is_batch=True)
            cursor.execute("DROP TABLE rfm_batch")
    return changed
