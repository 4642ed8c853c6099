"""What is shown of reviews, and what waits."""

from datetime import UTC, datetime

import pytest

from reviews import selectors
from reviews.models import Review
from tests.factories import (
    AspectFactory,
    CustomerFactory,
    ProductFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewPhotoFactory,
    ReviewReplyFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_the_stars_of_a_product_count_published_reviews_once_each(django_assert_num_queries):
    product = ProductFactory.create()
    for rating, is_verified in ((5, True), (5, False), (2, True)):
        ReviewFactory.create(product=product, rating=rating, is_verified=is_verified, published=True)
    ReviewPhotoFactory.create_batch(3, review=Review.objects.filter(rating=2).get())
    ReviewFactory.create(product=product, rating=1)
    ReviewFactory.create(rating=1, published=True)

    with django_assert_num_queries(1):
        stars = selectors.stars_of(product.pk)

    assert (stars.count, stars.average, stars.verified, stars.with_photos) == (3, 4.0, 2, 1)
    assert stars.of == {5: 2, 4: 0, 3: 0, 2: 1, 1: 0}
    assert stars.shares[0] == (5, 2, 2 / 3)


def test_a_product_without_reviews_has_no_average():
    stars = selectors.stars_of(ProductFactory.create().pk)

    assert (stars.count, stars.average, stars.shares[0]) == (0, None, (5, 0, 0.0))


def test_many_reviews_cost_two_queries(django_assert_num_queries):
    product = ProductFactory.create()
    for review in ReviewFactory.create_batch(5, product=product, published=True):
        ReviewPhotoFactory.create(review=review)
        ReviewReplyFactory.create(review=review)

    with django_assert_num_queries(2):
        rows = [
            (len(one.photos.all()), one.reply.text, str(one.product)) for one in selectors.shown_reviews(product.pk)
        ]

    assert rows == [(1, "Thank you.", str(product))] * 5


def test_what_others_complained_about_waits_before_the_oldest():
    day = [datetime(2026, 1, n, tzinfo=UTC) for n in range(1, 5)]
    newer, older = ReviewFactory.create(written_at=day[1]), ReviewFactory.create(written_at=day[0])
    complained = ReviewFactory.create(written_at=day[2], published=True, open_reports=1)
    ReviewFactory.create(written_at=day[3], published=True)

    assert list(selectors.queue()) == [complained, older, newer]
    assert selectors.waiting_count() == 3


def test_a_customer_sees_all_their_reviews_whatever_became_of_them():
    customer = CustomerFactory.create()
    pending = ReviewFactory.create(customer=customer, written_at=datetime(2026, 1, 1, tzinfo=UTC))
    rejected = ReviewFactory.create(
        customer=customer, status="rejected", reason="abusive", written_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    ReviewFactory.create()

    assert list(selectors.reviews_by(customer.pk)) == [rejected, pending]


def test_averages_of_a_list_of_products_in_one_query(django_assert_num_queries):
    one, two, none = ProductFactory.create_batch(3)
    for rating in (5, 4):
        ReviewFactory.create(product=one, rating=rating, published=True)
    ReviewFactory.create(product=two, rating=1, published=True)
    ReviewFactory.create(product=none)

    with django_assert_num_queries(1):
        found = selectors.averages_of([one.pk, two.pk, none.pk])

    assert found == {one.pk: (2, 4.5), two.pk: (1, 1.0)}


def test_words_that_speak_of_two_aspects_are_quoted_once():
    product = ProductFactory.create()
    first, second = (AspectFactory.create(key=key) for key in ("parcel", "waiting"))
    for aspect, quote in ((first, "Two weeks late"), (second, "Two weeks late"), (second, "Here at once")):
        ReviewAspectFactory.create(
            review=ReviewFactory.create(product=product), aspect=aspect, quote=quote, is_clearest=True,
            polarity="positive" if quote == "Here at once" else "negative",
        )  # fmt: skip

    quotes = selectors.clearest_quotes(product.pk, [first.pk, second.pk])

    assert [(one.aspect, one.quote) for one in quotes] == [(first, "Two weeks late"), (second, "Here at once")]
