"""Everything that is looked for, in SQL over one table at a time, and in words.

Conditions speak about a row `t` of the table. Nothing is mended: each check says what the product does with such rows.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    MISSING = "missing"
    IMPOSSIBLE = "impossible"
    OUTLIER = "outlier"
    DUPLICATE = "duplicate"
    LATE = "late"
    GAP = "gap"


KINDS: dict[Kind, Any] = {
    Kind.MISSING: _("Missing"),
    Kind.IMPOSSIBLE: _("Impossible"),
    Kind.OUTLIER: _("Far from the others"),
    Kind.DUPLICATE: _("Twice"),
    Kind.LATE: _("Late"),
    Kind.GAP: _("Days without orders"),
}


@dataclass(frozen=True)
class Source:
    """A table that is looked at. `owner` is the SQL of the row whose import brought it; without `owner_table` none did.
    `recent`: a condition of the rows that are looked at, where they are too many for all."""

    table: str
    title: Any
    page: str = ""
    owner_table: str = ""
    owner: str = "t.id"
    shown: str = "t.id"
    recent: str = "true"


@dataclass(frozen=True)
class Check:
    """One kind of trouble. `where`: a condition over `t`; an outlier has the number `value` instead, judged on its
    logarithm by the robust z score. `group`: rows that agree in these are one too many."""

    name: str
    kind: Kind
    source: str
    title: Any
    done: Any
    where: str = ""
    value: str = ""
    group: str = ""


SOURCES = {
    "order": Source("catalog_order", _("Orders"), "catalog_order_change", "catalog_order"),
    "line": Source(
        "catalog_orderline", _("Order lines"), "catalog_order_change", "catalog_order", "t.order_id", "t.order_id"
    ),
    "refund": Source("catalog_refund", _("Refunds"), "catalog_order_change", "catalog_refund", shown="t.order_id"),
    "customer": Source("catalog_customer", _("Customers"), "catalog_customer_change", "catalog_customer"),
    "product": Source("catalog_product", _("Products"), "catalog_product_change", "catalog_product"),
    "event": Source(
        "catalog_interaction",
        _("Events of the last two days"),
        "catalog_product_change",
        shown="t.product_id",
        recent="t.occurred_at > now() - interval '2 days'",
    ),
}
AS_IT_STANDS = _("Counted as it stands.")
KEPT = _("Kept: counts in full; where models learn from amounts they are taken as logarithms.")

CHECKS: tuple[Check, ...] = (
    Check("order_no_customer", Kind.MISSING, "order", _("Orders without a customer"),
          _("Counted as orders of guests; left out of cohorts and models of customers."), "t.customer_id IS NULL"),
    Check("order_no_country", Kind.MISSING, "order", _("Orders without a country"),
          _("Shown as “not known” where countries are compared."), "t.country = ''"),
    Check("order_no_lines", Kind.MISSING, "order", _("Orders without lines"), AS_IT_STANDS,
          "NOT EXISTS (SELECT FROM catalog_orderline l WHERE l.order_id = t.id)"),
    Check("line_no_product", Kind.MISSING, "line", _("Order lines whose product is not known"),
          _("Counted in the shop's days, in no product's."), "t.product_id IS NULL"),
    Check("refund_no_order", Kind.MISSING, "refund", _("Refunds without an order"),
          _("Counted for the customer on the day of the refund."), "t.order_id IS NULL"),
    Check("customer_no_contact", Kind.MISSING, "customer", _("Customers without e-mail and phone"),
          _("Left as they are: they get no messages."), "t.erased_at IS NULL AND t.merged_into_id IS NULL"
          " AND t.email = '' AND t.phone = ''"),
    Check("customer_no_name", Kind.MISSING, "customer", _("Customers without a name"), _("Shown by their ID."),
          "t.erased_at IS NULL AND t.merged_into_id IS NULL AND t.name = ''"),
    Check("product_no_category", Kind.MISSING, "product", _("Products without a category"),
          _("Left out where categories are compared."), "t.deleted_at IS NULL AND t.category_id IS NULL"),
    Check("product_no_description", Kind.MISSING, "product", _("Products without a description"),
          _("Recommended and found by name, brand and category."), "t.deleted_at IS NULL AND t.description = ''"),
    Check("order_paid_before_placed", Kind.IMPOSSIBLE, "order", _("Paid before they were placed"),
          _("Counted on the day of the payment."), "t.paid_at < t.placed_at - interval '1 minute'"),
    Check("order_in_the_future", Kind.IMPOSSIBLE, "order", _("Placed or paid in the future"),
          _("Counted on that day; pages end with today."),
          "greatest(t.placed_at, t.paid_at) > now() + interval '1 day'"),
    Check("order_long_ago", Kind.IMPOSSIBLE, "order", _("Placed before 1990"), AS_IT_STANDS,
          "t.placed_at < timestamptz '1990-01-01 00:00+00'"),
    Check("order_rate", Kind.IMPOSSIBLE, "order", _("Orders whose exchange rate is 0 or less"),
          _("Counted with that rate: as nothing."), "t.base_rate <= 0"),
    Check("order_of_nothing", Kind.IMPOSSIBLE, "order", _("Paid orders of 0"),
          AS_IT_STANDS, "t.paid_at IS NOT NULL AND t.total = 0"),
    Check("line_of_nothing", Kind.IMPOSSIBLE, "line", _("Lines with a price of 0"), AS_IT_STANDS, "t.unit_price = 0"),
    Check("line_below_zero", Kind.IMPOSSIBLE, "line", _("Lines whose discount is larger than their price"),
          AS_IT_STANDS, "t.discount > t.quantity * t.unit_price"),
    Check("event_in_the_future", Kind.IMPOSSIBLE, "event", _("Views and other events in the future"),
          _("Left out of what happens now; counted when their day has come."),
          "t.occurred_at > now() + interval '1 hour'"),
    Check("event_product_gone", Kind.IMPOSSIBLE, "event", _("Views and other events of products that are gone"),
          _("Counted as visits; nothing that is gone is recommended."),
          "t.product_id IS NOT NULL AND NOT EXISTS (SELECT FROM catalog_product p WHERE p.id = t.product_id"
          " AND (p.deleted_at IS NULL OR p.deleted_at >= t.occurred_at))"),
    Check("refund_before_payment", Kind.IMPOSSIBLE, "refund", _("Given back before it was paid"),
          _("Counted on the day of the refund."),
          "t.refunded_at < (SELECT o.paid_at FROM catalog_order o WHERE o.id = t.order_id) - interval '1 minute'"),
    Check("customer_birthday", Kind.IMPOSSIBLE, "customer", _("Birthdays in the future or before 1900"),
          _("Not used by any model."),
          "t.birthday > current_date OR t.birthday < DATE '1900-01-01'"),
    Check("product_price", Kind.IMPOSSIBLE, "product", _("Products on sale with a price of 0"),
          _("Sold for nothing until somebody sets a price."),
          "t.deleted_at IS NULL AND t.status = 'live' AND t.price <= 0"),
    Check("order_total", Kind.OUTLIER, "order", _("Totals of orders"), KEPT, value="t.total"),
    Check("line_quantity", Kind.OUTLIER, "line", _("Pieces of a line"), KEPT, value="t.quantity"),
    Check("line_price", Kind.OUTLIER, "line", _("Prices of a piece"), KEPT, value="t.unit_price"),
    Check("refund_amount", Kind.OUTLIER, "refund", _("Amounts of refunds"), KEPT, value="t.amount"),
    Check("product_price_far", Kind.OUTLIER, "product", _("Prices of products"), KEPT, value="t.price"),
    Check("customer_twice", Kind.DUPLICATE, "customer", _("Customers with the e-mail of another"),
          _("Counted as different people until somebody merges them."),
          "t.erased_at IS NULL AND t.merged_into_id IS NULL AND t.email <> ''", group="lower(t.email)"),
    Check("product_twice", Kind.DUPLICATE, "product", _("Products with name and brand of another"),
          _("Counted as different products."), "t.deleted_at IS NULL AND t.name <> ''",
          group="lower(t.name), t.brand_id"),
    Check("order_twice", Kind.DUPLICATE, "order", _("Orders of one customer with the same total in the same minute"),
          _("Counted each."), "t.customer_id IS NOT NULL AND t.total > 0",
          group="t.customer_id, t.total, date_trunc('minute', t.placed_at)"),
    Check("order_late", Kind.LATE, "order", _("Orders of the last 28 days that arrived more than a day late"),
          _("Figures of their days were counted again when they arrived."),
          "t.created_at > now() - interval '28 days' AND t.created_at > t.placed_at + interval '1 day' AND NOT EXISTS"
          " (SELECT FROM catalog_importchange c WHERE c.table_name = 'catalog_order' AND c.row_id = t.id)"),
    Check("refund_late", Kind.LATE, "refund", _("Refunds more than 90 days after the payment"),
          _("Counted on the day of the refund."),
          "t.refunded_at > (SELECT o.paid_at FROM catalog_order o WHERE o.id = t.order_id) + interval '90 days'"),
)  # fmt: skip
LATE_EVENTS = Check(
    "event_late", Kind.LATE, "event", _("Events that arrived more than an hour after they happened"),
    _("Counted on their day; missing from what happened live."),
)  # fmt: skip
"""Rows of events do not keep when they arrived: whoever writes them notes it (`LateEvents`)."""
GAPS = Check(
    "day_without_orders", Kind.GAP, "day", _("Days without an order on weekdays that usually have three or more"),
    _("Counted as days of 0; forecasts learn from them."),
)  # fmt: skip
BY_NAME = {check.name: check for check in (*CHECKS, LATE_EVENTS, GAPS)}
