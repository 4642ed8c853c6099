"""What experiments are judged by: one SQL statement per metric that adds up outcomes per arm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.extensions import experiment_metrics
from core.ml.experiments import Sums
from core.models import Experiment


@dataclass(frozen=True)
class OutcomeMetric:
    """What is registered in `experiment_metrics`.

    `sql` has for each unit it knows a SELECT over the table `exposed (subject, exposed_at, until, before)`, one row for
    each exposed person, that gives `subject, y, d, x`: the outcome from `exposed_at` up to `until`, the denominator of
    a ratio (1 otherwise) and the same outcome in the time from `before` to `exposed_at`. People without a row count as
    0 (and d = 0 in a ratio). `more` and `fewer` are sentences about a likely change ("%(range)s more orders").
    """

    title: Any
    more: Any
    fewer: Any
    sql: Mapping[str, str]
    is_amount: bool = False
    is_ratio: bool = False
    is_share: bool = False
    """Of people: told in percent."""
    is_good: bool = True
    """Whether more is better."""
    scale: float = 1.0
    """What a ratio is told per, such as 1000."""
    help: Any = ""


@dataclass(frozen=True)
class Counted:
    """Sums by arm id, and at which amount outcomes were cut off (None: they were not)."""

    sums: dict[int, Sums]
    cap: float | None = None
    capped: int = 0


def known(key: str) -> OutcomeMetric | None:
    """None when no part of this version of the program has it."""
    return experiment_metrics.get(key).resolve() if key in experiment_metrics else None


def title(key: str) -> str:
    metric = known(key)
    return str(metric.title) if metric else key


EXPOSED = """
WITH exposed AS MATERIALIZED (
    SELECT arm_id, subject, exposed_at, exposed_at + %(days)s * interval '1 day' AS until,
        exposed_at - %(before)s * interval '1 day' AS before
    FROM core_exposure
    WHERE experiment_id = %(experiment)s AND exposed_at <= %(now)s - %(days)s * interval '1 day'
), outcome AS MATERIALIZED ({outcome}), told AS MATERIALIZED (
    SELECT e.arm_id, coalesce(o.y, 0)::float8 AS y, coalesce(o.d, {absent})::float8 AS d, coalesce(o.x, 0)::float8 AS x
    FROM exposed e LEFT JOIN outcome o USING (subject)
)"""
ADD_UP = """, cap AS (
    SELECT CASE WHEN %(quantile)s::float8 IS NULL THEN 'Infinity'::float8
           ELSE percentile_cont(%(quantile)s::float8) WITHIN GROUP (ORDER BY y) END AS at FROM told
), kept AS (
    SELECT arm_id, least(y, cap.at) AS y, d, least(x, cap.at) AS x, (y > cap.at)::int AS cut FROM told, cap
)
SELECT arm_id, count(*), sum(y), sum(y * y), sum(d), sum(d * d), sum(y * d), sum(x), sum(x * x), sum(x * y),
    sum(x * d), count(*) FILTER (WHERE y <> 0), sum(cut), (SELECT at FROM cap)
FROM kept GROUP BY arm_id
"""
DAYS_BEFORE = 28


def count(experiment: Experiment, metric: OutcomeMetric, *, now: datetime) -> Counted:
    """Add up the outcomes of everybody whose days are over. One statement."""
    if experiment.unit not in metric.sql:
        return Counted({})
    quantile = experiment.winsorise_at if metric.is_amount else None
    statement = EXPOSED.format(outcome=metric.sql[experiment.unit], absent=0 if metric.is_ratio else 1) + ADD_UP
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "experiment": experiment.pk, "days": experiment.outcome_days, "before": DAYS_BEFORE, "now": now,
                "quantile": quantile,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    names = ("y", "yy", "d", "dd", "yd", "x", "xx", "xy", "xd")
    sums = {
        row[0]: Sums(n=int(row[1]), nonzero=int(row[11]), **dict(zip(names, map(float, row[2:11]), strict=True)))
        for row in rows
    }
    capped = sum(int(row[12]) for row in rows)
    return Counted(sums, float(rows[0][13]) if rows and quantile is not None else None, capped)
