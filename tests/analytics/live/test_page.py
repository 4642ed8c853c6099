"""The live page: what it says of a busy, a quiet, a late and an unwatched shop; cheap for many who watch."""

import gzip
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.live import counting, gauges, loop
from core.choices import Role
from tests.factories import LiveSnapshotFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_told(monkeypatch):
    monkeypatch.setattr(loop, "watch", lambda: None)


def part(client, **headers):
    return client.get(reverse("admin:analytics_live"), {"part": "figures"}, **headers)


def test_before_the_first_count_it_says_what_to_wait_for(client):
    assert "Counting begins" in part(client).text


def test_a_busy_shop_in_figures(client):
    mug = ProductFactory.create(name="Mug", name_translations={"zh-hans": "马克杯"})
    LiveSnapshotFactory.create(
        minutes={-1: {"view": 12, "cart": 3}, -2: {"view": 5}}, active_soon=9, active=40, carted=4, bought=2,
        products=[{"key": mug.pk, "now": 9, "before": 2, "score": 1.9}],
        searches=[{"key": "red mug", "now": 5, "before": 0, "score": 1.8}], empty_searches=["red mug"],
    )  # fmt: skip

    english = part(client).text
    client.cookies["django_language"] = "zh-hans"
    chinese = part(client).text

    assert "20 events in the last hour" in english
    assert "2 of 40 people" in english
    assert ': 15 events"></i>' in english
    assert "5.0%" in english
    assert "Mug" in english
    assert "mostly finds nothing" in english
    assert "马克杯" in chinese
    assert "events" not in chinese


def test_few_people_are_told_without_a_share(client):
    LiveSnapshotFactory.create(minutes={-1: {"view": 1}}, active=3, bought=1)

    text = part(client).text

    assert "1 of 3 people" in text
    assert "33%" not in text


def test_a_quiet_hour_is_an_empty_state(client):
    LiveSnapshotFactory.create()

    assert "Nobody in the last hour" in part(client).text


@pytest.mark.parametrize(
    ("figures", "age", "said"),
    [
        ({"waiting": 3_120, "waiting_seconds": 45.0}, 1, "3,120 events are late by 45 s"),
        ({"waiting": 3_120, "waiting_seconds": 5.0}, 1, None),
        ({"waiting": None}, 1, "Redis does not answer"),
        ({}, 400, "These figures are 7 min old"),
    ],
)
def test_what_makes_the_figures_less_than_live_is_said(client, figures, age, said):
    made_at = timezone.now() - timedelta(seconds=age)
    LiveSnapshotFactory.create(made_at=made_at, minutes={-1: {"view": 1}}, **figures)

    text = part(client).text

    assert ("ana-late" in text) == (said is not None)
    assert said is None or said in text


def test_a_refresh_asks_at_most_five_queries_and_weighs_little(client, django_assert_max_num_queries):
    products = ProductFactory.create_batch(10)
    LiveSnapshotFactory.create(
        minutes={-n: {"view": 100, "cart": 20, "search": 10} for n in range(1, 61)},
        products=[{"key": one.pk, "now": 9, "before": 2, "score": 1.9} for one in products],
    )
    part(client)

    with django_assert_max_num_queries(5):
        answer = part(client)

    assert len(gzip.compress(answer.content)) < 5_000


def test_the_page_asks_for_its_part_again_only_in_sight_and_unless_paused(client):
    text = client.get(reverse("admin:analytics_live")).text

    assert 'hx-trigger="every 3s [document.visibilityState' in text
    assert 'aria-pressed="false"' in text
    assert 'aria-live="polite" id="ana-said"' in text


def test_who_may_not_see_figures_sees_none(client_of):
    assert part(client_of(Role.SUPPORT)).status_code == 403
    assert part(client_of(Role.ANALYST)).status_code == 200


def test_gauges_tell_the_newest_count():
    assert list(gauges.families()) == []
    LiveSnapshotFactory.create(minutes={-1: {"view": 12, "cart": 3}}, active_soon=9, active=40, bought=2)

    told = {family.name: list(family.rows) for family in gauges.families()}

    assert told["live_active_people"] == [(("5",), 9), (("30",), 40)]
    assert told["live_events_last_minute"] == [((), 15)]
    assert counting.newest() is not None
