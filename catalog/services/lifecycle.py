"""What happens to an order after it was placed.

draft → placed → paid → (partly) shipped → delivered → closed; cancelled before shipping; money back at any time
after payment, never more than was paid. Each step locks the order, so that twins wait and then find it done.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import facts
from catalog.exceptions import BadInput, DomainError, OverpaidOrder, RefundAbovePaid, TransitionRefused
from catalog.models import Order, OrderEvent, OrderLine, Payment, Refund, StockMovement
from catalog.services.events import record_purchases
from catalog.services.stock import return_from_order
from catalog.signals import announce, order_cancelled, order_delivered, order_paid, order_refunded
from core.models import StaffUser
from core.money import amount_text
from core.shop import current_shop

Status, Kind = Order.Status, OrderEvent.Kind
FOUR_PLACES = Decimal("0.0001")

STEPS: dict[str, frozenset[str]] = {
    Kind.PAID: frozenset({Status.PLACED}),
    Kind.SHIPPED: frozenset({Status.PAID, Status.PARTLY_SHIPPED}),
    Kind.DELIVERED: frozenset({Status.SHIPPED}),
    Kind.CLOSED: frozenset({Status.DELIVERED}),
    Kind.CANCELLED: frozenset({Status.DRAFT, Status.PLACED, Status.PAID}),
}
"""From where each step may be taken. A refund is no step: it does not change where the order is."""


@dataclass(frozen=True)
class ReturnedLine:
    """Pieces of a line that came back. Without an amount, their share of what the line cost."""

    line: int
    quantity: int
    amount: Decimal | None = None


def may(order: Order, kind: str) -> bool:
    """Whether this step can be taken now."""
    return order.status in STEPS.get(kind, frozenset())


@transaction.atomic
def pay_order(
    order_id: int,
    *,
    amount: Decimal | None = None,
    method: str = "",
    external_id: str | None = None,
    paid_at: datetime | None = None,
    note: str = "",
    created_by: StaffUser | None = None,
) -> Order:
    """Note a payment, by default of all that is due. The order is paid when nothing is left to pay.

    A payment whose own id is known for this order changes nothing. Raises TransitionRefused, OverpaidOrder.
    """
    order = _locked(order_id)
    if external_id and (known := Payment.objects.filter(external_id=external_id).first()) is not None:
        return _same_order(order, known.order_id, amount in (None, known.amount))
    _check_step(order, Kind.PAID)
    due = order.total - order.paid_total
    amount = due if amount is None else amount
    if amount > due:
        raise OverpaidOrder(
            _("%(due)s is due, less than %(amount)s.") % {"due": amount_text(due), "amount": amount_text(amount)},
            extra={"field": "amount", "due": amount_text(due)},
        )
    now = paid_at or timezone.now()
    if amount > 0:
        Payment.objects.create(
            order=order, external_id=external_id, amount=amount, currency=order.currency, method=method, paid_at=now
        )
    order.paid_total += amount
    fields = ["paid_total"]
    if order.paid_total == order.total:
        order.status, order.paid_at = Status.PAID, now
        fields += ["status", "paid_at"]
        announce(order_paid, Order, order_id=order.pk)
        record_purchases(order)
    _save(order, *fields)
    details = {"amount": amount_text(amount), "due": amount_text(order.total - order.paid_total)}
    _note(order, Kind.PAID, now, note, created_by, details)
    return order


@transaction.atomic
def ship_order(
    order_id: int,
    *,
    is_partly: bool = False,
    shipped_at: datetime | None = None,
    note: str = "",
    created_by: StaffUser | None = None,
) -> Order:
    """Some or all of the order left the house."""
    order = _locked(order_id)
    _check_step(order, Kind.SHIPPED)
    order.status = Status.PARTLY_SHIPPED if is_partly else Status.SHIPPED
    _save(order, "status")
    _note(order, Kind.SHIPPED, shipped_at, note, created_by, {"partly": True} if is_partly else {})
    return order


@transaction.atomic
def deliver_order(
    order_id: int, *, delivered_at: datetime | None = None, note: str = "", created_by: StaffUser | None = None
) -> Order:
    """Everything arrived."""
    order = _move(order_id, Kind.DELIVERED, Status.DELIVERED, delivered_at, note, created_by)
    announce(order_delivered, Order, order_id=order.pk)
    return order


@transaction.atomic
def close_order(order_id: int, *, note: str = "", created_by: StaffUser | None = None) -> Order:
    """Nothing more is expected to happen."""
    return _move(order_id, Kind.CLOSED, Status.CLOSED, None, note, created_by)


def close_settled_orders() -> int:
    """Close what was delivered longer ago than the return window. How many were closed. Safe to run at any time."""
    until = timezone.now() - timedelta(days=current_shop().return_window_days)
    delivered = Max("events__occurred_at", filter=Q(events__kind=Kind.DELIVERED))
    waiting = Order.objects.filter(status=Status.DELIVERED).annotate(settled_at=Coalesce(delivered, "placed_at"))
    count = 0
    for order_id in waiting.filter(settled_at__lt=until).values_list("pk", flat=True).iterator(chunk_size=1_000):
        with suppress(TransitionRefused):  # somebody else moved it meanwhile
            close_order(order_id)
            count += 1
    return count


@transaction.atomic
def cancel_order(
    order_id: int, *, cancelled_at: datetime | None = None, note: str = "", created_by: StaffUser | None = None
) -> Order:
    """Before shipping. The pieces go back into stock; money that was paid is given back by `refund_order`."""
    order = _move(order_id, Kind.CANCELLED, Status.CANCELLED, cancelled_at, note, created_by)
    return_from_order(order, reason=StockMovement.Reason.CANCEL, created_by=created_by)
    announce(order_cancelled, Order, order_id=order.pk)
    return order


@transaction.atomic
def refund_order(
    order_id: int,
    *,
    amount: Decimal | None = None,
    lines: Sequence[ReturnedLine] = (),
    reason: str = "",
    is_restocked: bool = False,
    external_id: str | None = None,
    refunded_at: datetime | None = None,
    created_by: StaffUser | None = None,
) -> Order:
    """Give money back: an amount, or pieces of lines; with `is_restocked` the pieces go back into stock.

    A refund whose own id is known for this order changes nothing. Raises RefundAbovePaid, BadInput.
    """
    order = _locked(order_id)
    if external_id and (known := Refund.objects.filter(external_id=external_id).first()) is not None:
        return _same_order(order, known.order_id, bool(lines) or amount in (None, known.amount))
    if bool(lines) == (amount is not None):
        raise BadInput(_("Give an amount or lines, one of both."), extra={"field": "amount"})
    returned = _returned(order, lines)
    total = sum((part for _line, _quantity, part in returned), Decimal(0)) if amount is None else amount
    left = order.paid_total - order.refunded_total
    if total > left:
        raise RefundAbovePaid(
            _("%(left)s of what was paid is left, less than %(amount)s.")
            % {"left": amount_text(left), "amount": amount_text(total)},
            extra={"left": amount_text(left)},
        )
    now = refunded_at or timezone.now()
    parts: list[tuple[OrderLine | None, int, Decimal]] = [*returned] if returned else [(None, 0, total)]
    Refund.objects.bulk_create(
        Refund(
            order=order,
            order_line=line,
            customer_id=order.customer_id,
            product_id=line.product_id if line else None,
            external_id=external_id if position == 0 else None,
            quantity=quantity,
            amount=part,
            currency=order.currency,
            reason=reason,
            refunded_at=now,
        )
        for position, (line, quantity, part) in enumerate(parts)
    )
    for line, quantity, _part in returned:
        line.refunded_quantity += quantity
        line.save(update_fields=["refunded_quantity"])
    order.refunded_total += total
    _save(order, "refunded_total")
    announce(order_refunded, Order, order_id=order.pk)
    if is_restocked:
        pieces: dict[int, int] = {}
        for line, quantity, _part in returned:
            if line.variant_id is not None:
                pieces[line.variant_id] = pieces.get(line.variant_id, 0) + quantity
        return_from_order(order, reason=StockMovement.Reason.RETURN, quantities=pieces, created_by=created_by)
    details: dict[str, Any] = {"amount": amount_text(total)}
    if returned:
        details["lines"] = [{"line": line.line, "quantity": quantity} for line, quantity, _part in returned]
    _note(order, Kind.REFUNDED, now, reason, created_by, details)
    return order


# --- helpers ------------------------------------------------------------------------------------------------------


def _locked(order_id: int) -> Order:
    return Order.objects.select_for_update(no_key=True).get(pk=order_id)


def _save(order: Order, *fields: str) -> None:
    order.save(update_fields=[*fields, "updated_at"])


def _check_step(order: Order, kind: str) -> None:
    if not may(order, kind):
        raise TransitionRefused(
            _("An order that is “%(status)s” cannot become “%(step)s”.")
            % {"status": order.get_status_display(), "step": Kind(kind).label},
            extra={"order_status": order.status},
        )


def _move(
    order_id: int, kind: str, status: str, moment: datetime | None, note: str, created_by: StaffUser | None
) -> Order:
    order = _locked(order_id)
    _check_step(order, kind)
    order.status = status
    _save(order, "status")
    _note(order, kind, moment, note, created_by, {})
    return order


def _note(
    order: Order, kind: str, moment: datetime | None, note: str, by: StaffUser | None, details: dict[str, Any]
) -> None:
    OrderEvent.objects.create(
        order=order,
        kind=kind,
        occurred_at=moment or timezone.now(),
        note=note[:300],
        details=details,
        created_by=by,
    )
    facts.order_moved(order, kind, details)


def _same_order(order: Order, known_order_id: int | None, is_equal: bool) -> Order:
    """A repeated call is answered with the order as it is; the same id for something else is refused."""
    if known_order_id == order.pk and is_equal:
        return order
    raise DomainError(_("This ID already stands for something else."), code="id_taken", extra={"field": "external_id"})


def _returned(order: Order, lines: Sequence[ReturnedLine]) -> list[tuple[OrderLine, int, Decimal]]:
    """Line, pieces and money of each returned line. Raises BadInput, RefundAbovePaid."""
    known = {line.line: line for line in order.lines.all()}
    found = []
    for position, wanted in enumerate(lines):
        line = known.pop(wanted.line, None)
        if line is None:
            raise BadInput(
                _("The order has no line %(line)d, or it is named twice.") % {"line": wanted.line},
                extra={"field": f"lines.{position}.line"},
            )
        left = line.quantity - line.refunded_quantity
        if wanted.quantity > left:
            raise RefundAbovePaid(
                _("Line %(line)d has %(left)d pieces left to return.") % {"line": line.line, "left": left},
                code="returned_above_bought",
                extra={"field": f"lines.{position}.quantity"},
            )
        share = line.amount * wanted.quantity / line.quantity
        amount = share.quantize(FOUR_PLACES, ROUND_HALF_UP) if wanted.amount is None else wanted.amount
        found.append((line, wanted.quantity, amount))
    return found
