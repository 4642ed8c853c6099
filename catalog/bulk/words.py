"""Bulk changes as people say them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.models import Brand, BulkChange, Category, Product, ProductTag
from core.components import figure, money
from core.components.words import MINUS, listed

NOTHING = "–"
Operation = BulkChange.Operation


class ValueWords:
    """Values of one operation in words; names of categories and brands are looked up once for all values given."""

    def __init__(self, operation: str, values: Iterable[Any]) -> None:
        self.operation = operation
        model: Any = {Operation.CATEGORY: Category, Operation.BRAND: Brand}.get(operation)  # type: ignore[call-overload]
        ids = {value for value in values if isinstance(value, int)} if model else set()
        self._names = {row.pk: row.localised("name") for row in model.objects.filter(pk__in=ids)} if ids else {}

    def __call__(self, value: Any) -> str:
        if value is None:
            return _("the shop's limit") if self.operation == Operation.LOW_STOCK else NOTHING
        if self.operation in (Operation.CATEGORY, Operation.BRAND):
            return self._names.get(value, f"#{value}")
        if self.operation == Operation.PRICE:
            own = sorted({Decimal(price) for price in value.get("variants", {}).values()} - {Decimal(value["price"])})
            return listed([money(Decimal(value["price"])), *map(money, own)])
        if self.operation == Operation.STOCK:
            return listed(figure(stock) for stock in value.values()) or NOTHING
        if self.operation == Operation.STATUS:
            return capfirst(str(Product.Status(value).label))
        if self.operation == Operation.TAG:
            source = value if isinstance(value, str) else value["source"]
            return str(ProductTag.Source(source).label)
        if self.operation == Operation.DELETED:
            return _("Deleted") if value else _("In the shop")
        return figure(value)


def describe(change: BulkChange) -> str:
    """What was asked for, in one line: "Price −10%", "Status: Hidden"."""
    return describe_arguments(change.operation, change.arguments)


def describe_arguments(operation: str, arguments: dict[str, Any]) -> str:
    title = capfirst(str(Operation(operation).label))
    if operation == Operation.DELETED:
        return _("Deleted")
    if operation == Operation.TAG:
        tag = f"{arguments['kind']}: {arguments['value']}"
        return (_("Tag added: %(tag)s") if arguments["way"] == "add" else _("Tag removed: %(tag)s")) % {"tag": tag}
    if operation == Operation.PRICE and arguments["way"] != "set":
        value = Decimal(arguments["value"])
        number = f"{abs(value).normalize():f}%" if arguments["way"] == "percent" else money(abs(value))
        return _("%(what)s %(change)s") % {"what": title, "change": f"{MINUS if value < 0 else '+'}{number}"}
    if operation == Operation.PRICE:
        return _("%(what)s: %(value)s") % {"what": title, "value": money(Decimal(arguments["value"]))}
    if operation == Operation.STOCK and arguments["way"] != "set":
        pieces = int(arguments["value"])
        change = f"{MINUS if pieces < 0 else '+'}{figure(abs(pieces))}"
        return _("%(what)s %(change)s") % {"what": title, "change": change}
    value = arguments["value"]
    return _("%(what)s: %(value)s") % {"what": title, "value": ValueWords(operation, [value])(value)}
