"""One look at the data: every check over every table, within bounds of time.

Each table is read once for all its conditions. Above two million rows a part of the table's pages is read, the same
part each night, and the counts are scaled up and marked as estimates.
"""

import math
import time
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from numpy.typing import NDArray

from analytics.ml.preparation import fences
from analytics.models import DataQualityReport, LateEvents, QualityFinding
from analytics.quality import prepared
from analytics.quality.checks import CHECKS, GAPS, LATE_EVENTS, SOURCES, Check, Source
from core.jobs import guard, progress
from core.shop import current_shop

MOST_ROWS = 2_000_000
SAMPLE = 50_000
"""Values from which the fences of outliers are told."""
EXAMPLES = 20
USUAL_ORDERS = 3.0
LEAST_WEEKS = 4
GAP_DAYS = 730
EVENT_DAYS = 2
"""As many as events are looked at (`SOURCES`)."""
TIMEOUT = "120s"


def look(batch_id: int | None = None) -> DataQualityReport:
    """Look at everything, or at the rows that one import made, and write the report. A batch has one report: looking
    again replaces it."""
    begun, as_of = time.monotonic(), timezone.now()
    found: list[QualityFinding] = []
    rows = 0
    for place, (name, source) in enumerate(SOURCES.items()):
        progress(place, len(SOURCES))
        if batch_id is not None and not source.owner_table:
            continue
        looked, findings = _look_at(source, [check for check in CHECKS if check.source == name], batch_id)
        rows += looked
        found += findings
        if name == LATE_EVENTS.source:
            found.append(_late_events(looked, findings, as_of))
    found.append(_gaps(batch_id))
    columns = [] if batch_id else prepared.columns()
    with transaction.atomic():
        guard()
        if batch_id is not None:
            DataQualityReport.objects.filter(batch_id=batch_id).delete()
        report = DataQualityReport.objects.create(
            batch_id=batch_id, as_of=as_of, seconds=round(time.monotonic() - begun, 3), rows=rows, columns=columns
        )
        for finding in found:
            finding.report = report
        QualityFinding.objects.bulk_create(found)
    return report


def _look_at(source: Source, checks: list[Check], batch_id: int | None) -> tuple[int, list[QualityFinding]]:
    where, scale = _scope(source, batch_id)
    limits = {check.name: _fences(where, check) for check in checks if check.value}
    conditions = {check.name: _condition(check, limits) for check in checks if not check.group}
    counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions.values())
    of, *counts = _ask(f"SELECT count(*), {counted} FROM {where}")[0]  # noqa: S608
    by_name = dict(zip(conditions, counts, strict=True))
    findings = []
    for check in checks:
        low, high = limits.get(check.name, (None, None))
        if check.group:
            rows, examples = _repeated(check, source, where, scale)
        else:
            rows = round(by_name[check.name] * scale)
            examples = _examples(source, where, conditions[check.name]) if rows else []
        findings.append(
            QualityFinding(
                check_name=check.name, rows=rows, of=round(of * scale), is_estimate=scale != 1.0,
                low=low, high=high, examples=examples,
            )
        )  # fmt: skip
    return of, findings


def _scope(source: Source, batch_id: int | None) -> tuple[str, float]:
    """What stands behind FROM, and how many rows each row read stands for."""
    if batch_id is not None:
        made = (
            f"SELECT row_id FROM catalog_importchange WHERE batch_id = {int(batch_id)}"  # noqa: S608
            f" AND table_name = '{source.owner_table}' AND before IS NULL"
        )
        if source.table == "catalog_refund":
            made += (
                f" UNION SELECT r.id FROM catalog_refund r JOIN catalog_importchange c ON c.row_id = r.order_id"  # noqa: S608
                f" WHERE c.batch_id = {int(batch_id)} AND c.table_name = 'catalog_order' AND c.before IS NULL"
            )
        return f"{source.table} t WHERE {source.owner} IN ({made})", 1.0
    known = _ask("SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = %s::regclass", [source.table])[0][0]
    if known <= MOST_ROWS:
        return f"{source.table} t WHERE {source.recent}", 1.0
    share = MOST_ROWS / known
    return f"{source.table} t TABLESAMPLE SYSTEM ({share * 100:.4f}) REPEATABLE (1) WHERE {source.recent}", 1.0 / share


def _condition(check: Check, limits: dict[str, tuple[float | None, float | None]]) -> str:
    if not check.value:
        return check.where
    low, high = limits[check.name]
    if low is None or high is None:
        return "false"
    return f"{check.value} > 0 AND ({check.value} < {low!r} OR {check.value} > {high!r})"


