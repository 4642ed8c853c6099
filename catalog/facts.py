"""What the shop tells other programs (`core.outbox`): public ids and states, in the transaction of the change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer, ImportBatch, Order, OrderEvent, Product
from core import outbox
from core.money import amount_text

ORDER_PLACED = _("Order placed")
ORDER_PAID = _("Order paid")
ORDER_SHIPPED = _("Order shipped")
ORDER_DELIVERED = _("Order delivered")
ORDER_CANCELLED = _("Order cancelled")
ORDER_REFUNDED = _("Order refunded")
PRODUCT_CHANGED = _("Product added or changed")
STOCK_CHANGED = _("Product sold out or in stock again")
CUSTOMER_CHANGED = _("Customer added or changed")
IMPORT_FINISHED = _("Import finished")

Kind = OrderEvent.Kind
STEPS = {Kind.PLACED, Kind.PAID, Kind.SHIPPED, Kind.DELIVERED, Kind.CANCELLED, Kind.REFUNDED}


def order_moved(order: Order, kind: str, details: Mapping[str, Any]) -> None:
    """A step of an order. A payment of a part is none: the order is not paid yet."""
    if kind not in STEPS or (kind == Kind.PAID and order.status != Order.Status.PAID):
        return

    def payload() -> list[dict[str, Any]]:
        public_id = Order.objects.values_list("public_id", flat=True).get(pk=order.pk)
        facts: dict[str, Any] = {"id": public_id, "status": str(order.status), "total": amount_text(order.total)}
        if kind == Kind.SHIPPED:
            facts["is_partly"] = bool(details.get("partly"))
        if kind == Kind.REFUNDED:
            facts |= {"amount": details["amount"], "refunded_total": amount_text(order.refunded_total)}
        return [{**facts, "currency": order.currency}]

    _tell(f"order.{kind}", payload)


def products_changed(ids: Sequence[int]) -> None:
    def payload() -> list[dict[str, Any]]:
        rows = Product.objects.filter(pk__in=ids).order_by("pk")
        return [
            {"id": public_id, "external_id": external_id, "status": status, "is_deleted": deleted_at is not None}
            for public_id, external_id, status, deleted_at in rows.values_list(
                "public_id", "external_id", "status", "deleted_at"
            )
        ]

    _tell("product.changed", payload)


def stock_flipped(before: Mapping[int, bool]) -> None:
    """`before`: whether each product was in stock, read under its lock. Tells of those where that is different now."""

    def payload() -> list[dict[str, Any]]:
        rows = Product.objects.filter(pk__in=before).order_by("pk")
        return [
            {"id": public_id, "external_id": external_id, "is_in_stock": is_in_stock}
            for pk, public_id, external_id, is_in_stock in rows.values_list(
                "pk", "public_id", "external_id", "is_in_stock"
            )
            if is_in_stock != before[pk]
        ]

    if before:
        _tell("stock.changed", payload)


def customer_changed(customer: Customer, *, is_new: bool) -> None:
    _tell("customer.changed", lambda: [{"id": customer.public_id, "is_new": is_new}])


def import_finished(batch: ImportBatch) -> None:
    def payload() -> list[dict[str, Any]]:
        sections = (batch.report or {}).get("sections", {}).values()
        counts = {name: sum(one.get(name, 0) for one in sections) for name in ("read", "new", "changed", "refused")}
        return [{"id": batch.pk, "state": str(batch.state), "is_dry_run": batch.is_dry_run, **counts}]

    _tell("import.finished", payload)


def _tell(event: str, payloads: Callable[[], list[dict[str, Any]]]) -> None:
    """What is told is read only when somebody listens."""
    with transaction.atomic():
        if outbox.is_heard(event):
            outbox.tell_many(event, payloads())
