"""Pages of long lists without a full count."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from unfold.paginator import InfinitePaginator

COUNT_LIMIT = 10_000
MOST_PAGES = 1_000
"""A page further back is not opened: the database would read everything before it. Filters and sorting lead there."""


class RowCount(NamedTuple):
    """How many rows there are. `is_about`: the planner's estimate of more than anybody counts, in round figures."""

    number: int
    is_about: bool = False


class StaffPaginator(InfinitePaginator):
    """Rows are counted up to a limit, so that a list of millions opens as fast as a short one. Beyond it the count is
    PostgreSQL's estimate."""

    @cached_property
    def bounded_count(self) -> RowCount:
        rows: Any = self.object_list
        return RowCount(len(rows)) if isinstance(rows, list | tuple) else bounded_counts([rows])[0]

    @property
    def num_pages(self) -> int:
        return MOST_PAGES


def bounded_counts(queries: Sequence[Any]) -> list[RowCount]:
    """For each query the exact number of rows up to COUNT_LIMIT, else about how many. One query for all of them."""
    found = [RowCount(0)] * len(queries)
    places: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        for place, rows in enumerate(queries):
            try:
                sql, values = rows.order_by().values("pk").query.sql_with_params()
            except EmptyResultSet:
                continue
            # A list is often one of its own tabs: what is asked for twice is counted once.
            places.setdefault(cursor.mogrify(sql, values).decode(), []).append(place)
        parts = []
        for number, text in enumerate(places):
            counted = text.replace("%", "%%")
            parts.append(
                f"SELECT {number}, n, CASE WHEN n > {COUNT_LIMIT} THEN core_estimate(%s) END"  # noqa: S608
                f" FROM (SELECT COUNT(*) AS n FROM ({counted} LIMIT {COUNT_LIMIT + 1}) AS first_rows) AS counted"
            )
        if parts:
            cursor.execute(" UNION ALL ".join(parts), list(places))
            same = list(places.values())
            for number, count, about in cursor.fetchall():
                is_about = count > COUNT_LIMIT
                for place in same[number]:
                    found[place] = RowCount(in_round_figures(max(about, COUNT_LIMIT)) if is_about else count, is_about)
    return found


def in_round_figures(number: int) -> int:
    """Three figures that mean something: 1,004,713 is about 1,000,000."""
    step = 10 ** max(0, len(str(number)) - 3)
    return round(number / step) * step
