"""Reviews that are not what they say: found by rules, explained, put before staff, and what staff say is kept."""

import csv
import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Customer
from core.models import Job
from reviews import selectors, services, suspicion, tasks
from reviews.ml.suspicion import Facts, alike, fingerprints, judge
from reviews.ml.text import has_contact
from reviews.models import Review, SuspicionScore
from reviews.services import NewReview
from tests.factories import (
    CustomerFactory,
    OrderFactory,
    ProductFactory,
    ReviewFactory,
    ReviewReadingFactory,
    StaffUserFactory,
    SuspicionScoreFactory,
)
from tests.planner import analysed
from tests.reviews.ordinary import ordinary

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PRAISE = (
    "This {a} bottle keeps my coffee hot for the whole {b} and never leaks in the bag. Honestly the best purchase "
    "of the year, everybody in the {c} should order two of them right now."
)


@pytest.fixture
def editor():
    return StaffUserFactory.create()


def many(rows, *, products, customers):
    """Ordinary reviews in the database, published, of old accounts."""
    long_ago = NOW - timedelta(days=900)
    things = [ProductFactory.create() for _ in range(products)]
    people = Customer.objects.bulk_create(
        [Customer(name=f"Customer {n}", joined_at=long_ago) for n in range(customers)]
    )
    reviews = [
        Review(
            product=things[one.product], customer=None if one.customer is None else people[one.customer],
            rating=one.rating, text=one.text, language=one.language, written_at=one.written_at,
            is_verified=one.is_verified, status=Review.Status.PUBLISHED,
        )
        for one in rows
    ]  # fmt: skip
    made = Review.objects.bulk_create(reviews)
    analysed(Customer, Review)
    return things, made


def planted(product, *, count=30):
    """A bought series: one text turned a little, five stars, within a day, by accounts of the last weeks."""
    rng = np.random.default_rng(5)
    spots = {
        "a": ["steel", "lovely", "new", "blue"],
        "b": ["day", "shift", "morning"],
        "c": ["team", "family", "house"],
    }
    reviews = []
    for number in range(count):
        text = PRAISE.format(**{name: rng.choice(words) for name, words in spots.items()})
        reviews.append(
            ReviewFactory.create(
                product=product, rating=5, text=text if number % 2 else f"Wow! {text}", published=True,
                customer=CustomerFactory.create(joined_at=NOW - timedelta(days=20)),
                written_at=NOW - timedelta(hours=float(rng.random() * 20)),
            )
        )  # fmt: skip
    return reviews


def scores(*reviews):
    return [SuspicionScore.objects.get(pk=one.pk).score for one in reviews]


def codes(review):
    return [reason["code"] for reason in SuspicionScore.objects.get(pk=review.pk).reasons]


def old_customer():
    return CustomerFactory.create(joined_at=timezone.now() - timedelta(days=400))


