"""Filters of the list of reviews."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter

from catalog.admin.fields import language_name, shop_languages
from core.components.words import when
from reviews.models import Aspect, Polarity, Review, ReviewAspect, ReviewPhoto, Sentiment, Topic
from reviews.selectors import STARS

UNKNOWN = "none"


class StarsFilter(DropdownFilter):
    title = _("stars")
    parameter_name = "stars"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        each = [(str(one), ngettext("%(count)d star", "%(count)d stars", one) % {"count": one}) for one in STARS]
        return [*each, ("low", _("1 and 2 stars")), ("high", _("4 and 5 stars"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value()
        if value == "low":
            return queryset.filter(rating__lte=2)
        if value == "high":
            return queryset.filter(rating__gte=4)
        return queryset.filter(rating=int(value)) if value in {str(one) for one in STARS} else queryset


class LanguageFilter(DropdownFilter):
    """Languages of the shop, and reviews of which nobody knows."""

    title = _("language")
    parameter_name = "written_in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*((code, language_name(code)) for code in shop_languages()), (UNKNOWN, _("unknown"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value()
        return queryset.filter(language="" if value == UNKNOWN else value) if value else queryset


class SentimentFilter(DropdownFilter):
    """What counts: as staff say, else as it was read."""

    title = _("sentiment")
    parameter_name = "sentiment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*Sentiment.choices, ("unhappy", _("negative or mixed")), ("corrected", _("corrected by staff"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value()
        if value == "unhappy":
            return queryset.filter(reading__sentiment__in=[Sentiment.NEGATIVE, Sentiment.MIXED])
        if value == "corrected":
            return queryset.exclude(reading__corrected="").filter(reading__isnull=False)
        return queryset.filter(reading__sentiment=value) if value in Sentiment.values else queryset


class YesNoFilter(DropdownFilter):
    """Two answers about each review."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("yes")), ("no", _("no"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value()
        return self.those(queryset, value == "yes") if value in ("yes", "no") else queryset

    def those(self, reviews: QuerySet[Review], is_yes: bool) -> QuerySet[Review]:
        raise NotImplementedError


class VerifiedFilter(YesNoFilter):
    title = _("verified purchase")
    parameter_name = "verified"

    def those(self, reviews: QuerySet[Review], is_yes: bool) -> QuerySet[Review]:
        return reviews.filter(is_verified=is_yes)


class PhotosFilter(YesNoFilter):
    title = _("with photos")
    parameter_name = "photos"

    def those(self, reviews: QuerySet[Review], is_yes: bool) -> QuerySet[Review]:
        has_photos = Exists(ReviewPhoto.objects.filter(review=OuterRef("pk")))
        return reviews.filter(has_photos if is_yes else ~has_photos)


class ReplyFilter(YesNoFilter):
    title = _("answered")
    parameter_name = "answered"

    def those(self, reviews: QuerySet[Review], is_yes: bool) -> QuerySet[Review]:
        return reviews.filter(reply__sent_at__isnull=not is_yes)


class TopicFilter(DropdownFilter):
    """Reviews about one topic that a model found."""

    title = _("topic")
    parameter_name = "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(topic.pk), topic.title) for topic in Topic.objects.filter(archived_at=None)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value() or ""
        return queryset.filter(topic__topic=int(value)) if value.isdecimal() and len(value) < 19 else queryset


class ComplaintFilter(DropdownFilter):
    """Reviews that complain about one aspect."""

    title = _("complains about")
    parameter_name = "complains"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(aspect.pk), aspect.title) for aspect in Aspect.objects.filter(is_active=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value() or ""
        if not value.isdecimal() or len(value) > 18:
            return queryset
        said = ReviewAspect.objects.filter(aspect=int(value), polarity=Polarity.NEGATIVE, is_clearest=True)
        return queryset.filter(pk__in=said.values("review"))


class CountedFilter(DropdownFilter):
    """What trends count of the seven days before a moment: read, not rejected, to the second. Where links of trends
    and alerts lead; offered nowhere else."""

    title = _("counted in the 7 days until")
    parameter_name = "counted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        until = self._until()
        return [(str(self.value()), when(until))] if until is not None else []

    def has_output(self) -> bool:
        return self._until() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        until = self._until()
        return queryset if until is None else queryset.counted(until)  # type: ignore[attr-defined]

    def _until(self) -> datetime | None:
        try:
            until = datetime.fromisoformat(self.value() or "")
        except ValueError:
            return None
        # The first and the last days of the calendar are no moment everywhere.
        return until if until.tzinfo is not None and 1000 < until.year < 9000 else None


class ProductFilter(AutocompleteSelectFilter):
    """Reviews of one product, found by typing."""
