"""Reviews: the list, what can be decided about many of them, and the addresses of what can be done with one."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_POST

from catalog.admin import cells as shared
from catalog.admin import filters as catalog_filters
from catalog.admin.customers import may_see_people
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting, came_from
from catalog.models import Customer, Product, ProductImage
from catalog.thumbnails import first_thumbnail
from core.admin.base import LedgerAdmin
from core.components import toast
from core.exceptions import DomainError
from core.filters import DaysFilter
from reviews import selectors, services
from reviews.admin import cells, filters, reading, suspicion
from reviews.admin.aspects_said import AspectActsMixin
from reviews.admin.reading import ReadingActsMixin
from reviews.admin.review_page import ReviewPageMixin, done_words, tell
from reviews.exceptions import BadInput
from reviews.models import Review, Sentiment
from reviews.roles import MODERATE

TRIGRAM = 3
"""Characters that a word needs for the indexes; most Chinese words have two."""
MOST_AT_ONCE = 1_000
Status = Review.Status


@admin.register(Review)
class ReviewAdmin(ListingMixin, ReviewPageMixin, ReadingActsMixin, AspectActsMixin, LedgerAdmin):
    """Nobody adds or edits what customers wrote: it is published, rejected and answered."""

    list_display = (
        "review_cell", "stars_cell", "sentiment_cell", "customer_cell", "language_cell", "status_cell", "verified_cell",
        "photos_cell", "complaints_cell", "suspicion_cell", "written_cell",
    )  # fmt: skip
    list_filter = (
        ("status", catalog_filters.ChoiceFilter),
        filters.StarsFilter,
        filters.SentimentFilter,
        filters.LanguageFilter,
        filters.VerifiedFilter,
        filters.PhotosFilter,
        filters.ReplyFilter,
        filters.TopicFilter,
        filters.ComplaintFilter,
        filters.CountedFilter,
        suspicion.SuspicionFilter,
        ("written_at", DaysFilter),
        ("product", filters.ProductFilter),
        ("customer", catalog_filters.CustomerFilter),
    )
    list_select_related = ("product", "customer", "reading")
    search_fields = ("text",)
    search_help_text = gettext_lazy("Words, product or customer")
    ordering = ("-written_at", "-id")
    number_columns = ("photos_cell", "complaints_cell")
    compact_columns = ("stars_cell", "sentiment_cell", "status_cell", "written_cell")
    view_keys = ("waiting", "complaints", "suspected", "published", "rejected")
    actions = (
        "publish_chosen", "reject_chosen", "put_back_chosen", "correct_positive", "correct_neutral",
        "correct_negative", "correct_mixed", "export_as_csv", "export_as_xlsx",
    )  # fmt: skip
    export_fields = (
        "written_at", "product__external_id", "product__name", "rating", "title", "text", "language", "status",
        "reason", "is_verified", "helpful_votes", "open_reports", "reading__sentiment", "reading__confidence",
        "reading__corrected",
    )  # fmt: skip
    empty_title = gettext_lazy("No reviews yet")
    empty_text = gettext_lazy("Reviews arrive from your storefront through the API, or with an import.")

    class Media:
        css = {"all": ("catalog/catalog.css", "reviews/reviews.css")}

    # --- rights -------------------------------------------------------------------------------------------------

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """May publish and reject."""
        return bool(request.user.has_perm(MODERATE))

    def get_list_filter(self, request: HttpRequest) -> Any:
        found = super().get_list_filter(request)
        may_see = {"product": "catalog.view_product", "customer": "catalog.view_customer"}
        if not suspicion.may_see(request):
            found = [one for one in found if one is not suspicion.SuspicionFilter]
        return [
            one for one in found
            if not isinstance(one, tuple) or one[0] not in may_see or request.user.has_perm(may_see[one[0]])
        ]  # fmt: skip

    def get_export_fields(self, request: HttpRequest) -> Sequence[str]:
        """Who wrote leaves the house only with both rights."""
        why = ("suspicion__score", "suspicion__reasons") if suspicion.may_see(request) else ()
        who = ("author", "customer__name") if may_see_people(request) else ()
        return (*self.export_fields, *why, *who)

    # --- list ---------------------------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        found = super().get_list_display(request)
        return found if suspicion.may_see(request) else [one for one in found if one != "suspicion_cell"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        pictures = ProductImage.objects.order_by("position", "id")
        return super().get_queryset(request).prefetch_related(Prefetch("product__images", pictures))

    def get_list_select_related(self, request: HttpRequest) -> Sequence[str]:
        return (*self.list_select_related, *(["suspicion"] if suspicion.may_see(request) else []))

    def in_view(self, rows: QuerySet[Review], key: str) -> QuerySet[Review]:
        if key == "waiting":
            return rows.waiting()  # type: ignore[attr-defined]
        if key == "complaints":
            return rows.filter(open_reports__gt=0)
        if key == "suspected":
            return rows.suspected()  # type: ignore[attr-defined]
        return rows.filter(status=key) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {
            "": _("All"), "waiting": _("To review"), "complaints": _("Complained about"), "suspected": _("Suspicious"),
            "published": pgettext("review", "Published"), "rejected": _("Rejected"),
        }  # fmt: skip
        return [
            ListView(
                key, label, self.in_view(Review.objects.all(), key), is_optional=key in ("complaints", "suspected")
            )
            for key, label in labels.items()
            if key != "suspected" or suspicion.may_see(request)
        ]

    def fill_page(self, request: HttpRequest, rows: list[Review]) -> None:
        photos = selectors.photo_counts(row.pk for row in rows)
        may_see_customers = request.user.has_perm("catalog.view_customer")
        for row in rows:
            row.page_photos = photos.get(row.pk, 0)  # type: ignore[attr-defined]
            row.page_who = cells.who(row, may_see_customers=may_see_customers)  # type: ignore[attr-defined]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Review], search_term: str
    ) -> tuple[QuerySet[Review], bool]:
        """Each word in the text, the title, the name of the writer or of the product, each through its index."""
        may_see_customers = request.user.has_perm("catalog.view_customer")
        own = ("text", "title", "author")
        for word in search_term.split()[:8]:
            if len(word) < TRIGRAM:
                contains = "contains" if word.upper() == word.lower() else "icontains"
                places = [*own, "product__name", *(["customer__name"] if may_see_customers else [])]
                queryset = queryset.filter(reduce(or_, [Q(**{f"{place}__{contains}": word}) for place in places]))
                continue
            products, _twice = self.admin_site.get_model_admin(Product).get_search_results(
                request, Product.objects.order_by(), word
            )
            found = [Review.objects.filter(**{f"{place}__icontains": word}) for place in own]
            found.append(Review.objects.filter(product__in=products.values("pk")))
            if may_see_customers:
                people = Customer.objects.filter(name__icontains=word).order_by().values("pk")
                found.append(Review.objects.filter(customer__in=people))
            first, *others = (rows.order_by().values("pk") for rows in found)
            queryset = queryset.filter(pk__in=first.union(*others, all=True))
        return queryset, False

    @admin.display(description=gettext_lazy("Review"))
    def review_cell(self, row: Review) -> SafeString:
        picture = shared.picture(first_thumbnail(row.product))
        return shared.two_lines(cells.words(row), row.product.localised("name"), picture)

    @admin.display(description=gettext_lazy("Stars"), ordering="rating")
    def stars_cell(self, row: Review) -> SafeString:
        return cells.stars(row.rating)

    @admin.display(description=gettext_lazy("Sentiment"), ordering="reading__positive")
    def sentiment_cell(self, row: Review) -> Any:
        return cells.sentiment(reading.reading_of(row)) or shared.NOTHING

    @admin.display(description=gettext_lazy("Written by"))
    def customer_cell(self, row: Review) -> Any:
        return getattr(row, "page_who", shared.NOTHING)

    @admin.display(description=gettext_lazy("Language"))
    def language_cell(self, row: Review) -> Any:
        return cells.language(row)

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def status_cell(self, row: Review) -> SafeString:
        return cells.status(row)

    @admin.display(description=pgettext_lazy("review", "Verified"))
    def verified_cell(self, row: Review) -> Any:
        return cells.verified(row)

    @admin.display(description=gettext_lazy("Photos"))
    def photos_cell(self, row: Review) -> SafeString:
        return cells.some(getattr(row, "page_photos", 0))

    @admin.display(description=gettext_lazy("Complaints"), ordering="open_reports")
    def complaints_cell(self, row: Review) -> SafeString:
        return cells.some(row.open_reports)

    @admin.display(description=gettext_lazy("Suspicion"), ordering="suspicion__score")
    def suspicion_cell(self, row: Review) -> Any:
        return suspicion.in_list(getattr(row, "suspicion", None))

    @admin.display(description=pgettext_lazy("review", "Written"), ordering="written_at")
    def written_cell(self, row: Review) -> Any:
        return cells.age(row.written_at)

    # --- acting on many -----------------------------------------------------------------------------------------

    @admin.action(description=pgettext_lazy("review", "Publish"), permissions=["moderate"])
    def publish_chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        if (ids := self._chosen(request, queryset)) is not None:
            tell(request, services.publish(ids, by=acting(request)), Status.PUBLISHED)

    @admin.action(description=gettext_lazy("Put back to review"), permissions=["moderate"])
    def put_back_chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        if (ids := self._chosen(request, queryset)) is not None:
            tell(request, services.put_back(ids, by=acting(request)), Status.PENDING)

    @admin.action(description=gettext_lazy("Say positive"), permissions=["correct"])
    def correct_positive(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._correct(request, queryset, Sentiment.POSITIVE)

    @admin.action(description=gettext_lazy("Say neutral"), permissions=["correct"])
    def correct_neutral(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._correct(request, queryset, Sentiment.NEUTRAL)

    @admin.action(description=gettext_lazy("Say negative"), permissions=["correct"])
    def correct_negative(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._correct(request, queryset, Sentiment.NEGATIVE)

    @admin.action(description=gettext_lazy("Say mixed"), permissions=["correct"])
    def correct_mixed(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._correct(request, queryset, Sentiment.MIXED)

    def _correct(self, request: HttpRequest, queryset: QuerySet[Review], sentiment: str) -> None:
        if (ids := self._chosen(request, queryset)) is not None:
            reading.tell(request, services.correct(ids, sentiment, by=acting(request)), sentiment)

    @admin.action(description=gettext_lazy("Reject…"), permissions=["moderate"])
    def reject_chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponseBase | None:
        """Asks for the reason, which customers are told, and then does it."""
        ids = self._chosen(request, queryset)
        if ids is None:
            return None
        error: BadInput | None = None
        reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
        if "confirmed" in request.POST:
            try:
                decision = services.reject(ids, by=acting(request), reason=reason, note=note)
            except BadInput as refusal:
                error = refusal
            else:
                tell(request, decision, Status.REJECTED)
                return HttpResponseRedirect(request.get_full_path())
        count = len(ids)
        return self.ask_first(
            request, "admin/reviews/reject.html",
            title=ngettext("Reject %(count)d review", "Reject %(count)d reviews", count) % {"count": count},
            reasons=Review.Reason.choices, reason=reason, note=note, error=error,
            error_field=error.extra.get("field", "") if error else "",
        )  # fmt: skip

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> list[int] | None:
        """Their keys; None, with a word about it, when they are more than one request may hold locked."""
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) <= MOST_AT_ONCE:
            return ids
        text = _("At most %(most)d reviews at once. Narrow the list, by date for example.")
        self.message_user(request, text % {"most": MOST_AT_ONCE}, messages.ERROR)
        return None

    # --- addresses ----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("undo/", own(self.undo_view), name="reviews_review_undo"),
            path("uncorrect/", own(self.uncorrect_view), name="reviews_review_uncorrect"),
            path("<int:pk>/correct/", own(self.correct_view), name="reviews_review_correct"),
            path("aspect/undo/", own(self.aspect_undo_view), name="reviews_review_aspect_undo"),
            path("<int:pk>/aspect/", own(self.aspect_view), name="reviews_review_aspect"),
            path("<int:pk>/decide/", own(self.decide_view), name="reviews_review_decide"),
            path("<int:pk>/photo/", own(self.photo_view), name="reviews_review_photo"),
            path("<int:pk>/quote/", own(self.quote_view), name="reviews_review_quote"),
            path("<int:pk>/reply/", own(self.reply_view), name="reviews_review_reply"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def undo_view(self, request: HttpRequest) -> HttpResponseBase:
        """Put back what the toast offers."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        try:
            count = services.undo_decision(request.POST.get("key", ""), by=acting(request))
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, done_words("undone", count))
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_review_changelist")))
