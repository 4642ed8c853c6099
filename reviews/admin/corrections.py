"""What staff said reviews are: who, when, against what a model read. Models learn from it."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter

from catalog.admin import cells as shared
from catalog.admin import filters as catalog_filters
from catalog.admin.listing import ListingMixin, ListView
from core.admin.base import LedgerAdmin
from core.components import percent
from core.filters import DaysFilter
from reviews.admin import cells
from reviews.models import ReviewLabel


@admin.register(ReviewLabel)
class CorrectionAdmin(ListingMixin, LedgerAdmin):
    """A row for each review that somebody read. One that was taken back is gone; the page of the review says it all."""

    list_display = ("review_cell", "said_cell", "read_cell", "confidence_cell", "source", "by_cell", "at_cell")
    list_display_links = None
    list_filter = (
        ("sentiment", catalog_filters.ChoiceFilter),
        ("source", catalog_filters.ChoiceFilter),
        ("by", RelatedDropdownFilter),
        ("labelled_at", DaysFilter),
    )
    list_select_related = ("review__product", "review__reading__model_version", "by")
    search_fields = ("review__text", "review__title", "review__product__name")
    search_help_text = gettext_lazy("Words or product")
    ordering = ("-labelled_at", "-review")
    number_columns = ("confidence_cell",)
    compact_columns = ("said_cell", "read_cell", "at_cell")
    view_keys = ("against", "confirmed")
    actions = ("export_as_csv", "export_as_xlsx")
    export_fields = (
        "labelled_at", "by", "source", "sentiment", "review__reading__predicted", "review__reading__confidence",
        "review__rating", "review__title", "review__text", "review__product__external_id",
    )  # fmt: skip
    empty_title = gettext_lazy("Nobody has corrected a reading yet")
    empty_text = gettext_lazy("In the queue the keys 1 to 4 say what a review is; so does its page.")

    class Media:
        css = {"all": ("catalog/catalog.css", "reviews/reviews.css")}

    def in_view(self, rows: QuerySet[ReviewLabel], key: str) -> QuerySet[ReviewLabel]:
        if key == "against":
            return rows.exclude(sentiment=F("review__reading__predicted"))
        return rows.filter(sentiment=F("review__reading__predicted")) if key == "confirmed" else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {"": _("All"), "against": _("Read otherwise"), "confirmed": _("Read the same")}
        return [ListView(key, label, self.in_view(ReviewLabel.objects.all(), key)) for key, label in labels.items()]

    @admin.display(description=gettext_lazy("Review"))
    def review_cell(self, row: ReviewLabel) -> SafeString:
        address = reverse("admin:reviews_review_change", args=[row.pk])
        words = format_html('<a class="zg-link" href="{}">{}</a>', address, cells.words(row.review))
        return shared.two_lines(words, row.review.product.localised("name"))

    @admin.display(description=gettext_lazy("Staff say"), ordering="sentiment")
    def said_cell(self, row: ReviewLabel) -> SafeString:
        return cells.said(row.sentiment)

    @admin.display(description=gettext_lazy("As read"), ordering="review__reading__predicted")
    def read_cell(self, row: ReviewLabel) -> Any:
        reading = getattr(row.review, "reading", None)
        if reading is None:
            return shared.NOTHING
        return shared.two_lines(cells.said(reading.predicted), reading.version_name or _("list of words"))

    @admin.display(description=gettext_lazy("Confidence"), ordering="review__reading__confidence")
    def confidence_cell(self, row: ReviewLabel) -> Any:
        reading = getattr(row.review, "reading", None)
        return shared.NOTHING if reading is None else percent(reading.confidence)

    @admin.display(description=gettext_lazy("By"), ordering="by")
    def by_cell(self, row: ReviewLabel) -> Any:
        return str(row.by) if row.by is not None else shared.NOTHING

    @admin.display(description=gettext_lazy("When"), ordering="labelled_at")
    def at_cell(self, row: ReviewLabel) -> Any:
        return cells.age(row.labelled_at)
