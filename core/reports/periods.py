"""The days that a page of figures shows, and the days they are compared with, as an address asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.components.words import day_text

FIRST_YEAR, LAST_YEAR = 1900, 2200
ONE_DAY = timedelta(days=1)

PRESETS: dict[str, Any] = {
    "today": gettext_lazy("Today"),
    "yesterday": gettext_lazy("Yesterday"),
    "last_7": gettext_lazy("Last 7 days"),
    "last_28": gettext_lazy("Last 28 days"),
    "last_90": gettext_lazy("Last 90 days"),
    "month": gettext_lazy("This month"),
    "quarter": gettext_lazy("This quarter"),
    "year": gettext_lazy("Year to date"),
}
AGAINST: dict[str, Any] = {
    "previous": gettext_lazy("Previous period"),
    "year": gettext_lazy("Same days a year before"),
    "none": gettext_lazy("No comparison"),
}


def preset_days(name: str, today: date) -> tuple[date, date] | None:
    """First and last day of a preset; None for a name that is none."""
    if name == "yesterday":
        return today - ONE_DAY, today - ONE_DAY
    first = {
        "today": today,
        "last_7": today - timedelta(days=6),
        "last_28": today - timedelta(days=27),
        "last_90": today - timedelta(days=89),
        "month": today.replace(day=1),
        "quarter": today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1),
        "year": today.replace(month=1, day=1),
    }.get(name)
    return None if first is None else (first, today)


@dataclass(frozen=True)
class Choice:
    """One more thing to choose beside the days: `name` in the address, the `value` that is chosen, all `options`."""

    name: str
    label: Any
    value: str
    options: Sequence[tuple[str, Any]] = ()


@dataclass(frozen=True)
class Comparison:
    """The days that a period is compared with: as many as it has. `name` is a key of AGAINST, never "none"."""

    name: str
    first: date
    last: date

    @property
    def words(self) -> str:
        """What the days are called after "vs" and "more than": "the previous 28 days"."""
        if self.name == "year":
            return _("the same days a year before")
        days = (self.last - self.first).days + 1
        return _("the previous %(count)d days") % {"count": days} if days > 1 else _("the day before")


@dataclass(frozen=True)
class Period:
    """Whole days in the shop's time zone, as an address asks for them: `?within=…&from=…&to=…&against=…`.

    `against` is a key of AGAINST, or empty on pages that compare nothing.
    """

    within: str
    first: date
    last: date
    against: str = ""

    @classmethod
    def of(
        cls, request: HttpRequest, *, usual: str = "last_28", against: str = "", today: date | None = None
    ) -> "Period":
        """Anything that is not understood is what is usual. `against`: the usual comparison of a page that has one.
        `today`: the day on which presets end, for a shop whose history ended long ago."""
        compared = request.GET.get("against", against) if against else ""
        if compared not in AGAINST:
            compared = against
        within = request.GET.get("within", usual)
        first, last = parse_day(request.GET.get("from")), parse_day(request.GET.get("to"))
        if within == "between" and first is not None and last is not None and first <= last:
            return cls(within, first, last, compared)
        end = today or timezone.localdate()
        days = preset_days(within, end)
        if days is None:
            within, days = usual, preset_days(usual, end) or (end, end)
        return cls(within, *days, compared)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """When it begins and when it is over."""
        return midnight(self.first), midnight(self.last + ONE_DAY)

    @property
    def comparison(self) -> Comparison | None:
        """The days just before, or the same days of the year before (29 February becomes the 28th)."""
        if self.against == "previous":
            return Comparison("previous", self.first - timedelta(days=self.days), self.first - ONE_DAY)
        if self.against == "year":
            first = _year_before(self.first)
            return Comparison("year", first, first + timedelta(days=self.days - 1))
        return None

    @property
    def words(self) -> str:
        """ "1 Nov 2026 to 28 Nov 2026", or the one day."""
        if self.first == self.last:
            return day_text(self.first)
        return _("%(first)s to %(last)s") % {"first": day_text(self.first), "last": day_text(self.last)}

    @property
    def query(self) -> dict[str, str]:
        """For addresses that keep it."""
        known = {"within": self.within}
        if self.within == "between":
            known |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        if self.against:
            known["against"] = self.against
        return known


def parse_day(text: str | None) -> date | None:
    """A day between 1900 and 2200 from `YYYY-MM-DD`; None for anything else."""
    try:
        found = parse_date(text or "")
    except ValueError:
        return None
    return found if found is not None and FIRST_YEAR <= found.year <= LAST_YEAR else None


def midnight(day: date) -> datetime:
    """When a day of the shop begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28) if day.month == 2 else day.day)
