"""A week against the eight weeks before, in tables: what is counted, what is kept, who is alarmed."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from scipy import stats

from core.choices import Role
from core.models import Alert, AlertRule, OutgoingMail
from reviews.models import Review, ReviewTopic, ReviewTrend, TopicWeek
from reviews.trends import alerts, counting, work
from tests.factories import ReviewTopicFactory, StaffUserFactory, TopicFactory
from tests.reviews.trends.world import World

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)
Kind = ReviewTrend.Kind


def surge(world, *, days=2.0, count=9, negative=8):
    """Eight quiet weeks of ten reviews with half a complaint each, then a bad one."""
    for week in range(1, 9):
        world.add(days=7 * week + 3, count=10, negative=week % 2, about=0)
    world.add(days=days, count=count, negative=negative, about=0)


def test_each_question_is_counted_in_its_windows():
    world = World(NOW)
    surge(world)

    found = {trend.key: trend for trend in counting.look(now=NOW)}

    product, aspect = world.products[0].pk, world.aspects[0].pk
    assert set(found) == {
        f"aspect:product={product}:aspect={aspect}",
        f"aspect:aspect={aspect}",
        f"sentiment:product={product}",
    }
    told = found[f"aspect:product={product}:aspect={aspect}"]
    assert (told.hits, told.reviews, told.hits_before, told.reviews_before) == (8, 9, 4, 80)
    assert told.leans == 1
    assert told.p == pytest.approx(2 * stats.hypergeom.sf(7, 89, 12, 9), rel=1e-4)
    assert told.p < told.adjusted == pytest.approx(3 * told.p)
    assert ReviewTrend.objects.count() == 3


def test_windows_end_with_the_moment_of_the_look():
    world = World(NOW)
    world.add(days=0, count=1, negative=1, about=0)
    world.add(days=6.99, count=1)
    world.add(days=7, count=1, negative=1, about=0)
    world.add(days=62.99, count=1)
    world.add(days=63.01, count=1)
    world.add(days=-0.01, count=1)

    of_product, of_shop, sentiment, topics = counting.every_series(NOW)

    assert of_product.hits.tolist() == of_shop.hits.tolist() == sentiment.hits.tolist() == [[1, 1, 0, 0, 0, 0, 0, 0, 0]]
    assert sentiment.reviews.tolist() == [[2, 1, 0, 0, 0, 0, 0, 0, 1]]
    assert topics.keys == []


def test_rejected_and_unread_reviews_do_not_count():
    world = World(NOW)
    world.add(days=1, count=3, negative=3, about=0)
    Review.objects.update(status=Review.Status.REJECTED, reason=Review.Reason.OTHER)
    Review.objects.create(product=world.products[0], rating=1, written_at=NOW - timedelta(days=1))

    assert [series.keys for series in counting.every_series(NOW)] == [[], [], [], []]
    assert counting.look(now=NOW) == []


def test_counting_costs_four_queries_whatever_there_is(django_assert_num_queries):
    world = World(NOW, products=4, aspects=3)
    world.noise(seed=1, days=range(30))

    with django_assert_num_queries(4):
        counting.every_series(NOW)


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_it_is_counted_is_in_all_series_or_in_none(monkeypatch):
    world = World(NOW)
    world.add(days=1, count=2, negative=1, about=0)
    asked = counting._asked

    def elsewhere():
        world.add(days=1, count=3, negative=3, about=0)
        connection.close()

    def and_then(statement, values):
        found = asked(statement, values)
        if statement == counting.OF_PRODUCTS:
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
        return found

    monkeypatch.setattr(counting, "_asked", and_then)

    of_product, of_shop, sentiment, _topics = counting.every_series(NOW)

    for series in (of_product, of_shop, sentiment):
        assert (series.hits[0, 0], series.reviews[0, 0]) == (1, 2)
    assert Review.objects.count() == 5


def test_a_second_look_leaves_the_same_rows():
    surge(World(NOW))

    first = {row.key: row.p for row in counting.look(now=NOW)}
    second = {row.key: row.p for row in counting.look(now=NOW)}

    assert first == second
    assert ReviewTrend.objects.count() == len(first)


def test_weeks_of_topics_are_those_of_the_shops_calendar():
    world = World(NOW)
    topic, other = TopicFactory.create(), TopicFactory.create(language="zh", key="zh1")
    # Sunday 18:00 in UTC is Monday in Shanghai.
    rows = world.add(days=2 + 15 / 24, count=2, negative=1)
    world.add(days=9, count=3)
    ReviewTopicFactory.create(review=rows[0], topic=topic)

    assert counting.count_weeks(now=NOW) == counting.count_weeks(now=NOW) == 2

    weeks = list(TopicWeek.objects.values_list("topic", "week", "reviews", "negative", "of"))
    assert weeks == [
        (topic.pk, date(2026, 3, 9), 0, 0, 3),
        (topic.pk, date(2026, 3, 16), 1, 1, 2),
    ]
    topic.refresh_from_db()
    other.refresh_from_db()
    assert (topic.reviews, other.reviews) == (1, 0)


def test_a_topic_that_is_talked_about_more_is_told():
    world = World(NOW)
    topic = TopicFactory.create()
    for week in range(1, 9):
        world.add(days=7 * week + 3, count=12)
    new = world.add(days=1, count=12)
    ReviewTopic.objects.bulk_create(ReviewTopic(review=row, topic=topic, near=0.5) for row in new[:9])

    (told,) = counting.look(now=NOW)

    assert (told.kind, told.topic, told.hits, told.reviews, told.hits_before, told.reviews_before) == (
        Kind.TOPIC, topic, 9, 12, 0, 96,
    )  # fmt: skip
    assert alerts.tell([told], now=NOW) == 0


# --- alerts -----------------------------------------------------------------------------------------------------------


def of_product(world):
    return f"aspect:product={world.products[0].pk}:aspect={world.aspects[0].pk}"


def test_a_surge_alerts_once_with_its_reviews_and_by_mail():
    StaffUserFactory.create(role=Role.SUPPORT, email="li@example.com")
    world = World(NOW)
    surge(world)

    work.count(now=NOW)
    work.count(now=NOW + timedelta(hours=1))

    alert = Alert.objects.get()
    assert alert.key == of_product(world)
    assert (alert.count, alert.resolved_at) == (2, None)
    assert "8 of 9 reviews of the last 7 days complain, 4 of 80" in str(alert.said)
    assert f"complains={world.aspects[0].pk}" in alert.link
    assert f"product__id__exact={world.products[0].pk}" in alert.link
    assert "written_at_from=2026-03-11" in alert.link
    assert OutgoingMail.objects.count() == 1


def test_an_alert_is_over_when_the_complaints_are():
    world = World(NOW)
    surge(world)
    work.count(now=NOW)

    work.count(now=NOW + timedelta(days=6))

    assert Alert.objects.filter(rule=alerts.RULE).exists()
    assert not Alert.objects.open().filter(rule=alerts.RULE).exists()


@pytest.mark.parametrize(("days_ago", "comes_back"), [(6.9, False), (7.1, True)])
def test_an_alert_does_not_come_back_within_seven_days(days_ago, comes_back):
    world = World(NOW)
    surge(world)
    work.count(now=NOW)
    Alert.objects.update(created_at=NOW - timedelta(days=days_ago), resolved_at=NOW - timedelta(days=5))

    work.count(now=NOW)

    assert Alert.objects.open().filter(key=of_product(world)).exists() is comes_back


def test_many_products_with_the_same_trouble_are_one_alert_of_the_shop():
    world = World(NOW, products=12)
    for product in range(12):
        for week in range(1, 9):
            world.add(product, days=7 * week + 3, count=4, negative=0)
        world.add(product, days=2, count=3, negative=1, about=0)

    work.count(now=NOW)

    assert Alert.objects.get().key == f"aspect:aspect={world.aspects[0].pk}"


@pytest.mark.parametrize("negative", [3, 4])
def test_fewer_than_five_complaints_are_no_alert(negative):
    surge(World(NOW), count=negative, negative=negative)

    work.count(now=NOW)

    assert ReviewTrend.objects.filter(p__lt=0.01).exists()
    assert not Alert.objects.exists()


def test_as_many_complaints_among_many_more_reviews_are_no_alert():
    surge(World(NOW), count=150, negative=8)

    work.count(now=NOW)

    assert not Alert.objects.exists()


def test_a_rule_that_is_off_stays_silent():
    AlertRule.objects.update_or_create(key=alerts.RULE, defaults={"is_on": False, "threshold": 5, "roles": []})
    surge(World(NOW))

    work.count(now=NOW)

    assert not Alert.objects.exists()


def test_eight_weeks_of_noise_are_silent_and_a_planted_surge_is_told_once():
    world = World(NOW, products=12, aspects=3)
    world.noise(seed=5, days=range(7 * 17))

    for week in range(8, -1, -2):
        work.count(now=NOW - timedelta(weeks=week))
    assert not Alert.objects.exists()

    world.add(4, days=-1, count=10, negative=9, about=1)
    for day in (1, 2, 3):
        work.count(now=NOW + timedelta(days=day, hours=1))

    product, aspect = world.products[4].pk, world.aspects[1].pk
    told = Alert.objects.filter(key=f"aspect:product={product}:aspect={aspect}")
    assert [(alert.count, alert.resolved_at) for alert in told] == [(3, None)]
    assert not Alert.objects.exclude(key__contains=f"product={product}").exclude(key=f"aspect:aspect={aspect}").exists()
