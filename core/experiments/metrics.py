"""What experiments are judged by: one SQL statement per metric that adds up outcomes per arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

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
    SELECT e.subject, e.arm_id, coalesce(o.y, 0)::float8 AS y, coalesce(o.d, {absent})::float8 AS d,
        coalesce(o.x, 0)::float8 AS x
    FROM exposed e LEFT JOIN outcome o USING (subject)
)"""
ADD_UP = """, cap AS (
    SELECT CASE WHEN %(quantile)s::float8 IS NULL THEN 'Infinity'::float8
           ELSE percentile_cont(%(quantile)s::float8) WITHIN GROUP (ORDER BY y) END AS at FROM told
), kept AS (
    SELECT {group} AS part, arm_id, least(y, cap.at) AS y, d, least(x, cap.at) AS x, (y > cap.at)::int AS cut
    FROM told {joined} CROSS JOIN cap
)
SELECT part, arm_id, count(*), sum(y), sum(y * y), sum(d), sum(d * d), sum(y * d), sum(x), sum(x * x), sum(x * y),
    sum(x * d), count(*) FILTER (WHERE y <> 0), sum(cut), (SELECT at FROM cap)
FROM kept GROUP BY part, arm_id
"""
DIVIDED = """
CREATE TEMPORARY TABLE divided ON COMMIT DROP AS
WITH exposed AS (SELECT subject, exposed_at FROM core_exposure WHERE experiment_id = %(experiment)s)
{groups}
"""
DAYS_BEFORE = 28


def count(experiment: Experiment, metric: OutcomeMetric, *, now: datetime) -> Counted:
    """Add up the outcomes of everybody whose days are over. One statement."""
    rows = _rows(experiment, metric, ADD_UP.format(group="0", joined=""), now)
    capped = sum(int(row[13]) for row in rows)
    is_cut = rows and metric.is_amount and experiment.winsorise_at is not None
    return Counted({row[1]: _sums(row) for row in rows}, float(rows[0][14]) if is_cut else None, capped)


def count_in_groups(
    experiment: Experiment, metric: OutcomeMetric, groups: str, *, now: datetime, **values: Any
) -> dict[Any, dict[int, Sums]]:
    """The same for each group of people: sums by arm id, by group. Somebody may be in several groups.

    `groups` is a SELECT over `exposed (subject, exposed_at)` that gives `subject, part`; `values` are its parameters.
    Amounts are cut off where they are for everybody together.
    """
    found: dict[Any, dict[int, Sums]] = {}
    with transaction.atomic():
        # A table with an index: what stands in parts of one statement has no statistics, and is joined row by row.
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS divided")
            cursor.execute(DIVIDED.format(groups=groups), {**values, "experiment": experiment.pk})
            cursor.execute("CREATE INDEX ON divided (subject)")
            cursor.execute("ANALYZE divided")
        tail = ADD_UP.format(group="part", joined="JOIN divided USING (subject)")
        for row in _rows(experiment, metric, tail, now):
            found.setdefault(row[0], {})[row[1]] = _sums(row)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE divided")
    return found


def _rows(experiment: Experiment, metric: OutcomeMetric, tail: str, now: datetime) -> list[tuple[Any, ...]]:
    if experiment.unit not in metric.sql:
        return []
    statement = EXPOSED.format(outcome=metric.sql[experiment.unit], absent=0 if metric.is_ratio else 1) + tail
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "experiment": experiment.pk, "days": experiment.outcome_days, "before": DAYS_BEFORE,
                "now": now, "quantile": experiment.winsorise_at if metric.is_amount else None,
            },
        )  # fmt: skip
        return list(cursor.fetchall())


def _sums(row: Sequence[Any]) -> Sums:
    names = ("y", "yy", "d", "dd", "yd", "x", "xx", "xy", "xd")
    return Sums(n=int(row[2]), nonzero=int(row[12]), **dict(zip(names, map(float, row[3:12]), strict=True)))
