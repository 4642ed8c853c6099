"""Customers: who buys, and the page of one of them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from catalog import selectors_admin as reads
from catalog.admin import cells, filters
from catalog.admin.listing import ListingMixin
from catalog.admin.merges import PERSONAL_PERMISSION, MergeMixin
from catalog.admin.timeline import TimelineMixin
from catalog.extensions import customer_columns, customer_filters, customer_list_links, customer_panels
from catalog.models import Customer
from catalog.selectors_admin import Purchases
from core.admin.base import StaffModelAdmin
from core.components import ago, figure, money
from core.countries import country_name
from core.filters import DaysFilter
from core.lists import MoreColumn, MoreColumns
from core.shop import current_shop

LONGEST_PK = 19
PERSONAL = ("email", "phone", "birthday")


def may_see_people(request: HttpRequest) -> bool:
    """Whether this person may see how to reach customers."""
    return request.user.has_perm(PERSONAL_PERMISSION)


@admin.register(Customer)
class CustomerAdmin(MergeMixin, TimelineMixin, ListingMixin, StaffModelAdmin):
    """E-mail, telephone and birthday do not exist for people without the right to them: not in the list, the page,
    the export, nor through the search."""

    list_display = ("customer_cell", "orders_cell", "revenue_cell", "last_cell", "since_cell", "country_cell")
    list_filter = (filters.CountryFilter, ("joined_at", DaysFilter), filters.PersonalisationFilter)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name, e-mail or the shop's own ID")
    ordering = ("-joined_at", "-id")
    number_columns = ("orders_cell", "revenue_cell")
    compact_columns = ("orders_cell", "revenue_cell", "last_cell")
    compressed_fields = False
    panel_registry = customer_panels
    export_fields = ("external_id", "name", "language", "country", "city", "joined_at", "is_personalised")
    empty_title = gettext_lazy("No customers yet")
    empty_text = gettext_lazy("Customers appear with the first import or the first order through the API.")

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    # --- rights -------------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come from orders and imports."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is removed by hand: orders and the books need them."""
        return False

    # --- list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        rows = super().get_queryset(request).filter(erased_at=None, merged_into=None)
        return rows if may_see_people(request) else rows.defer(*PERSONAL)

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        """Ours, and those that other apps add for people with the right."""
        more: list[Any] = []
        for one in customer_filters:
            if request.user.has_perm(one.meta.get("permission", "")):
                more += one.resolve()(request) if one.meta.get("are_many") else [one.resolve()]
        return (*self.list_filter, *more)

    def more_columns(self, request: HttpRequest) -> Sequence[MoreColumn]:
        return [column for owner in _owners(request) for column in owner.columns]

    def fill_more_columns(self, request: HttpRequest, rows: Sequence[Any], columns: Sequence[MoreColumn]) -> None:
        for row in rows:
            row.more_values = {}
        for owner in _owners(request):
            wanted = [column for column in owner.columns if column in columns]
            found = owner.read([row.pk for row in rows], wanted) if wanted and rows else {}
            for row in rows:
                row.more_values.update(found.get(row.pk, {}))

    def fill_page(self, request: HttpRequest, rows: list[Customer]) -> None:
        wanted = [name for name in self.get_list_display(request) if isinstance(name, MoreColumn)]
        if wanted:
            self.fill_more_columns(request, rows, wanted)
        found = reads.customer_purchases([row.pk for row in rows], current_shop().base_currency)
        for row in rows:
            row.page_purchases = found.get(row.pk, Purchases())  # type: ignore[attr-defined]
            row.page_email = row.email if may_see_people(request) else ""  # type: ignore[attr-defined]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        links = [link for one in customer_list_links if (link := one.resolve()(request)) is not None]
        return super().changelist_view(request, {"list_links": links, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        for word in search_term.split()[:8]:
            columns = ["name", "external_id", *(["email"] if may_see_people(request) else [])]
            first, *others = (
                Customer.objects.filter(**{f"{column}__icontains": word}).order_by().values("pk") for column in columns
            )
            queryset = queryset.filter(pk__in=first.union(*others, all=True))
        return queryset, False

    @admin.display(description=gettext_lazy("Customer"), ordering="name")
    def customer_cell(self, row: Customer) -> SafeString:
        hint = getattr(row, "page_email", "") or row.external_id or ""
        return cells.two_lines(str(row), "" if hint == str(row) else hint)

    @admin.display(description=gettext_lazy("Orders"))
    def orders_cell(self, row: Customer) -> SafeString:
        return cells.number(figure(_purchases(row).orders))

    @admin.display(description=gettext_lazy("Revenue"))
    def revenue_cell(self, row: Customer) -> SafeString:
        return cells.number(money(_purchases(row).revenue))

    @admin.display(description=gettext_lazy("Last order"))
    def last_cell(self, row: Customer) -> Any:
        return ago(_purchases(row).last_at)

    @admin.display(description=gettext_lazy("Customer since"), ordering="joined_at")
    def since_cell(self, row: Customer) -> Any:
        return cells.day(row.joined_at)

    @admin.display(description=gettext_lazy("Country"), ordering="country")
    def country_cell(self, row: Customer) -> Any:
        return country_name(row.country) or cells.NOTHING

    def get_export_fields(self, request: HttpRequest) -> Sequence[str]:
        """How to reach people leaves the house only with both rights."""
        own = (*self.export_fields, *PERSONAL) if may_see_people(request) else self.export_fields
        return (*own, *self.more_columns(request))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponseRedirect:
        """The page of a merged record is that of the record that was kept."""
        number = int(object_id) if object_id.isascii() and object_id.isdecimal() and len(object_id) < LONGEST_PK else 0
        into = Customer.objects.filter(pk=number, erased_at=None).values_list("merged_into", flat=True).first()
        if into is None:
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[no-any-return]
        return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[into]))

    # --- page ---------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        person: tuple[Any, ...] = ("name", ("language", "country"), "city", "is_personalised")
        if may_see_people(request):
            person = ("name", ("email", "phone"), ("language", "birthday"), ("country", "city"), "is_personalised")
        return ((None, {"fields": person}),)

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        obj.save(update_fields=[*form.changed_data, "updated_at"])


def _owners(request: HttpRequest) -> list[MoreColumns]:
    """Who has more columns for this person, asked once per request."""
    known: list[MoreColumns] | None = request.__dict__.get("_customer_columns")
    if known is None:
        entries = [one for one in customer_columns if request.user.has_perm(one.meta.get("permission", ""))]
        known = request.__dict__["_customer_columns"] = [one.resolve()(request) for one in entries]
    return known


def _purchases(row: Customer) -> Purchases:
    return getattr(row, "page_purchases", Purchases())
