"""Questions about reviews, each with a known number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.db.models.functions import Abs, Greatest
from django.utils import timezone

from core.models import StaffUser
from core.reports.periods import midnight
from reviews.models import (
    Aspect,
    HiddenQuote,
    Polarity,
    ReplyTemplate,
    Review,
    ReviewAspect,
    ReviewPhoto,
    ReviewReport,
    ReviewSummary,
    Sentiment,
    SuspicionScore,
)
from reviews.models.readings import text_read
from reviews.models.suspicion import FAKE
from reviews.services.summaries import FROM, digest_of

STARS = (5, 4, 3, 2, 1)
NEWEST = ("-written_at", "-id")
QUOTES = 3
"""Of each side that a summary shows."""


@dataclass(frozen=True)
class Stars:
    """What the published reviews of a product say in numbers. `of`: how many gave 5, 4, 3, 2 and 1 stars."""

    count: int
    average: float | None
    of: dict[int, int]
    verified: int
    with_photos: int

    @property
    def shares(self) -> list[tuple[int, int, float]]:
        """(stars, reviews, share from 0 to 1), five stars first."""
        return [(stars, self.of[stars], self.of[stars] / self.count if self.count else 0.0) for stars in STARS]


def stars_of(product_id: int) -> Stars:
    """One query; `average` is None without reviews."""
    row: dict[str, Any] = Review.objects.published().filter(product_id=product_id).aggregate(
        count=Count("pk"), average=Avg("rating"), verified=Count("pk", filter=Q(is_verified=True)),
        with_photos=Count("pk", filter=Exists(ReviewPhoto.objects.shown().filter(review=OuterRef("pk")))),
        **{f"of_{stars}": Count("pk", filter=Q(rating=stars)) for stars in STARS},
    )  # fmt: skip
    return Stars(
        count=row["count"],
        average=None if row["average"] is None else round(float(row["average"]), 2),
        of={stars: row[f"of_{stars}"] for stars in STARS},
        verified=row["verified"],
        with_photos=row["with_photos"],
    )


def sentiments_of(product_id: int) -> dict[str, int]:
    """How many published reviews of a product are positive, neutral, negative and mixed; none without readings. One
    query."""
    rows = Review.objects.published().filter(product_id=product_id, reading__isnull=False).order_by()
    counted = dict(rows.values_list("reading__sentiment").annotate(count=Count("pk")))
    return {value: counted[value] for value in Sentiment.values if value in counted}


def shown_reviews(product_id: int) -> QuerySet[Review]:
    """What anybody may read of a product, with photos and the reply that was sent; not yet ordered."""
    return with_details(Review.objects.published().filter(product_id=product_id))


def reviews_by(customer_id: int) -> QuerySet[Review]:
    """Everything a customer wrote, newest first, whatever became of it."""
    return with_details(Review.objects.filter(customer_id=customer_id)).select_related("reading").order_by(*NEWEST)


def with_details(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Two queries for any number of reviews: rows with product and reply, and their photos."""
    photos = Prefetch("photos", ReviewPhoto.objects.order_by("position", "id"))
    return reviews.select_related("product", "reply").prefetch_related(photos)


def queue(*, only_suspected: bool = False) -> QuerySet[Review]:
    """What waits for a member of staff: complaints first, then suspicious ones, then the oldest. Those that are
    suspicious alone begin with the most suspicious."""
    if only_suspected:
        return with_details(Review.objects.suspected()).select_related("customer").order_by("-suspicion__score", "id")
    rows = with_details(Review.objects.waiting()).select_related("customer")
    return rows.order_by("-open_reports", "-is_suspected", "written_at", "id")


def waiting_count() -> int:
    return Review.objects.waiting().count()


def waiting_counts() -> tuple[int, int]:
    """What waits, and what of it is suspicious, in one query."""
    row = Review.objects.waiting().aggregate(every=Count("pk"), suspected=Count("pk", filter=Q(is_suspected=True)))
    return row["every"], row["suspected"]


@dataclass(frozen=True)
class Agreement:
    """What staff said of suspicious reviews in the last `days`."""

    fake: int
    genuine: int
    days: int

    @property
    def decided(self) -> int:
        return self.fake + self.genuine

    @property
    def share(self) -> float | None:
        """Of suspicions that were right: the precision of the queue."""
        return self.fake / self.decided if self.decided else None


def agreement(days: int = 90) -> Agreement:
    """Rejected as not genuine or advertising, against found genuine. Rejected for another reason says neither."""
    since = timezone.now() - timedelta(days=days)
    row = SuspicionScore.objects.filter(flagged_at__isnull=False).aggregate(
        genuine=Count("pk", filter=Q(genuine_at__gte=since)),
        fake=Count(
            "pk",
            filter=Q(
                review__status=Review.Status.REJECTED,
                review__reason__in=FAKE,
                review__decided_at__gte=Greatest(F("flagged_at"), Value(since)),
            ),
        ),
    )
    return Agreement(row["fake"], row["genuine"], days)


def done_today(person: StaffUser) -> int:
    """How many this member of staff decided since the shop's midnight."""
    return Review.objects.filter(decided_by=person, decided_at__gte=midnight(timezone.localdate())).count()


def open_reports_of(review_ids: Iterable[int]) -> dict[int, list[ReviewReport]]:
    """Review → complaints that nobody has looked at, the oldest first. One query."""
    found: dict[int, list[ReviewReport]] = {}
    for report in ReviewReport.objects.filter(review_id__in=list(review_ids), closed_at=None).order_by("id"):
        found.setdefault(report.review_id, []).append(report)
    return found