def _fences(where: str, check: Check) -> tuple[float | None, float | None]:
    """Lowest and highest usual value, by the robust z score of logarithms of up to 50,000 values above 0."""
    # A fixed shuffle of the numbers of rows: the same rows each time, from all times of the shop.
    rows = _ask(
        f"SELECT {check.value}::float8 FROM {where} AND {check.value} > 0"  # noqa: S608
        f" ORDER BY mod(t.id * 7919, 100003) LIMIT {SAMPLE}"
    )
    low, high = usual_range(np.log(np.array([value for (value,) in rows], np.float64)))
    if not np.isfinite(low) or not np.isfinite(high):
        return None, None
    return float(np.exp(max(low, -50.0))), float(np.exp(min(high, 50.0)))


def usual_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Fences by the robust z score. Where more than half of the values are equal, as pieces of a line are, their spread
    says nothing: the fences are those of the others, the usual value lies within."""
    if len(values) == 0:
        return -np.inf, np.inf
    middle = float(np.median(values))
    others = values[values != middle]
    if 2 * len(others) >= len(values):
        return fences(values, "robust_z")
    low, high = fences(others, "robust_z")
    return min(low, middle), max(high, middle)


def _repeated(check: Check, source: Source, where: str, scale: float) -> tuple[int, list[int]]:
    """Rows that agree with an earlier one. In a table that is read in part these are whole groups, drawn by a hash of
    what they agree in: of two rows in different pages a part of the pages would seldom hold both."""
    parts = math.ceil(scale)
    if parts > 1:
        drawn = f"mod(hashtextextended(concat_ws(chr(31), {check.group}), 0), {parts}) = 0"
        where = f"{source.table} t WHERE {source.recent} AND {drawn}"
    grouped = (
        f"SELECT count(*) - 1 AS more, max(t.id) AS last FROM {where} AND {check.where}"  # noqa: S608
        f" GROUP BY {check.group} HAVING count(*) > 1"
    )
    newest = f"(array_agg(last ORDER BY more DESC, last DESC))[1:{EXAMPLES}]"
    rows, examples = _ask(f"SELECT coalesce(sum(more), 0), {newest} FROM ({grouped}) g")[0]  # noqa: S608
    return int(rows) * parts, examples or []


def _examples(source: Source, where: str, condition: str) -> list[int]:
    """Some of the rows, by the number of the record that shows them."""
    found = _ask(f"SELECT {source.shown} FROM {where} AND ({condition}) LIMIT {EXAMPLES}")  # noqa: S608
    return sorted({number for (number,) in found if number is not None}, reverse=True)


def _late_events(looked: int, findings: list[QualityFinding], as_of: datetime) -> QualityFinding:
    """Events that arrived late in the days that are looked at, of those that happened in these days."""
    notes = LateEvents.objects.filter(arrived_at__gt=as_of - timedelta(days=EVENT_DAYS), arrived_at__lte=as_of)
    late = notes.aggregate(events=Sum("events"))["events"] or 0
    of = findings[0].of if findings else looked
    return QualityFinding(
        check_name=LATE_EVENTS.name, rows=late, of=max(of, late), is_estimate=bool(findings and findings[0].is_estimate)
    )


def _gaps(batch_id: int | None) -> QualityFinding:
    """Days between the first and the last order that have none, on weekdays with a median of three orders or more."""
    if batch_id is None:
        rows = _ask("SELECT day, orders FROM analytics_dailysales WHERE day <= current_date ORDER BY day")
    else:
        where, _scale = _scope(SOURCES["order"], batch_id)
        paid_on = "(t.paid_at AT TIME ZONE %s)::date"
        rows = _ask(
            f"SELECT {paid_on}, count(*) FROM {where} AND t.paid_at IS NOT NULL GROUP BY 1 ORDER BY 1",  # noqa: S608
            [current_shop().time_zone],
        )
    orders: dict[date, int] = dict(rows)
    days = _between(max(min(orders), max(orders) - timedelta(days=GAP_DAYS)), max(orders)) if orders else []
    by_weekday: dict[int, list[int]] = defaultdict(list)
    for day in days:
        by_weekday[day.weekday()].append(orders.get(day, 0))
    usual = {
        weekday for weekday, counts in by_weekday.items()
        if len(counts) >= LEAST_WEEKS and float(np.median(counts)) >= USUAL_ORDERS
    }  # fmt: skip
    empty = [day for day in days if not orders.get(day) and day.weekday() in usual]
    return QualityFinding(
        check_name=GAPS.name, rows=len(empty), of=len(days), examples=[day.isoformat() for day in empty[-EXAMPLES:]]
    )


def _between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _ask(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Raises OperationalError when the statement takes longer than two minutes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{TIMEOUT}'")
        cursor.execute(statement, values)
        return list(cursor.fetchall())
