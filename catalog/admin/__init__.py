"""Staff pages of the shop's facts."""

from catalog.admin import customers, groups, imports, orders, products, stock

__all__ = ["customers", "groups", "imports", "orders", "products", "stock"]