def photo_counts(review_ids: Iterable[int]) -> dict[int, int]:
    """Review → number of its photos, for those that have any. One query."""
    rows = ReviewPhoto.objects.filter(review_id__in=list(review_ids)).order_by().values("review_id")
    return dict(rows.annotate(count=Count("pk")).values_list("review_id", "count"))


def templates_for(review: Review) -> QuerySet[ReplyTemplate]:
    """Reply templates made for its stars, in its language first, then in another script of it; a review of unknown
    language may have any."""
    found = ReplyTemplate.objects.filter(lowest__lte=review.rating, highest__gte=review.rating)
    if not review.language:
        return found.order_by("-language", "title")
    spoken = review.language.partition("-")[0]
    found = found.filter(Q(language__in=["", spoken]) | Q(language__startswith=f"{spoken}-"))
    is_own = Case(When(language=review.language, then=0), When(language="", then=2), default=1)
    return found.order_by(is_own, "title")


def averages_of(product_ids: Sequence[int]) -> dict[int, tuple[int, float]]:
    """Product → (reviews, average stars) of those that have published ones, in one query: for lists of products."""
    rows = (
        Review.objects.published().filter(product_id__in=product_ids).order_by().values("product_id")
        .annotate(count=Count("pk"), average=Avg("rating")).values_list("product_id", "count", "average")
    )  # fmt: skip
    return {product: (count, round(float(average), 2)) for product, count, average in rows}


def clearest_quotes(product_id: int, aspect_ids: Sequence[int], most: int = 4) -> Sequence[ReviewAspect]:
    """Words of the product's reviews that say most clearly what is good and bad about these aspects: one praise and one
    complaint of each aspect at most, `most` of all, aspects in the order given, the same words once. One query."""
    rows = (
        ReviewAspect.objects.filter(review__product_id=product_id, aspect__in=aspect_ids, is_clearest=True)
        .exclude(quote="").exclude(polarity=Polarity.NEUTRAL).exclude(review__status=Review.Status.REJECTED)
        .annotate(clear=Abs(F("score") - 0.5)).order_by("aspect_id", "polarity", "-clear", "-review_id")
        .distinct("aspect_id", "polarity")
    )  # fmt: skip
    place = {pk: at for at, pk in enumerate(aspect_ids)}
    said: dict[str, ReviewAspect] = {}
    for one in sorted(rows, key=lambda one: place[one.aspect_id]):
        said.setdefault(one.quote, one)
    return list(said.values())[:most]


# --- the summary of a product ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class QuoteShown:
    """A sentence word for word from a published review. `support`: reviews that say so of the aspect."""

    review: Review
    text: str
    digest: str
    aspect: str
    is_praise: bool
    language: str
    support: int


@dataclass(frozen=True)
class AspectShown:
    """Reviews that praise or blame an aspect or neither."""

    key: str
    title: str
    positive: int
    neutral: int
    negative: int


@dataclass(frozen=True)
class Summary:
    """What the reviews of a product come to; `positive` of the `read` ones praise."""

    reviews: int
    read: int
    positive: int
    aspects: list[AspectShown]
    praise: list[QuoteShown]
    complaints: list[QuoteShown]
    made_at: datetime
    version: str

    @property
    def share(self) -> float | None:
        return self.positive / self.read if self.read else None


def summary_of(product_id: int, language: str, *, quotes: int = QUOTES) -> Summary | None:
    """The summary in a language of the shop: quotes in it come first, others fill up. None below eight published
    reviews, or while none was made. Four queries. Words come from the reviews as they are now: what is withdrawn,
    erased or changed is not there."""
    row = ReviewSummary.objects.select_related("model_version").filter(pk=product_id, reviews__gte=FROM).first()
    if row is None or row.made_at is None or not row.aspects:
        return None
    titles = {one.key: one.title for one in Aspect.objects.filter(is_active=True)}
    shown = _quotes(row, titles)
    own = "zh" if language.startswith("zh") else language[:2]
    shown.sort(key=lambda one: one.language != own)
    return Summary(
        reviews=row.reviews,
        read=row.read,
        positive=row.positive,
        aspects=[
            AspectShown(one["aspect"], titles[one["aspect"]], one["positive"], one["neutral"], one["negative"])
            for one in row.aspects
            if one["aspect"] in titles
        ],
        praise=[one for one in shown if one.is_praise][:quotes],
        complaints=[one for one in shown if not one.is_praise][:quotes],
        made_at=row.made_at,
        version=row.model_version.name if row.model_version is not None else "",
    )


def _quotes(row: ReviewSummary, titles: dict[str, str]) -> list[QuoteShown]:
    published = Review.objects.published().filter(product_id=row.pk, is_suspected=False)
    reviews = {one.pk: one for one in published.filter(pk__in=[quote["review"] for quote in row.quotes])}
    hidden = set(HiddenQuote.objects.filter(review__in=reviews).values_list("review_id", "digest"))
    found = []
    for quote in row.quotes:
        review = reviews.get(quote["review"])
        text = text_read(review)[quote["start"] : quote["end"]] if review is not None else ""
        is_there = digest_of(text) == quote["digest"] and (quote["review"], quote["digest"]) not in hidden
        if review is not None and is_there and quote["aspect"] in titles:
            found.append(
                QuoteShown(
                    review, text, quote["digest"], titles[quote["aspect"]], quote["side"] == "praise",
                    quote["language"], quote["support"],
                )
            )  # fmt: skip
    return found
