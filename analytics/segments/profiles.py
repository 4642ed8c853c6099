"""A segment beside all customers, and its size over time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Avg, Count, F, QuerySet
from django.utils.translation import gettext as _

from analytics.models import Segment, SegmentSize
from analytics.segments import compiling
from analytics.segments.counting import time_limit
from analytics.segments.fields import FIELDS
from catalog.models import Customer
from core.components.words import day_text, figure, money_about, percent
from core.reports import Chart, Line, line_chart
from core.reports.charts import LEAST_POINTS

PROFILE_MS = 3_000
MOST_POINTS = 366
REMEMBER_SECONDS = 300
# Share of buyers first, then means over those who have a value.
MEANS: dict[str, tuple[Any, str]] = {
    "orders": (F("stats__orders"), "count"),
    "revenue": (F("stats__revenue"), "money"),
    "items": (F("stats__items"), "count"),
    "refunded": (F("stats__refunded"), "money"),
    "value": (F("score__value"), "money"),
    "alive": (F("score__alive"), "share"),
    "churn_90": (F("score__churn_90"), "share"),
    "propensity_30": (F("score__propensity_30"), "share"),
}


@dataclass(frozen=True)
class Measure:
    """One measure of the segment and of all customers, as text. `times`: how many times that of all; None where
    nothing can be compared."""

    title: str
    own: str
    everybody: str
    times: str


def compare(segment: Segment) -> list[Measure]:
    """The segment beside all customers. Raises TooSlow."""
    with time_limit(PROFILE_MS):
        own = _means(compiling.of_segment(segment).customers())
        everybody = cache.get("segments.everybody")
        if everybody is None:
            everybody = _means(Customer.objects.existing())
            cache.set("segments.everybody", everybody, REMEMBER_SECONDS)
    lines = [Measure(_("Have bought"), _written(own["buyers"], "share"), _written(everybody["buyers"], "share"), "")]
    for name, (_column, unit) in MEANS.items():
        if own[name] is None and everybody[name] is None:
            continue
        title = str(FIELDS[name].title)
        times = own[name] / everybody[name] if own[name] is not None and everybody[name] else None
        lines.append(
            Measure(title, _written(own[name], unit), _written(everybody[name], unit), _times(times, unit))
        )  # fmt: skip
    return lines


def _means(rows: QuerySet[Any]) -> dict[str, float | None]:
    found = rows.order_by().aggregate(
        people=Count("pk"), bought=Count("stats__pk"), **{name: Avg(column) for name, (column, _u) in MEANS.items()}
    )
    people = found.pop("people")
    bought = found.pop("bought")
    found["buyers"] = bought / people if people else None
    return {name: None if value is None else float(value) for name, value in found.items()}


def _written(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "money":
        return money_about(value)
    return percent(value) if unit == "share" else figure(value, 1)


def _times(value: float | None, unit: str) -> str:
    return "" if value is None or unit == "share" else _("%(times)s×") % {"times": figure(value, 1)}


def size_chart(segment: Segment) -> Chart | None:
    """How the size went, in the title; None before the first count. Days on which nobody counted are gaps."""
    sizes = list(SegmentSize.objects.filter(segment=segment).order_by("-day")[:MOST_POINTS])[::-1]
    if not sizes:
        return None
    first, last = sizes[0], sizes[-1]
    said = {"from": figure(first.size), "to": figure(last.size), "day": day_text(first.day)}
    if len(sizes) == 1:
        title = _("%(to)s customers") % said
    elif first.size == last.size:
        title = _("%(to)s customers, as on %(day)s") % said
    else:
        title = _("From %(from)s customers on %(day)s to %(to)s") % said
    known = {one.day: one.size for one in sizes}
    days = [first.day + timedelta(days=n) for n in range((last.day - first.day).days + 1)]
    return line_chart(
        title, [day_text(day) for day in days], [Line(_("Customers"), [known.get(day) for day in days])],
        first_head=_("Day"), note=_("Customers in the segment, by day"), enough=len(sizes) >= LEAST_POINTS,
    )  # fmt: skip


def change_of(segment: Any) -> int | None:
    """Customers more than a week before; None when nobody counted then."""
    before = getattr(segment, "size_before", None)
    return None if before is None or segment.size is None else segment.size - before
