"""Filters that lists of every floor use: ranges of days, and values that occur in a column, without reading the
table."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

from core.components.words import day_text
from core.reports.periods import PRESETS, midnight, parse_day, preset_days

REMEMBER_SECONDS = 60
MOST_VALUES = 300


class Days:
    """A preset or two typed dates: whole days, the last one included.

    A preset stays what it says: in a saved view "last 7 days" are those of the day on which it is opened.
    """

    template = "core/lists/days_filter.html"
    parameter_name: Any
    used_parameters: dict[str, Any]
    within = ""

    def days(self) -> tuple[date | None, date | None]:
        """The first and the last day; None where the range is open."""
        preset = preset_days(self.within, timezone.localdate())
        return preset or (self._typed("from"), self._typed("to"))

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "presets": list(PRESETS.items()),
            "name": self.parameter_name,
            "within": self.within if self.within in PRESETS else "between" if any(self.days()) else "",
            "first": self.used_parameters.get(f"{self.parameter_name}_from", "") or "",
            "last": self.used_parameters.get(f"{self.parameter_name}_to", "") or "",
        }

    def chip_text(self) -> str:
        """The range in words."""
        if self.within in PRESETS:
            return str(PRESETS[self.within])
        first, last = self.days()
        if first is None and last is None:
            return _("no date")
        if first is None:
            return _("to %(day)s") % {"day": day_text(last)}
        if last is None:
            return _("from %(day)s") % {"day": day_text(first)}
        return _("%(first)s to %(last)s") % {"first": day_text(first), "last": day_text(last)}

    def _typed(self, suffix: str) -> date | None:
        return parse_day(str(self.used_parameters.get(f"{self.parameter_name}_{suffix}") or ""))


class DaysFilter(Days, RangeDateFilter):
    """Days of a moment, in the shop's time zone."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: Any,
        model: type[Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        within = params.pop(f"{self.parameter_name}_within", None)
        self.within = str(within[-1] if isinstance(within, list) else within or "")

    def expected_parameters(self) -> list[str | None]:
        return [*super().expected_parameters(), f"{self.parameter_name}_within"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self.days()
        if first is not None:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": midnight(first)})
        if last is not None:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": midnight(last + timedelta(days=1))})
        return queryset


class OccurringFilter(DropdownFilter):
    """Values that occur in an indexed text column of the list's table; at most a minute old."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, self.words(value)) for value in occurring_values(model_admin.model, str(self.parameter_name))]

    def words(self, value: str) -> str:
        """What people call a value."""
        return value

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


def occurring_values(model: type[Model], column: str) -> list[str]:
    """The different texts of a column that begins an index, at most 300: one step in the index for each of them,
    instead of one for each row."""
    key = f"occurring.{model._meta.label_lower}.{column}"
    found = cache.get(key)
    if found is None:
        table, name = (connection.ops.quote_name(part) for part in (model._meta.db_table, column))
        step = f"SELECT {name} FROM {table} WHERE {name} > %s ORDER BY {name} LIMIT 1"  # noqa: S608 (names of ours)
        sql = (
            f"WITH RECURSIVE found(value) AS (({step}) UNION ALL SELECT ({step.replace('%s', 'found.value')})"  # noqa: S608
            f" FROM found WHERE found.value IS NOT NULL) SELECT value FROM found WHERE value IS NOT NULL LIMIT %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, ["", MOST_VALUES])
            found = [value for (value,) in cursor.fetchall()]
        cache.set(key, found, REMEMBER_SECONDS)
    return list(found)
