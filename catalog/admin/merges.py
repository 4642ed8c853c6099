"""Merging two customers by hand: look at both side by side, merge, take it back."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog import merging
from catalog import selectors_admin as reads
from catalog.admin import cells
from catalog.admin.notices import acting
from catalog.models import Customer, CustomerMerge
from catalog.selectors_admin import Purchases
from core.components import ago, figure, money, toast
from core.exceptions import DomainError
from core.panels import Panel
from core.shop import current_shop

MERGE = "catalog.merge_customers"
CHOICES = 10
SHOWN = 5
PERSONAL_PERMISSION = "catalog.view_personal_data"


class MergeMixin:
    """Three addresses of the customers' admin: look and merge, undo."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("<int:pk>/merge/", own(self.merge_view), name="catalog_customer_merge"),
            path("merge-undo/", own(self.merge_undo_view), name="catalog_customer_merge_undo"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`pk` is kept; `?with=` names the other one. A POST with `gone` merges."""
        if not request.user.has_perm(MERGE) or not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        kept = get_object_or_404(Customer.objects.existing(), pk=pk)
        other = _other(request.POST.get("gone") or request.GET.get("with", ""), kept)
        if request.method == "POST" and other is not None:
            answer = self._merge(request, kept, other)
            if answer is not None:
                return answer
        words = request.GET.get("q", "").replace("\x00", "").strip()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Merge customers"),
            "crumbs": [
                {"title": _("Customers"), "url": reverse("admin:catalog_customer_changelist")},
                {"title": str(kept), "url": reverse("admin:catalog_customer_change", args=[kept.pk])},
            ],
            "kept": kept,
            "other": other,
            "rows": _compared(request, kept, other) if other is not None else [],
            "words": words,
            "found": self._found(request, kept, words) if words and other is None else [],
            "days": merging.UNDO_DAYS,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/customer/merge.html", context)

    def _merge(self, request: HttpRequest, kept: Customer, other: Customer) -> HttpResponse | None:
        try:
            done = merging.merge(kept_id=kept.pk, gone_id=other.pk, by=acting(request))
        except DomainError as error:
            self.refuse(request, error)  # type: ignore[attr-defined]
            return None
        toast(request, _("Customers merged"), undo=reverse("admin:catalog_customer_merge_undo"), merge=done.pk)
        return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[kept.pk]))

    def _found(self, request: HttpRequest, kept: Customer, words: str) -> list[tuple[Customer, Purchases]]:
        rows: QuerySet[Customer] = Customer.objects.existing().exclude(pk=kept.pk).order_by("-joined_at", "-id")
        rows, _twice = self.get_search_results(request, rows, words)  # type: ignore[attr-defined]
        people = list(rows[:CHOICES])
        bought = reads.customer_purchases([row.pk for row in people], current_shop().base_currency)
        return [(row, bought.get(row.pk, Purchases())) for row in people]

    @method_decorator(require_POST)
    def merge_undo_view(self, request: HttpRequest) -> HttpResponse:
        """A POST with `merge`."""
        if not request.user.has_perm(MERGE):
            raise PermissionDenied
        number = request.POST.get("merge", "")
        done = get_object_or_404(CustomerMerge, pk=int(number) if number.isascii() and number.isdecimal() else 0)
        try:
            undone = merging.undo(done.pk, by=acting(request))
        except DomainError as error:
            self.refuse(request, error)  # type: ignore[attr-defined]
        else:
            toast(request, _("Both are as they were") if undone.is_exact else _("Taken back; newer rows stayed"))
        return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[done.kept_id]))


def _other(number: str, kept: Customer) -> Customer | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    return Customer.objects.existing().exclude(pk=kept.pk).filter(pk=number).first()


def _compared(request: HttpRequest, kept: Customer, other: Customer) -> list[tuple[Any, Any, Any, bool]]:
    """Label, value of either, whether they say the same."""
    bought = reads.customer_purchases([kept.pk, other.pk], current_shop().base_currency)
    names: list[tuple[Any, str]] = [(_("Name"), "name")]
    if request.user.has_perm(PERSONAL_PERMISSION):
        names += [(_("E-mail"), "email"), (_("Phone"), "phone"), (_("Birthday"), "birthday")]
    names += [(_("Country"), "country"), (_("City"), "city"), (_("Own ID"), "external_id")]
    rows = [(label, getattr(kept, name), getattr(other, name)) for label, name in names]
    one, two = (bought.get(row.pk, Purchases()) for row in (kept, other))
    rows += [
        (_("Customer since"), cells.day(kept.joined_at), cells.day(other.joined_at)),
        (_("Paid orders"), figure(one.orders), figure(two.orders)),
        (_("Revenue"), money(one.revenue), money(two.revenue)),
        (_("Last order"), ago(one.last_at), ago(two.last_at)),
    ]
    return [(label, mine or "–", theirs or "–", bool(mine) and mine == theirs) for label, mine, theirs in rows]


def merged_records(request: HttpRequest, customer: Customer) -> Panel | None:
    """Records that were merged into this one, and the way back while there is one."""
    if not request.user.has_perm("catalog.view_customermerge"):
        return None
    may_merge = request.user.has_perm(MERGE)
    rows = list(CustomerMerge.objects.filter(kept=customer).select_related("gone", "merged_by").order_by("-pk")[:SHOWN])
    if not rows and not may_merge:
        return None
    now = timezone.now()
    newest = next((row.pk for row in rows if row.state == CustomerMerge.State.MERGED), None)
    return Panel(
        title=_("Merged records"),
        template="admin/catalog/panels/merges.html",
        context={
            "merges": [(row, may_merge and row.pk == newest and row.can_be_undone(now)) for row in rows],
            "may_merge": may_merge,
            "merge_url": reverse("admin:catalog_customer_merge", args=[customer.pk]),
            "undo_url": reverse("admin:catalog_customer_merge_undo"),
        },
    )