def series(count, **more):
    """Copies of one text by accounts that bought nothing, published."""
    product = ProductFactory.create()
    return [
        ReviewFactory.create(
            product=product, text=PRAISE.format(a="steel", b="day", c=place), published=True, rating=5,
            customer=old_customer(), **more,
        )
        for place in ["team", "house", "office", "club", "family"] * (count // 5)
    ]  # fmt: skip


def test_each_review_is_in_the_index_of_texts_alike_at_once():
    """A list of what is still to be sorted in would be read for every review: nine times the work for five thousand."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'suspicion_bands'")

        assert cursor.fetchone() == (["fastupdate=off"],)


def test_a_planted_burst_is_queued_and_ordinary_reviews_are_left_alone():
    rows = ordinary(5_000, products=120, customers=3_000, until=NOW, days=365, seed=11)
    things, honest = many(rows, products=120, customers=3_000)
    bought = planted(things[7])

    done = suspicion.score_new()

    queued = set(Review.objects.suspected().values_list("pk", flat=True))
    found = sum(one.pk in queued for one in bought) / len(bought)
    false = sum(one.pk in queued for one in honest) / len(honest)
    assert done == {"scored": 5_030, "queued": len(queued)}
    assert (found >= 0.9, false <= 0.02) == (True, True), (found, false)


@pytest.mark.parametrize(
    ("name", "column", "most"),
    [("womens_clothing_reviews", "review_text", 0.005), ("online_shopping_10_cats", "review", 0.02)],
)
def test_real_reviews_of_public_sets_are_hardly_ever_queued(name, column, most):
    file = Path(os.environ.get("BENCH_DATA", "nowhere")) / name / f"{name}.csv.gz"
    if not file.is_file():
        pytest.skip("BENCH_DATA names no folder with the public data sets.")
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        texts = [row[column] for row in csv.DictReader(lines)][::4]
    prints = fingerprints(texts)
    others = np.bincount(np.array(alike(prints), np.int64).ravel(), minlength=len(prints))
    high = [
        judge(Facts(4, runs=len(one.runs), others=int(count), has_contact=has_contact(text))).is_high
        for one, count, text in zip(prints, others, texts, strict=True)
    ]

    assert sum(high) / len(texts) <= most


def test_later_copies_raise_the_first_one_and_a_second_run_changes_nothing():
    (first, *_rest) = reviews = series(15)
    suspicion.score([first.pk], share=1.0)
    (alone,), codes_then = scores(first), codes(first)

    suspicion.score_new()
    together = scores(*reviews)
    suspicion.score_new()
    suspicion.score_recent()

    assert codes_then == ["burst"]
    assert alone < 0.2
    assert scores(*reviews) == together
    assert min(together) > 0.5
    assert Review.objects.suspected().count() == 15


def test_reasons_come_from_what_the_shop_knows():
    fresh = CustomerFactory.create(joined_at=timezone.now() - timedelta(hours=2))
    known = CustomerFactory.create(joined_at=timezone.now() - timedelta(hours=2))
    OrderFactory.create(customer=known, paid_at=timezone.now() - timedelta(hours=1))
    ReviewFactory.create_batch(3, is_verified=True)
    bare = ReviewFactory.create(customer=fresh, text="Add me on WeChat: abc12345 for the same at half the price")
    bought = ReviewFactory.create(customer=known, text="It holds.", is_verified=True)
    angry = ReviewFactory.create(customer=old_customer(), rating=5, is_verified=True, text="Broken. Never again.")
    ReviewReadingFactory.create(review=angry, positive=0.02)

    suspicion.score_new()

    assert codes(bare) == ["contact", "new_account", "unverified"]
    assert (codes(bought), codes(angry)) == ([], ["contradiction"])


def test_the_same_words_for_other_products_by_one_account_are_copies_and_not_others():
    customer = CustomerFactory.create(joined_at=timezone.now() - timedelta(days=90))
    copies = [ReviewFactory.create(customer=customer, text=PRAISE, is_verified=True) for _ in range(4)]

    suspicion.score_new()

    (row,) = SuspicionScore.objects.get(pk=copies[0].pk).reasons
    assert (row["code"], row["facts"]) == ("copied", {"copies": 3})


def test_what_changed_or_was_read_since_is_scored_again_and_nothing_else():
    review, other = ReviewFactory.create(customer=old_customer()), ReviewFactory.create()
    suspicion.score_new()
    assert not suspicion.is_behind()

    Review.objects.filter(pk=review.pk).update(text="www.cheap.example", updated_at=timezone.now())
    ReviewReadingFactory.create(review=other)

    assert suspicion.score_new() == {"scored": 2, "queued": 0}
    assert codes(review) == ["contact"]


def test_scoring_many_costs_as_few_queries_as_scoring_one():
    def queries(ids):
        with CaptureQueriesContext(connection) as found:
            suspicion.score(ids, share=1.0)
        return len(found)

    one = queries([ReviewFactory.create(text="A text that nobody else has written about this thing.").pk])

    assert queries([review.pk for review in series(10)]) <= one + 2


def test_a_submitted_review_asks_for_one_job(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            services.submit_review(
                customer=CustomerFactory.create(), product=ProductFactory.create(), content=NewReview(rating=5)
            )

    assert list(Job.objects.filter(kind="reviews.suspicion").values_list("dedupe_key", flat=True)) == [
        "reviews.suspicion"
    ]


def test_the_watch_asks_for_a_job_only_when_a_review_has_no_score():
    tasks.keep_suspicion_fresh()
    assert not Job.objects.exists()

    ReviewFactory.create()
    tasks.keep_suspicion_fresh()
    tasks.keep_suspicion_fresh()
    assert Job.objects.count() == 1


# --- what staff say -----------------------------------------------------------------------------------------------


def suspected(**more):
    review = ReviewFactory.create(is_suspected=True, **more)
    SuspicionScoreFactory.create(review=review)
    return review


def test_a_published_review_that_becomes_suspicious_waits_and_stays_readable():
    reviews = series(15)
    assert not Review.objects.waiting().exists()

    assert suspicion.score_new()["queued"] == 15

    assert Review.objects.waiting().count() == Review.objects.published().count() == len(reviews)


def test_published_by_staff_is_genuine_from_then_on(editor):
    reviews = series(15)
    suspicion.score_new()

    decision = services.publish([reviews[0].pk], by=editor)
    suspicion.score_recent()

    row = SuspicionScore.objects.get(pk=reviews[0].pk)
    assert (decision.kept, row.genuine_by, row.score > 0.5) == ((reviews[0].pk,), editor, True)
    assert reviews[0] not in Review.objects.waiting()


def test_undo_takes_the_word_genuine_back_too(editor):
    kept, new = suspected(published=True), suspected()
    decision = services.publish([kept.pk, new.pk], by=editor)
    assert not Review.objects.suspected().exists()

    services.undo_decision(decision.undo, by=editor)

    assert set(Review.objects.suspected()) == {kept, new}
    assert not SuspicionScore.objects.filter(genuine_at__isnull=False).exists()


def test_how_often_staff_agree_counts_decisions_after_the_suspicion_alone(editor):
    fakes, fine, other = [suspected() for _ in range(3)], suspected(published=True), suspected()
    services.reject([one.pk for one in fakes], by=editor, reason="not_genuine")
    services.reject([other.pk], by=editor, reason="off_topic")
    services.publish([fine.pk], by=editor)
    before = ReviewFactory.create(status="rejected", reason="not_genuine", decided_at=timezone.now())
    SuspicionScoreFactory.create(review=before, flagged_at=timezone.now() + timedelta(minutes=1))

    found = selectors.agreement()

    assert (found.fake, found.genuine, found.share) == (3, 1, 0.75)
