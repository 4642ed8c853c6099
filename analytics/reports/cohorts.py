"""Customers by the week or month of their first order: who of them bought again so many weeks or months later, and what
each of them was worth until then. Reads `CohortCell`; a cell that is not there stands for nobody.

Retention of a cohort at an offset is the share of its customers with an order in that period. Cells whose period is not
over are open: they can still rise, and take no part in averages.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from analytics.models import CohortCell
from core.reports.periods import midnight

ZERO = Decimal(0)
MOST_COHORTS = 24
MOST_OFFSETS = 24
"""Rows and columns that a triangle shows: the newest cohorts, the first periods."""
LEAST_PEOPLE = 30
"""An average of fewer customers is not told."""


@dataclass(frozen=True)
class Cell:
    """One period of one cohort. `revenue` is paid less refunds in that period; `value` is what one customer of the
    cohort brought from the first order to the end of it."""

    offset: int
    customers: int
    orders: int
    revenue: Decimal
    share: float
    value: Decimal
    is_open: bool


@dataclass
class Cohort:
    """Customers whose first order was in the period that begins on `start`."""

    start: date
    size: int
    cells: list[Cell] = field(default_factory=list)


@dataclass
class Triangle:
    """Cohorts, the newest first. `average` is the retention per offset over all cohorts whose period is over, weighted
    by size; None below 30 customers."""

    grain: str
    cohorts: list[Cohort]
    average: list[float | None]

    @property
    def width(self) -> int:
        """How many offsets there are."""
        return max((len(cohort.cells) for cohort in self.cohorts), default=0)


def triangle(grain: str, today: date) -> Triangle:
    """One query. `grain`: "week" or "month"; cohorts and periods that begin after `today` are left out."""
    newest = (
        CohortCell.objects.filter(grain=grain, offset=0, cohort__lte=today)
        .order_by("-cohort")
        .values("cohort")[:MOST_COHORTS]
    )
    rows = (
        CohortCell.objects.filter(grain=grain, cohort__in=newest, offset__lte=MOST_OFFSETS)
        .order_by("-cohort", "offset")
        .values_list("cohort", "offset", "customers", "orders", "revenue")
    )
    known: dict[date, dict[int, tuple[int, int, Decimal]]] = {}
    for start, offset, *values in rows:
        known.setdefault(start, {})[offset] = tuple(values)  # type: ignore[assignment]
    cohorts = [_cohort(grain, start, cells, today) for start, cells in known.items()]
    return Triangle(grain, cohorts, _average(cohorts))


def _cohort(grain: str, start: date, known: dict[int, tuple[int, int, Decimal]], today: date) -> Cohort:
    size = known.get(0, (0, 0, ZERO))[0]
    cohort, brought = Cohort(start, size), ZERO
    for offset in range(MOST_OFFSETS + 1):
        begin = period_start(grain, start, offset)
        if begin > today:
            break
        customers, orders, revenue = known.get(offset, (0, 0, ZERO))
        brought += revenue
        cohort.cells.append(
            Cell(
                offset, customers, orders, revenue, customers / size if size else 0.0, brought / size if size else ZERO,
                is_open=period_start(grain, start, offset + 1) > today,
            )
        )  # fmt: skip
    return cohort


def period_start(grain: str, start: date, offset: int) -> date:
    """First day of the period so many weeks or months after the cohort's."""
    if grain == CohortCell.Grain.WEEK:
        return start + timedelta(weeks=offset)
    months = start.year * 12 + start.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def _average(cohorts: Iterable[Cohort]) -> list[float | None]:
    bought: dict[int, int] = {}
    people: dict[int, int] = {}
    for cohort in cohorts:
        for cell in cohort.cells:
            if not cell.is_open:
                bought[cell.offset] = bought.get(cell.offset, 0) + cell.customers
                people[cell.offset] = people.get(cell.offset, 0) + cohort.size
    return [
        bought[offset] / people[offset] if people[offset] >= LEAST_PEOPLE else None for offset in range(len(people))
    ]


# --- people -------------------------------------------------------------------------------------------------------

BOUGHT_THEN = """
SELECT s.customer_id FROM analytics_customerstats s
WHERE s.first_day >= %(start)s AND s.first_day < %(end)s AND EXISTS (
    SELECT 1 FROM catalog_order o WHERE o.customer_id = s.customer_id
        AND o.paid_at >= %(since)s AND o.paid_at < %(until)s
)
"""
PEOPLE = f"""
SELECT s.customer_id, count(*) OVER () AS everybody
FROM ({BOUGHT_THEN}) bought JOIN analytics_customerstats s USING (customer_id)
ORDER BY s.revenue DESC, s.customer_id LIMIT %(most)s
"""  # noqa: S608
MOST_PEOPLE = 200
PEOPLE_SECONDS = 3


def cell_values(grain: str, start: date, offset: int) -> dict[str, Any]:
    """What `BOUGHT_THEN` asks for one cell."""
    begin, end = period_start(grain, start, offset), period_start(grain, start, offset + 1)
    return {"start": start, "end": period_start(grain, start, 1), "since": midnight(begin), "until": midnight(end)}


def people(grain: str, start: date, offset: int) -> tuple[list[int], int]:
    """Customers of a cohort who bought in a period: keys of the most valuable ones, and how many there are. Bounded by
    PEOPLE_SECONDS (raises OperationalError)."""
    values = cell_values(grain, start, offset) | {"most": MOST_PEOPLE}
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PEOPLE_SECONDS}s'")
        cursor.execute(PEOPLE, values)
        rows = cursor.fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else 0
