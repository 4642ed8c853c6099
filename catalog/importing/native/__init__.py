"""Sections of the native format that the shop's own facts are made of."""

from catalog.importing.native.brands import Brands
from catalog.importing.native.categories import Categories
from catalog.importing.native.customers import Customers
from catalog.importing.native.images import Images
from catalog.importing.native.interactions import Interactions
from catalog.importing.native.orders import OrderLines, Orders
from catalog.importing.native.payments import Payments
from catalog.importing.native.products import Products
from catalog.importing.native.variants import Variants

__all__ = [
    "Brands",
    "Categories",
    "Customers",
    "Images",
    "Interactions",
    "OrderLines",
    "Orders",
    "Payments",
    "Products",
    "Variants",
]
