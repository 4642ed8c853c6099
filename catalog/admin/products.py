"""Products: the list merchandisers work in, and the page of one product."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from catalog import facts
from catalog import selectors_admin as reads
from catalog.admin import cells, filters
from catalog.admin.bulk import BulkMixin
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting, came_from, tell
from catalog.admin.product_page import ProductPageMixin
from catalog.admin.product_pictures import PicturesMixin
from catalog.extensions import product_panels
from catalog.models import BulkChange, Product, ProductImage, Variant
from catalog.models.base import TranslatedValues
from catalog.services import staff as services
from catalog.signals import announce, product_changed
from catalog.thumbnails import first_thumbnail, thumbnail_bytes
from core.exceptions import DomainError

THUMBNAIL = "catalog_product_thumbnail"
MOST_VARIANTS = 200
TRIGRAM = 3
"""Characters that a word needs for the indexes of names; most Chinese words have two."""


@admin.register(Product)
class ProductAdmin(ListingMixin, BulkMixin, PicturesMixin, ProductPageMixin):
    list_display = ("product_cell", "category_cell", "stock_cell", "price_cell", "sold_cell", "status_cell")
    list_filter = (
        ("status", filters.ChoiceFilter),
        filters.BranchFilter,
        ("brand", filters.BrandFilter),
        ("price", filters.PriceFilter),
        filters.StockFilter,
    )
    list_select_related = ("category",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name, SKU or the shop's own ID")
    ordering = ("-id",)
    number_columns = ("stock_cell", "price_cell", "sold_cell")
    compact_columns = ("stock_cell", "price_cell", "status_cell")
    actions = ("change_many", "publish", "hide", "delete_chosen", "restore_chosen", "export_as_csv", "export_as_xlsx")
    panel_registry = product_panels
    view_keys = ("live", "low", "out", "hidden", "draft", "deleted")
    export_fields = (
        "external_id", "name", "category", "brand", "price", "status", "is_in_stock", "attributes", "published_at",
    )  # fmt: skip
    empty_title = gettext_lazy("No products yet")
    empty_text = gettext_lazy("Products arrive from your files or through the API, or are added here one by one.")

    class Media:
        css = {"all": ("catalog/catalog.css",)}
        js = ("catalog/pairs.js", "catalog/pictures.js")

    # --- rows ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        pictures = ProductImage.objects.order_by("position", "id")
        return super().get_queryset(request).prefetch_related(Prefetch("images", pictures))

    def in_view(self, rows: QuerySet[Product], key: str) -> QuerySet[Product]:
        if key == "deleted":
            return rows.exclude(deleted_at=None)
        if key == "low":
            return rows.low()  # type: ignore[attr-defined]
        if key == "live":
            return rows.live()  # type: ignore[attr-defined]
        if key == "out":
            return rows.live().filter(is_in_stock=False)  # type: ignore[attr-defined]
        rows = rows.existing()  # type: ignore[attr-defined]
        return rows.filter(status=key) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        tabs = reads.product_tabs()
        return [
            ListView("", _("All"), tabs["all"]),
            ListView("live", _("Live"), tabs["live"]),
            ListView("low", _("Low stock"), tabs["low"]),
            ListView("out", _("Out of stock"), tabs["out"]),
            ListView("hidden", _("Hidden"), tabs["hidden"]),
            ListView("draft", _("Drafts"), tabs["draft"]),
            ListView("deleted", _("Deleted"), tabs["deleted"], is_optional=True),
        ]

    def fill_page(self, request: HttpRequest, rows: list[Product]) -> None:
        ids = [row.pk for row in rows]
        clock = reads.shop_clock()
        request.catalog_clock = clock  # type: ignore[attr-defined]
        has_pictures = any(row.images.all() for row in rows)
        stock, sales = reads.product_stock(ids), reads.product_sales(ids, clock)
        for row in rows:
            row.page_stock, row.page_sales = stock.get(row.pk), sales.get(row.pk)  # type: ignore[attr-defined]
            row.page_has_pictures = has_pictures  # type: ignore[attr-defined]

    def list_note(self, request: HttpRequest) -> str:
        clock = getattr(request, "catalog_clock", None)
        if clock is None or not clock.is_history:
            return ""
        return _("Sales in the 28 days to %(day)s, the last day with a paid order.") % {
            "day": cells.date_text(clock.today)
        }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Each word somewhere in the name (any language), a SKU or the shop's own ID, each through its index."""
        for word in search_term.split()[:8]:
            if len(word) < TRIGRAM:
                queryset = _read_through(queryset, word)
                continue
            named = Product.objects.filter(name__icontains=word).order_by().values("pk")
            translated = (
                Product.objects.annotate(names=TranslatedValues("name_translations"))
                .filter(names__icontains=word)
                .order_by()
                .values("pk")
            )
            known = Product.objects.filter(external_id__icontains=word).order_by().values("pk")
            by_sku = Variant.objects.filter(sku__icontains=word).order_by().values("product_id")
            queryset = queryset.filter(pk__in=named.union(translated, known, by_sku, all=True))
        return queryset, False

    @admin.display(description=gettext_lazy("Product"), ordering="name")
    def product_cell(self, row: Product) -> SafeString:
        found = getattr(row, "page_stock", None)
        sku = found.sku if found else row.external_id or ""
        if found and found.variants > 1:
            sku = ngettext("%(sku)s and %(more)d more", "%(sku)s and %(more)d more", found.variants - 1) % {
                "sku": sku,
                "more": found.variants - 1,
            }
        image = cells.picture(first_thumbnail(row)) if getattr(row, "page_has_pictures", True) else None
        return cells.two_lines(row.localised("name"), sku, image)

    @admin.display(description=gettext_lazy("Category"), ordering="category__path")
    def category_cell(self, row: Product) -> Any:
        return row.category.localised("name") if row.category else cells.NOTHING

    @admin.display(description=gettext_lazy("Stock"), ordering=reads.on_hand())
    def stock_cell(self, row: Product) -> SafeString:
        return cells.stock(getattr(row, "page_stock", None), is_low=row.is_low)

    @admin.display(description=gettext_lazy("Price"), ordering="price")
    def price_cell(self, row: Product) -> SafeString:
        return cells.amount(row.price)

    @admin.display(description=gettext_lazy("Sold, 28 days"), ordering=reads.SoldInWindow())
    def sold_cell(self, row: Product) -> SafeString:
        return cells.sold(getattr(row, "page_sales", None), reads.DAYS)

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def status_cell(self, row: Product) -> SafeString:
        return cells.product_status(row)

    # --- acting on many -----------------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        is_deleted_view = request.GET.get("view") == "deleted"
        for name in ("change_many", "publish", "hide", "delete_chosen") if is_deleted_view else ("restore_chosen",):
            found.pop(name, None)
        return found

    @admin.action(description=gettext_lazy("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponseBase | None:
        if answer := self.change_by_job(request, queryset, BulkChange.Operation.STATUS, Product.Status.LIVE.value):
            return answer
        change = services.set_product_status(products=queryset, status=Product.Status.LIVE, by=acting(request))
        tell(request, change, ngettext("%(count)d product published", "%(count)d products published", change.count))
        return None

    @admin.action(description=gettext_lazy("Hide"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponseBase | None:
        if answer := self.change_by_job(request, queryset, BulkChange.Operation.STATUS, Product.Status.HIDDEN.value):
            return answer
        change = services.set_product_status(products=queryset, status=Product.Status.HIDDEN, by=acting(request))
        tell(request, change, ngettext("%(count)d product hidden", "%(count)d products hidden", change.count))
        return None

    @admin.action(description=gettext_lazy("Delete"), permissions=["delete"])
    def delete_chosen(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponseBase | None:
        if answer := self.change_by_job(request, queryset, BulkChange.Operation.DELETED, True):
            return answer
        change = services.delete_products(products=queryset, by=acting(request))
        tell(request, change, ngettext("%(count)d product deleted", "%(count)d products deleted", change.count))
        return None

    @admin.action(description=gettext_lazy("Restore"), permissions=["delete"])
    def restore_chosen(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        change = services.restore_products(products=queryset, by=acting(request))
        tell(request, change, ngettext("%(count)d product restored", "%(count)d products restored", change.count))

    # --- history ------------------------------------------------------------------------------------------------

    def history_subjects(self, obj: Product) -> list[str]:
        """With the prices and the stock of its variants."""
        variants = obj.variants.order_by("pk").values_list("pk", flat=True)[:MOST_VARIANTS]
        return [*super().history_subjects(obj), *(f"catalog.variant:{pk}" for pk in variants)]

    def after_undo(self, request: HttpRequest, obj: Product) -> None:
        announce(product_changed, Product, product_id=obj.pk)
        facts.products_changed([obj.pk])

    # --- addresses ----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        return [
            path("undo/", site.admin_view(self.undo_view), name="catalog_product_undo"),
            path(
                "picture/<int:pk>-<str:version>/",
                site.admin_view(self.thumbnail_view, cacheable=True),
                name="catalog_product_thumbnail",
            ),
            path("<int:pk>/restore/", site.admin_view(self.restore_view), name="catalog_product_restore"),
            *self.pictures_urls(),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def undo_view(self, request: HttpRequest) -> HttpResponseBase:
        """Put back what the toast offers."""
        if not (self.has_change_permission(request) or self.has_delete_permission(request)):
            raise PermissionDenied
        try:
            count = services.undo_product_change(key=request.POST.get("key", ""), by=acting(request))
        except DomainError as error:
            self.refuse(request, error)
        else:
            text = ngettext("Undone for %(count)d product", "Undone for %(count)d products", count)
            self.message_user(request, text % {"count": count}, messages.SUCCESS)
        return HttpResponseRedirect(came_from(request, reverse("admin:catalog_product_changelist")))

    def thumbnail_view(self, request: HttpRequest, pk: int, version: str) -> HttpResponseBase:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        image = get_object_or_404(ProductImage, pk=pk)
        data = thumbnail_bytes(image)
        if data is None:
            raise Http404
        return HttpResponse(
            data, content_type="image/webp", headers={"Cache-Control": "private, max-age=31536000, immutable"}
        )

    @method_decorator(require_POST)
    def restore_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        product = get_object_or_404(Product, pk=pk)
        if not self.has_delete_permission(request, product):
            raise PermissionDenied
        services.restore_products(products=Product.objects.filter(pk=pk), by=acting(request))
        self.message_user(request, _("Product restored"), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:catalog_product_change", args=[pk]))


def _read_through(products: QuerySet[Product], word: str) -> QuerySet[Product]:
    """Products with a word that no index helps to find: in one pass, which ends when the page is full."""
    contains = "contains" if word.upper() == word.lower() else "icontains"
    skus = Variant.objects.filter(**{f"sku__{contains}": word}).order_by().values("product_id")
    places = ("name", "names", "external_id")
    found = [Q(**{f"{place}__{contains}": word}) for place in places]
    return products.alias(names=TranslatedValues("name_translations")).filter(reduce(or_, [*found, Q(pk__in=skus)]))
