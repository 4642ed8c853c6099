"""Offers: the list, the page of one with its form, and the codes that people got."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from catalog.admin import cells
from core.admin.base import LedgerAdmin, StaffModelAdmin
from core.components import ago, figure, money, toast
from core.exceptions import DomainError
from marketing import offers
from marketing.admin.offer_forms import OfferForm
from marketing.models import CouponCode, Offer
from marketing.offers import words
from marketing.offers.saying import value_of
from marketing.roles import CODES_SEEN, OFFERS

SHOWN = 8
"""Codes on the page of an offer; the list has all."""


@admin.register(Offer)
class OfferAdmin(StaffModelAdmin):
    add_title = gettext_lazy("New offer")
    list_display = ("name_cell", "value_cell", "period_cell", "given_cell", "used_cell", "spent_cell", "state_cell")
    list_filter = ("kind", "is_active")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("-created_at", "-id")
    number_columns = ("given_cell", "used_cell", "spent_cell")
    compact_columns = ("value_cell", "used_cell", "state_cell")
    actions = ("export_as_csv", "export_as_xlsx")
    export_fields = (
        "public_id", "name", "kind", "unit", "value", "least_order", "most_off", "max_codes", "valid_days", "budget",
        "given", "used", "spent", "promised", "starts_at", "ends_at", "is_active",
    )  # fmt: skip
    empty_title = gettext_lazy("No offers yet")
    empty_text = gettext_lazy("An offer gives each customer a code of his own: a discount, free shipping or points.")
    empty_action = (gettext_lazy("New offer"), "admin:marketing_offer_add")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are closed: what customers were promised stays on record."""
        return False

    @display(description=gettext_lazy("Offer"), ordering="name")
    def name_cell(self, row: Offer) -> Any:
        return format_html(
            '<span class="zg-two"><span>{}</span><span class="zg-hint">{}</span></span>', row.name,
            capfirst(row.get_kind_display()),
        )  # fmt: skip

    @display(description=pgettext_lazy("of an offer", "Value"))
    def value_cell(self, row: Offer) -> Any:
        limits = words.conditions(row)
        return format_html(
            '<span class="zg-two"><span>{}</span><span class="zg-hint">{}</span></span>', value_of(row), limits
        )

    @display(description=gettext_lazy("Period"), ordering="ends_at")
    def period_cell(self, row: Offer) -> str:
        return words.period(row)

    @display(description=pgettext_lazy("codes", "Given"), ordering="given")
    def given_cell(self, row: Offer) -> Any:
        return cells.number(words.of_codes(row))

    @display(description=pgettext_lazy("codes", "Used"), ordering="used")
    def used_cell(self, row: Offer) -> Any:
        return cells.number(figure(row.used))

    @display(description=gettext_lazy("Spent of budget"), ordering="spent")
    def spent_cell(self, row: Offer) -> Any:
        return cells.number(words.of_budget(row))

    @display(description=gettext_lazy("State"))
    def state_cell(self, row: Offer) -> Any:
        return words.state_pill(row)

    # --- pages ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/act/", view(require_POST(self.act_view)), name="marketing_offer_act"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._page(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        offer = self.get_object(request, object_id)
        if offer is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if request.method == "POST" and not self.has_change_permission(request, offer):
            raise PermissionDenied
        return self._page(request, offer)

    def _page(self, request: HttpRequest, offer: Offer | None) -> HttpResponse:
        may_change = self.has_change_permission(request, offer) if offer else True
        form = OfferForm(request.POST or None, offer=offer, is_read=not may_change)
        if request.method == "POST" and form.is_valid():
            saved = form.save()
            if saved is not None:
                toast(request, _("Offer saved"))
                return HttpResponseRedirect(reverse("admin:marketing_offer_change", args=[saved.pk]))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request), "opts": self.opts, "form": form, "offer": offer,
            "title": offer.name if offer is not None else _("New offer"), "media": form.media,
            "may_change": may_change, "has_view_permission": True,
            **(self._about(request, offer) if offer is not None else {}),
        }  # fmt: skip
        return TemplateResponse(request, "admin/marketing/offer.html", context)

    def _about(self, request: HttpRequest, offer: Offer) -> dict[str, Any]:
        """State, figures, and the newest codes for those who may see them. Two queries."""
        unused = CouponCode.objects.filter(offer=offer, used_at=None).count()
        codes: Sequence[CouponCode] = ()
        if request.user.has_perm(CODES_SEEN):
            rows = CouponCode.objects.filter(offer=offer).select_related("customer", "offer")
            codes = list(rows.order_by("-created_at", "-pk")[:SHOWN])
        return {
            "state": words.state_pill(offer),
            "facts": [
                (_("Codes given"), words.of_codes(offer)), (_("Codes used"), figure(offer.used)),
                (_("Spent of budget"), words.of_budget(offer)), (_("Promised by codes"), money(offer.promised)),
            ],
            "codes": [
                {"code": words.code(one), "customer": one.customer, "state": words.code_pill(one), "at": one.created_at}
                for one in codes
            ],
            "codes_url": f"{reverse('admin:marketing_couponcode_changelist')}?offer__id__exact={offer.pk}",
            "may_see_codes": request.user.has_perm(CODES_SEEN),
            "unused": unused,
            "end_question": ngettext(
                "End %(count)s code that was not used?", "End %(count)s codes that were not used?", unused
            ) % {"count": figure(unused)},
        }  # fmt: skip

    def act_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`act`: close, end, reopen."""
        if not request.user.has_perm(OFFERS):
            raise PermissionDenied
        offer, act = get_object_or_404(Offer, pk=pk), request.POST.get("act", "")
        try:
            if act == "reopen":
                offers.reopen(offer.pk)
                toast(request, _("Offer is open again"))
            elif act in ("close", "end"):
                ended = offers.close(offer.pk, ends_codes=act == "end")
                toast(request, _("Offer closed, %(count)s codes ended") % {"count": figure(ended)} if act == "end"
                      else _("Offer closed"))  # fmt: skip
        except DomainError as error:
            self.refuse(request, error)
        return HttpResponseRedirect(reverse("admin:marketing_offer_change", args=[pk]))


class UsedFilter(admin.SimpleListFilter):
    title = pgettext_lazy("codes", "used")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("yes", "no"):
            return queryset.filter(used_at__isnull=self.value() == "no")
        return queryset


@admin.register(CouponCode)
class CouponCodeAdmin(LedgerAdmin):
    list_display = ("code_cell", "offer", "customer_cell", "state_cell", "amount_cell", "order", "given_cell")
    list_display_links = None
    list_filter = (UsedFilter, "offer")
    list_select_related = ("offer", "customer", "order")
    ordering = ("-id",)
    search_fields = ("code__startswith", "customer__name")
    search_help_text = gettext_lazy("Code or name of the customer")
    number_columns = ("amount_cell",)
    compact_columns = ("offer", "customer_cell", "state_cell")
    export_fields = (
        "code", "offer__name", "customer__public_id", "created_at", "expires_at", "used_at", "amount", "order__number",
    )  # fmt: skip
    empty_title = gettext_lazy("No codes yet")
    empty_text = gettext_lazy("A customer gets a code when a message with an offer is written to him.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CouponCode], search_term: str
    ) -> tuple[QuerySet[CouponCode], bool]:
        """A code may be typed as it is read, in groups."""
        plain = offers.plain(search_term)
        if "-" in search_term and plain.isalnum():
            search_term = plain
        return super().get_search_results(request, queryset, search_term)  # type: ignore[no-any-return]

    @display(description=pgettext_lazy("of an offer", "Code"), ordering="code")
    def code_cell(self, row: CouponCode) -> Any:
        return format_html('<span translate="no" class="nowrap">{}</span>', words.code(row))

    @display(description=gettext_lazy("Customer"))
    def customer_cell(self, row: CouponCode) -> Any:
        address = reverse("admin:catalog_customer_change", args=[row.customer_id])
        return format_html('<a class="zg-link" href="{}" translate="no">{}</a>', address, row.customer)

    @display(description=gettext_lazy("State"), ordering="used_at")
    def state_cell(self, row: CouponCode) -> Any:
        return words.code_pill(row)

    @display(description=gettext_lazy("Took off"), ordering="amount")
    def amount_cell(self, row: CouponCode) -> Any:
        return cells.number(words.took(row))

    @display(description=pgettext_lazy("codes", "Given"), ordering="created_at")
    def given_cell(self, row: CouponCode) -> Any:
        return ago(row.created_at)
