"""Orders: the list, and the page of one order with what can be done to it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from catalog import selectors_admin as reads
from catalog.admin import cells, filters
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting
from catalog.admin.order_forms import RefundForm
from catalog.admin.order_page import STEPS, order_page, step_text
from catalog.models import Order
from catalog.services import lifecycle
from core import history
from core.admin.base import LedgerAdmin
from core.components import ago, figure, money
from core.components.toasts import toast
from core.exceptions import DomainError
from core.filters import DaysFilter

CHANGE_PERMISSION = "catalog.change_order"
REFUND_PERMISSION = "catalog.refund_order"


@admin.register(Order)
class OrderAdmin(ListingMixin, LedgerAdmin):
    """Orders are read here and moved on through their services; nothing is typed into them."""

    list_display = ("order_cell", "customer_cell", "pieces_cell", "total_cell", "status_cell", "placed_cell")
    list_filter = (
        ("status", filters.ChoiceFilter),
        ("placed_at", DaysFilter),
        ("paid_at", DaysFilter),
        filters.CountryFilter,
        filters.ChannelFilter,
        ("customer", filters.CustomerFilter),
    )
    list_select_related = ("customer",)
    search_fields = ("number",)
    search_help_text = gettext_lazy("Order number")
    ordering = ("-placed_at", "-id")
    number_columns = ("pieces_cell", "total_cell")
    compact_columns = ("total_cell", "status_cell", "placed_cell")
    view_keys = ("unpaid", "to_ship", "on_the_way", "delivered", "cancelled")
    export_fields = (
        "number", "status", "currency", "lines_total", "shipping", "discount", "total", "paid_total",
        "refunded_total", "channel", "country", "placed_at", "paid_at",
    )  # fmt: skip
    empty_title = gettext_lazy("No orders yet")
    empty_text = gettext_lazy("Orders appear when your storefront sends them, or with an import of your history.")
    fields = ()

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    # --- list ---------------------------------------------------------------------------------------------------

    def in_view(self, rows: QuerySet[Order], key: str) -> QuerySet[Order]:
        return rows.filter(status__in=VIEWS[key][1]) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        rows = Order.objects.all()
        views = [ListView(key, label, rows.filter(status__in=wanted)) for key, (label, wanted) in VIEWS.items()]
        return [ListView("", _("All"), rows), *views]

    def fill_page(self, request: HttpRequest, rows: list[Order]) -> None:
        pieces = reads.order_pieces(row.pk for row in rows)
        for row in rows:
            row.page_pieces = pieces.get(row.pk, 0)  # type: ignore[attr-defined]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        for word in search_term.split()[:8]:
            queryset = queryset.filter(number__icontains=word)
        return queryset, False

    @admin.display(description=gettext_lazy("Order"), ordering="number")
    def order_cell(self, row: Order) -> str:
        return row.number

    @admin.display(description=gettext_lazy("Customer"))
    def customer_cell(self, row: Order) -> Any:
        return str(row.customer) if row.customer else cells.quiet(_("Guest"))

    @admin.display(description=gettext_lazy("Pieces"))
    def pieces_cell(self, row: Order) -> SafeString:
        return cells.number(figure(getattr(row, "page_pieces", 0)))

    @admin.display(description=gettext_lazy("Total"), ordering="total")
    def total_cell(self, row: Order) -> SafeString:
        return cells.amount(row.total, row.currency)

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def status_cell(self, row: Order) -> SafeString:
        return cells.order_status(row)

    @admin.display(description=gettext_lazy("Placed"), ordering="placed_at")
    def placed_cell(self, row: Order) -> Any:
        return ago(row.placed_at)

    # --- history ------------------------------------------------------------------------------------------------

    def history_entries(self, obj: Order, *, may_undo: bool) -> list[history.Entry]:
        """The timeline: orders are only moved on, by steps of their own."""
        events = obj.events.select_related("created_by").order_by("-occurred_at", "-id")[: history.MOST_SHOWN]
        return [
            history.Entry(
                at=event.occurred_at, who=str(event.created_by or _("the shop")),
                note=" · ".join(filter(None, [cells.sentence(event.get_kind_display()), event.note])),
            )
            for event in events
        ]  # fmt: skip

    # --- page ---------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        return self._page(request, object_id, RefundForm(), extra_context)

    def _page(
        self, request: HttpRequest, object_id: str, refund: RefundForm, extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = reads.order_for_page(unquote(object_id))
        if order is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        may_change = request.user.has_perm(CHANGE_PERMISSION)
        may_refund = request.user.has_perm(REFUND_PERMISSION)
        refund.for_order(order)
        page = order_page(order, may_change=may_change, may_refund=may_refund)
        context = {
            **self.admin_site.each_context(request),
            "title": order.number,
            "opts": self.opts,
            "original": order,
            "object_id": object_id,
            "head_pill": page.status,
            "page": page,
            "order": order,
            "refund_form": refund if page.can_refund else None,
            "media": self.media,
            "is_popup": False,
            "change": True,
            "preserved_filters": self.get_preserved_filters(request),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/order/page.html", context)

    # --- acting -------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        return [
            path("<int:pk>/step/", site.admin_view(self.step_view), name="catalog_order_step"),
            path("<int:pk>/refund/", site.admin_view(self.refund_view), name="catalog_order_refund"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def step_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """One step of the life cycle. Cancelling cannot be taken back, so it is asked for twice."""
        if not request.user.has_perm(CHANGE_PERMISSION):
            raise PermissionDenied
        order = get_object_or_404(Order.objects.select_related("customer"), pk=pk)
        here = reverse("admin:catalog_order_change", args=[pk])
        step = STEPS.get(request.POST.get("step", ""))
        if step is None:
            return HttpResponseRedirect(here)
        if step.is_final and "confirmed" not in request.POST:
            return self._ask(
                request,
                order,
                step_text(order, step),
                {"step": step.kind},
                step.question % {"number": order.number},
                step.label,
            )
        try:
            step.run(pk, acting(request))
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, step.done % {"number": order.number})
        return HttpResponseRedirect(here)

    @method_decorator(require_POST)
    def refund_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Money leaves the shop: the form is checked, the sum is shown, and only then it is given back."""
        if not request.user.has_perm(REFUND_PERMISSION):
            raise PermissionDenied
        order = get_object_or_404(Order.objects.select_related("customer").prefetch_related("lines"), pk=pk)
        here = reverse("admin:catalog_order_change", args=[pk])
        form = RefundForm(request.POST)
        form.for_order(order)
        if "confirmed" in request.POST and reads.refund_is_known(order, form.external_id()):
            return HttpResponseRedirect(here)  # a second click on the same confirmation
        if not form.is_valid():
            return self._page(request, str(pk), form, {"has_refund_errors": True})
        if "confirmed" not in request.POST:
            return self._ask(request, order, form.consequences(), form.as_hidden_values(), form.question(), form.verb())
        try:
            lifecycle.refund_order(pk, created_by=acting(request), **form.arguments())
        except DomainError as error:
            self.message_user(request, str(error.message), messages.ERROR)
        else:
            toast(request, _("%(amount)s refunded") % {"amount": money(form.amount_back, order.currency)})
        return HttpResponseRedirect(here)

    def _ask(
        self,
        request: HttpRequest,
        order: Order,
        consequences: list[str],
        values: dict[str, Any],
        question: str,
        button: Any,
    ) -> HttpResponseBase:
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "opts": self.opts,
            "crumbs": [
                {"title": _("Orders"), "url": reverse("admin:catalog_order_changelist")},
                {"title": order.number, "url": reverse("admin:catalog_order_change", args=[order.pk])},
            ],
            "consequences": consequences,
            "values": values,
            "button": button,
            "back": reverse("admin:catalog_order_change", args=[order.pk]),
            "action": request.path,
            "media": self.media,
            "is_popup": False,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/confirm.html", context)


VIEWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "unpaid": (gettext_lazy("To be paid"), (Order.Status.PLACED,)),
    "to_ship": (gettext_lazy("To ship"), (Order.Status.PAID, Order.Status.PARTLY_SHIPPED)),
    "on_the_way": (gettext_lazy("On the way"), (Order.Status.SHIPPED,)),
    "delivered": (gettext_lazy("Delivered"), (Order.Status.DELIVERED, Order.Status.CLOSED)),
    "cancelled": (gettext_lazy("Cancelled"), (Order.Status.CANCELLED,)),
}
