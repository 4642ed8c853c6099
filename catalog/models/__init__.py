"""Facts of the shop."""

from catalog.models.behaviour import DeadEvent, HistoryChange, Interaction, KeptHistory, Visitor
from catalog.models.bulk import BulkChange, BulkChangeRow
from catalog.models.customers import Customer, CustomerTrait
from catalog.models.imports import ImportBatch, ImportChange, ImportedEvents
from catalog.models.merges import CustomerMerge, CustomerMergeRows
from catalog.models.orders import Order, OrderEvent, OrderLine, Payment, Refund
from catalog.models.pictures import ArrivingPicture, RemovedPicture
from catalog.models.products import LOW_STOCK, Brand, Category, Product, ProductImage, Variant
from catalog.models.search import (
    ProductTag,
    SearchChange,
    SearchDocument,
    SearchQuery,
    SearchSynonym,
    SearchTerm,
)
from catalog.models.stock import StockMovement
from catalog.models.vectors import ProductVector

__all__ = [
    "LOW_STOCK",
    "ArrivingPicture",
    "Brand",
    "BulkChange",
    "BulkChangeRow",
    "Category",
    "Customer",
    "CustomerMerge",
    "CustomerMergeRows",
    "CustomerTrait",
    "DeadEvent",
    "HistoryChange",
    "ImportBatch",
    "ImportChange",
    "ImportedEvents",
    "Interaction",
    "KeptHistory",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Payment",
    "Product",
    "ProductImage",
    "ProductTag",
    "ProductVector",
    "Refund",
    "RemovedPicture",
    "SearchChange",
    "SearchDocument",
    "SearchQuery",
    "SearchSynonym",
    "SearchTerm",
    "StockMovement",
    "Variant",
    "Visitor",
]
