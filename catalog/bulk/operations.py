"""What can be changed on many products: how it is read, what it becomes, how it is written.

A value is small JSON that says all of what the operation touches on one product, so that two values are equal exactly
when nothing happened in between.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_noop

from catalog.bulk.pricing import LARGEST, PriceRule
from catalog.models import BulkChange, Product, ProductTag, StockMovement, Variant
from catalog.search.facets import tag_names
from catalog.services.stock import MOST, REFUSED, StockChange, change_stock
from core.models import ModelVersion, StaffUser
from core.money import amount_text

REASONS = {
    "below_zero": gettext_noop("It would be below 0."),
    "too_large": gettext_noop("It would be too large."),
    "not_counted": gettext_noop("Its stock is not counted."),
    "gone": gettext_noop("The product is deleted."),
}
TAG = ("source", "confidence", "model_version_id", "value_translations")
CHANGE, DELETE = "catalog.change_product", "catalog.delete_product"


class Unchangeable(Exception):
    """This product stays as it is; `reason` is a key of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Operation:
    """One column of the product. `arguments` say how it changes."""

    permission = CHANGE
    column = ""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments = arguments

    def current(self, ids: Sequence[int]) -> dict[int, Any]:
        """The values of products that are not deleted."""
        rows = Product.objects.filter(pk__in=ids, deleted_at=None)
        return dict(rows.values_list("pk", self.column))

    def wanted(self, value: Any) -> Any:
        """The new value. Raises Unchangeable."""
        return self.arguments["value"]

    def is_same(self, value: Any, then: Any) -> bool:
        """Whether the value is still the one that was written down then."""
        return bool(value == then)

    def write(self, values: Mapping[int, Any], by: StaffUser | None) -> None:
        """Give each product its value. The products are locked by the caller."""
        for value, ids in _by_value(values):
            Product.objects.filter(pk__in=ids).update(**{self.column: value}, updated_at=Now())


class StatusOperation(Operation):
    column = "status"

    def write(self, values: Mapping[int, Any], by: StaffUser | None) -> None:
        """The first time live is the time of publication."""
        super().write(values, by)
        live = [pk for pk, value in values.items() if value == Product.Status.LIVE]
        Product.objects.filter(pk__in=live, published_at=None).update(published_at=Coalesce(F("published_at"), Now()))


class CategoryOperation(Operation):
    column = "category_id"


class BrandOperation(Operation):
    column = "brand_id"


class LowStockOperation(Operation):
    column = "low_stock_at"


class DeletedOperation(Operation):
    permission = DELETE

    def current(self, ids: Sequence[int]) -> dict[int, Any]:
        rows = Product.objects.filter(pk__in=ids).values_list("pk", "deleted_at")
        return {pk: deleted_at is not None for pk, deleted_at in rows}

    def write(self, values: Mapping[int, Any], by: StaffUser | None) -> None:
        for value, ids in _by_value(values):
            Product.objects.filter(pk__in=ids).update(deleted_at=Now() if value else None, updated_at=Now())


class PriceOperation(Operation):
    """The price of the product and of each variant that has one of its own: what customers see changes as a whole."""

    def current(self, ids: Sequence[int]) -> dict[int, Any]:
        rows = Product.objects.filter(pk__in=ids, deleted_at=None).values_list("pk", "price")
        found: dict[int, Any] = {pk: {"price": amount_text(price)} for pk, price in rows}
        own = Variant.objects.filter(product_id__in=list(found), price__isnull=False).order_by("pk")
        for pk, product_id, price in own.values_list("pk", "product_id", "price"):
            found[product_id].setdefault("variants", {})[str(pk)] = amount_text(price or Decimal())
        return found

    def wanted(self, value: Any) -> Any:
        rule = PriceRule.of(self.arguments)
        wanted: dict[str, Any] = {"price": _price(rule, value["price"])}
        if "variants" in value:
            wanted["variants"] = {pk: _price(rule, price) for pk, price in value["variants"].items()}
        return wanted

    def write(self, values: Mapping[int, Any], by: StaffUser | None) -> None:
        _set_prices("catalog_product", {pk: value["price"] for pk, value in values.items()})
        own = [item for value in values.values() for item in value.get("variants", {}).items()]
        _set_prices("catalog_variant", {int(pk): price for pk, price in own})


