"""Makes the summaries of products whose reviews changed, from what the readings say."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from core.jobs import progress
from reviews.languages import guess_language
from reviews.ml import summary
from reviews.ml.summary import Quote, Sentence
from reviews.ml.text import Span
from reviews.models import (
    HiddenQuote,
    Polarity,
    Review,
    ReviewAspect,
    ReviewReading,
    ReviewSummary,
    Sentiment,
)
from reviews.models.readings import text_read
from reviews.services.summaries import FROM, digest_of

PRAISE, COMPLAINT = "praise", "complaint"
NEWEST = 2_000
"""Reviews of a product that are looked through for sentences; counts have all of them."""


def make_all() -> dict[str, int]:
    """Every summary whose reviews changed, the longest waiting first. Safe to run at any time and to end at any
    line."""
    made = 0
    waiting = ReviewSummary.objects.filter(changed_at__isnull=False).order_by("changed_at", "pk")
    while products := list(waiting.values_list("pk", flat=True)[:100]):
        for product in products:
            make(product)
        made += len(products)
        progress(made)
    return {"summaries": made}


@transaction.atomic
def make(product_id: int) -> ReviewSummary | None:
    """The summary of one product as its published reviews are now; without quotes below eight. None when the product
    is gone or nothing has changed."""
    row = ReviewSummary.objects.select_for_update().filter(pk=product_id, changed_at__isnull=False).first()
    if row is None:
        return None
    published = Review.objects.published().filter(product_id=product_id)
    row.reviews = published.count()
    row.aspects, row.quotes, row.read, row.positive = [], [], 0, 0
    if row.reviews >= FROM:
        counts = ReviewReading.objects.filter(review__in=published).aggregate(
            read=Count("pk"), positive=Count("pk", filter=Q(sentiment=Sentiment.POSITIVE))
        )
        row.read, row.positive = counts["read"], counts["positive"]
        row.aspects = _aspects(product_id)
        row.quotes = _quotes(published)
        newest = ReviewReading.objects.filter(review__in=published).order_by("-read_at", "-pk").first()
        row.model_version_id = newest.model_version_id if newest else None
    row.made_at, row.changed_at = timezone.now(), None
    row.save()
    return row


def _aspects(product_id: int) -> list[dict[str, Any]]:
    """Reviews for and against each aspect; each counts once, with its clearest mention. Most spoken of first."""
    sides: dict[str, Any] = {side: Count("pk", filter=Q(polarity=side)) for side in Polarity.values}
    rows: Any = (
        ReviewAspect.objects.filter(
            is_clearest=True, review__product_id=product_id, review__status=Review.Status.PUBLISHED,
            aspect__is_active=True,
        )
        .order_by().values(key=F("aspect__key")).annotate(every=Count("pk"), **sides).order_by("-every", "key")
    )  # fmt: skip
    return [{"aspect": one["key"], **{side: one[side] for side in ("positive", "neutral", "negative")}} for one in rows]


def _quotes(published: Any) -> list[dict[str, Any]]:
    """Both sides of each language, in the order in which they are shown."""
    reviews = {one.pk: one for one in published.filter(is_suspected=False).order_by("-written_at", "-pk")[:NEWEST]}
    hidden = set(HiddenQuote.objects.filter(review__in=reviews).values_list("review_id", "digest"))
    groups: dict[tuple[str, str], list[Sentence]] = defaultdict(list)
    for one in _candidates(reviews):
        if (one.review, digest_of(one.text)) not in hidden:
            groups[_language(reviews[one.review]), PRAISE if one.is_praise else COMPLAINT].append(one)
    return [
        _row(quote, side, language)
        for (language, side), candidates in sorted(groups.items())
        for quote in summary.choose(candidates)
    ]


def _language(review: Review) -> str:
    """`zh` or `en`, as sentences that are compared have to be of one language."""
    said = review.language or guess_language(text_read(review))
    return "zh" if said.startswith("zh") else said[:2] or "en"


def _candidates(reviews: dict[int, Review]) -> Iterable[Sentence]:
    """Sentences that speak of exactly one side of aspects; of several aspects the clearest counts."""
    mentions: dict[int, list[ReviewAspect]] = defaultdict(list)
    rows = ReviewAspect.objects.filter(review__in=reviews, aspect__is_active=True, start__isnull=False)
    for row in rows.exclude(polarity=Polarity.NEUTRAL).select_related("aspect").order_by("pk"):
        mentions[row.review_id].append(row)
    for pk, said in mentions.items():
        review = reviews[pk]
        text = text_read(review)
        for span in summary.sentences(text):
            inside = [one for one in said if span.start <= (one.start or 0) < span.end]
            if len({one.polarity for one in inside}) != 1:
                continue
            clearest = max(inside, key=lambda one: abs(one.score - 0.5))
            yield Sentence(
                review=pk,
                span=span,
                text=text[span.start : span.end],
                aspect=clearest.aspect.key,
                is_praise=clearest.polarity == Polarity.POSITIVE,
                is_verified=review.is_verified,
                helpful=review.helpful_votes,
            )


def _row(quote: Quote, side: str, language: str) -> dict[str, Any]:
    one: Span = quote.sentence.span
    return {
        "review": quote.sentence.review, "start": one.start, "end": one.end, "digest": digest_of(quote.sentence.text),
        "side": side, "aspect": quote.sentence.aspect, "language": language, "support": quote.support,
    }  # fmt: skip
