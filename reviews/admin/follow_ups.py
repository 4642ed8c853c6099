"""Unhappy customers: the list, and the page of one, where staff say what they did."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST

from catalog.admin import cells as shared
from catalog.admin.customers import may_see_people
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting, came_from
from catalog.models import ProductImage
from catalog.thumbnails import first_thumbnail
from core.admin.base import LedgerAdmin
from core.components import Meaning, ago, figure, pill, toast, when
from core.exceptions import DomainError
from core.filters import DaysFilter
from reviews.admin import cells
from reviews.models import FollowUp
from reviews.models.follow_ups import NOTE_LENGTH
from reviews.roles import FOLLOW_UP
from reviews.trends import following

LONGEST_PK = 18
MOST_AT_ONCE = 1_000
State = FollowUp.State
MEANINGS = {State.OPEN: Meaning.WAITING, State.HANDLED: Meaning.GOOD, State.NEEDLESS: Meaning.IDLE}


def state_pill(row: FollowUp) -> SafeString:
    return pill(MEANINGS[State(row.state)], State(row.state).label)


@admin.register(FollowUp)
class FollowUpAdmin(ListingMixin, LedgerAdmin):
    """Whom a review shows to be unhappy. The control group of an experiment stands on no page."""

    list_display = ("review_cell", "stars_cell", "customer_cell", "order_cell", "since_cell", "state_cell", "done_cell")
    list_filter = (("since", DaysFilter),)
    list_select_related = ("review__product", "review__customer", "order", "handled_by")
    search_fields = ("review__text", "review__title", "review__product__name", "note")
    search_help_text = gettext_lazy("Words, product or note")
    ordering = ("-since", "-review")
    compact_columns = ("stars_cell", "state_cell", "since_cell")
    view_keys = ("open", "handled", "needless")
    actions = ("handled_chosen", "needless_chosen", "open_chosen", "export_as_csv", "export_as_xlsx")
    export_fields = (
        "since", "state", "review__written_at", "review__rating", "review__product__external_id",
        "review__product__name", "review__title", "review__text", "handled_at", "handled_by", "note",
    )  # fmt: skip
    empty_title = gettext_lazy("Nobody is unhappy")
    empty_text = gettext_lazy(
        "Who writes a negative review with three stars or fewer stands here as soon as it is read."
    )

    class Media:
        css = {"all": ("catalog/catalog.css", "reviews/reviews.css")}

    # --- rights -------------------------------------------------------------------------------------------------

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """May say what was done."""
        return bool(request.user.has_perm(FOLLOW_UP))

    def get_export_fields(self, request: HttpRequest) -> Sequence[str]:
        """Who is unhappy, and what they bought, leaves the house only with both rights."""
        people = ("review__author", "review__customer__name", "review__customer__email", "order__number")
        return (*self.export_fields, *people) if may_see_people(request) else self.export_fields

    # --- list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[FollowUp]:
        rows = super().get_queryset(request).listed()  # type: ignore[attr-defined]
        pictures = ProductImage.objects.order_by("position", "id")
        return rows.prefetch_related(Prefetch("review__product__images", pictures))

    def in_view(self, rows: QuerySet[FollowUp], key: str) -> QuerySet[FollowUp]:
        return rows.filter(state=key) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {
            "": _("All"), "open": pgettext("follow-up", "Open"), "handled": pgettext("follow-up", "Handled"),
            "needless": pgettext("follow-up", "Not needed"),
        }  # fmt: skip
        return [ListView(key, label, self.in_view(FollowUp.objects.listed(), key)) for key, label in labels.items()]

    def fill_page(self, request: HttpRequest, rows: list[FollowUp]) -> None:
        may_see_customers = request.user.has_perm("catalog.view_customer")
        for row in rows:
            row.page_who = cells.who(row.review, may_see_customers=may_see_customers)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("Review"))
    def review_cell(self, row: FollowUp) -> SafeString:
        picture = shared.picture(first_thumbnail(row.review.product))
        return shared.two_lines(cells.words(row.review), row.review.product.localised("name"), picture)

    @admin.display(description=gettext_lazy("Stars"), ordering="review__rating")
    def stars_cell(self, row: FollowUp) -> SafeString:
        return cells.stars(row.review.rating)

    @admin.display(description=gettext_lazy("Customer"))
    def customer_cell(self, row: FollowUp) -> Any:
        return getattr(row, "page_who", shared.NOTHING)

    @admin.display(description=gettext_lazy("Order"))
    def order_cell(self, row: FollowUp) -> Any:
        return row.order.number if row.order is not None else shared.NOTHING

    @admin.display(description=gettext_lazy("Since"), ordering="since")
    def since_cell(self, row: FollowUp) -> Any:
        return cells.age(row.since)

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: FollowUp) -> SafeString:
        return state_pill(row)

    @admin.display(description=gettext_lazy("Note"))
    def done_cell(self, row: FollowUp) -> Any:
        if row.handled_by is None and not row.note:
            return shared.NOTHING
        who = str(row.handled_by) if row.handled_by is not None else ""
        return format_html('<span class="rev-clip">{}</span>', " · ".join(filter(None, [who, row.note])))

    # --- acting on many -----------------------------------------------------------------------------------------

    @admin.action(description=pgettext_lazy("follow-up", "Mark as handled"), permissions=["settle"])
    def handled_chosen(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        self._settle(request, queryset, State.HANDLED)

    @admin.action(description=pgettext_lazy("follow-up", "Mark as not needed"), permissions=["settle"])
    def needless_chosen(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        self._settle(request, queryset, State.NEEDLESS)

    @admin.action(description=pgettext_lazy("follow-up", "Open again"), permissions=["settle"])
    def open_chosen(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        self._settle(request, queryset, State.OPEN)

    def _settle(self, request: HttpRequest, queryset: QuerySet[FollowUp], state: str) -> None:
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
        told(request, following.settle(ids, state, by=acting(request)), state)

    # --- the page of one ----------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("<int:pk>/settle/", own(self.settle_view), name="reviews_followup_settle"),
            path("settle/", own(self.settle_many_view), name="reviews_followup_settle_many"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = unquote(object_id)
        row = self._row(int(pk)) if pk.isdecimal() and len(pk) <= LONGEST_PK else None
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._page(request, row, **(extra_context or {}))

    @staticmethod
    def _row(pk: int) -> FollowUp | None:
        rows = FollowUp.objects.listed().filter(pk=pk)
        return rows.select_related("review__product", "review__customer", "order", "handled_by").first()

    def _page(self, request: HttpRequest, row: FollowUp, **more: Any) -> HttpResponseBase:
        review = row.review
        waiting = FollowUp.objects.open().exclude(pk=row.pk)
        following_one = waiting.filter(since__lte=row.since).order_by("-since", "-pk").first() or waiting.first()
        context = {
            **self.admin_site.each_context(request),
            "title": cells.words(review, 70),
            "opts": self.opts,
            "original": row,
            "head_pill": state_pill(row),
            "row": row,
            "review": review,
            "stars": cells.stars(review.rating),
            "facts": _facts(request, row),
            "may_settle": self.has_settle_permission(request),
            "note": row.note,
            "note_most": NOTE_LENGTH,
            "review_url": reverse("admin:reviews_review_change", args=[review.pk]),
            "next_url": reverse("admin:reviews_followup_change", args=[following_one.pk]) if following_one else "",
            "waiting": waiting.count(),
            "page_keys": _keys(may_settle=self.has_settle_permission(request)),
            "media": self.media,
            **more,
        }  # fmt: skip
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/reviews/follow_up.html", context)

    @method_decorator(require_POST)
    def settle_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`state` and `note` of one."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        get_object_or_404(FollowUp.objects.listed(), pk=pk)
        state, note = request.POST.get("state", ""), request.POST.get("note", "")
        try:
            changed = following.settle([pk], state, by=acting(request), note=note)
        except DomainError as error:
            row = self._row(pk)
            if row is None:
                raise PermissionDenied from None
            return self._page(request, row, note=note, error=error)
        told(request, changed, state)
        return HttpResponseRedirect(reverse("admin:reviews_followup_change", args=[pk]))

    @method_decorator(require_POST)
    def settle_many_view(self, request: HttpRequest) -> HttpResponseBase:
        """`ids` (with commas) and `state`: what the toast takes back."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        ids = [int(one) for one in request.POST.get("ids", "").split(",")[:MOST_AT_ONCE] if _is_key(one)]
        try:
            following.settle(ids, request.POST.get("state", ""), by=acting(request))
        except DomainError as error:
            self.refuse(request, error)
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_followup_changelist")))


