"""What looks every minute for reviews to read or to score goes through all of them once an hour only."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from reviews import looked, reading, suspicion
from reviews.models import Review, ReviewReading, SuspicionScore
from tests.factories import ReviewFactory

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=3)


@pytest.fixture(autouse=True)
def nothing_known():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def old() -> Review:
    """A review that came, was read and was scored days ago."""
    review = ReviewFactory.create(text="Lovely teapot")
    reading.read_unread()
    suspicion.score_new()
    at = timezone.now() - LONG_AGO
    Review.objects.update(updated_at=at)
    ReviewReading.objects.update(read_at=at + timedelta(hours=1))
    SuspicionScore.objects.update(scored_at=at + timedelta(hours=2))
    cache.clear()
    return review


@pytest.mark.parametrize("job", [reading, suspicion])
def test_a_look_that_found_nothing_is_remembered_and_what_is_new_is_found(old, job):
    assert not job.is_behind()
    assert looked.since(job.JOB, suspicion.rules.VERSION if job is suspicion else reading.NOBODY) is not None
    assert not job.is_behind()

    ReviewFactory.create(text="It leaks")

    assert job.is_behind()


def test_a_review_that_changes_is_read_and_scored_again_though_all_was_known(old):
    assert not reading.is_behind()
    assert not suspicion.is_behind()

    old.text = "Awful teapot, it leaks"
    old.save()

    assert suspicion.is_behind()
    assert reading.read_unread()["read"] == 1
    assert suspicion.score_new()["scored"] == 1
    assert not reading.is_behind()
    assert not suspicion.is_behind()


def test_what_was_read_again_is_scored_again(old):
    assert not suspicion.is_behind()

    ReviewReading.objects.update(read_at=timezone.now())

    assert suspicion.is_behind()


def test_what_a_look_could_not_see_is_found_within_the_hour(old, monkeypatch):
    """A row whose transaction began long before it ended."""
    assert not reading.is_behind()
    late = ReviewFactory.create(text="It leaks")
    Review.objects.filter(pk=late.pk).update(updated_at=timezone.now() - LONG_AGO)
    assert not reading.is_behind()

    cache.delete("reviews.looked.read")  # as it is after an hour

    assert reading.is_behind()


def test_another_version_that_serves_looks_at_everything():
    at = timezone.now()
    looked.note("read", (1, at), at)

    assert looked.since("read", (1, at)) == at - looked.IN_FLIGHT
    assert looked.since("read", (2, at)) is None
    assert looked.since("read", (1, at + timedelta(days=1))) is None
