"""The ledger of stock, for reading."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from catalog.admin import cells, filters
from catalog.admin.listing import ListingMixin
from catalog.models import Product, StockMovement, Variant
from core.admin.base import LedgerAdmin
from core.components import ago, figure
from core.components.words import MINUS
from core.filters import DaysFilter

FEW_VARIANTS = 200


@admin.register(StockMovement)
class StockMovementAdmin(ListingMixin, LedgerAdmin):
    list_display = ("variant_cell", "delta_cell", "balance_cell", "reason_cell", "why_cell", "time_cell", "by_cell")
    list_filter = (("reason", filters.ChoiceFilter), ("created_at", DaysFilter))
    list_select_related = ("variant__product", "order", "created_by")
    search_fields = ("note",)
    search_help_text = gettext_lazy("SKU or product")
    ordering = ("-id",)
    number_columns = ("delta_cell", "balance_cell")
    compact_columns = ("delta_cell", "balance_cell", "reason_cell")
    export_fields = ("created_at", "variant__sku", "delta", "balance", "reason", "note", "order__number")
    empty_title = gettext_lazy("No stock movements yet")
    empty_text = gettext_lazy("Every count, sale and return is written here, with the stock afterwards.")

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    def row_address(self, row: StockMovement) -> str:
        """A movement has nothing more to show; its product has."""
        return reverse("admin:catalog_product_change", args=[row.variant.product_id])

    def get_preserved_filters(self, request: HttpRequest) -> str:
        """Rows lead to another list's pages, which do not know these filters."""
        return ""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The product page links to the movements of one product."""
        return lookup == "variant__product__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        """Words in a SKU or a product's name. A few variants are looked up by index, many are looked for row by row
        from the newest movement on: PostgreSQL would else sort all their movements to show fifty."""
        words = search_term.split()[:8]
        if not words:
            return queryset, False
        variants = Variant.objects.order_by()
        for word in words:
            by_sku = Variant.objects.filter(sku__icontains=word).order_by().values("pk")
            named = Product.objects.filter(name__icontains=word).order_by().values("pk")
            of_product = Variant.objects.filter(product__in=named).order_by().values("pk")
            variants = variants.filter(pk__in=by_sku.union(of_product, all=True))
        few = list(variants.values_list("pk", flat=True)[: FEW_VARIANTS + 1])
        if len(few) <= FEW_VARIANTS:
            return queryset.filter(variant__in=few), False
        # Inside CASE the subquery stays what it is, a table in memory that is asked for each row.
        is_one_of_them = Case(
            When(variant__in=variants.values("pk"), then=Value(True)), default=Value(False), output_field=BooleanField()
        )
        return queryset.filter(is_one_of_them), False

    @admin.display(description=gettext_lazy("Time"), ordering="id")
    def time_cell(self, row: StockMovement) -> Any:
        return ago(row.created_at)

    @admin.display(description=gettext_lazy("Variant"))
    def variant_cell(self, row: StockMovement) -> SafeString:
        return cells.two_lines(row.variant.product.localised("name"), row.variant.sku)

    @admin.display(description=gettext_lazy("Change"))
    def delta_cell(self, row: StockMovement) -> SafeString:
        return cells.number(f"+{figure(row.delta)}" if row.delta > 0 else f"{MINUS}{figure(-row.delta)}")

    @admin.display(description=gettext_lazy("Stock afterwards"))
    def balance_cell(self, row: StockMovement) -> SafeString:
        return cells.number(figure(row.balance))

    @admin.display(description=gettext_lazy("Reason"))
    def reason_cell(self, row: StockMovement) -> str:
        return cells.sentence(row.get_reason_display())

    @admin.display(description=gettext_lazy("Belongs to"))
    def why_cell(self, row: StockMovement) -> Any:
        if row.order is not None:
            return format_html(
                '<a class="zg-link" href="{}">{}</a>',
                reverse("admin:catalog_order_change", args=[row.order_id]),
                row.order.number,
            )
        return row.note or cells.NOTHING

    @admin.display(description=gettext_lazy("By"))
    def by_cell(self, row: StockMovement) -> Any:
        return str(row.created_by) if row.created_by else cells.NOTHING
