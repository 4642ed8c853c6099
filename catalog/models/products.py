"""What the shop sells."""

from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node, MP_NodeManager

from catalog.models.base import NamedModel, TranslatedValues
from core.models import MoneyField, PublicIdModel, TimestampedModel
from core.models.base import NewPublicId

LONGEST_ADDRESS = 1_000
"""Characters of a web address from which a picture is fetched; an index holds it."""
LOW_STOCK = 5
"""Pieces: the shop's limit, for products without one of their own. In the database: `catalog_stock_state`."""


class Category(NamedModel, PublicIdModel, TimestampedModel, MP_Node):
    """A node of the category tree (materialised path, so a branch is one index range)."""

    steplen = 4
    position = models.PositiveIntegerField(_("position"), default=0, db_default=0)

    objects = MP_NodeManager()  # type: ignore[django-manager-missing]

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.localised("name")


class Brand(NamedModel, PublicIdModel, TimestampedModel):
    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name"], name="brand_name_once")]


class ProductQuerySet(models.QuerySet["Product"]):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)

    def live(self) -> Self:
        """May be shown to customers, whether in stock or not."""
        return self.filter(status=Product.Status.LIVE, deleted_at=None)

    def sellable(self) -> Self:
        """May be recommended: live and in stock."""
        return self.live().filter(is_in_stock=True)

    def in_branch(self, category: Category) -> Self:
        """In this category or below it."""
        return self.filter(category__path__startswith=category.path)

    def low(self) -> Self:
        """Almost sold out: live, with a piece left, no more than its limit, and no variant that is not counted."""
        return self.live().filter(is_low=True)

    def for_listing(self) -> Self:
        return self.select_related("category", "brand").prefetch_related("images")


class Product(NamedModel, PublicIdModel, TimestampedModel):
    """One thing that customers look for; sold as one or more variants."""

    class Status(models.TextChoices):
        LIVE = "live", _("live")
        HIDDEN = "hidden", _("hidden")
        DRAFT = "draft", _("draft")

    description = models.TextField(_("description"), blank=True, db_default="")
    description_translations = models.JSONField(
        _("description in other languages"), default=dict, blank=True, db_default={}
    )
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    brand = models.ForeignKey(
        Brand, models.SET_NULL, null=True, blank=True, related_name="products", verbose_name=_("brand")
    )
    price = MoneyField(_("price"), help_text=_("In the shop's base currency."))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.DRAFT)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True, db_default={})
    low_stock_at = models.PositiveIntegerField(
        _("low from"), null=True, blank=True,
        help_text=_("So many pieces or fewer count as low stock. Empty: the shop's limit."),
    )  # fmt: skip
    is_in_stock = models.BooleanField(
        _("in stock"), default=False, db_default=False, editable=False,
        help_text=_("Kept by the database from the stock of the variants."),
    )  # fmt: skip
    is_low = models.BooleanField(
        _("low in stock"), default=False, db_default=False, editable=False,
        help_text=_("Kept by the database from the stock of the variants and the limit."),
    )  # fmt: skip
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="product_price_not_negative")]
        indexes = [
            models.Index(fields=["category", "-id"], name="product_by_category"),
            models.Index(fields=["-id"], condition=Q(status="live", deleted_at=None), name="product_live"),
            models.Index(
                fields=["-id"],
                condition=Q(status="live", deleted_at=None, is_in_stock=False),
                name="product_sold_out",
            ),
            models.Index(fields=["-id"], condition=Q(deleted_at__isnull=False), name="product_deleted"),
            models.Index(fields=["-id"], condition=Q(status="live", deleted_at=None, is_low=True), name="product_low"),
            models.Index(fields=["name", "id"], name="product_by_name"),
            models.Index(fields=["price", "id"], name="product_by_price"),
            models.Index(fields=["status", "id"], name="product_by_status"),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="product_name_trgm"),
            GinIndex(
                OpClass(Upper(TranslatedValues("name_translations")), name="gin_trgm_ops"), name="product_names_trgm"
            ),
            GinIndex(OpClass(Upper("external_id"), name="gin_trgm_ops"), name="product_own_id_trgm"),
        ]

    @property
    def is_sellable(self) -> bool:
        return self.status == self.Status.LIVE and self.deleted_at is None and self.is_in_stock


class Variant(PublicIdModel, TimestampedModel):
    """What is counted and shipped: one SKU."""

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="variants", db_index=False, verbose_name=_("product")
    )
    sku = models.CharField(_("SKU"), max_length=80, unique=True)
    options = models.JSONField(_("options"), default=dict, blank=True, db_default={})
    options_translations = models.JSONField(
        _("options in other languages"), default=dict, blank=True, db_default={},
        help_text=_('Such as {"zh-hans": {"尺码": "M"}}.'),
    )  # fmt: skip
    price = MoneyField(_("price"), null=True, blank=True, help_text=_("Empty: the price of the product."))
    track_stock = models.BooleanField(
        _("count stock"), default=True, db_default=True, help_text=_("Off: always available, such as a voucher.")
    )
    stock = models.IntegerField(_("stock"), default=0, db_default=0)
    barcode = models.CharField(_("barcode"), max_length=40, blank=True, db_default="")

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(stock__gte=0), name="variant_stock_not_negative")]
        indexes = [
            # In place of the foreign key's own: sums of stock read the index alone.
            models.Index(fields=["product"], include=["stock", "track_stock"], name="variant_stock"),
            GinIndex(OpClass(Upper("sku"), name="gin_trgm_ops"), name="variant_sku_trgm"),
        ]

    def __str__(self) -> str:
        return self.sku

    def localised_options(self, language: str | None = None) -> dict[str, Any]:
        """Names and values in the language asked for (default: of this request), else in the shop's."""
        found: dict[str, Any] = self.options_translations.get(language or get_language() or "") or self.options
        return found

    @property
    def is_available(self) -> bool:
        return not self.track_stock or self.stock > 0


class ProductImage(TimestampedModel):
    """A stored picture, drawn anew by this installation. `content_sha256` is of the file that was sent."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images", verbose_name=_("product"))
    file = models.ImageField(_("picture"), upload_to="products/", width_field="width", height_field="height")
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    source_name = models.CharField(_("name of the file or address sent"), max_length=LONGEST_ADDRESS, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    alt = models.CharField(_("description for people who cannot see it"), max_length=300, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("product image")
        verbose_name_plural = _("product images")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "source_name"], condition=~Q(source_name=""), name="image_source_once_per_product"
            )
        ]

    def __str__(self) -> str:
        return self.alt or self.source_name or str(self.file)
