"""How many customers a rule finds: exactly where the database is quick enough, else about how many."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Case, Count, IntegerField, Q, Sum, Value, When
from django.utils import timezone

from analytics.models import CustomerStats, Segment, SegmentSize
from analytics.segments import compiling
from analytics.segments.compiling import Compiled
from catalog.figures import shop_clock
from catalog.models import Customer

EXACT_MS, SAMPLE_MS, EXAMPLES_MS, OVERLAP_MS = 250, 500, 500, 4_000
"""Milliseconds that the database may take: to count exactly, to count in a sample, to find examples, to compare
segments."""
SAMPLE = 4_000
EXAMPLES = 5
Z = 1.96
REMEMBER_SECONDS = 60


class TooSlow(Exception):
    """The database did not answer within its time."""


@dataclass(frozen=True)
class Counted:
    """Customers found. An estimate comes with its likely range (95 %), one of the planner without."""

    number: int
    is_estimate: bool = False
    low: int | None = None
    high: int | None = None


@contextmanager
def time_limit(milliseconds: int) -> Iterator[None]:
    """Statements inside end after so long. Raises TooSlow; what was written inside is undone then."""
    is_within = connection.in_atomic_block  # a transaction of its own forgets the limit with its end
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            sql = "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)"
            cursor.execute(sql, [f"{milliseconds}ms"])
            before = cursor.fetchone()[0]
            yield
            if is_within:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") == "57014":  # query_canceled
            raise TooSlow from error
        raise


def count(found: Compiled) -> Counted:
    """Exactly within 250 ms, else from a sample of customers within 500 ms, else what the planner expects."""
    plain = found.plain_count()
    rows: Any = found.customers() if plain is None else plain
    try:
        with time_limit(EXACT_MS):
            return Counted(rows.count())
    except TooSlow:
        pass
    try:
        with time_limit(SAMPLE_MS):
            return _sampled(found)
    except TooSlow:
        return _planned(found)


def _sampled(found: Compiled) -> Counted:
    """From whole pages of the table, drawn by PostgreSQL; the range is Wilson's (1927)."""
    total = customers_in_all()
    share = 100.0 if total <= SAMPLE else max(0.01, 100.0 * SAMPLE / total)
    with connection.cursor() as cursor:
        people = "erased_at IS NULL AND merged_into_id IS NULL"
        sql = f"SELECT id FROM catalog_customer TABLESAMPLE SYSTEM (%s) WHERE {people} LIMIT %s"  # noqa: S608
        cursor.execute(sql, [share, 3 * SAMPLE])
        drawn = [pk for (pk,) in cursor.fetchall()]
    if not drawn:
        return _planned(found)
    hits = Customer.objects.filter(pk__in=drawn).filter(found.q).count()
    middle, low, high = wilson(hits, len(drawn))
    return Counted(rounded(middle * total), True, rounded(low * total), rounded(high * total))


def _planned(found: Compiled) -> Counted:
    sql, values = found.customers().order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        text = cursor.mogrify(sql, values).decode()
        cursor.execute("SELECT core_estimate(%s)", [text])
        return Counted(rounded(float(cursor.fetchone()[0])), True)


def wilson(hits: int, size: int) -> tuple[float, float, float]:
    """Share, and the range that holds the true one 95 times of 100."""
    share = hits / size
    middle = (share + Z * Z / (2 * size)) / (1 + Z * Z / size)
    half = Z * math.sqrt(share * (1 - share) / size + Z * Z / (4 * size * size)) / (1 + Z * Z / size)
    return share, max(0.0, middle - half), min(1.0, middle + half)


def rounded(number: float) -> int:
    """Three figures that mean something."""
    whole = round(number)
    step = 10 ** max(0, len(str(whole)) - 3)
    return round(whole / step) * step


def customers_in_all() -> int:
    """Customers that are not erased; at most a minute old."""
    found = cache.get("segments.customers")
    if found is None:
        found = Customer.objects.existing().count()
        cache.set("segments.customers", found, REMEMBER_SECONDS)
    return int(found)


def examples(found: Compiled) -> list[Customer]:
    """A few of the customers, with their figures. Empty when they cannot be found in time."""
    try:
        with time_limit(EXAMPLES_MS):
            return list(found.customers().select_related("stats").defer("email", "phone", "birthday")[:EXAMPLES])
    except TooSlow:
        return []


# --- sizes --------------------------------------------------------------------------------------------------------


def size_now(segment: Segment) -> tuple[int, Decimal]:
    """Members of a segment and what they have brought so far."""
    rows = compiling.of_segment(segment).customers().order_by()
    found = rows.aggregate(size=Count("pk"), revenue=Sum("stats__revenue"))
    return found["size"], found["revenue"] or Decimal(0)


def write_size(segment: Segment, *, day: date | None = None, everything: Decimal | None = None) -> Segment:
    """Count a segment and write its size of the day. Running it again on a day replaces what it said."""
    size, revenue = size_now(segment)
    if everything is None:
        everything = revenue_in_all()
    SegmentSize.objects.update_or_create(
        segment=segment, day=day or shop_clock().today, defaults={"size": size, "revenue": revenue}
    )
    segment.size, segment.revenue, segment.counted_at = size, revenue, timezone.now()
    segment.revenue_share = float(revenue / everything) if everything > 0 else None
    segment.save(update_fields=["size", "revenue", "revenue_share", "counted_at"])
    return segment


def revenue_in_all() -> Decimal:
    """What all customers have brought so far; guests are nobody's."""
    return CustomerStats.objects.aggregate(sum=Sum("revenue"))["sum"] or Decimal(0)


# --- overlap ------------------------------------------------------------------------------------------------------


def overlaps(segments: list[Segment]) -> list[list[int]]:
    """Customers in both of each pair; on the diagonal those of each. One pass over the customers. Raises TooSlow."""
    conditions = [compiling.of_segment(segment).q for segment in segments]
    everything = Customer.objects.existing().filter(_any(conditions)).order_by()
    mask: Any = Value(0)
    for place, condition in enumerate(conditions):
        bit = Case(When(condition, then=Value(1 << place)), default=Value(0), output_field=IntegerField())
        mask = mask + bit
    table = [[0] * len(segments) for _segment in segments]
    with time_limit(OVERLAP_MS):
        for row in everything.annotate(mask=mask).values("mask").annotate(people=Count("pk")):
            inside = [place for place in range(len(segments)) if row["mask"] >> place & 1]
            for left in inside:
                for right in inside:
                    table[left][right] += row["people"]
    return table


def _any(conditions: list[Q]) -> Q:
    found = conditions[0]
    for one in conditions[1:]:
        found |= one
    return found


def when_in(condition: Q) -> Any:
    """How many of the rows meet the condition."""
    return Count("pk", filter=condition)
