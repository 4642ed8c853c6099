"""The honest sample of each week, and the page of figures."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.exceptions import DomainError
from reviews.choices import installed_engines
from reviews.models import QualitySample, ReadingSettings, Review, ReviewLabel, ReviewReading, SampledReview
from reviews.quality import figures, sampling
from tests.catalog.admin.conftest import boss, client, client_with, shop
from tests.factories import (
    ModelVersionFactory,
    ProductFactory,
    QualitySampleFactory,
    ReviewFactory,
    ReviewReadingFactory,
    SampledReviewFactory,
    StaffUserFactory,
)

__all__ = ["boss", "client", "client_with", "shop"]
pytestmark = pytest.mark.django_db
WEEK = date(2026, 3, 2)
PAGE, SAMPLE = "/admin/reviews/quality/", "/admin/reviews/quality/sample/"


def written(count, at=datetime(2026, 3, 4, 12, tzinfo=UTC)):
    product = ProductFactory.create()
    reviews = Review.objects.bulk_create(
        Review(
            product=product, rating=5, text=f"words {n}", written_at=at + timedelta(minutes=n),
            public_id=f"rev_{at:%m%d%H}{n}",
        )
        for n in range(count)
    )  # fmt: skip
    ReviewReading.objects.bulk_create(
        ReviewReading(
            review=one, predicted="positive", confidence=0.8, positive=0.9, language="en", read_at=at, text_md5="0"
        )
        for one in reviews
    )  # fmt: skip
    return reviews


def test_fifty_of_a_week_are_drawn_by_chance_and_always_the_same():
    inside = {one.pk for one in written(120)}
    written(5, at=datetime(2026, 3, 12, tzinfo=UTC))

    sample = sampling.draw(WEEK)

    drawn = list(sample.rows.values_list("review_id", flat=True))
    assert len(drawn) == 50
    assert set(drawn) <= inside
    assert drawn != sorted(drawn)
    assert sampling.draw(WEEK) == sample
    QualitySample.objects.all().delete()
    assert list(sampling.draw(WEEK).rows.values_list("review_id", flat=True)) == drawn


def test_a_week_without_words_or_readings_has_no_sample():
    ReviewFactory.create(written_at=datetime(2026, 3, 4, tzinfo=UTC))
    ReviewReadingFactory.create(review__text="", review__written_at=datetime(2026, 3, 4, tzinfo=UTC))

    assert sampling.draw(WEEK) is None


def test_what_was_read_when_the_sample_was_drawn_is_what_is_judged():
    (review,) = written(1)
    sample = sampling.draw(WEEK)
    ReviewReading.objects.filter(pk=review.pk).update(predicted="negative")

    sampling.answer(sample.rows.get(), "positive", by=StaffUserFactory.create())

    (week,) = figures.weeks()
    assert week.by_language == {"en": figures.Share(1, 1)}


def test_answers_teach_only_when_the_sample_is_closed_and_never_over_a_correction():
    somebody = StaffUserFactory.create()
    one, corrected, unanswered = written(3)
    sample = sampling.draw(WEEK)
    for row in sample.rows.exclude(review=unanswered):
        sampling.answer(row, "negative", by=somebody)
    ReviewLabel.objects.create(review=corrected, sentiment="mixed", source="correction", labelled_at=timezone.now())
    assert not ReviewLabel.objects.filter(source="sample").exists()

    assert sampling.close(sample) == 1
    assert sampling.close(sample) == 0

    assert dict(ReviewLabel.objects.values_list("pk", "sentiment")) == {one.pk: "negative", corrected.pk: "mixed"}
    row = SampledReview.objects.get(review=unanswered)
    with pytest.raises(DomainError):
        sampling.answer(row, "negative", by=somebody)


def test_a_sample_that_nobody_finished_is_closed_after_two_weeks():
    old = QualitySampleFactory.create(week=WEEK, drawn_at=timezone.now() - timedelta(days=15))
    young = QualitySampleFactory.create(week=WEEK + timedelta(weeks=1), drawn_at=timezone.now() - timedelta(days=13))

    sampling.draw_last_week()

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.closed_at is not None, young.closed_at) == (True, None)


def test_a_share_comes_with_wilsons_range():
    low, high = figures.Share(45, 50).range

    assert (round(low, 4), round(high, 4)) == (0.7864, 0.9565)
    assert figures.Share(0, 0).range is None


# --- pages ------------------------------------------------------------------------------------------------------------

REPORT = {
    "engine": {"name": "ngram", "cpu_seconds": 2.5, "texts": 900, "memory_mb": 210, "texts_per_second": 9000},
    "labels": {"stars": 880, "correction": 20}, "held": 100,
    "languages": {"en": {"texts": 60, "accuracy": 0.9, "low": 0.8, "high": 0.95, "macro_f1": 0.88, "ece": 0.02}},
    "calibration": [{"confidence": 0.5 + n / 20, "right": 0.5 + n / 20, "texts": 10} for n in range(10)],
}  # fmt: skip


def version(**more):
    cells = [
        {"label": label, "read": read, "texts": 3 if label != read else 30, "ids": []}
        for label in ("negative", "neutral", "positive") for read in ("negative", "neutral", "positive")
    ]  # fmt: skip
    metrics = {"accuracy": 0.9, "macro_f1": 0.85, "ece": 0.02, "later_accuracy": 0.89}
    report = {**REPORT, "metrics": metrics, "cells": cells, **more}
    fields = {name: report.pop(name) for name in ("state", "number") if name in report}
    return ModelVersionFactory.create(
        **{"kind": "sentiment", "state": "active", **fields}, metrics=metrics, report=report
    )


def test_the_page_opens_in_a_shop_without_a_model(client):
    text = client.get(PAGE).content.decode()

    assert "list of words" in text
    assert "Engine of the next training" in text


def test_the_page_shows_version_languages_confusions_changes_and_engines(client):
    changed = ReviewReadingFactory.create(review__text="Now it is read otherwise")
    example = {"id": changed.pk, "before": "positive", "after": "negative", "confidence": 0.7}
    one = version(changed={"among": 100, "changed": 1, "examples": [example, {**example, "id": 10**9}]})

    text = client.get(PAGE).content.decode()

    for part in (
        "90%",
        one.name,
        "Now it is read otherwise",
        "880",
        "9,000",
        "80% – 95%",
        "label=negative&amp;read=positive",
    ):
        assert part in text, part


def test_every_engine_stands_in_the_table_with_its_newest_training_or_as_not_learned_yet(client):
    """Also one that learned longer ago than the versions that are listed."""
    old = version(engine={**REPORT["engine"], "name": "keras-cnn", "texts_per_second": 5414}, number=1, state="retired")
    for number in range(2, 16):
        version(state="retired", number=number, engine={**REPORT["engine"], "texts_per_second": 9000 + number})

    told = figures.engines()
    text = client.get(PAGE).content.decode()

    assert {name: one["version"].number for name, one in told.items()} == {"keras-cnn": old.number, "ngram": 15}
    assert "5,414" in text
    assert "9,015" in text
    assert ("has not learned from this shop" in text) == (len(installed_engines()) > 2)


def test_the_live_version_and_the_one_asked_for_are_shown_however_old(client):
    version(number=1, state="retired", engine={**REPORT["engine"], "name": "keras-cnn"})
    live = version(number=2)
    for number in range(3, 20):
        version(state="refused", number=number)

    text = client.get(PAGE).content.decode()
    asked = client.get(PAGE, {"version": "1"})

    assert "90% read right on reviews kept apart" in text
    assert live.name in text
    assert asked.status_code == 200
    assert asked.context["version"].number == 1
    assert [one.number for one in figures.versions(1)] == [*range(19, 7, -1), 2, 1]
    for wrong in ("99999", "²", "1" * 40, "-1"):
        assert client.get(PAGE, {"version": wrong}).status_code == 404


def test_a_cell_of_the_confusions_leads_to_its_reviews(client):
    reading = ReviewReadingFactory.create(review__text="I was taken for praise")
    one = version(cells=[{"label": "negative", "read": "positive", "texts": 1, "ids": [reading.pk, 10**9]}])

    answer = client.get(PAGE, {"version": one.number, "label": "negative", "read": "positive"})

    assert "I was taken for praise" in answer.content.decode()
    assert client.get(PAGE, {"version": one.number, "label": "x", "read": "y"}).status_code == 404
    assert client.get(PAGE, {"version": "99999"}).status_code == 404


def test_the_page_asks_as_few_queries_for_half_a_year_as_for_a_week(client):
    version()
    rows = [SampledReviewFactory.create(answer="positive", sample__drawn_at=timezone.now()) for _n in range(2)]
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for _n in range(9):
        SampledReviewFactory.create(answer="negative", language="zh")
    with CaptureQueriesContext(connection) as many:
        answer = client.get(PAGE)

    assert len(many) == len(few) <= 12
    assert "Read right, week by week" in answer.content.decode()
    assert rows


def test_only_an_installed_engine_is_chosen_and_undo_brings_the_other_back(client, client_with):
    client.post(PAGE, {"engine": "made up"})
    assert ReadingSettings.current().engine == "ngram"

    client.post(PAGE, {"engine": "keras-cnn"})
    assert ReadingSettings.current().engine == "keras-cnn"

    seeing = client_with("reviews.view_reviewreading")
    assert seeing.post(PAGE, {"engine": "ngram"}).status_code == 403


def test_the_reading_is_hidden_until_it_is_answered(client):
    sample = QualitySampleFactory.create(week=WEEK)
    first, second = (
        SampledReviewFactory.create(sample=sample, position=n, predicted="negative", review__rating=5) for n in (1, 2)
    )

    text = client.get(SAMPLE).content.decode()
    assert "1 of 2" in text
    assert "★" not in text
    assert "it was read as" not in text

    text = client.post(SAMPLE, {"row": first.pk, "answer": "positive"}, follow=True).content.decode()
    assert "You said positive; it was read as negative" in text
    assert "2 of 2" in text
    assert f'value="{second.pk}"' in text

    client.post(SAMPLE, {"row": first.pk, "answer": ""})
    first.refresh_from_db()
    assert (first.answer, first.answered_by) == ("", None)


def test_closing_lets_the_answers_teach(client):
    row = SampledReviewFactory.create(sample__week=WEEK, answer="mixed")

    client.post(SAMPLE, {"act": "close"})

    assert ReviewLabel.objects.get().pk == row.review_id
    assert "No sample is open" in client.get(SAMPLE).content.decode()


def test_what_is_posted_to_a_sample_by_accident_is_refused(client):
    SampledReviewFactory.create(sample__week=WEEK)

    assert client.post(SAMPLE, {"row": "x"}).status_code == 404
    assert client.post(SAMPLE, {"row": "1" * 30}).status_code == 404
