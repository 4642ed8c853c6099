"""Days and months of the shop: when points end, which day it is, whose birthday it is."""

import calendar
from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from core.shop import shop_zone


def today(at: datetime | None = None) -> date:
    """The day in the shop at this moment."""
    return timezone.localdate(at or timezone.now(), shop_zone())


def start_of(day: date) -> datetime:
    """Midnight at which this day of the shop begins; the first moment after it where clocks skip it."""
    return datetime.combine(day, time.min, tzinfo=shop_zone())


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month where it has none (31 Jan + 1 → 28 or 29 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def end_of_points(at: datetime, months: int) -> datetime | None:
    """The midnight after the last day on which points that become final now can be used; None: they never end."""
    if not months:
        return None
    return start_of(add_months(today(at), months) + timedelta(days=1))


def born_on(day: date) -> Q:
    """Customers whose birthday this is; those of 29 February have it on the 28th in years without one."""
    days = [(day.month, day.day)]
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        days.append((2, 29))
    found = Q()
    for month, number in days:
        found |= Q(birthday__month=month, birthday__day=number)
    return found
