"""What the palette finds of the shop: products, orders, customers, each for those who may see them."""

from collections.abc import Iterator

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from catalog.models import Customer, Order, Product
from core.palette import MOST, Found

LEAST_OF_A_NUMBER = 3


def products(request: HttpRequest, term: str) -> Iterator[Found]:
    """By name in any language, SKU or own ID, the newest first. One query."""
    if not request.user.has_perm("catalog.view_product"):
        return
    rows = Product.objects.existing().only("name", "name_translations").order_by("-id")
    found, _twice = admin.site.get_model_admin(Product).get_search_results(request, rows, term)
    title = capfirst(str(Product._meta.verbose_name))
    for row in found[:MOST]:
        yield Found(row.localised("name"), title, reverse("admin:catalog_product_change", args=[row.pk]), "inventory_2")


def orders(request: HttpRequest, term: str) -> Iterator[Found]:
    """By a part of their number, the newest first. One query."""
    if not request.user.has_perm("catalog.view_order") or len(term) < LEAST_OF_A_NUMBER:
        return
    title = capfirst(str(Order._meta.verbose_name))
    rows = Order.objects.filter(number__icontains=term).order_by("-placed_at", "-id")
    for pk, number in rows.values_list("pk", "number")[:MOST]:
        yield Found(number, title, reverse("admin:catalog_order_change", args=[pk]), "receipt_long")


def customers(request: HttpRequest, term: str) -> Iterator[Found]:
    """By name or own ID, and by e-mail for those who may see it. One query."""
    if not request.user.has_perm("catalog.view_customer"):
        return
    rows = Customer.objects.existing().only("name", "external_id", "public_id").order_by("-joined_at", "-id")
    found, _twice = admin.site.get_model_admin(Customer).get_search_results(request, rows, term)
    title = capfirst(str(Customer._meta.verbose_name))
    for row in found[:MOST]:
        yield Found(str(row), title, reverse("admin:catalog_customer_change", args=[row.pk]), "group")
