"""Months of the interactions table.

The parent has no default partition, so a month must exist before rows of it are written: a job makes the next ones
ahead, imports make those of their rows. A partition is filled empty and then attached, which lets the storefront go
on reading and writing the others.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog import kept, recent

TABLE = "catalog_interaction"
LOCK = 7_340_021  # advisory lock of whoever changes the set of partitions
AHEAD = 2


def ensure_partitions(first: date, last: date) -> list[str]:
    """Make the partitions of every month from that of `first` to that of `last`. Names of the new ones.

    Safe when several processes do it at once. Raises ValueError when `last` is before `first`.
    """
    if last < first:
        raise ValueError(f"{last} is before {first}.")
    return ensure_months(_months_between(first, last))


def ensure_months(months: Iterable[date]) -> list[str]:
    """The same for months that need not follow each other; any day stands for its month."""
    wanted = {_name(month): month.replace(day=1) for month in months}
    missing = sorted(set(wanted) - _existing())
    if not missing:
        return []
    made = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        present = _existing()
        for name in missing:
            if name in present:
                continue
            month = wanted[name]
            cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)")
            cursor.execute(
                f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
                [_midnight(month), _midnight(_next(month))],
            )
            made.append(name)
    return made


def months_in_use() -> list[date]:
    """First days of the months that have a partition, oldest first."""
    return sorted(_month_of(name) for name in _existing())


def drop_expired() -> list[str]:
    """Remove months older than EVENT_RETENTION_MONTHS. Names of those removed.

    Counted back from this month, or from the newest month that holds rows when that is earlier: a shop whose history
    was imported keeps it until new events take its place.
    """
    newest = _newest_month_with_rows()
    if newest is None:
        return []
    now = timezone.now().date()
    oldest_kept = _back(min(newest, now.replace(day=1)), settings.EVENT_RETENTION_MONTHS)
    expired = [month for month in months_in_use() if month < oldest_kept]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '3s'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if expired:
            kept.note_older(cursor, recent.micros_of(_midnight(oldest_kept)))
        for month in expired:
            cursor.execute(f"DROP TABLE IF EXISTS {_name(month)}")
    return [_name(month) for month in expired]


def prepare() -> dict[str, list[str]]:
    """What the daily job does: the months ahead, and an end to those that are too old."""
    today = timezone.now().date()
    last = today
    for _ in range(AHEAD):
        last = _next(last)
    return {"made": ensure_partitions(today, last), "dropped": drop_expired()}


def _newest_month_with_rows() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(occurred_at) FROM {TABLE}")  # noqa: S608
        newest = cursor.fetchone()[0]
    return newest.astimezone(UTC).date().replace(day=1) if newest else None


def _existing() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(%s)",
            [TABLE],
        )
        return {name for (name,) in cursor.fetchall()}


def _name(day: date) -> str:
    return f"{TABLE}_{day.year:04d}_{day.month:02d}"


def _month_of(name: str) -> date:
    year, month = name.removeprefix(f"{TABLE}_").split("_")
    return date(int(year), int(month), 1)


def _next(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _back(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _midnight(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _months_between(first: date, last: date) -> Iterable[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _next(month)
