"""Business hours of the tables as the clock reads them."""

from datetime import date, time

from core.shop import shop_zone
from crm.models import BusinessHours
from crm.services.clock import ALWAYS, Hours, Span


def hours_of(row: BusinessHours | None) -> Hours:
    """Two queries; around the clock without a row or without a period."""
    if row is None:
        return ALWAYS
    week: dict[int, list[Span]] = {}
    for period in row.periods.all():
        week.setdefault(period.weekday, []).append((period.opens, period.closes))
    holidays: dict[date, tuple[Span, ...]] = {}
    for holiday in row.holidays.all():
        opens: time | None = holiday.opens
        holidays[holiday.day] = ((opens, holiday.closes or time(0)),) if opens is not None else ()
    return Hours(shop_zone(), {day: tuple(spans) for day, spans in week.items()}, holidays)
