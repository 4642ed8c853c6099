"""Filters of the catalogue's lists."""

from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.cache import cache
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    DropdownFilter,
    MultipleChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
)
from unfold.utils import parse_date_str

from catalog.admin.fields import INDENT
from catalog.models import Category

REMEMBER_COUNTRIES_SECONDS = 60
LARGEST = Decimal(10) ** 14


class BranchFilter(DropdownFilter):
    """Products of a category or of any below it."""

    title = _("category")
    parameter_name = "branch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Category.objects.order_by("path").only("path", "depth", "name", "name_translations")
        return [(str(row.pk), f"{INDENT * (row.depth - 1)}{row.localised('name')}") for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        if not str(value).isdecimal():
            return queryset.none()
        category = Category.objects.filter(pk=int(value)).only("path").first()
        return queryset.none() if category is None else queryset.in_branch(category)  # type: ignore[attr-defined]


class ChoiceFilter(MultipleChoicesDropdownFilter):
    """One or several of the states of a row."""


class StockFilter(DropdownFilter):
    title = _("stock")
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in", _("in stock")), ("out", _("out of stock"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(is_in_stock=value == "in") if value in ("in", "out") else queryset


class PriceFilter(RangeNumericFilter):
    """From and to in the shop's currency; what is no amount is left out."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for suffix, lookup in (("from", "gte"), ("to", "lte")):
            value = as_amount(self.used_parameters.get(f"{self.parameter_name}_{suffix}"))
            if value is not None:
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": value})
        return queryset


class BrandFilter(AutocompleteSelectFilter):
    """Found by typing: a shop may have thousands of brands."""


class CustomerFilter(AutocompleteSelectFilter):
    """Orders of one person, found by typing."""


class CountryFilter(DropdownFilter):
    """Countries that occur in the table; the list is at most a minute old."""

    title = _("country")
    parameter_name = "country"

    def __init__(self, request: HttpRequest, params: Any, model: type[Model], model_admin: Any) -> None:
        self.model = model
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        key = f"catalog.countries.{model_admin.model._meta.model_name}"
        found = cache.get(key)
        if found is None:
            rows = model_admin.model._default_manager.exclude(country="").order_by("country")
            found = list(rows.values_list("country", flat=True).distinct()[:300])
            cache.set(key, found, REMEMBER_COUNTRIES_SECONDS)
        return [(name, name) for name in found]

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(country=self.value()) if self.value() else queryset


class PersonalisationFilter(DropdownFilter):
    title = _("personalisation")
    parameter_name = "personalised"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("on")), ("no", _("off"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(is_personalised=value == "yes") if value in ("yes", "no") else queryset


class DaysFilter(RangeDateFilter):
    """Whole days in the shop's time zone, the last one included."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first = self._midnight("from", 0)
        after = self._midnight("to", 1)
        if first is not None:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": first})
        return queryset if after is None else queryset.filter(**{f"{self.parameter_name}__lt": after})

    def _midnight(self, suffix: str, days: int) -> datetime | None:
        day = parse_date_str(self.used_parameters.get(f"{self.parameter_name}_{suffix}") or "")
        if day is None or not 1900 <= day.year <= 2200:
            return None
        return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))


def as_amount(text: Any) -> Decimal | None:
    """A number that an amount can be compared with, or None."""
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < LARGEST else None
