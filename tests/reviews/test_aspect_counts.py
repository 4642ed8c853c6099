"""Praise and complaints are counted exactly: by aspect, product, category, brand, language and week."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from core.reports import Period
from reviews import aspect_counts
from reviews.aspect_counts import Asked, Opinions, Said
from reviews.models import Aspect, Polarity, Review
from tests.factories import (
    AspectFactory,
    BrandFactory,
    CategoryFactory,
    ProductFactory,
    ReviewAspectFactory,
    ReviewFactory,
)

pytestmark = pytest.mark.django_db

PERIOD = Period("between", date(2026, 3, 2), date(2026, 3, 29), "previous")
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def quality():
    return Aspect.objects.get(key="quality")


@pytest.fixture
def delivery():
    return Aspect.objects.get(key="delivery")


def plant(aspect, polarity, many, *, at=NOON, **review):
    review.setdefault("product", None)
    product = review.pop("product") or ProductFactory.create()
    for _one in range(many):
        made = ReviewFactory.create(product=product, written_at=at, **review)
        ReviewAspectFactory.create(review=made, aspect=aspect, polarity=polarity)


def test_praise_and_complaints_of_the_days_stand_beside_those_before(quality, delivery):
    plant(quality, Polarity.POSITIVE, 5)
    plant(quality, Polarity.NEUTRAL, 1)
    plant(delivery, Polarity.NEGATIVE, 4)
    plant(delivery, Polarity.NEGATIVE, 2, at=NOON - timedelta(days=28))
    plant(delivery, Polarity.NEGATIVE, 9, at=NOON - timedelta(days=56))

    found = aspect_counts.count(Asked(PERIOD)).groups

    assert found == [
        Said(delivery.pk, Opinions(negative=4), Opinions(negative=2)),
        Said(quality.pk, Opinions(positive=5, neutral=1), Opinions()),
    ]


def test_rejected_reviews_aspects_that_are_off_and_second_mentions_do_not_count(quality):
    plant(quality, Polarity.POSITIVE, 1)
    plant(quality, Polarity.NEGATIVE, 1, status=Review.Status.REJECTED, reason="abusive")
    plant(AspectFactory.create(is_active=False), Polarity.NEGATIVE, 1)
    ReviewAspectFactory.create(
        review=Review.objects.earliest("pk"), aspect=quality, polarity=Polarity.NEGATIVE, is_clearest=False
    )

    assert aspect_counts.count(Asked(PERIOD)).groups == [Said(quality.pk, Opinions(positive=1), Opinions())]


def test_groups_are_products_branches_brands_and_languages(quality):
    drinks, toys = CategoryFactory.create(), CategoryFactory.create()
    tea = CategoryFactory.create(parent=drinks)
    brand = BrandFactory.create()
    green = ProductFactory.create(category=tea, brand=brand)
    milk = ProductFactory.create(category=drinks, brand=None)
    car = ProductFactory.create(category=toys, brand=None)
    plant(quality, Polarity.NEGATIVE, 3, product=green, language="zh")
    plant(quality, Polarity.NEGATIVE, 2, product=milk)
    plant(quality, Polarity.POSITIVE, 1, product=car)
    period = Period("between", PERIOD.first, PERIOD.last)

    def counted(by, **narrow):
        return {
            one.key: (one.now.positive, one.now.negative)
            for one in aspect_counts.count(Asked(period, **narrow), by).groups
        }

    assert counted("products") == {green.pk: (0, 3), milk.pk: (0, 2), car.pk: (1, 0)}
    assert counted("categories") == {drinks.path: (0, 5), toys.path: (1, 0)}
    assert counted("categories", category=drinks) == {tea.path: (0, 3), drinks.path: (0, 2)}
    assert counted("brands") == {brand.pk: (0, 3), "": (1, 2)}
    assert counted("languages") == {"zh": (0, 3), "en": (1, 2)}
    assert counted("products", brand=brand) == {green.pk: (0, 3)}
    assert counted("products", language="en") == {milk.pk: (0, 2), car.pk: (1, 0)}
    assert counted("products", text=car.name) == {car.pk: (1, 0)}
    assert counted("aspects", product=milk) == {quality.pk: (0, 2)}


def test_weeks_begin_on_the_shops_monday_and_none_is_left_out(quality):
    plant(quality, Polarity.POSITIVE, 2, at=datetime(2026, 3, 8, 15, 59, tzinfo=UTC))  # Sunday night in Shanghai
    plant(quality, Polarity.NEGATIVE, 1, at=datetime(2026, 3, 22, 16, tzinfo=UTC))  # Monday

    with timezone.override("Asia/Shanghai"):
        found = aspect_counts.count(Asked(PERIOD)).weeks

    assert found == [
        (date(2026, 3, 2), Opinions(positive=2)),
        (date(2026, 3, 9), Opinions()),
        (date(2026, 3, 16), Opinions()),
        (date(2026, 3, 23), Opinions(negative=1)),
    ]


def test_the_reviews_behind_a_number_are_those_that_were_counted(quality, delivery):
    plant(quality, Polarity.POSITIVE, 2)
    plant(delivery, Polarity.NEGATIVE, 3)
    plant(delivery, Polarity.NEGATIVE, 3, at=NOON - timedelta(days=28))

    asked = Asked(PERIOD, aspect=delivery)

    assert aspect_counts.behind(asked, Polarity.NEGATIVE).count() == 3
    assert aspect_counts.behind(asked, Polarity.POSITIVE).count() == 0
    assert aspect_counts.behind(Asked(PERIOD)).count() == 5


@pytest.mark.parametrize(
    ("now", "before", "change", "is_clear"),
    [
        (Opinions(80, 0, 20), Opinions(90, 0, 10), 0.1, True),
        (Opinions(88, 0, 12), Opinions(90, 0, 10), 0.02, False),
        (Opinions(10, 0, 19), Opinions(90, 0, 10), None, False),
        (Opinions(0, 0, 40), Opinions(0, 0, 40), 0.0, False),
        (Opinions(40, 0, 40), None, None, False),
    ],
)
def test_a_change_is_told_from_thirty_reviews_on_and_coloured_when_it_is_more_than_chance(
    now, before, change, is_clear
):
    said = Said(1, now, before)

    assert said.change == (None if change is None else pytest.approx(change))
    assert said.is_clear is is_clear


def test_presets_end_with_the_last_review_of_a_shop_whose_history_ended_long_ago():
    ReviewFactory.create(written_at=datetime(2020, 5, 1, 4, tzinfo=UTC))

    clock = aspect_counts.clock()

    assert (clock.today, clock.first, clock.is_history) == (date(2020, 5, 1), date(2020, 5, 1), True)
