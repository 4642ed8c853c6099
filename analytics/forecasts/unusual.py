"""Days out of the ordinary: found every night, with what likely drove them."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from analytics import datasets
from analytics.forecasts import alerts
from analytics.forecasts import series as reading
from analytics.ml import anomalies
from analytics.models import Anomaly, Measure
from catalog.models import Category
from core.jobs import guard

Array = NDArray[np.float64]
LOOKED_AT = 60
"""Newest days that are looked at."""
DAYS = anomalies.SEASONS * 7 + 1
"""What a driver needs: the day and eight weeks before it."""
MOST_DRIVERS = 3
LEAST_SHARE = 0.05
# Money of the day and of the same weekdays before, by part.
BY_CHANNEL = """
SELECT coalesce(nullif(part, ''), '–'), day, (gross - refunded)::float8, 0::float8, orders::float8
FROM analytics_salespart WHERE kind = 'channel' AND day = ANY(%(days)s)
"""
BY_CATEGORY = """
SELECT left(c.path, %(step)s), d.day, sum(d.gross - d.refunded)::float8, sum(d.items - d.returned)::float8,
       sum(d.orders)::float8
FROM analytics_productday d
JOIN catalog_product p ON p.id = d.product_id JOIN catalog_category c ON c.id = p.category_id
WHERE d.day = ANY(%(days)s) GROUP BY 1, 2
"""
BY_PRODUCT = """
SELECT d.product_id::text, d.day, (d.gross - d.refunded)::float8, (d.items - d.returned)::float8, d.orders::float8
FROM analytics_productday d WHERE d.day = ANY(%(days)s) AND d.product_id IS NOT NULL
"""
COLUMN = {Measure.REVENUE: 0, Measure.ITEMS: 1, Measure.ORDERS: 2}


def look(until: date | None = None) -> dict[str, int]:
    """Look through the newest days of revenue, pieces and orders. Safe to run again: what people decided stays, and a
    day that is in order again (a late order came) goes unless somebody decided about it."""
    until = until or datasets.known_until()
    if until is None:
        return {"found": 0}
    since = until - timedelta(days=LOOKED_AT)
    found: dict[tuple[date, str], anomalies.Anomaly] = {}
    for one in reading.shop(until):
        for each in anomalies.find(one.values, season=7):
            day = one.first + timedelta(days=each.at)
            if day > since:
                found[day, one.measure] = each
    known = {(row.day, row.measure): row for row in Anomaly.objects.filter(day__gt=since, day__lte=until)}
    written = 0
    for (day, measure), each in found.items():
        row = known.pop((day, measure), None) or Anomaly(day=day, measure=measure)
        if row.pk is not None and row.value == each.value and row.expected == each.expected:
            continue
        row.value, row.expected, row.score = each.value, each.expected, round(each.score, 2)
        row.drivers = drivers(day, Measure(measure))
        with transaction.atomic():
            guard()
            row.save()
        written += 1
    with transaction.atomic():
        guard()
        gone = [row.pk for row in known.values() if row.decision == Anomaly.Decision.OPEN]
        Anomaly.objects.filter(pk__in=gone).delete()
    alerts.tell(until)
    return {"found": len(found), "written": written}


def drivers(day: date, measure: Measure) -> dict[str, list[dict[str, Any]]]:
    """For each way to cut the shop the parts that moved most in the direction of the whole: name, value, what was usual
    and the share of the change. Stored by opaque id, so a renamed product is called by its new name."""
    days = [day - timedelta(days=7 * back) for back in range(anomalies.SEASONS + 1)]
    found: dict[str, list[dict[str, Any]]] = {}
    ways = [("category", BY_CATEGORY), ("product", BY_PRODUCT)]
    if measure != Measure.ITEMS:
        ways.append(("channel", BY_CHANNEL))
    parameters: dict[str, Any] = {"days": days, "step": Category.steplen}
    for name, statement in ways:
        parts: dict[str, Array] = {}
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            for part, on, *values in cursor.fetchall():
                weeks, rest = divmod((day - on).days, 7)
                if rest:
                    continue
                row = parts.setdefault(part, np.zeros(anomalies.SEASONS + 1))
                row[anomalies.SEASONS - weeks] = values[COLUMN[measure]]
        if len(parts) < 2:  # what is all of the shop drives nothing
            continue
        told = anomalies.drivers(parts, anomalies.SEASONS, season=1, most=MOST_DRIVERS)
        rows = [
            {
                "part": one.part,
                "value": round(one.value, 2),
                "expected": round(one.expected, 2),
                "share": round(one.share, 3),
            }
            for one in told
            if one.share >= LEAST_SHARE
        ]
        if rows:
            found[name] = rows
    return found