def told(request: HttpRequest, changed: Sequence[int], state: str) -> None:
    """How many, and the way back."""
    if not changed:
        return
    text = {
        State.HANDLED.value: ngettext("%(count)s handled", "%(count)s handled", len(changed)),
        State.NEEDLESS.value: ngettext(
            "%(count)s marked as not needed", "%(count)s marked as not needed", len(changed)
        ),
        State.OPEN.value: ngettext("%(count)s open again", "%(count)s open again", len(changed)),
    }[str(state)] % {"count": figure(len(changed))}
    again = State.HANDLED if state == State.OPEN else State.OPEN
    toast(
        request, text, undo=reverse("admin:reviews_followup_settle_many"), ids=",".join(map(str, changed)),
        state=again.value,
    )  # fmt: skip


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_PK


def _facts(request: HttpRequest, row: FollowUp) -> list[tuple[Any, Any]]:
    """Names of customers and numbers of orders only for those who may see them."""
    review, user = row.review, request.user
    who: Any = cells.who(review, may_see_customers=user.has_perm("catalog.view_customer"))
    if review.customer is not None and user.has_perm("catalog.view_customer"):
        address = reverse("admin:catalog_customer_change", args=[review.customer.pk])
        who = format_html('<a class="zg-link" href="{}">{}</a>', address, review.customer)
    order: Any = shared.NOTHING
    if row.order is not None and user.has_perm("catalog.view_order"):
        address = reverse("admin:catalog_order_change", args=[row.order.pk])
        order = format_html('<a class="zg-link" href="{}">{}</a>', address, row.order.number)
    product: Any = review.product.localised("name")
    if user.has_perm("catalog.view_product"):
        address = reverse("admin:catalog_product_change", args=[review.product_id])
        product = format_html('<a class="zg-link" href="{}">{}</a>', address, product)
    found = [
        (_("Customer"), who), (_("Product"), product), (_("Order"), order),
        (pgettext("review", "Written"), when(review.written_at)), (_("On the list"), ago(row.since)),
    ]  # fmt: skip
    if row.handled_at is not None:
        found.append((_("Handled"), ago(row.handled_at)))
        found.append((_("Handled by"), str(row.handled_by or _("by itself: it reads otherwise now"))))
    return found


def _keys(*, may_settle: bool) -> list[tuple[str, str]]:
    acts = [("H", _("Mark as handled")), ("N", _("Mark as not needed"))] if may_settle else []
    return [*acts, ("J", _("Next unhappy customer")), ("O", _("Open the review"))]
