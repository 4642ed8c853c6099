"""The form that says what to change on many products."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from catalog.admin.fields import CategoryChoiceField
from catalog.bulk.operations import OPERATIONS
from catalog.bulk.pricing import LARGEST
from catalog.models import Brand, BulkChange, Product
from catalog.services.stock import MOST
from core.components.words import WITHOUT_DECIMALS, base_currency
from core.money import amount_text

Operation = BulkChange.Operation
MOST_PERCENT = Decimal(1_000)
PRICE_WAYS = (
    ("set", _("Set to")),
    ("percent_down", _("Lower by per cent")),
    ("percent_up", _("Raise by per cent")),
    ("amount_down", _("Lower by amount")),
    ("amount_up", _("Raise by amount")),
)
ROUNDINGS = (
    ("cent", _("To the cent")),
    ("tenth", _("To 0.10")),
    ("whole", _("To whole amounts")),
    ("99", _("To the nearest .99")),
)
TAG_WAYS = (("add", _("Add")), ("remove", _("Take away")))
STOCK_WAYS = (("set", _("Set to")), ("up", _("Add")), ("down", _("Take away")))


class BulkForm(forms.Form):
    """One operation and its fields; those of other operations are not looked at."""

    operation = forms.ChoiceField(label=_("Change"))
    price_way = forms.ChoiceField(label=_("How"), choices=PRICE_WAYS, required=False)
    price_value = forms.DecimalField(label=_("Amount or per cent"), required=False, min_value=0, decimal_places=4)
    rounding = forms.ChoiceField(label=_("Rounding"), choices=ROUNDINGS, required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    category = CategoryChoiceField(required=False)
    brand = forms.CharField(label=_("Brand"), required=False, max_length=300, help_text=_("Empty: no brand."))
    stock_way = forms.ChoiceField(label=_("How"), choices=STOCK_WAYS, required=False)
    stock_value = forms.IntegerField(label=_("Pieces of each variant"), required=False, min_value=0, max_value=MOST)
    tag_way = forms.ChoiceField(label=_("How"), choices=TAG_WAYS, required=False)
    tag_kind = forms.CharField(
        label=_("Kind"), required=False, max_length=40, help_text=_("Such as colour, pattern or style.")
    )
    tag_value = forms.CharField(label=_("Value"), required=False, max_length=80)
    low_stock_at = forms.IntegerField(
        label=_("Low from"), required=False, min_value=0, max_value=MOST,
        help_text=_("So many pieces or fewer count as low stock. Empty: the shop's limit."),
    )  # fmt: skip

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["operation"].choices = [
            (key, capfirst(str(Operation(key).label)))
            for key, how in OPERATIONS.items()
            if key != Operation.DELETED and request.user.has_perm(how.permission)
        ]
        fields["status"].choices = [(value, capfirst(str(label))) for value, label in Product.Status.choices]
        if base_currency() in WITHOUT_DECIMALS:
            fields["rounding"].choices = [one for one in ROUNDINGS if one[0] == "whole"]
        for name, field in fields.items():
            field.widget.attrs["class"] = "zg-input"
            if name in ("price_value", "stock_value", "low_stock_at"):
                field.widget.attrs["inputmode"] = "decimal"

    def clean(self) -> dict[str, Any]:
        """Puts what was chosen into `arguments`, as a bulk change keeps it."""
        values = super().clean() or {}
        operation = values.get("operation")
        checks = {
            Operation.PRICE: self._price,
            Operation.STATUS: lambda found: {"value": found.get("status")},
            Operation.CATEGORY: self._category,
            Operation.BRAND: self._brand,
            Operation.STOCK: self._stock,
            Operation.TAG: self._tag,
            Operation.LOW_STOCK: lambda found: {"value": found.get("low_stock_at")},
        }
        values["arguments"] = checks[Operation(operation)](values) if operation in checks else {}
        return values

    def _price(self, values: dict[str, Any]) -> dict[str, Any]:
        value = values.get("price_value")
        way, _line, direction = (values.get("price_way") or "set").partition("_")
        if value is None:
            if "price_value" not in self.errors:
                self.add_error("price_value", _("Enter a number."))
            return {}
        if value >= LARGEST or (way == "percent" and value > MOST_PERCENT):
            self.add_error("price_value", _("That is too much."))
        if way == "percent" and direction == "down" and value > 100:
            self.add_error("price_value", _("A price cannot be lowered by more than 100%."))
        signed = -value if direction == "down" else value
        fields: Any = self.fields
        rounding = values.get("rounding") or fields["rounding"].choices[0][0]
        return {"way": way, "value": amount_text(signed), "rounding": rounding}

    @staticmethod
    def _category(values: dict[str, Any]) -> dict[str, Any]:
        category = values.get("category")
        return {"value": category.pk if category else None}

    def _brand(self, values: dict[str, Any]) -> dict[str, Any]:
        name = (values.get("brand") or "").strip()
        if not name:
            return {"value": None}
        brand = Brand.objects.filter(name__iexact=name).order_by("pk").first()
        if brand is None:
            self.add_error("brand", _("No brand has this name."))
            return {}
        return {"value": brand.pk}

    def _tag(self, values: dict[str, Any]) -> dict[str, Any]:
        found = {"way": values.get("tag_way") or "add"}
        for name in ("kind", "value"):
            found[name] = (values.get(f"tag_{name}") or "").strip()
            if not found[name] and f"tag_{name}" not in self.errors:
                self.add_error(f"tag_{name}", _("Enter a word."))
        return found

    def _stock(self, values: dict[str, Any]) -> dict[str, Any]:
        value, way = values.get("stock_value"), values.get("stock_way") or "set"
        if value is None:
            if "stock_value" not in self.errors:
                self.add_error("stock_value", _("Enter a number."))
            return {}
        return {"way": "set" if way == "set" else "add", "value": -value if way == "down" else value}
