"""Refusals of the shop's rules."""

from core.exceptions import BadInput, DomainError, NotFound

__all__ = [
    "BadInput",
    "NotFound",
    "OrderNumberTaken",
    "OutOfStock",
    "OverpaidOrder",
    "RefundAbovePaid",
    "SkuTaken",
    "TransitionRefused",
]


class OutOfStock(DomainError):
    """Less is there than somebody wants."""

    code = "out_of_stock"


class OrderNumberTaken(DomainError):
    """Another order has this number."""

    code = "order_number_taken"


class TransitionRefused(DomainError):
    """The life cycle of orders has no such step from where the order is."""

    code = "transition_refused"


class OverpaidOrder(DomainError):
    code = "paid_above_total"


class RefundAbovePaid(DomainError):
    code = "refund_above_paid"


class SkuTaken(DomainError):
    """The SKU belongs to another product."""

    code = "sku_taken"
