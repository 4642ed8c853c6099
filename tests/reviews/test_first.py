"""What a new shop asks for by itself."""

import pytest

from core.jobs import run_now
from core.models import Job
from reviews import first
from tests.factories import ModelVersionFactory, QualitySampleFactory, ReviewFactory, ReviewReadingFactory

pytestmark = pytest.mark.django_db


def test_topics_are_looked_for_as_soon_as_enough_reviews_of_a_language_are_read_and_once(monkeypatch):
    monkeypatch.setattr(first, "TOPICS_FROM", 3)
    ReviewReadingFactory.create_batch(2, language="en")
    ReviewReadingFactory.create(language="zh")
    assert not first.ask_for_words()

    ReviewReadingFactory.create(language="en")
    assert first.ask_for_words()
    Job.objects.update(state=Job.State.FAILED)
    assert not first.ask_for_words()

    Job.objects.all().delete()
    ModelVersionFactory.create(kind="review_topics")
    assert not first.ask_for_words()


def test_reading_reviews_asks_for_their_topics_and_new_terms(monkeypatch):
    monkeypatch.setattr(first, "TOPICS_FROM", 2)
    ReviewFactory.create_batch(2, text="The teapot is lovely and the lid closes well.")

    run_now("reviews.tasks.read_reviews")

    assert set(Job.objects.exclude(kind="reviews.read").values_list("kind", flat=True)) == {
        "reviews.topics", "reviews.terms",
    }  # fmt: skip


def test_the_first_sample_is_drawn_once_the_shops_own_model_reads(monkeypatch):
    ReviewReadingFactory.create()
    assert not first.ask_for_sample()

    ModelVersionFactory.create(kind="sentiment", state="active")
    assert first.ask_for_sample()
    assert Job.objects.get().kind == "reviews.sample"
    Job.objects.update(state=Job.State.FAILED)
    assert not first.ask_for_sample()

    Job.objects.all().delete()
    QualitySampleFactory.create()
    assert not first.ask_for_sample()
