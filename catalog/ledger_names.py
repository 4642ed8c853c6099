"""Products and variants as the ledger's page names them."""

from collections.abc import Iterable

from django.db.models import Q

from catalog.models import Product, Variant
from core.ledger.words import Named

PAGE = "catalog_product_change"
MOST_FOUND = 500


def products(numbers: Iterable[int]) -> dict[int, Named]:
    """By id; those that are gone are left out."""
    rows = Product.objects.filter(pk__in=list(numbers)).only("name", "name_translations")
    return {row.pk: Named(row.localised("name"), PAGE, row.pk) for row in rows}


def variants(numbers: Iterable[int]) -> dict[int, Named]:
    """By id, with the page of their product."""
    rows = Variant.objects.filter(pk__in=list(numbers)).values_list("pk", "sku", "product_id")
    return {pk: Named(sku, PAGE, product) for pk, sku, product in rows}


def find_products(term: str) -> list[int]:
    """Products whose name or own id holds this, the newest first."""
    rows = Product.objects.filter(Q(name__icontains=term) | Q(external_id=term)).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[:MOST_FOUND])


def find_variants(term: str) -> list[int]:
    """Variants whose SKU holds this."""
    return list(Variant.objects.filter(sku__icontains=term).order_by("-pk").values_list("pk", flat=True)[:MOST_FOUND])
