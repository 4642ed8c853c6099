"""Votes and complaints of other people, each counted once."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from catalog.models import Customer
from reviews.exceptions import BadInput, OwnReview
from reviews.ml.text import without_markup
from reviews.models import Review, ReviewReport, ReviewVote


@dataclass(frozen=True)
class Voice:
    """Who speaks: a customer or, of somebody unknown, a browser by its visitor id."""

    customer: Customer | None = None
    visitor: str = ""

    @property
    def row(self) -> dict[str, Any]:
        if self.customer is not None:
            return {"customer": self.customer, "browser": ""}
        if not self.visitor:
            raise BadInput(_("Say who asks: a customer token or a visitor."), extra={"field": "visitor"})
        return {"customer": None, "browser": browser_of(self.visitor)}


def browser_of(visitor: str) -> str:
    return salted_hmac("reviews.browser", visitor, algorithm="sha256").hexdigest()[:32]


@transaction.atomic
def vote_helpful(review: Review, voice: Voice) -> int:
    """Count somebody once. Returns the votes. Raises OwnReview."""
    row = voice.row
    _refuse_own(review, voice)
    _vote, is_new = ReviewVote.objects.get_or_create(review=review, **row)
    return _counted(review, int(is_new))


@transaction.atomic
def take_vote_back(review: Review, voice: Voice) -> int:
    """Returns the votes that are left."""
    gone, _rows = ReviewVote.objects.filter(review=review, **voice.row).delete()
    return _counted(review, -gone)


@transaction.atomic
def report_review(review: Review, voice: Voice, *, reason: str, note: str = "") -> bool:
    """A complaint, which staff look at. A second one of the same person changes nothing. Whether it is new."""
    row = voice.row
    _refuse_own(review, voice)
    _report, is_new = ReviewReport.objects.get_or_create(
        review=review, **row, defaults={"reason": reason, "note": without_markup(note.strip())[:500]}
    )
    if is_new:
        Review.objects.filter(pk=review.pk).update(open_reports=F("open_reports") + 1)
    return is_new


def _refuse_own(review: Review, voice: Voice) -> None:
    if voice.customer is not None and voice.customer.pk == review.customer_id:
        raise OwnReview(_("This is your own review."))


def _counted(review: Review, change: int) -> int:
    if change:
        Review.objects.filter(pk=review.pk).update(helpful_votes=F("helpful_votes") + change)
    votes: int = Review.objects.values_list("helpful_votes", flat=True).get(pk=review.pk)
    return votes


def recount(reviews: QuerySet[Review]) -> None:
    """Votes and open complaints as their rows say."""

    def counted(rows: QuerySet[ReviewVote] | QuerySet[ReviewReport]) -> Coalesce:
        number = rows.filter(review=OuterRef("pk")).order_by().values("review").annotate(n=Count("*")).values("n")
        return Coalesce(Subquery(number), 0)

    reviews.update(
        helpful_votes=counted(ReviewVote.objects.all()),
        open_reports=counted(ReviewReport.objects.filter(closed_at=None)),
    )
