"""Staff pages of the shop's facts."""

from catalog.admin import bulk, customers, events, groups, imports, orders, products, search, stock

__all__ = ["bulk", "customers", "events", "groups", "imports", "orders", "products", "search", "stock"]