class StockOperation(Operation):
    """Pieces of every counted variant; each change is a movement in the ledger of stock."""

    def current(self, ids: Sequence[int]) -> dict[int, Any]:
        found: dict[int, Any] = {
            pk: {} for pk in Product.objects.filter(pk__in=ids, deleted_at=None).values_list("pk", flat=True)
        }
        counted = Variant.objects.filter(product_id__in=list(found), track_stock=True).order_by("pk")
        for product_id, sku, stock in counted.values_list("product_id", "sku", "stock"):
            found[product_id][sku] = stock
        return found

    def wanted(self, value: Any) -> Any:
        if not value:
            raise Unchangeable("not_counted")
        number = int(self.arguments["value"])
        wanted = {sku: number if self.arguments["way"] == "set" else stock + number for sku, stock in value.items()}
        if min(wanted.values()) < 0:
            raise Unchangeable("below_zero")
        if max(wanted.values()) > MOST:
            raise Unchangeable("too_large")
        return wanted

    def write(self, values: Mapping[int, Any], by: StaffUser | None) -> None:
        changes = [StockChange(sku, set_to=stock) for value in values.values() for sku, stock in value.items()]
        results = change_stock(changes, reason=StockMovement.Reason.CORRECTION, created_by=by)
        if any(result.status == REFUSED for result in results):
            raise RuntimeError("A variant vanished while its product was locked.")


class TagOperation(Operation):
    """One tag, given or taken away. The value is what the tag says of itself, or None where the product has it not.

    Changes of earlier versions kept only who gave it, as a text.
    """

    def current(self, ids: Sequence[int]) -> dict[int, Any]:
        found: dict[int, Any] = dict.fromkeys(
            Product.objects.filter(pk__in=ids, deleted_at=None).values_list("pk", flat=True)
        )
        for tag in self._tags(list(found)).values("product_id", *TAG):
            found[tag.pop("product_id")] = tag
        return found

    def wanted(self, value: Any) -> Any:
        return (value or self._given) if self.arguments["way"] == "add" else None

    @cached_property
    def _given(self) -> dict[str, Any]:
        """By staff, called in other languages what the same tag is called elsewhere."""
        named = self.arguments["kind"], self.arguments["value"]
        names = tag_names([named]).get(named, {})
        return {**dict.fromkeys(TAG), "source": ProductTag.Source.STAFF.value, "value_translations": names}

    def is_same(self, value: Any, then: Any) -> bool:
        if isinstance(then, str):
            return value is not None and value["source"] == then
        return super().is_same(value, then)

    def write(self, values: Mapping[int, Any], by: StaffUser | None) -> None:
        self._tags(list(values)).delete()
        tags = {pk: {"source": tag} if isinstance(tag, str) else tag for pk, tag in values.items() if tag is not None}
        versions = {version for tag in tags.values() if (version := tag.get("model_version_id"))}
        there = set(ModelVersion.objects.filter(pk__in=versions).values_list("pk", flat=True)) if versions else set()
        ProductTag.objects.bulk_create(
            ProductTag(
                product_id=pk, kind=self.arguments["kind"], value=self.arguments["value"],
                **{name: told for name, told in tag.items() if name != "model_version_id" or told in there},
            )
            for pk, tag in tags.items()
        )  # fmt: skip

    def _tags(self, ids: Sequence[int]) -> QuerySet[ProductTag]:
        named = {"kind": self.arguments["kind"], "value": self.arguments["value"]}
        return ProductTag.objects.filter(product_id__in=ids, **named)


OPERATIONS: dict[str, type[Operation]] = {
    BulkChange.Operation.PRICE: PriceOperation,
    BulkChange.Operation.STATUS: StatusOperation,
    BulkChange.Operation.CATEGORY: CategoryOperation,
    BulkChange.Operation.BRAND: BrandOperation,
    BulkChange.Operation.STOCK: StockOperation,
    BulkChange.Operation.LOW_STOCK: LowStockOperation,
    BulkChange.Operation.TAG: TagOperation,
    BulkChange.Operation.DELETED: DeletedOperation,
}


def _price(rule: PriceRule, old: str) -> str:
    price = rule.new(Decimal(old))
    if price < 0:
        raise Unchangeable("below_zero")
    if price >= LARGEST:
        raise Unchangeable("too_large")
    return amount_text(price)


def _set_prices(table: str, prices: Mapping[int, str]) -> None:
    if not prices:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET price = v.price, updated_at = now()"  # noqa: S608 (names of ours)
            " FROM unnest(%s::bigint[], %s::numeric[]) AS v(id, price) WHERE t.id = v.id",
            [list(prices), list(prices.values())],
        )


def _by_value(values: Mapping[int, Any]) -> list[tuple[Any, list[int]]]:
    """Products that become the same are written in one statement."""
    found: dict[Any, list[int]] = {}
    for pk, value in values.items():
        found.setdefault(value, []).append(pk)
    return list(found.items())
