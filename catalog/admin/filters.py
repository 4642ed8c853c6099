"""Filters of the catalogue's lists."""

from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    DropdownFilter,
    MultipleChoicesDropdownFilter,
    RangeNumericFilter,
)

from catalog.admin.fields import INDENT
from catalog.models import Category
from core.countries import country_name
from core.filters import OccurringFilter
from core.typed import typed_number

TREE, REMEMBER_TREE_SECONDS = "catalog.tree", 30
LARGEST = Decimal(10) ** 14


class BranchFilter(DropdownFilter):
    """Products of a category or of any below it. The names to choose from may be half a minute old."""

    title = _("category")
    parameter_name = "branch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = cache.get(TREE)
        if rows is None:
            rows = list(Category.objects.order_by("path").only("path", "depth", "name", "name_translations"))
            cache.set(TREE, rows, REMEMBER_TREE_SECONDS)
        return [(str(row.pk), f"{INDENT * (row.depth - 1)}{row.localised('name')}") for row in rows]

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

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


class CountryFilter(OccurringFilter):
    """Countries that occur in the table."""

    title = _("country")
    parameter_name = "country"

    def words(self, value: str) -> str:
        return country_name(value)


class ChannelFilter(DropdownFilter):
    """Orders of one channel, where a report leads to them: none is offered to choose, since no index knows them all."""

    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get("channel", "")
        return [(asked, asked)] if asked else []

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class PersonalisationFilter(DropdownFilter):
    title = _("personalisation")
    parameter_name = "personalised"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("on")), ("no", _("off"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(is_personalised=value == "yes") if value in ("yes", "no") else queryset


def as_amount(text: Any) -> Decimal | None:
    """A number that an amount can be compared with, or None."""
    value = typed_number(str(text))
    return value if value is not None and abs(value) < LARGEST else None
