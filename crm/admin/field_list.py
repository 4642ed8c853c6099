"""Custom fields in the list of customers: a filter for each, and columns for whoever asks for them."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from unfold.contrib.filters.admin import DropdownFilter, RangeNumericListFilter, TextFilter

from catalog.admin import cells
from catalog.admin.filters import as_amount
from catalog.models import Customer
from core.components import figure
from core.components.words import day_text
from core.filters import Days
from core.lists import MoreColumn, MoreColumns
from crm.models import CustomField, CustomFieldValue
from crm.models.people import AS_NUMBER

Kind = CustomField.Kind
ENDS = ("from", "to", "within")


def fields_of(request: HttpRequest) -> list[CustomField]:
    """Fields in use, the same for the whole request."""
    known: list[CustomField] | None = request.__dict__.get("_custom_fields")
    if known is None:
        known = request.__dict__["_custom_fields"] = CustomField.in_use()
    return known


def name_of(field: CustomField) -> str:
    """Of its column and its filter; titles and keys may be anything."""
    return f"field-{field.pk}"


# --- columns ----------------------------------------------------------------------------------------------------------


def columns(request: HttpRequest) -> MoreColumns:
    """One for each field in use."""
    made = [
        MoreColumn(name_of(field), str(field), SHOWN.get(field.kind, str), is_number=field.kind == Kind.NUMBER)
        for field in fields_of(request)
    ]
    kinds = {name_of(field): (field.pk, field.kind) for field in fields_of(request)}

    def read(customers: Sequence[int], wanted: Sequence[MoreColumn]) -> dict[int, dict[str, Any]]:
        names = {kinds[column][0]: column for column in wanted}
        rows = CustomFieldValue.objects.filter(customer__in=customers, field__in=list(names))
        found: dict[int, dict[str, Any]] = {}
        for customer, field, text in rows.values_list("customer_id", "field_id", "value"):
            name = names[field]
            found.setdefault(customer, {})[str(name)] = READ.get(kinds[name][1], str)(text)
        return found

    return MoreColumns(made, read)


def _places(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))


READ: dict[str, Any] = {
    Kind.NUMBER: Decimal, Kind.DAY: date.fromisoformat, Kind.YES_NO: lambda text: text == "yes",
}  # fmt: skip
SHOWN: dict[str, Any] = {
    Kind.NUMBER: lambda number: cells.number(figure(number, _places(number))), Kind.DAY: day_text,
    Kind.YES_NO: lambda is_so: _("Yes") if is_so else _("No"),
}  # fmt: skip


# --- filters ----------------------------------------------------------------------------------------------------------


class FieldFilter:
    """Customers by what stands in one field. `field` belongs to the class: each field has one of its own."""

    field: CustomField

    def has_output(self) -> bool:
        return True

    def among(self, queryset: QuerySet[Customer], **conditions: Any) -> QuerySet[Customer]:
        """Those whose value is as it says."""
        values = CustomFieldValue.objects.filter(field=self.field.pk, **conditions)
        return queryset.filter(pk__in=values.values("customer"))


class ChoiceOfField(FieldFilter, DropdownFilter):
    """One of the values that the field may have."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        if self.field.kind == Kind.YES_NO:
            return [("yes", _("Yes")), ("no", _("No"))]
        return [(option, option) for option in self.field.options]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.among(queryset, value=value) if value else queryset


class WordsOfField(FieldFilter, TextFilter):
    """Some of the words that stand in the field."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.among(queryset, value__icontains=value) if value else queryset

    def chip_text(self) -> str:
        return self.value() or ""


class NumberOfField(FieldFilter, RangeNumericListFilter):
    """From and to; what is no number is left out."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        values = CustomFieldValue.objects.filter(field=self.field.pk).alias(number=AS_NUMBER)
        narrowed = values
        for suffix, lookup in (("from", "gte"), ("to", "lte")):
            bound = as_amount(self.used_parameters.get(f"{self.parameter_name}_{suffix}"))
            if bound is not None:
                narrowed = narrowed.filter(**{f"number__{lookup}": bound})
        return queryset if narrowed is values else queryset.filter(pk__in=narrowed.values("customer"))

    def chip_text(self) -> str:
        """The range in words."""
        first, last = (self.used_parameters.get(f"{self.parameter_name}_{end}") or "" for end in ("from", "to"))
        if first and last:
            return _("%(first)s to %(last)s") % {"first": first, "last": last}
        return _("%(number)s or more") % {"number": first} if first else _("%(number)s or less") % {"number": last}


class DaysOfField(FieldFilter, Days, admin.SimpleListFilter):
    """A preset or two days."""

    def __init__(self, request: HttpRequest, params: Any, model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for suffix in ENDS:
            sent = params.pop(f"{self.parameter_name}_{suffix}", None)
            self.used_parameters[f"{self.parameter_name}_{suffix}"] = sent[-1] if isinstance(sent, list) else sent
        self.within = str(self.used_parameters[f"{self.parameter_name}_within"] or "")

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.parameter_name}_{suffix}" for suffix in ENDS]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return []

    def choices(self, changelist: Any) -> Iterator[Any]:
        return Days.choices(self, changelist)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Days are kept as ISO 8601 writes them, so that they stand in order as texts."""
        first, last = self.days()
        bounds = {"value__gte": first and first.isoformat(), "value__lte": last and last.isoformat()}
        given = {name: day for name, day in bounds.items() if day}
        return self.among(queryset, **given) if given else queryset


FILTERS: dict[str, type[Any]] = {
    Kind.TEXT: WordsOfField, Kind.NUMBER: NumberOfField, Kind.DAY: DaysOfField, Kind.CHOICE: ChoiceOfField,
    Kind.YES_NO: ChoiceOfField,
}  # fmt: skip


def filters(request: HttpRequest) -> list[type[Any]]:
    """One for each field in use."""
    return [
        type(f"Filter{field.pk}", (FILTERS[field.kind],), {
            "field": field, "title": str(field), "parameter_name": name_of(field),
        })
        for field in fields_of(request)
    ]  # fmt: skip
