"""The pages "Topics and trends" and "Unhappy customers"."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from core.choices import Role
from core.models import Alert
from reviews.models import FollowUp, Review, ReviewReading, ReviewTrend, Topic
from reviews.trends import alerts, counting
from tests.factories import (
    CustomerFactory,
    FollowUpFactory,
    OrderFactory,
    ReviewFactory,
    ReviewTopicFactory,
    ReviewTrendFactory,
    StaffUserFactory,
    TopicFactory,
    TopicWeekFactory,
)
from tests.reviews.trends.world import World

pytestmark = pytest.mark.django_db
State = FollowUp.State


@pytest.fixture
def page():
    return reverse("admin:reviews_trends")


def as_role(role):
    client = Client()
    client.force_login(StaffUserFactory.create(role=role, language="en"))
    return client


def text_of(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_an_empty_shop_is_told_what_will_stand_here(page):
    assert "No trends yet" in text_of(as_role(Role.ANALYST).get(page))


def test_what_rises_and_falls_stands_with_its_chance_in_words(page):
    ReviewTrendFactory.create(aspect__title_en="Delivery", product__name="Kettle")
    ReviewTrendFactory.create(
        kind=ReviewTrend.Kind.SENTIMENT, aspect=None, product__name="Teapot", leans=-1, hits=0, p=0.03, adjusted=0.4
    )
    ReviewTrendFactory.create(product__name="Cup", p=0.07, adjusted=1.0)

    text = text_of(as_role(Role.ANALYST).get(page))

    rises, falls = text.split('id="rev-falls"')
    assert "Complaints about Delivery" in rises
    assert "Kettle" in rises
    assert "80% of 10" in rises
    assert "5.0% of 80" in rises
    assert "Very unlikely to be chance" in rises
    assert "Teapot" in falls
    assert "May be chance" in falls
    assert "Cup" not in text


def test_topics_stand_with_words_and_the_reviews_that_stand_for_them(page):
    topic = TopicFactory.create(reviews=3, words=[["parcel", 0.9], ["courier", 0.4], ["late", 0.3], ["box", 0.1]])
    TopicWeekFactory.create_batch(9, topic=topic)
    ReviewTopicFactory.create(topic=topic, exemplar=1, review__text="The parcel came late.")
    ReviewTopicFactory.create(topic=topic, review__text="Not an example.")

    text = text_of(as_role(Role.ANALYST).get(page))

    assert "parcel · courier · late · box" in text
    assert "The parcel came late." in text
    assert "Not an example." not in text
    assert "Most reviews speak of parcel · courier · late" in text


def test_each_language_has_its_topics(page):
    TopicFactory.create(name="Parcels")
    TopicFactory.create(name="快递", language="zh", key="zh1")
    TopicFactory.create(name="Gone", archived_at="2026-01-01T00:00Z", key="en99")

    client = as_role(Role.ANALYST)
    chinese, english = text_of(client.get(page)), text_of(client.get(page, {"language": "en"}))

    assert "快递" in chinese
    assert "Parcels" not in chinese
    assert "Parcels" in english
    assert "Gone" not in english


def test_a_topic_is_renamed_and_the_toast_takes_it_back(page):
    topic = TopicFactory.create()
    client = as_role(Role.ANALYST)

    client.post(page, {"topic": topic.pk, "name": "  Parcel \x00 service "})

    topic.refresh_from_db()
    assert (topic.name, topic.title) == ("Parcel service", "Parcel service")
    client.post(page, {"topic": topic.pk, "name": ""})
    topic.refresh_from_db()
    assert topic.title == "parcel · courier · late"


@pytest.mark.parametrize("key", ["", "x", "99999999", "9" * 40, "²"])
def test_a_topic_that_is_none_is_not_found(page, key):
    assert as_role(Role.ANALYST).post(page, {"topic": key, "name": "X"}).status_code == 404


def test_who_may_not_rename_is_refused_and_sees_no_form(page):
    topic = TopicFactory.create()
    client = as_role(Role.AUDITOR)

    assert "Rename" not in text_of(client.get(page))
    assert client.post(page, {"topic": topic.pk, "name": "X"}).status_code == 403
    assert Topic.objects.get().name == ""


def test_open_alerts_stand_on_top_for_those_they_are_for(page):
    ReviewTrendFactory.create()
    Alert.objects.create(rule=alerts.RULE, key="k", level="warning", text="Eight complain.")

    assert "Eight complain." in text_of(as_role(Role.SUPPORT).get(page))
    assert "Eight complain." not in text_of(as_role(Role.AUDITOR).get(page))


def test_the_page_costs_the_same_for_many(page, django_assert_max_num_queries):
    for at in range(14):
        ReviewTrendFactory.create()
        topic = TopicFactory.create()
        TopicWeekFactory.create_batch(3, topic=topic)
        ReviewTopicFactory.create(topic=topic, exemplar=1, review__rating=at % 5 + 1)
    client = as_role(Role.ANALYST)
    client.get(page)

    with django_assert_max_num_queries(12):
        client.get(page)


def test_every_link_of_a_trend_leads_to_its_reviews():
    client = as_role(Role.OWNER)
    for more in ({}, {"product": None}, {"kind": "sentiment", "aspect": None}):
        url = alerts.reviews_behind(ReviewTrendFactory.create(**more))
        assert client.get(url).status_code == 200, url
    trend = ReviewTrendFactory.create(kind="topic", aspect=None, product=None, topic=TopicFactory.create())
    assert client.get(alerts.reviews_behind(trend)).status_code == 200


def test_a_link_of_a_trend_leads_to_exactly_the_reviews_that_were_counted():
    now = datetime(2026, 3, 18, 9, 0, 0, 250_000, tzinfo=UTC)
    world = World(now)
    for week in range(1, 9):
        world.add(days=7 * week + 3, count=10, negative=0)
    counted = world.add(days=2, count=9, negative=8, about=0)[:8]
    for days in (7.2, -0.2):  # the same calendar days, outside the seven times 24 hours
        world.add(days=days, count=2, negative=2, about=0)
    (rejected,) = world.add(days=2, negative=1, about=0)
    Review.objects.filter(pk=rejected.pk).update(status="rejected", reason="off_topic")
    (unread,) = world.add(days=2, negative=1, about=0)
    ReviewReading.objects.filter(pk=unread.pk).delete()
    trends = [one for one in counting.look(now=now) if one.kind != ReviewTrend.Kind.TOPIC]
    client = as_role(Role.OWNER)

    assert len(trends) == 3
    for trend in trends:
        answer = client.get(alerts.reviews_behind(trend))
        shown = {row.pk for row in answer.context["cl"].result_list}
        assert shown == {one.pk for one in counted}
        assert len(shown) == trend.hits
        assert "counted in the 7 days until" in text_of(answer)
    for wrong in ("yesterday", "2026-03-18T09:00:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"):
        assert client.get(reverse("admin:reviews_review_changelist"), {"counted": wrong}).status_code == 200


# --- unhappy customers ------------------------------------------------------------------------------------------------


def list_of(client, **asked):
    return text_of(client.get(reverse("admin:reviews_followup_changelist"), asked))


def test_the_list_shows_who_is_unhappy_but_not_the_control_group():
    FollowUpFactory.create(review__text="Broke at once.", review__author="Ana")
    FollowUpFactory.create(review__text="Never came.", state=State.HANDLED, note="Sent again.")
    FollowUpFactory.create(review__text="Left alone.", state=State.CONTROL)
    client = as_role(Role.SUPPORT)

    everybody, open_ones = list_of(client), list_of(client, view="open")

    assert "Broke at once." in everybody
    assert "Ana" in everybody
    assert "Sent again." in everybody
    assert "Left alone." not in everybody
    assert "Broke at once." in open_ones
    assert "Never came." not in open_ones


def test_the_list_costs_the_same_for_many(django_assert_max_num_queries):
    for _each in range(12):
        FollowUpFactory.create(order=OrderFactory.create())
    client = as_role(Role.SUPPORT)
    list_of(client)

    with django_assert_max_num_queries(12):
        list_of(client)


def test_staff_write_what_they_did_and_take_it_back():
    row = FollowUpFactory.create()
    client = as_role(Role.SUPPORT)

    client.post(reverse("admin:reviews_followup_settle", args=[row.pk]), {"state": "handled", "note": "Refunded."})

    row.refresh_from_db()
    assert (row.state, row.note, row.handled_by is not None) == (State.HANDLED, "Refunded.", True)
    client.post(reverse("admin:reviews_followup_settle_many"), {"ids": f"{row.pk},x", "state": "open"})
    row.refresh_from_db()
    assert (row.state, row.note) == (State.OPEN, "Refunded.")


def test_a_note_that_is_too_long_is_said_beside_the_form():
    row = FollowUpFactory.create()
    sent = {"state": "handled", "note": "x" * 501}

    text = text_of(as_role(Role.SUPPORT).post(reverse("admin:reviews_followup_settle", args=[row.pk]), sent))

    assert "The note is too long" in text
    row.refresh_from_db()
    assert row.state == State.OPEN


def test_the_page_of_one_leads_to_customer_order_and_the_next():
    customer = CustomerFactory.create(name="Ana Li")
    row = FollowUpFactory.create(review__customer=customer, order=OrderFactory.create(number="A-77", customer=customer))
    other = FollowUpFactory.create()
    address = reverse("admin:reviews_followup_change", args=[row.pk])

    support, editor = text_of(as_role(Role.SUPPORT).get(address)), text_of(as_role(Role.EDITOR).get(address))

    assert "Ana Li" in support
    assert "A-77" in support
    assert reverse("admin:reviews_followup_change", args=[other.pk]) in support
    assert "Ana Li" not in editor
    assert "A-77" not in editor
    assert "Mark as handled" not in editor.split("<main")[-1]


def test_the_control_group_has_no_page():
    row = FollowUpFactory.create(state=State.CONTROL)

    assert as_role(Role.SUPPORT).get(reverse("admin:reviews_followup_change", args=[row.pk])).status_code == 302


def test_many_are_settled_at_once():
    rows = [FollowUpFactory.create(review=ReviewFactory.create(rating=1)) for _each in range(3)]
    chosen = {"action": "needless_chosen", "_selected_action": [row.pk for row in rows[:2]]}

    as_role(Role.SUPPORT).post(reverse("admin:reviews_followup_changelist"), chosen)

    assert list(FollowUp.objects.order_by("pk").values_list("state", flat=True)) == ["needless", "needless", "open"]


@pytest.mark.parametrize(("role", "is_told"), [(Role.OWNER, True), (Role.ANALYST, False)])
def test_who_is_unhappy_leaves_the_house_with_both_rights_only(role, is_told):
    FollowUpFactory.create(review__author="Ana")

    response = as_role(role).post(reverse("admin:reviews_followup_export"), {"format": "csv"})

    text = b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()
    assert ("Ana" in text) is is_told
