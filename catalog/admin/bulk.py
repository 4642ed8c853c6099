"""Changing many products: the form with its preview, and the changes that were made."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_POST
from unfold.decorators import display

from catalog import bulk
from catalog.admin.bulk_form import BulkForm
from catalog.admin.notices import acting
from catalog.bulk.asking import SMALL
from catalog.bulk.operations import OPERATIONS, REASONS
from catalog.bulk.words import ValueWords, describe
from catalog.models import Brand, BulkChange, BulkChangeRow, Product
from core.admin.base import LedgerAdmin, StaffModelAdmin
from core.components import Meaning, ago, figure, pill, toast
from core.components.progress import job_progress
from core.exceptions import DomainError

State = BulkChange.State
MEANINGS = {
    State.WAITING: Meaning.MOVING,
    State.RUNNING: Meaning.MOVING,
    State.DONE: Meaning.GOOD,
    State.UNDOING: Meaning.MOVING,
    State.UNDONE: Meaning.IDLE,
}
ROWS_SHOWN = 50
BRANDS_OFFERED = 300
MOST_CHOSEN = 1_000


class BulkMixin(StaffModelAdmin):
    """The list of products: choose some or all that match, say what changes, look at the preview, go."""

    @admin.action(description=gettext_lazy("Change many…"), permissions=["change"])
    def change_many(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponseBase:
        """Leads to the form: with the filters of the list when all that match are meant, else with the chosen ones."""
        if request.POST.get("select_across") == "1":
            return HttpResponseRedirect(f"{reverse('admin:catalog_product_bulk')}?{request.GET.urlencode()}")
        return self._bulk_page(request, BulkForm(request=request), request.POST.getlist(ACTION_CHECKBOX_NAME))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bulk_view)
        return [path("bulk/", view, name="catalog_product_bulk"), *super().get_urls()]

    def bulk_view(self, request: HttpRequest) -> HttpResponseBase:
        """GET and "preview": the form with what would happen. "go": it happens. The filters stand in the address."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)[:MOST_CHOSEN]
        if request.method != "POST":
            return self._bulk_page(request, BulkForm(request=request), chosen)
        form = BulkForm(request.POST, request=request)
        if not form.is_valid() or "go" not in request.POST:
            return self._bulk_page(request, form, chosen)
        return self._change(request, form, chosen)

    def change_by_job(
        self, request: HttpRequest, rows: QuerySet[Product], operation: str, value: Any
    ) -> HttpResponseBase | None:
        """For actions that know what to do: None when the products are few enough to do it while the person waits."""
        existing = rows.filter(deleted_at=None)
        if existing.order_by()[: SMALL + 1].count() <= SMALL:
            return None
        change = bulk.ask(rows=existing, operation=operation, arguments={"value": value}, by=acting(request))
        return self._is_changing(request, change)

    def chosen_products(self, request: HttpRequest, chosen: list[str]) -> QuerySet[Product]:
        """Those that the person ticked, or all that the address describes."""
        if chosen:
            ids = [int(pk) for pk in chosen if pk.isdecimal() and len(pk) < 19]
            return Product.objects.filter(pk__in=ids, deleted_at=None)
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return Product.objects.none()
        return rows.filter(deleted_at=None).prefetch_related(None)

    def _change(self, request: HttpRequest, form: BulkForm, chosen: list[str]) -> HttpResponseBase:
        operation, arguments = form.cleaned_data["operation"], form.cleaned_data["arguments"]
        try:
            change = bulk.ask(
                rows=self.chosen_products(request, chosen), operation=operation, arguments=arguments,
                by=acting(request), key=_key(request), expected=_expected(request),
            )  # fmt: skip
        except DomainError as error:
            self.refuse(request, error)
            return self._bulk_page(request, form, chosen)
        if change.total > SMALL:
            return self._is_changing(request, change)
        if not change.changed:
            messages.info(request, _("Nothing to change: the products are like that already"))
        else:
            text = ngettext("%(count)s product changed", "%(count)s products changed", change.changed)
            toast(request, text % {"count": figure(change.changed)}, undo=_undo_address(change))
        filters = "" if chosen else f"?{request.GET.urlencode()}"
        return HttpResponseRedirect(f"{reverse('admin:catalog_product_changelist')}{filters}")

    @staticmethod
    def _is_changing(request: HttpRequest, change: BulkChange) -> HttpResponseBase:
        text = ngettext("Changing %(count)s product", "Changing %(count)s products", change.total)
        toast(request, text % {"count": figure(change.total)}, undo=_undo_address(change))
        return HttpResponseRedirect(reverse("admin:catalog_bulkchange_change", args=[change.pk]))

    def _bulk_page(self, request: HttpRequest, form: BulkForm, chosen: list[str]) -> HttpResponseBase:
        rows = self.chosen_products(request, chosen)
        found, examples = None, []
        if form.is_bound and form.is_valid():
            operation = form.cleaned_data["operation"]
            found = bulk.preview(rows, operation, form.cleaned_data["arguments"])
            examples = _examples(operation, found)
        filters = request.GET.urlencode()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change many products"),
            "opts": self.opts,
            "form": form,
            "total": found.total if found else rows.order_by().count(),
            "preview": found,
            "examples": examples,
            "left": [(_(REASONS[reason]), count) for reason, count in found.left.items()] if found else [],
            "chosen": chosen,
            "checkbox": ACTION_CHECKBOX_NAME,
            "brands": Brand.objects.order_by("name").values_list("name", flat=True)[:BRANDS_OFFERED],
            "key": request.POST.get("key") or uuid.uuid4(),
            "action": f"{reverse('admin:catalog_product_bulk')}?{filters}",
            "back": f"{reverse('admin:catalog_product_changelist')}?{filters}",
            "is_small": (found.total if found else 0) <= SMALL,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/product/bulk.html", context)


