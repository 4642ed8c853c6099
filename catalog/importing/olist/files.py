"""The files of the data set: what they are called, and the columns of those that are read."""

from zoneinfo import ZoneInfo

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section

CURRENCY = "BRL"
ZONE = "America/Sao_Paulo"
COUNTRY = "BR"

# Section → names of its file without ending; the first is that of the published data set.
FILES = {
    "olist_categories": ("product_category_name_translation", "category_translation"),
    "olist_products": ("olist_products_dataset", "products", "products_full"),
    "olist_customers": ("olist_customers_dataset", "customers"),
    "olist_items": ("olist_order_items_dataset", "order_items"),
    "olist_payments": ("olist_order_payments_dataset", "order_payments"),
    "olist_orders": ("olist_orders_dataset", "orders"),
}
REQUIRED = ("olist_products", "olist_customers", "olist_items", "olist_payments", "olist_orders")


class Raw(Section):
    """A file as it is; the section of orders, which stands last in the group, makes the shop of all of them."""

    group = "olist"

    def apply(self, load: Load) -> None:
        """Nothing by itself: rows are used where they belong."""


class Categories(Raw):
    name = "olist_categories"
    key = ("category",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("category", required=True, blank=False, title="product_category_name"),
            c.text("english", 300, required=True, blank=False, title="product_category_name_english"),
        )


class Products(Raw):
    name = "olist_products"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False, title="product_id"),
            c.key("category", required=True, title="product_category_name"),
            c.integer("photos", title="product_photos_qty"),
            c.integer("weight_g", title="product_weight_g"),
            c.integer("length_cm", title="product_length_cm"),
            c.integer("height_cm", title="product_height_cm"),
            c.integer("width_cm", title="product_width_cm"),
        )


class Customers(Raw):
    """`customer_id` is new with every order; the person is `customer_unique_id`."""

    name = "olist_customers"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False, title="customer_id"),
            c.key("person", required=True, blank=False, title="customer_unique_id"),
            c.text("city", 100, required=True, title="customer_city"),
            c.text("state", 10, title="customer_state"),
        )


class Items(Raw):
    name = "olist_items"
    key = ("order_id", "item")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("order_id", 80, required=True, blank=False),
            c.integer("item", 1, required=True, blank=False, title="order_item_id"),
            c.key("product_id", 80, required=True, blank=False),
            c.money("price", required=True, blank=False),
            c.money("freight", required=True, blank=False, title="freight_value"),
        )


class Payments(Raw):
    name = "olist_payments"
    key = ("order_id", "number")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("order_id", 80, required=True, blank=False),
            c.integer("number", 1, required=True, blank=False, title="payment_sequential"),
            c.text("method", 40, required=True, title="payment_type"),
            c.integer("instalments", title="payment_installments"),
            c.money("amount", required=True, blank=False, title="payment_value"),
        )


class OrdersFile(Raw):
    name = "olist_orders"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        zone = ZoneInfo(ZONE)
        return (
            c.key("id", 80, required=True, blank=False, title="order_id"),
            c.key("customer", required=True, blank=False, title="customer_id"),
            c.choice("status", tuple(STATUSES), required=True, blank=False, title="order_status"),
            c.local_moment("placed_at", zone, required=True, blank=False, title="order_purchase_timestamp"),
            c.local_moment("paid_at", zone, title="order_approved_at"),
            c.local_moment("shipped_at", zone, title="order_delivered_carrier_date"),
            c.local_moment("delivered_at", zone, title="order_delivered_customer_date"),
        )


STATUSES = {
    "created": "placed",
    "approved": "paid",
    "invoiced": "paid",
    "processing": "paid",
    "shipped": "shipped",
    "delivered": "delivered",
    "unavailable": "cancelled",
    "canceled": "cancelled",
}
"""Status in the file → status in the shop."""
