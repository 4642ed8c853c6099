"""Reviews come and go: by their customers."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.languages import plain_language
from catalog.models import Customer, OrderLine, Product
from catalog.services import record_rating, remove_rating
from reviews.exceptions import AlreadyReviewed
from reviews.ml.text import without_markup
from reviews.models import Review
from reviews.models.reviews import AUTHOR_LENGTH, TEXT_LENGTH, TITLE_LENGTH
from reviews.services.photos import forget_files
from reviews.services.summaries import note_changed
from reviews.signals import announce, review_submitted


@dataclass(frozen=True)
class NewReview:
    """What a customer says. Stars alone are a review; a title or text without stars is not."""

    rating: int
    title: str = ""
    text: str = ""
    author: str = ""
    language: str = ""


def submit_review(*, customer: Customer, product: Product, content: NewReview) -> Review:
    """Store a review; it waits for a member of staff. Raises AlreadyReviewed for a second one of the same product.

    The stars count as an act of the customer at once, whether or not others will read the words.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            review = Review.objects.create(
                product=product, customer=customer, rating=content.rating, title=_kept(content.title, TITLE_LENGTH),
                text=_kept(content.text, TEXT_LENGTH), author=_kept(content.author, AUTHOR_LENGTH),
                language=plain_language(content.language),
                is_verified=has_bought(customer, product, by=now), written_at=now,
            )  # fmt: skip
            rate(review)
            announce(review_submitted, review_id=review.pk)
    except IntegrityError as error:
        if "review_once_per_customer" not in str(error):
            raise
        raise AlreadyReviewed(_("You have already written a review of this product.")) from error
    return review


def _kept(text: str, most: int) -> str:
    return without_markup(text.strip())[:most]


@transaction.atomic
def remove_review(review: Review) -> None:
    """Its customer takes it back: it is gone with its photos, votes and the reply, and its stars do not count."""
    unrate(review)
    forget_files(review)
    if review.status == Review.Status.PUBLISHED:
        note_changed([review.pk])
    review.delete()


def has_bought(customer: Customer, product: Product, *, by: datetime) -> bool:
    """Whether the customer had paid for this product by then."""
    return OrderLine.objects.filter(product=product, order__customer=customer, order__paid_at__lte=by).exists()


def rate(review: Review) -> None:
    """The stars become an act of the customer. Safe to repeat."""
    if review.customer_id is not None:
        record_rating(
            key=review.act_key, product_id=review.product_id, customer_id=review.customer_id,
            stars=review.rating, at=review.written_at,
        )  # fmt: skip


def unrate(review: Review) -> None:
    remove_rating(key=review.act_key, at=review.written_at)
