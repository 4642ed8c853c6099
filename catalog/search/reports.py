"""What staff read about searches: common ones, those without results, and what people tried next.

Times are half-open: from the first day on, before the day after the last. One query each. Whoever narrows or sorts
what was found asks again with the same words: such a search is kept, and none of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

MOST = 200
ITS_OWN = "filters - 'in_stock' = '{}'"
"""A search that no filter or order made out of another. Shops that show nothing sold out ask so from the start."""


@dataclass(frozen=True)
class QueryRow:
    """`next_text` only in the report of refined queries. `clicks` counts searches that led to a product."""

    text: str
    searches: int
    clicks: int
    results: int
    without_result: int
    next_text: str = ""

    @property
    def ctr(self) -> float:
        return self.clicks / self.searches if self.searches else 0.0


@dataclass(frozen=True)
class Totals:
    searches: int
    clicks: int
    without_result: int

    @property
    def ctr(self) -> float | None:
        return self.clicks / self.searches if self.searches else None

    @property
    def failing(self) -> float | None:
        return self.without_result / self.searches if self.searches else None


TOP = """
SELECT mode() WITHIN GROUP (ORDER BY text), count(*), count(clicked_at),
    (array_agg(results ORDER BY searched_at DESC))[1], count(*) FILTER (WHERE results = 0), ''
FROM catalog_searchquery WHERE searched_at >= %s AND searched_at < %s AND normalised <> '' AND {only}
GROUP BY normalised ORDER BY count(*) DESC, normalised LIMIT %s
"""
REFINED = """
SELECT mode() WITHIN GROUP (ORDER BY p.text), count(*), count(n.clicked_at),
    (array_agg(n.results ORDER BY n.searched_at DESC))[1], count(*) FILTER (WHERE p.results = 0),
    mode() WITHIN GROUP (ORDER BY n.text)
FROM catalog_searchquery n JOIN catalog_searchquery p ON p.id = n.refined_from_id
WHERE n.searched_at >= %s AND n.searched_at < %s AND p.normalised <> '' AND n.normalised <> ''
GROUP BY p.normalised, n.normalised ORDER BY count(*) DESC, p.normalised, n.normalised LIMIT %s
"""
TOTALS = f"""
SELECT count(*), count(clicked_at), count(*) FILTER (WHERE results = 0) FROM catalog_searchquery
WHERE searched_at >= %s AND searched_at < %s AND normalised <> '' AND {ITS_OWN}
"""  # noqa: S608 (our own words only)


def top(since: datetime, until: datetime, *, most: int = MOST) -> list[QueryRow]:
    """The most common queries, as most people write them: case, width and script make no difference."""
    return _rows(TOP.format(only=ITS_OWN), since, until, most)


def failing(since: datetime, until: datetime, *, most: int = MOST) -> list[QueryRow]:
    """Queries that found nothing, the most common first."""
    return _rows(TOP.format(only=f"{ITS_OWN} AND results = 0"), since, until, most)


def refined(since: datetime, until: datetime, *, most: int = MOST) -> list[QueryRow]:
    """What the same person looked for next within ten minutes; results and clicks are those of the next query."""
    return _rows(REFINED, since, until, most)


def totals(since: datetime, until: datetime) -> Totals:
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, [since, until])
        return Totals(*cursor.fetchone())


REPORTS = {"top": top, "failing": failing, "refined": refined}


def _rows(statement: str, *values: Any) -> list[QueryRow]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        found: Sequence[Any] = cursor.fetchall()
    return [QueryRow(*row) for row in found]
