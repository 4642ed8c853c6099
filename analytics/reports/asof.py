"""The moment that the counted tables stand for."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from catalog.figures import DAYS


@dataclass(frozen=True)
class AsOf:
    """`today` is the day on which presets end: today, or the last day with a sale of a shop whose history ended more
    than 28 days ago. `first` is the first day with a sale; None in a shop that sold nothing. `counted_at` is None until
    something was counted."""

    today: date
    first: date | None
    counted_at: datetime | None
    is_history: bool = False

    def is_open(self, day: date) -> bool:
        """Whether the day is not over."""
        return not self.is_history and day == self.today


def as_of() -> AsOf:
    """One query. Days in the future are left out."""
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT min(day) FROM analytics_dailysales),"
            " (SELECT max(day) FROM analytics_dailysales WHERE day <= %s),"
            " (SELECT counted_at FROM analytics_factsstate WHERE id = 1)",
            [today],
        )
        first, last, counted_at = cursor.fetchone()
    return clock_of(first, last, counted_at)


def clock_of(first: date | None, last: date | None, counted_at: datetime | None) -> AsOf:
    """From the first day with a sale and the last one that is not in the future."""
    today = timezone.localdate()
    if last is None or today - last <= timedelta(days=DAYS):
        return AsOf(today, first, counted_at)
    return AsOf(last, first, counted_at, is_history=True)
