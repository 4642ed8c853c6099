"""Staff pages of the shop's facts."""

from catalog.admin import bulk, customers, groups, imports, orders, products, stock

__all__ = ["bulk", "customers", "groups", "imports", "orders", "products", "stock"]
