"""What the page of one order shows: sums, timeline, and the steps that can be taken."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin import cells
from catalog.admin.fields import as_text
from catalog.models import Order, OrderEvent, OrderLine
from catalog.services import lifecycle
from catalog.thumbnails import first_thumbnail
from core.components import Meaning, money
from core.components.pills import SHAPES

Kind = OrderEvent.Kind
EVENT_MEANINGS = {
    Kind.PLACED: Meaning.MOVING,
    Kind.PAID: Meaning.GOOD,
    Kind.SHIPPED: Meaning.MOVING,
    Kind.DELIVERED: Meaning.GOOD,
    Kind.CANCELLED: Meaning.STOPPED,
    Kind.REFUNDED: Meaning.STOPPED,
    Kind.CLOSED: Meaning.IDLE,
    Kind.NOTE: Meaning.IDLE,
}


@dataclass(frozen=True)
class Step:
    """Something staff can do to an order. `is_final` steps cannot be taken back."""

    kind: str
    label: Any
    done: Any
    run: Callable[[int, Any], Any]
    is_final: bool = False
    question: Any = ""


STEPS = {
    step.kind: step
    for step in (
        Step(
            Kind.PAID, gettext_lazy("Mark as paid"), gettext_lazy("Order %(number)s is paid"),
            lambda pk, by: lifecycle.pay_order(pk, method="manual", created_by=by),
        ),
        Step(
            Kind.SHIPPED, gettext_lazy("Mark as shipped"), gettext_lazy("Order %(number)s is on its way"),
            lambda pk, by: lifecycle.ship_order(pk, created_by=by),
        ),
        Step(
            Kind.DELIVERED, gettext_lazy("Mark as delivered"), gettext_lazy("Order %(number)s arrived"),
            lambda pk, by: lifecycle.deliver_order(pk, created_by=by),
        ),
        Step(
            Kind.CLOSED, gettext_lazy("Close order"), gettext_lazy("Order %(number)s is closed"),
            lambda pk, by: lifecycle.close_order(pk, created_by=by),
        ),
        Step(
            Kind.CANCELLED, gettext_lazy("Cancel order"), gettext_lazy("Order %(number)s is cancelled"),
            lambda pk, by: lifecycle.cancel_order(pk, created_by=by),
            is_final=True, question=gettext_lazy("Cancel order %(number)s?"),
        ),
    )
}  # fmt: skip


MAIN_STEPS = (Kind.PAID, Kind.SHIPPED, Kind.DELIVERED)


@dataclass(frozen=True)
class Entry:
    """One entry of the timeline."""

    title: str
    meaning: Meaning
    shape: str
    moment: datetime
    text: str = ""
    by: str = ""


@dataclass(frozen=True)
class LineRow:
    line: OrderLine
    picture: SafeString
    amount: str
    unit_price: str
    options: str = ""


@dataclass
class OrderPage:
    """Everything the template shows; made without further queries."""

    status: SafeString
    lines: list[LineRow]
    sums: list[tuple[Any, str]]
    timeline: list[Entry]
    main_step: Step | None
    more_steps: list[Step] = field(default_factory=list)
    can_refund: bool = False
    left: str = ""
    pieces: int = 0


def order_page(order: Order, *, may_change: bool, may_refund: bool) -> OrderPage:
    """The order comes from `selectors_admin.order_for_page`."""
    steps = [step for step in STEPS.values() if may_change and lifecycle.may(order, step.kind)]
    forward = [step for step in steps if step.kind in MAIN_STEPS]
    left = order.paid_total - order.refunded_total
    has_pictures = any(line.product and line.product.images.all() for line in order.lines.all())
    lines = [_line(order, line, has_pictures) for line in order.lines.all()]
    return OrderPage(
        status=cells.order_status(order),
        lines=lines,
        sums=_sums(order),
        timeline=[_entry(order, event) for event in reversed(order.events.all())],
        main_step=forward[0] if forward else None,
        more_steps=[step for step in steps if step not in forward[:1]],
        can_refund=may_refund and left > 0,
        left=money(left, order.currency),
        pieces=sum(row.line.quantity for row in lines),
    )


def step_text(order: Order, step: Step) -> list[str]:
    """What cancelling does."""
    pieces = sum(line.quantity for line in order.lines.all())
    text = ngettext(
        "%(count)d piece goes back into stock.", "%(count)d pieces go back into stock.", pieces
    ) % {"count": pieces}  # fmt: skip
    found = [_("Order %(number)s will not be delivered.") % {"number": order.number}, text]
    left = order.paid_total - order.refunded_total
    if left > 0:
        found.append(
            _("%(amount)s was paid and is not given back by this. Refund it afterwards.")
            % {"amount": money(left, order.currency)}
        )
    return [*found, _("A cancelled order cannot be reopened.")]


def _line(order: Order, line: OrderLine, has_pictures: bool) -> LineRow:
    return LineRow(
        line=line,
        picture=cells.picture(first_thumbnail(line.product)) if has_pictures else SafeString(""),
        amount=money(line.amount, order.currency),
        unit_price=money(line.unit_price, order.currency),
        options=", ".join(map(as_text, (line.variant.localised_options() if line.variant else {}).values())),
    )


def _sums(order: Order) -> list[tuple[Any, str]]:
    rows: list[tuple[Any, Decimal]] = [(_("Products"), order.lines_total), (_("Shipping"), order.shipping)]
    if order.discount:
        rows.append((_("Discount"), -order.discount))
    rows += [(_("Total"), order.total), (_("Paid"), order.paid_total)]
    if order.refunded_total:
        rows.append((_("Refunded"), -order.refunded_total))
    due = order.total - order.paid_total
    if due > 0 and order.status == Order.Status.PLACED:
        rows.append((_("Still to be paid"), due))
    return [(label, money(amount, order.currency)) for label, amount in rows]


def _entry(order: Order, event: OrderEvent) -> Entry:
    meaning = EVENT_MEANINGS[Kind(event.kind)]
    details = [event.note] if event.note else []
    amount = _amount(event.details.get("amount"))
    if amount is not None and event.kind in (Kind.PAID, Kind.REFUNDED):
        details.insert(0, money(amount, order.currency))
    if event.details.get("partly"):
        details.insert(0, _("a part of the order"))
    return Entry(
        title=cells.sentence(event.get_kind_display()),
        meaning=meaning,
        shape=SHAPES[meaning],
        moment=event.occurred_at,
        text=" · ".join(details),
        by=str(event.created_by) if event.created_by else "",
    )


def _amount(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None
