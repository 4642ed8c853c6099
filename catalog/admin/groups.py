"""Categories and brands: how the shop is ordered."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import selectors_admin as reads
from catalog.admin import cells
from catalog.admin.fields import field_suffix, language_name, languages_for
from catalog.admin.listing import ListingMixin
from catalog.admin.product_forms import BrandForm, CategoryForm, with_languages
from catalog.models import Brand, Category, Product
from catalog.services import staff as services
from core.admin.base import StaffModelAdmin
from core.components import figure
from core.exceptions import DomainError

WHOLE_TREE = 1_000


class NamedAdmin(ListingMixin, StaffModelAdmin):
    """Things with a name in several languages."""

    compressed_fields = False
    number_columns = ("products_cell",)
    compact_columns = ("names_cell", "products_cell")

    named_form: type[ModelForm]
    own_fields: tuple[Any, ...] = ()

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault("form", with_languages(self.named_form, languages_for(obj, ("name",))))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("name", "names_text")}),)
        names = tuple(f"name_{field_suffix(code)}" for code in languages_for(obj, ("name",)))
        return ((None, {"fields": ("name", *names, *self.own_fields)}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("names_text",) if obj is not None and not self.has_change_permission(request, obj) else ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @admin.display(description=gettext_lazy("In other languages"))
    def names_cell(self, row: Any) -> Any:
        names = [text for text in row.name_translations.values() if text != row.localised("name")]
        return " · ".join(dict.fromkeys(names)) or cells.NOTHING

    @admin.display(description=gettext_lazy("name in other languages"))
    def names_text(self, row: Any) -> SafeString:
        return cells.pairs({language_name(code): text for code, text in row.name_translations.items()})

    @admin.display(description=gettext_lazy("Products"))
    def products_cell(self, row: Any) -> SafeString:
        count = getattr(row, "product_count", 0)
        if not count:
            return cells.number(figure(0))
        return cells.number(
            format_html('<a class="zg-link" href="{}">{}</a>', self.products_address(row), figure(count))
        )

    def products_address(self, row: Any) -> str:
        return f"{reverse('admin:catalog_product_changelist')}?{self.products_parameter}={row.pk}"

    products_parameter = ""


@admin.register(Category)
class CategoryAdmin(NamedAdmin):
    """The tree. Brothers and sisters stand in the order of the shop: position, then name."""

    named_form = CategoryForm
    own_fields = (("parent", "position"),)
    products_parameter = "branch"
    list_display = ("tree_cell", "names_cell", "own_id_cell", "products_cell")
    list_per_page = WHOLE_TREE
    search_fields = ("name", "name_translations", "external_id")
    ordering = ("path",)
    sortable_by = ()
    export_fields = ("external_id", "name", "name_translations", "depth", "position")
    empty_title = gettext_lazy("No categories yet")
    empty_text = gettext_lazy("Categories put products where customers look for them.")

    def fill_page(self, request: HttpRequest, rows: list[Category]) -> None:
        own = reads.category_product_counts()
        paths = {row.path: own.get(row.pk, 0) for row in rows}
        known = {row.path for row in rows}
        for row in rows:
            row.product_count = sum(count for path, count in paths.items() if path.startswith(row.path))  # type: ignore[attr-defined]
        if all(row.depth == 1 or row.path[: -Category.steplen] in known for row in rows):
            rows[:] = _in_shop_order(rows)

    @admin.display(description=gettext_lazy("Category"))
    def tree_cell(self, row: Category) -> SafeString:
        return format_html('<span class="cat-tree" style="--depth:{}">{}</span>', row.depth - 1, row.localised("name"))

    @admin.display(description=gettext_lazy("Own ID"))
    def own_id_cell(self, row: Category) -> Any:
        return row.external_id or cells.NOTHING

    def save_model(self, request: HttpRequest, obj: Category, form: ModelForm, change: bool) -> None:
        parent = form.cleaned_data.get("parent")
        if not change:
            if parent is None:
                Category.objects.add_root(instance=obj)
            else:
                Category.objects.add_child(Category.objects.get(pk=parent.pk), instance=obj)
            return
        obj.save(update_fields=["name", "name_translations", "position", "updated_at"])
        if "parent" in form.changed_data:
            try:
                services.move_category(category=obj, parent=parent)
            except DomainError as error:
                self.refuse(request, error)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        category = self.get_object(request, unquote(object_id))
        if category is not None and self.has_delete_permission(request, category):
            try:
                services.check_category_is_empty(category)
            except DomainError as error:
                self.refuse(request, error)
                return HttpResponseRedirect(reverse("admin:catalog_category_change", args=[category.pk]))
        return super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.delete_category(category=obj)


@admin.register(Brand)
class BrandAdmin(NamedAdmin):
    named_form = BrandForm
    products_parameter = "brand__id__exact"
    list_display = ("name_cell", "names_cell", "products_cell")
    search_fields = ("name", "name_translations")
    ordering = ("name",)
    export_fields = ("external_id", "name", "name_translations")
    empty_title = gettext_lazy("No brands yet")
    empty_text = gettext_lazy("Brands come with the products you import, or are added here.")

    def fill_page(self, request: HttpRequest, rows: list[Brand]) -> None:
        found = dict(
            Product.objects.existing().filter(brand__in=rows).order_by().values_list("brand_id").annotate(n=Count("id"))
        )
        for row in rows:
            row.product_count = found.get(row.pk, 0)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("Brand"), ordering="name")
    def name_cell(self, row: Brand) -> str:
        return row.localised("name")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Products stay when their brand goes, so nothing else is named."""
        return [str(obj) for obj in objs], {_("brands"): len(objs)}, set(), []


def _in_shop_order(rows: list[Category]) -> list[Category]:
    below: dict[str, list[Category]] = {}
    for row in rows:
        below.setdefault(row.path[: -Category.steplen], []).append(row)

    def branch(path: str) -> list[Category]:
        found: list[Category] = []
        for row in sorted(below.get(path, ()), key=lambda node: (node.position, node.name)):
            found += [row, *branch(row.path)]
        return found

    return branch("")
