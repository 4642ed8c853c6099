"""Facts of the shop."""

from catalog.models.behaviour import Interaction, Visitor
from catalog.models.customers import Customer, CustomerTrait
from catalog.models.imports import ImportBatch, ImportChange, ImportedEvents
from catalog.models.orders import Order, OrderEvent, OrderLine, Payment, Refund
from catalog.models.products import Brand, Category, Product, ProductImage, Variant
from catalog.models.search import ProductTag, SearchChange, SearchDocument, SearchSynonym, SearchTerm
from catalog.models.stock import StockMovement

__all__ = [
    "Brand",
    "Category",
    "Customer",
    "CustomerTrait",
    "ImportBatch",
    "ImportChange",
    "ImportedEvents",
    "Interaction",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Payment",
    "Product",
    "ProductImage",
    "ProductTag",
    "Refund",
    "SearchChange",
    "SearchDocument",
    "SearchSynonym",
    "SearchTerm",
    "StockMovement",
    "Variant",
    "Visitor",
]
