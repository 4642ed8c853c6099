"""Staff pages of the shop's facts."""

from catalog.admin import groups, products

__all__ = ["groups", "products"]
