"""The page of one product: its cards, and what saving them does."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext

from catalog import facts
from catalog.admin import cells
from catalog.admin.fields import as_text, field_suffix, language_name, languages_for
from catalog.admin.notices import acting, tell
from catalog.admin.product_forms import ProductForm, VariantForm, with_languages
from catalog.models import Product, StockMovement, Variant
from catalog.services import staff as services
from catalog.services.stock import REFUSED, StockChange, change_stock
from catalog.signals import announce, product_changed
from core.admin.base import StaffModelAdmin, TabularInline
from core.components import money


class VariantInline(TabularInline):
    """Nothing is deleted here: old orders and the ledger of stock need their variants."""

    model = Variant
    form = VariantForm
    fields = ("sku", "options", "price", "on_hand", "track_stock", "barcode")
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = gettext_lazy("Variants, prices and stock")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """A new product begins with an empty row: without a variant nothing can be sold."""
        return 0 if obj else 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs.setdefault("form", with_languages(VariantForm, self._languages(obj)))
        return super().get_formset(request, obj, **kwargs)

    @staticmethod
    def _languages(product: Any) -> tuple[str, ...]:
        """Those that the name has beside the shop's own. A new product begins without."""
        return languages_for(product, ("name",)) if product is not None and product.name_translations else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.has_change_permission(request, obj):
            translated = (f"options_{field_suffix(code)}" for code in self._languages(obj))
            return (*self.fields[:2], *translated, *self.fields[2:])
        return ("sku", "options_text", "price_text", "stock", "track_stock", "barcode")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if self.has_change_permission(request, obj) else ("options_text", "price_text", "stock")

    @admin.display(description=gettext_lazy("Options"))
    def options_text(self, variant: Variant) -> Any:
        return as_text(variant.localised_options()) or cells.NOTHING

    @admin.display(description=gettext_lazy("Price"))
    def price_text(self, variant: Variant) -> str:
        return money(variant.product.price if variant.price is None else variant.price)


class ProductPageMixin(StaffModelAdmin):
    """Cards in the order of use. Who may only look gets the same cards as text."""

    inlines = (VariantInline,)
    compressed_fields = False
    change_form_template = "admin/catalog/product/page.html"
    add_form_template = "admin/catalog/product/page.html"
    autocomplete_fields = ("brand",)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = dict(extra_context or {})
        product = self.get_object(request, unquote(object_id)) if request.method == "GET" else None
        if product is not None:
            context["head_pill"] = cells.product_status(product)
        return super().change_view(request, object_id, form_url, context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault("form", with_languages(ProductForm, languages_for(obj, ProductForm.translated)))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return (
                (
                    gettext_lazy("Product"),
                    {"fields": ("name", "names_text", ("category", "brand"), "price_text")},
                ),
                (gettext_lazy("Attributes"), {"fields": ("attributes_text",)}),
                (gettext_lazy("Descriptions"), {"fields": ("description", "descriptions_text")}),
            )
        suffixes = [field_suffix(code) for code in languages_for(obj, ProductForm.translated)]
        names = tuple(f"name_{suffix}" for suffix in suffixes)
        return (
            (
                gettext_lazy("Product"),
                {"fields": ("name", *names, ("category", "brand"), ("price", "status"), "low_stock_at")},
            ),
            (gettext_lazy("Attributes"), {"fields": ("attributes",)}),
            (
                gettext_lazy("Descriptions"),
                {"fields": ("description", *(f"description_{suffix}" for suffix in suffixes))},
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ("names_text", "price_text", "attributes_text", "descriptions_text")
        return ()

    @admin.display(description=gettext_lazy("name in other languages"))
    def names_text(self, product: Product) -> SafeString:
        return cells.pairs({language_name(code): text for code, text in product.name_translations.items()})

    @admin.display(description=gettext_lazy("Price"))
    def price_text(self, product: Product) -> str:
        return money(product.price)

    @admin.display(description=gettext_lazy("attributes"))
    def attributes_text(self, product: Product) -> SafeString:
        return cells.pairs(product.attributes)

    @admin.display(description=gettext_lazy("description in other languages"))
    def descriptions_text(self, product: Product) -> SafeString:
        return cells.pairs({language_name(code): text for code, text in product.description_translations.items()})

    # --- saving -------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Product, form: ModelForm, change: bool) -> None:
        """Only columns that staff changed are written: `is_in_stock` belongs to the database."""
        if obj.status == Product.Status.LIVE and obj.published_at is None:
            obj.published_at = timezone.now()
        if not change:
            obj.save()
        else:
            columns = _columns(obj, form.changed_data)
            if columns:
                obj.save(update_fields=[*columns, "published_at", "updated_at"])
        announce(product_changed, Product, product_id=obj.pk)
        facts.products_changed([obj.pk])

    def save_formset(self, request: HttpRequest, form: Any, formset: BaseModelFormSet, change: bool) -> None:
        formset.save(commit=False)
        self._save_variants(request, formset)

    def _save_variants(self, request: HttpRequest, formset: BaseModelFormSet) -> None:
        counts: list[StockChange] = []
        for form in formset.forms:
            if not form.has_changed():
                continue
            variant = form.instance
            if variant.pk is None:
                variant.save()
            elif columns := _columns(variant, form.changed_data):
                variant.save(update_fields=[*columns, "updated_at"])
            counted = form.cleaned_data.get("on_hand")
            if "on_hand" in form.changed_data and counted is not None:
                counts.append(StockChange(variant.sku, set_to=counted))
        if counts:
            results = change_stock(
                counts, reason=StockMovement.Reason.COUNT, created_by=acting(request),
            )  # fmt: skip
            for result in results:
                if result.status == REFUSED:
                    self.message_user(request, result.message, messages.ERROR)

    # --- deleting is hiding from everything, and can be undone ----------------------------------------------------

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        """Deletes at once and offers undo; a mere visit of the address changes nothing."""
        product = self.get_object(request, object_id)
        if product is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_delete_permission(request, product):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:catalog_product_change", args=[product.pk]))
        change = services.delete_products(products=Product.objects.filter(pk=product.pk), by=acting(request))
        tell(request, change, ngettext("%(count)d product deleted", "%(count)d products deleted", change.count))
        return HttpResponseRedirect(reverse("admin:catalog_product_changelist"))


def _columns(row: Any, changed: list[str]) -> list[str]:
    """Columns of the row behind the changed form fields; `name` and `name_en` also stand for `name_translations`."""
    known = {field.name for field in row._meta.concrete_fields}
    found = dict.fromkeys(name for name in changed if name in known)
    for text in ("name", "description", "options"):
        touched = any(name == text or (name.startswith(f"{text}_") and name not in known) for name in changed)
        if touched and f"{text}_translations" in known:
            found[f"{text}_translations"] = None
    return list(found)
