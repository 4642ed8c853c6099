"""Points accounts: the list, and corrections that can be taken back."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RelatedDropdownFilter

from catalog.admin import cells as shared
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting
from catalog.models import Customer
from core.admin.base import LedgerAdmin
from core.components import ago, figure, money, toast
from core.exceptions import DomainError
from core.typed import typed_number
from crm import services
from crm.models import LoyaltyAccount, LoyaltyProgramme, LoyaltyTransaction
from crm.roles import ADJUST
from crm.selectors import worth_of

LONGEST_NUMBER = 12


@admin.register(LoyaltyAccount)
class LoyaltyAccountAdmin(ListingMixin, LedgerAdmin):
    """A row leads to the customer, whose page has the history."""

    list_display = ("customer_cell", "balance_cell", "worth_cell", "pending_cell", "tier_cell", "moved_cell")
    list_filter = (("tier", RelatedDropdownFilter),)
    list_select_related = ("customer", "tier")
    search_fields = ("customer__name",)
    search_help_text = gettext_lazy("Name, e-mail or the shop's own ID")
    ordering = ("-balance", "-id")
    number_columns = ("balance_cell", "worth_cell", "pending_cell")
    compact_columns = ("balance_cell", "pending_cell", "tier_cell")
    view_keys = ("pending", "owed")
    export_fields = (
        "customer__external_id", "customer__name", "balance", "pending", "owed", "tier", "tier_since", "updated_at",
    )  # fmt: skip
    empty_title = gettext_lazy("No points yet")
    empty_text = gettext_lazy("Accounts appear with the first points: switch the programme on, or grant past orders.")
    empty_action = (gettext_lazy("Loyalty programme"), "admin:crm_loyaltyprogramme_changelist")

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[LoyaltyAccount]:
        return super().get_queryset(request).filter(closed_at=None, customer__isnull=False)

    def in_view(self, rows: QuerySet[LoyaltyAccount], key: str) -> QuerySet[LoyaltyAccount]:
        return rows.filter(**{f"{key}__gt": 0}) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {
            "": _("All"), "pending": pgettext_lazy("accounts", "With pending points"),
            "owed": pgettext_lazy("accounts", "Owing points"),
        }  # fmt: skip
        rows = self.get_queryset(request)
        return [
            ListView(key, label, self.in_view(rows, key), is_optional=key == "owed") for key, label in labels.items()
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LoyaltyAccount], search_term: str
    ) -> tuple[QuerySet[LoyaltyAccount], bool]:
        """People are found as their own list finds them."""
        if not search_term.strip():
            return queryset, False
        people, _twice = self.admin_site.get_model_admin(Customer).get_search_results(
            request, Customer.objects.order_by(), search_term
        )
        return queryset.filter(customer__in=people.values("pk")), False

    def row_address(self, row: LoyaltyAccount) -> str:
        return reverse("admin:catalog_customer_change", args=[row.customer_id])

    def fill_page(self, request: HttpRequest, rows: list[LoyaltyAccount]) -> None:
        programme = LoyaltyProgramme.current()
        for row in rows:
            row.page_worth = worth_of(row.balance, programme)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("Customer"))
    def customer_cell(self, row: LoyaltyAccount) -> SafeString:
        return shared.two_lines(str(row.customer), row.customer.external_id or "" if row.customer else "")

    @admin.display(description=pgettext_lazy("loyalty", "Points"), ordering="balance")
    def balance_cell(self, row: LoyaltyAccount) -> SafeString:
        return shared.number(figure(-row.owed if row.owed else row.balance).replace("-", "−"))

    @admin.display(description=pgettext_lazy("loyalty", "Worth"))
    def worth_cell(self, row: LoyaltyAccount) -> SafeString:
        return shared.number(money(getattr(row, "page_worth", 0)))

    @admin.display(description=pgettext_lazy("loyalty", "Pending"), ordering="pending")
    def pending_cell(self, row: LoyaltyAccount) -> SafeString:
        return shared.number(figure(row.pending))

    @admin.display(description=pgettext_lazy("loyalty", "Level"), ordering=F("tier").asc(nulls_last=True))
    def tier_cell(self, row: LoyaltyAccount) -> Any:
        return str(row.tier) if row.tier is not None else shared.NOTHING

    @admin.display(description=pgettext_lazy("loyalty", "Last moved"))
    def moved_cell(self, row: LoyaltyAccount) -> Any:
        return ago(row.updated_at)

    # --- one customer -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("of/<int:pk>/adjust/", own(self.adjust_view), name="crm_loyaltyaccount_adjust"),
            path("undo/", own(self.undo_view), name="crm_loyaltyaccount_undo"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The page of an account is that of its customer."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None or not request.user.has_perm("catalog.view_customer"):
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(self.row_address(row))

    @method_decorator(require_POST)
    def adjust_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`pk` is the customer; a POST has `points` (with a sign), `reason` and `key`."""
        if not request.user.has_perm(ADJUST):
            raise PermissionDenied
        customer = get_object_or_404(Customer.objects.existing(), pk=pk)
        back = reverse("admin:catalog_customer_change", args=[customer.pk])
        try:
            done = services.adjust(
                customer_id=customer.pk, points=_number(request.POST.get("points", "")),
                reason=request.POST.get("reason", "").replace("\x00", ""), key=request.POST.get("key", "")[:40],
                by=acting(request),
            )  # fmt: skip
        except DomainError as error:
            self.refuse(request, error)
        else:
            text = _("%(count)s points given") if done.points > 0 else _("%(count)s points taken")
            toast(
                request, text % {"count": figure(abs(done.points))},
                undo=reverse("admin:crm_loyaltyaccount_undo"), done=done.pk,
            )  # fmt: skip
        return HttpResponseRedirect(back)

    @method_decorator(require_POST)
    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """`done`: the key of a correction."""
        if not request.user.has_perm(ADJUST):
            raise PermissionDenied
        pk = _number(request.POST.get("done", ""))
        done = get_object_or_404(LoyaltyTransaction.objects.select_related("account"), pk=pk, kind="adjust")
        try:
            services.undo_adjustment(done.pk, by=acting(request))
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _("Correction taken back"))
        customer_id = done.account.customer_id
        if customer_id is None:
            return HttpResponseRedirect(reverse("admin:crm_loyaltyaccount_changelist"))
        return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[customer_id]))


def _number(text: str) -> int:
    """A whole number as people type it; 0 for what is none."""
    number = typed_number(text)
    is_whole = number is not None and number.as_tuple().exponent == 0 and number.adjusted() < LONGEST_NUMBER
    return int(number) if number is not None and is_whole else 0
