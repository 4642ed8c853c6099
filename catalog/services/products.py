"""Creating and replacing products from outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import facts
from catalog.exceptions import BadInput, NotFound, SkuTaken
from catalog.models import Brand, Category, Product, StockMovement, Variant
from catalog.services.stock import StockChange, change_stock, lock_products
from catalog.signals import announce, product_changed
from core.api import ids


@dataclass(frozen=True)
class VariantData:
    """`stock` None leaves the count as it is (0 for a new variant)."""

    sku: str
    external_id: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    options_translations: dict[str, Any] = field(default_factory=dict)
    price: Decimal | None = None
    track_stock: bool = True
    stock: int | None = None
    barcode: str = ""


@dataclass(frozen=True)
class ProductData:
    """All of a product but its pictures. `variants` None leaves them as they are (one is made for a new product)."""

    name: str
    price: Decimal
    name_translations: dict[str, str] = field(default_factory=dict)
    description: str = ""
    description_translations: dict[str, str] = field(default_factory=dict)
    category: str | None = None
    brand: str = ""
    status: str = Product.Status.LIVE
    attributes: dict[str, Any] = field(default_factory=dict)
    variants: Sequence[VariantData] | None = None


def put_product(ident: str, data: ProductData) -> tuple[Product, bool]:
    """Replace the product with this id, or create it when the id is the shop's own (`ext:`). True: it is new.

    Variants that are left out are removed; those with a history stay in the books, with nothing in stock.
    Raises NotFound (one of our ids that does not exist), BadInput, SkuTaken.
    """
    try:
        with transaction.atomic():
            return _put(ident, data)
    except IntegrityError:
        # Two calls created the same thing at once: it exists now, so this one replaces it.
        with transaction.atomic():
            return _put(ident, data)


def _put(ident: str, data: ProductData) -> tuple[Product, bool]:
    where = ids.where(ident)
    product = Product.objects.filter(where).first() if where is not None else None
    external = ids.external_part(ident)
    if product is None and (where is None or external is None):
        raise NotFound(_("No product has this ID. To create one, use ext: and the ID that it has in your shop."))
    is_new = product is None
    if product is None:
        product = Product(external_id=external)
    else:
        lock_products([product.pk])
    product.name, product.name_translations = data.name, data.name_translations
    product.description, product.description_translations = data.description, data.description_translations
    product.category, product.brand = _category(data.category), _brand(data.brand)
    product.price, product.status, product.attributes = data.price, data.status, data.attributes
    product.deleted_at = None
    if product.published_at is None and data.status == Product.Status.LIVE:
        product.published_at = timezone.now()
    product.save()
    if is_new:
        product.refresh_from_db(fields=["public_id"])
    if data.variants is not None:
        _put_variants(product, data.variants)
    elif is_new:
        _put_variants(product, [VariantData(sku=_default_sku(product))])
    announce(product_changed, Product, product_id=product.pk)
    facts.products_changed([product.pk])
    return product, is_new


def _category(ident: str | None) -> Category | None:
    if ident is None:
        return None
    found = ids.find(Category.objects.all(), ident)
    if found is None:
        raise BadInput(_("No category has this ID."), code="unknown_category", extra={"field": "category"})
    return found


def _brand(name: str) -> Brand | None:
    return Brand.objects.get_or_create(name=name)[0] if name else None


def _default_sku(product: Product) -> str:
    if product.external_id and len(product.external_id) <= 80:
        return product.external_id
    return product.public_id


def _put_variants(product: Product, wanted: Sequence[VariantData]) -> None:
    taken = {v.sku: v for v in Variant.objects.filter(sku__in=[data.sku for data in wanted])}
    for position, data in enumerate(wanted):
        owner = taken.get(data.sku)
        if owner is not None and owner.product_id != product.pk:
            raise SkuTaken(
                _("The SKU %(sku)s belongs to another product.") % {"sku": data.sku},
                extra={"field": f"variants.{position}.sku"},
            )
    for data in wanted:
        variant = taken.get(data.sku) or Variant(product=product, sku=data.sku)
        variant.external_id, variant.price = data.external_id, data.price
        variant.options, variant.options_translations = data.options, data.options_translations
        variant.track_stock, variant.barcode = data.track_stock, data.barcode
        if variant.pk is None:
            variant.save()
        else:
            variant.save(
                update_fields=[
                    "external_id", "options", "options_translations", "price", "track_stock", "barcode", "updated_at",
                ]
            )  # fmt: skip
    _remove_others(product, {data.sku for data in wanted})
    counted = [StockChange(data.sku, set_to=data.stock) for data in wanted if data.stock is not None]
    if counted:
        change_stock(counted, reason=StockMovement.Reason.COUNT)


def _remove_others(product: Product, kept: set[str]) -> None:
    """The ledger and old orders need their variants: those are emptied instead of removed."""
    others = product.variants.exclude(sku__in=kept)
    with_history = others.filter(movements__isnull=False) | others.filter(order_lines__isnull=False)
    stays = list(with_history.distinct().values_list("pk", "sku"))
    others.exclude(pk__in=[pk for pk, _sku in stays]).delete()
    if stays:
        Variant.objects.filter(pk__in=[pk for pk, _sku in stays]).update(track_stock=True)
        change_stock([StockChange(sku, set_to=0) for _pk, sku in stays], reason=StockMovement.Reason.CORRECTION)
