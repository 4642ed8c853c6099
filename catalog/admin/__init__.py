"""Staff pages of the shop's facts."""

from catalog.admin import arriving, bulk, customers, events, groups, imports, orders, products, search, stock

__all__ = ["arriving", "bulk", "customers", "events", "groups", "imports", "orders", "products", "search", "stock"]
