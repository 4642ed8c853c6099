"""Staff say what a review is, and take it back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews import services
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import ReviewLabel, ReviewReading, Sentiment
from reviews.signals import review_judged_negative
from tests.factories import ReviewFactory, ReviewLabelFactory, ReviewReadingFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def somebody():
    return StaffUserFactory.create()


def test_a_correction_counts_keeps_what_was_read_and_teaches(somebody):
    reading = ReviewReadingFactory.create()

    done = services.correct([reading.pk], Sentiment.NEGATIVE, by=somebody)

    reading.refresh_from_db()
    assert done.corrected == (reading.pk,)
    assert (reading.predicted, reading.corrected, reading.sentiment) == ("positive", "negative", "negative")
    assert reading.corrected_by == somebody
    label = ReviewLabel.objects.get()
    assert (label.sentiment, label.source, label.by) == ("negative", "correction", somebody)


def test_undo_puts_reading_and_label_back_to_where_they_stood(somebody):
    fresh, labelled = ReviewReadingFactory.create(), ReviewReadingFactory.create()
    earlier = timezone.now() - timedelta(days=3)
    ReviewLabelFactory.create(review=labelled.review, sentiment="neutral", source="sample", labelled_at=earlier)
    done = services.correct([fresh.pk, labelled.pk], Sentiment.NEGATIVE, by=somebody)
    assert ReviewLabel.objects.filter(sentiment="negative", source="correction").count() == 2

    assert services.undo_correction(done.undo, by=somebody) == (fresh.pk, labelled.pk)

    assert set(ReviewReading.objects.values_list("sentiment", "corrected_at")) == {("positive", None)}
    left = ReviewLabel.objects.get()
    assert (left.pk, left.sentiment, left.source, left.labelled_at) == (labelled.pk, "neutral", "sample", earlier)


def test_undo_leaves_what_was_corrected_again_since(somebody):
    reading = ReviewReadingFactory.create()
    first = services.correct([reading.pk], Sentiment.NEGATIVE, by=somebody)
    services.correct([reading.pk], Sentiment.MIXED, by=StaffUserFactory.create())

    assert services.undo_correction(first.undo, by=somebody) == ()

    reading.refresh_from_db()
    assert reading.sentiment == Sentiment.MIXED


def test_nobody_undoes_what_somebody_else_corrected_or_with_a_made_up_key(somebody):
    done = services.correct([ReviewReadingFactory.create().pk], Sentiment.NEGATIVE, by=somebody)

    for key, who in ((done.undo, StaffUserFactory.create()), ("made up", somebody)):
        with pytest.raises(UndoExpired):
            services.undo_correction(key, by=who)


def test_saying_the_same_twice_or_of_an_unread_review_changes_nothing(somebody):
    reading, unread = ReviewReadingFactory.create(), ReviewFactory.create()
    services.correct([reading.pk], Sentiment.NEGATIVE, by=somebody)

    done = services.correct([reading.pk, unread.pk], Sentiment.NEGATIVE, by=somebody)

    assert (done.corrected, done.passed_over, done.undo) == ((), 2, "")
    assert ReviewLabel.objects.count() == 1


def test_only_the_four_outcomes_are_taken(somebody):
    with pytest.raises(BadInput):
        services.correct([ReviewReadingFactory.create().pk], "angry", by=somebody)


def test_a_correction_to_negative_is_told_once(somebody, django_capture_on_commit_callbacks):
    told = []

    def hear(review_id, **kwargs):
        told.append(review_id)

    review_judged_negative.connect(hear)
    low, high = (ReviewReadingFactory.create(review__rating=stars) for stars in (2, 5))
    with django_capture_on_commit_callbacks(execute=True):
        services.correct([low.pk, high.pk], Sentiment.NEGATIVE, by=somebody)
    with django_capture_on_commit_callbacks(execute=True):
        services.correct([low.pk, high.pk], Sentiment.MIXED, by=somebody)
    review_judged_negative.disconnect(hear)

    assert told == [low.pk]
