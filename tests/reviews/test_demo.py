"""The demo shop shows what this app is for: a bad batch is told once, bought praise waits, reviews were judged."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from catalog.demo.products import DAY
from catalog.demo.shop import make_shop
from catalog.demo.sizes import SIZES
from core.models import Alert, ShopProfile
from reviews import demo, reading, suspicion
from reviews.models import Review, ReviewReport, ReviewVote
from reviews.trends import work
from tests.factories import CustomerFactory, OrderFactory, ProductFactory, ReviewFactory

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def opened():
    """The newest ten weeks of reviews as they are imported, read by the product's list of words."""
    shop = make_shop(seed=1, size=SIZES["small"], until=UNTIL.date())
    newest = [one for one in shop.reviews if one.created_at > shop.calendar.end - 70 * DAY]
    products = {key: ProductFactory.create(external_id=key) for key in {one.product.id for one in newest}}
    buyers = {order.customer.id for order in shop.orders}
    people = {}
    for one in newest:
        who = one.customer
        if who.id not in people:
            joined = datetime.fromtimestamp(who.created_at, UTC)
            people[who.id] = CustomerFactory.create(external_id=who.id, joined_at=joined)
            if who.id in buyers:
                OrderFactory.create(customer=people[who.id], paid_at=joined)
    Review.objects.bulk_create(
        Review(
            external_id=one.id, product=products[one.product.id], customer=people[one.customer.id], rating=one.rating,
            title=one.title, text=one.text, language=one.language, status=one.status,
            written_at=datetime.fromtimestamp(one.created_at, UTC), is_verified=not one.is_bought,
        )
        for one in newest
    )  # fmt: skip
    reading.read_unread()
    return shop


def test_the_bad_batch_is_told_once_and_the_bought_praise_waits(opened):
    told, now = opened.happenings, datetime.fromtimestamp(opened.calendar.end, UTC)

    suspicion.score_new()
    first = work.count(now=now)
    work.count(now=now + timedelta(hours=6))

    alert = Alert.objects.get(rule="complaints_surge")
    product = Review.objects.get(external_id=told.bad_batch[0]).product
    assert first["surges"] == 1
    assert f"product__id__exact={product.pk}" in alert.link
    suspected = set(Review.objects.suspected().values_list("external_id", flat=True))
    assert suspected >= set(told.bought)
    assert len(suspected - set(told.bought)) <= 2
    assert not suspected & set(told.bad_batch)


def test_others_find_reviews_helpful_and_complain_about_a_few():
    ShopProfile.objects.update_or_create(pk=1, defaults={"is_demo": True})
    CustomerFactory.create_batch(12)
    long = datetime(2026, 10, 1, tzinfo=UTC)
    old = [ReviewFactory.create(text=f"Words {n}", written_at=long, published=True) for n in range(30)]
    blamed = ReviewFactory.create(text="客服几分钟就回复了。", written_at=UNTIL, published=True)

    demo.first()

    old_votes = list(Review.objects.filter(pk__in=[one.pk for one in old]).values_list("helpful_votes", flat=True))
    assert sum(old_votes) == ReviewVote.objects.count()
    assert 0 < np.mean(old_votes) < 3
    report = ReviewReport.objects.get()
    blamed.refresh_from_db()
    assert (report.review, report.reason, blamed.open_reports, blamed.helpful_votes) == (blamed, "off_topic", 1, 0)
    assert not ReviewVote.objects.filter(customer=blamed.customer).filter(review=blamed).exists()

    demo.first()
    assert ReviewReport.objects.count() == 1


def test_a_shop_of_ones_own_begins_without():
    CustomerFactory.create_batch(12)
    ReviewFactory.create(text="客服", published=True)

    demo.first()

    assert not ReviewVote.objects.exists()