@admin.register(BulkChange)
class BulkChangeAdmin(LedgerAdmin):
    """What was changed on many products, by whom, and the way back."""

    list_display = ("what_cell", "products_cell", "state_cell", "by_cell", "time_cell")
    list_select_related = ("created_by",)
    number_columns = ("products_cell",)
    compact_columns = ("products_cell", "state_cell", "time_cell")
    sortable_by = ("time_cell",)
    actions = ()
    empty_title = gettext_lazy("No bulk changes yet")
    empty_text = gettext_lazy(
        "Choose products in their list, then “Change many…”. What you changed can be undone here."
    )

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    @display(description=gettext_lazy("Change"))
    def what_cell(self, change: BulkChange) -> str:
        return describe(change)

    @display(description=gettext_lazy("Products"))
    def products_cell(self, change: BulkChange) -> SafeString | str:
        return figure(change.total)

    @display(description=gettext_lazy("State"))
    def state_cell(self, change: BulkChange) -> SafeString:
        return state_pill(change)

    @display(description=gettext_lazy("By"))
    def by_cell(self, change: BulkChange) -> str:
        return str(change.created_by or "–")

    @display(description=gettext_lazy("Time"), ordering="id")
    def time_cell(self, change: BulkChange) -> Any:
        return ago(change.created_at)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.undo_view))
        return [path("<int:pk>/undo/", view, name="catalog_bulkchange_undo"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404
        found = BulkChange.objects.select_related("created_by", "undone_by", "job")
        change = get_object_or_404(found, pk=int(object_id))
        context = {
            **self.admin_site.each_context(request),
            "title": describe(change),
            "opts": self.opts,
            "crumbs": [
                {"title": _("Products"), "url": reverse("admin:catalog_product_changelist")},
                {"title": _("Bulk changes"), "url": reverse("admin:catalog_bulkchange_changelist")},
            ],
            "head_pill": state_pill(change),
            "change": change,
            "progress": job_progress(change.job) if change.job and change.job.is_active else "",
            "rows": _rows(change),
            "facts": _facts(change),
            "can_undo": change.state in (State.WAITING, State.RUNNING, State.DONE)
            and change.forgotten_at is None
            and request.user.has_perm(OPERATIONS[change.operation].permission),
            "job": change.job if request.user.has_perm("core.view_job") else None,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/catalog/bulkchange/page.html", context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Anybody who may make such a change may take it back."""
        change = BulkChange.objects.filter(pk=pk).first()
        permission = OPERATIONS[change.operation].permission if change else "catalog.change_product"
        if not request.user.has_perm(permission):
            raise PermissionDenied
        if change is None:
            raise Http404
        try:
            change = bulk.ask_undo(change=change, by=acting(request))
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _undone_words(change))
        return HttpResponseRedirect(reverse("admin:catalog_bulkchange_change", args=[pk]))


def _undo_address(change: BulkChange) -> str:
    return reverse("admin:catalog_bulkchange_undo", args=[change.pk])


def state_pill(change: BulkChange) -> SafeString:
    return pill(MEANINGS[State(change.state)], change.get_state_display())


def _undone_words(change: BulkChange) -> str:
    if change.state != State.UNDONE:
        return _("Undoing the change")
    text = ngettext("%(count)s product put back", "%(count)s products put back", change.put_back)
    words = text % {"count": figure(change.put_back)}
    if not change.kept:
        return words
    left = ngettext("%(words)s, %(kept)s left: changed since", "%(words)s, %(kept)s left: changed since", change.kept)
    return left % {"words": words, "kept": figure(change.kept)}


def _facts(change: BulkChange) -> list[tuple[Any, Any]]:
    rows: list[tuple[Any, Any]] = [(_("Products"), figure(change.total))]
    if change.state in (State.DONE, State.UNDONE):
        rows += [
            (pgettext("products of a bulk change", "Changed"), figure(change.changed)),
            (_("As they were"), figure(change.same)),
        ]
        rows.append((_("Left alone"), figure(change.left)))
    rows += [(_("By"), change.created_by or "–"), (_("Asked for"), ago(change.created_at))]
    if change.undone_at:
        rows += [(_("Undone by"), change.undone_by or "–"), (_("Undone"), ago(change.undone_at))]
    if change.state == State.UNDONE:
        rows.append((_("Put back"), figure(change.put_back)))
        rows.append((_("Changed since and kept"), figure(change.kept)))
    return rows


def _rows(change: BulkChange) -> list[dict[str, Any]]:
    """The first products: those that were left come first, because they ask for a look."""
    order = [
        BulkChangeRow.State.KEPT,
        BulkChangeRow.State.LEFT,
        BulkChangeRow.State.CHANGED,
        BulkChangeRow.State.PUT_BACK,
    ]
    rows: list[BulkChangeRow] = []
    for state in order:
        wanted = change.rows.filter(state=state).select_related("product").order_by("product_id")
        rows += wanted[: ROWS_SHOWN - len(rows)]
    words = ValueWords(change.operation, [value for row in rows for value in (row.before, row.after)])
    return [
        {
            "product": row.product,
            "before": "" if row.before is None and row.state == row.State.LEFT else words(row.before),
            "after": "" if row.state == row.State.LEFT else words(row.after),
            "note": _(REASONS[row.reason]) if row.reason else row.get_state_display(),
        }
        for row in rows
    ]


def _examples(operation: str, found: bulk.Preview) -> list[tuple[Product, str, str]]:
    words = ValueWords(operation, [value for _pk, old, new in found.examples for value in (old, new)])
    products = Product.objects.only("name", "name_translations").in_bulk([pk for pk, _old, _new in found.examples])
    return [(products[pk], words(old), words(new)) for pk, old, new in found.examples if pk in products]


def _key(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _expected(request: HttpRequest) -> int | None:
    text = request.POST.get("expected", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
