"""One function for each thing that can be done with the facts of the shop."""

from catalog.services.customers import (
    CustomerData,
    choose_personalisation,
    customer_of_mailbox,
    forget_profile,
    put_customer,
)
from catalog.services.dead_events import Retried, discard_dead_events, retry_dead_events
from catalog.services.events import (
    NewEvent,
    Recorded,
    RefusedEvent,
    event_id_of,
    ignore_bot,
    oldest_moment,
    purchase_event_id,
    record_events,
    record_purchases,
    record_rating,
    remove_rating,
)
from catalog.services.lifecycle import (
    STEPS,
    ReturnedLine,
    cancel_order,
    close_order,
    close_settled_orders,
    deliver_order,
    may,
    pay_order,
    refund_order,
    ship_order,
)
from catalog.services.orders import NewLine, NewOrder, Placed, place_order
from catalog.services.products import ProductData, VariantData, put_product
from catalog.services.stock import StockChange, StockResult, change_stock
from catalog.services.visitors import Seen, forget_expired_visitors, see_visitor

__all__ = [
    "STEPS",
    "CustomerData",
    "NewEvent",
    "NewLine",
    "NewOrder",
    "Placed",
    "ProductData",
    "Recorded",
    "RefusedEvent",
    "Retried",
    "ReturnedLine",
    "Seen",
    "StockChange",
    "StockResult",
    "VariantData",
    "cancel_order",
    "change_stock",
    "choose_personalisation",
    "close_order",
    "close_settled_orders",
    "customer_of_mailbox",
    "deliver_order",
    "discard_dead_events",
    "event_id_of",
    "forget_expired_visitors",
    "forget_profile",
    "ignore_bot",
    "may",
    "oldest_moment",
    "pay_order",
    "place_order",
    "purchase_event_id",
    "put_customer",
    "put_product",
    "record_events",
    "record_purchases",
    "record_rating",
    "refund_order",
    "remove_rating",
    "retry_dead_events",
    "see_visitor",
    "ship_order",
]
