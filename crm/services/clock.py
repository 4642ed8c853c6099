"""Business time: how much of it lies between two moments, and when so much of it will be over. Pure arithmetic.

Spans are given in local time and counted in real seconds, so a span over a change to or from daylight saving time is an
hour longer or shorter, as it is for those who work it. A clock that was set back never makes time negative.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

Span = tuple[time, time]
"""Opens and closes; 00:00 as its end is midnight at the end of the day."""
FARTHEST = timedelta(days=3660)
MIDNIGHT = time(0)


@dataclass(frozen=True)
class Hours:
    """`week`: ISO weekday (1 = Monday) to its spans; `holidays`: a day with spans of its own, none for closed.

    Without any span in the week it is always open, holidays or not.
    """

    zone: tzinfo = UTC
    week: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    holidays: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    @property
    def is_always_open(self) -> bool:
        return not any(self.week.values())

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """Open spans of one local day as moments in UTC, in order; those that overlap or touch are one."""
        found: list[tuple[datetime, datetime]] = []
        for opens, closes in sorted(self.holidays.get(day, self.week.get(day.isoweekday(), ()))):
            start = self._moment(day, opens)
            end = self._moment(day + timedelta(days=1), MIDNIGHT) if closes == MIDNIGHT else self._moment(day, closes)
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            elif start < end:
                found.append((start, end))
        return found

    def _moment(self, day: date, at: time) -> datetime:
        """A time that daylight saving skips is as late as it would be on the old clock; one that comes twice is the
        first."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)


ALWAYS = Hours()


def _from(hours: Hours, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Open spans between two moments, cut to them."""
    day = start.astimezone(hours.zone).date() - timedelta(days=1)
    last = until.astimezone(hours.zone).date()
    while day <= last:
        for opens, closes in hours.spans(day):
            if closes > start and opens < until:
                yield max(opens, start), min(closes, until)
        day += timedelta(days=1)


def between(hours: Hours, start: datetime, end: datetime) -> int:
    """Whole seconds of business time from `start` to `end`; 0 where the end is not later."""
    if end <= start:
        return 0
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if hours.is_always_open:
        return int((end - start).total_seconds())
    return int(sum((closes - opens).total_seconds() for opens, closes in _from(hours, start, end)))


def after(hours: Hours, start: datetime, seconds: int) -> datetime | None:
    """The moment when so many seconds of business time are over. None when the shop is not open that long within ten
    years: nothing can be promised then."""
    start = start.astimezone(UTC)
    if hours.is_always_open:
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=seconds)
    for opens, closes in _from(hours, start, start + FARTHEST):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def next_opening(hours: Hours, now: datetime) -> datetime | None:
    """`now` where it is open, else when it opens next; None when it does not within ten years."""
    if hours.is_always_open:
        return now
    return next((opens for opens, _closes in _from(hours, now.astimezone(UTC), now.astimezone(UTC) + FARTHEST)), None)
