"""What the reviews of a product come to: kept by a job, word for word, gone with its reviews, hidden by staff."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Job
from core.rights import erasing
from reviews import reading, selectors, services, summarising, suspicion, tasks
from reviews.ml.suspicion import Suspicion
from reviews.models import Polarity, Review, ReviewSummary
from reviews.models.readings import text_read
from reviews.signals import announce, review_read
from tests.factories import (
    ApiKeyFactory,
    AspectFactory,
    AspectTermFactory,
    ProductFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewReadingFactory,
    ReviewSummaryFactory,
    StaffUserFactory,
    SuspicionScoreFactory,
)

pytestmark = pytest.mark.django_db
PRAISE = [
    "The lid closes tightly and never leaks.",
    "The lid is tight and never leaks.",
    "Lid closes tightly, never leaks.",
    "The lid shuts well and nothing leaks.",
    "A lid that closes and never leaks.",
]
BLAME = ["Delivery took three long weeks to arrive.", "The delivery took three weeks.", "Delivery was late by weeks."]


@pytest.fixture
def product():
    return ProductFactory.create()


@pytest.fixture
def aspects():
    return {
        "lid": AspectFactory.create(key="lid", title_en="Lid", title_zh="盖子"),
        "delivery": AspectFactory.create(key="delivery_time", title_en="Delivery time", title_zh="物流速度"),
    }


def review(product, text, aspect, polarity, **more):
    """A published, read review that says one thing of one aspect."""
    found = ReviewFactory.create(product=product, text=text, published=True, **more)
    whole = text_read(found)
    start = whole.lower().index(aspect.key[:3])
    ReviewAspectFactory.create(
        review=found, aspect=aspect, term=aspect.key, start=start, end=start + 3, quote=text, polarity=polarity,
        score=0.9 if polarity == "positive" else 0.1,
    )  # fmt: skip
    ReviewReadingFactory.create(review=found, predicted=polarity)
    return found


@pytest.fixture
def eight(product, aspects):
    good = [review(product, text, aspects["lid"], "positive") for text in PRAISE]
    return [*good, *(review(product, text, aspects["delivery"], "negative", rating=2) for text in BLAME)]


def made(product):
    ReviewSummary.objects.filter(pk=product.pk).update(changed_at=datetime(2026, 1, 1, tzinfo=UTC))
    if not ReviewSummary.objects.filter(pk=product.pk).exists():
        ReviewSummaryFactory.create(product=product, changed_at=datetime(2026, 1, 1, tzinfo=UTC))
    summarising.make_all()
    return selectors.summary_of(product.pk, "en")


def test_from_eight_reviews_on_a_product_is_summed_up(product, eight):
    found = made(product)

    assert (found.reviews, found.read, found.positive, found.share) == (8, 8, 5, 0.625)
    assert [(one.title, one.positive, one.negative) for one in found.aspects] == [
        ("Lid", 5, 0),
        ("Delivery time", 0, 3),
    ]
    assert [(one.aspect, one.support) for one in found.praise] == [("Lid", 5)]
    assert [(one.aspect, one.support) for one in found.complaints] == [("Delivery time", 3)]


def test_below_eight_there_is_none(product, eight):
    Review.objects.filter(pk=eight[0].pk).update(status="pending")
    assert made(product) is None


def test_every_sentence_is_word_for_word_in_the_review_it_names(product, eight):
    found = made(product)

    for quote in [*found.praise, *found.complaints]:
        assert quote.text in text_read(quote.review)
        assert quote.review in eight


def test_what_is_withdrawn_suspicious_changed_or_erased_is_gone_before_any_job_runs(product, eight):
    quoted = made(product).praise[0].review

    for change in (
        {"status": "pending"},
        {"status": "published", "is_suspected": True},
        {"is_suspected": False, "text": "New"},
    ):
        Review.objects.filter(pk=quoted.pk).update(**change)
        assert selectors.summary_of(product.pk, "en").praise == []
    Review.objects.filter(pk=quoted.pk).update(text=quoted.text)
    assert len(selectors.summary_of(product.pk, "en").praise) == 1
    erasing.erase("catalog.Customer", quoted.customer_id)
    assert selectors.summary_of(product.pk, "en").praise == []


def test_the_table_holds_places_and_no_words(product, eight):
    made(product)

    stored = str(ReviewSummary.objects.values("aspects", "quotes").get(pk=product.pk))
    assert not any(text[:12] in stored for text in [*PRAISE, *BLAME])


def test_a_hidden_quote_stays_hidden_and_the_next_best_follows(product, eight):
    editor = StaffUserFactory.create()
    first = made(product).praise[0]

    services.hide_quote(first.review, first.digest, by=editor)
    assert selectors.summary_of(product.pk, "en").praise == []
    second = made(product).praise[0]
    third = made(product).praise[0]

    assert second.review != first.review
    assert third == second
    services.show_quote(first.review, first.digest)
    assert made(product).praise[0].review == first.review


def test_a_sentence_that_praises_and_blames_speaks_for_neither_side(product, aspects, eight):
    both = ReviewFactory.create(product=product, text="The lid never leaks but delivery took weeks.", published=True)
    for aspect, polarity, start in ((aspects["lid"], "positive", 4), (aspects["delivery"], "negative", 24)):
        ReviewAspectFactory.create(review=both, aspect=aspect, start=start, end=start + 3, polarity=polarity)

    found = made(product)

    assert both not in [quote.review for quote in [*found.praise, *found.complaints]]
    assert found.aspects[0].positive == 6


def test_quotes_in_the_readers_language_come_first(product, aspects, eight):
    for text in ("盖子很紧，一点也不漏水", "盖子很紧，从来不漏水", "盖子紧，不漏水，很放心"):
        chinese = ReviewFactory.create(product=product, text=text, language="zh-hans", published=True)
        ReviewAspectFactory.create(review=chinese, aspect=aspects["lid"], start=0, end=2, polarity=Polarity.POSITIVE)
    made(product)

    assert [one.language for one in selectors.summary_of(product.pk, "zh-hans").praise] == ["zh", "en"]
    assert [one.language for one in selectors.summary_of(product.pk, "en").praise] == ["en", "zh"]


def test_counts_follow_what_is_published_withdrawn_and_taken_back(product, eight, django_capture_on_commit_callbacks):
    editor = StaffUserFactory.create()
    made(product)

    with django_capture_on_commit_callbacks(execute=True):
        services.put_back([eight[0].pk], by=editor)
    assert Job.objects.filter(kind="reviews.summaries").count() == 1
    summarising.make_all()
    assert ReviewSummary.objects.get(pk=product.pk).reviews == 7

    services.publish([eight[0].pk], by=editor)
    services.remove_review(eight[1])
    assert ReviewSummary.objects.get(pk=product.pk).changed_at is not None


def test_a_batch_of_readings_asks_for_each_product_once(product, eight, django_capture_on_commit_callbacks):
    other = ReviewFactory.create()
    with django_capture_on_commit_callbacks(execute=True):
        announce(review_read, review_ids=[one.pk for one in [*eight, other]])

    assert set(ReviewSummary.objects.values_list("pk", flat=True)) == {product.pk, other.product_id}
    assert Job.objects.filter(kind="reviews.summaries").count() == 1


def test_a_correction_and_its_undo_are_counted_anew(product, eight):
    editor = StaffUserFactory.create()
    made(product)

    done = services.correct([eight[5].pk], "positive", by=editor)
    summarising.make_all()
    assert selectors.summary_of(product.pk, "en").share == 0.75

    services.undo_correction(done.undo, by=editor)
    summarising.make_all()
    assert selectors.summary_of(product.pk, "en").share == 0.625


def test_a_term_that_moves_is_counted_for_its_new_aspect(product, aspects, eight):
    for one in eight:
        reading.read([one.pk])
    term = AspectTermFactory.create(aspect=aspects["lid"], term="lid")
    tasks.read_aspects()
    summarising.make_all()
    assert "lid" in [one.key for one in selectors.summary_of(product.pk, "en").aspects]

    term.aspect = AspectFactory.create(key="cover", title_en="Cover", title_zh="盖")
    term.save()
    tasks.read_aspects()
    summarising.make_all()

    told = [one.key for one in selectors.summary_of(product.pk, "en").aspects]
    assert "cover" in told
    assert "lid" not in told


def test_what_becomes_suspicious_or_genuine_is_summed_up_again(product, eight):
    editor = StaffUserFactory.create()
    quoted = made(product).praise[0].review
    SuspicionScoreFactory.create(review=quoted, scored_at=datetime(2020, 1, 1, tzinfo=UTC), score=0.1)

    suspicion._write({quoted.pk: Suspicion(0.9, [])}, datetime(2026, 1, 1, tzinfo=UTC))
    summarising.make_all()
    second = selectors.summary_of(product.pk, "en").praise[0].review
    assert second != quoted

    done = services.publish([quoted.pk], by=editor)
    summarising.make_all()
    assert selectors.summary_of(product.pk, "en").praise[0].review == quoted

    services.undo_decision(done.undo, by=editor)
    summarising.make_all()
    assert selectors.summary_of(product.pk, "en").praise[0].review == second


def test_making_twice_changes_nothing_and_asks_for_nothing(product, eight):
    made(product)
    before = ReviewSummary.objects.values().get(pk=product.pk)

    assert summarising.make(product.pk) is None
    tasks.keep_summaries_fresh()

    assert ReviewSummary.objects.values().get(pk=product.pk) == before
    assert not Job.objects.filter(kind="reviews.summaries").exists()


def test_reading_and_making_cost_as_few_queries_for_many_reviews_as_for_few(product, aspects, eight):
    def queries(act):
        with CaptureQueriesContext(connection) as found:
            act()
        return len(found)

    made(product)
    few = queries(lambda: made(product)), queries(lambda: selectors.summary_of(product.pk, "en"))
    for _ in range(10):
        review(product, "The lid closes tightly and never leaks.", aspects["lid"], "positive")

    many = queries(lambda: made(product)), queries(lambda: selectors.summary_of(product.pk, "en"))
    assert many == few
    assert few[1] <= 4


def test_the_api_gives_it_beside_the_stars_and_nothing_below_eight(product, eight, client):
    path = f"/api/v1/products/{product.public_id}/review-summary"
    headers = {"Authorization": f"Bearer {ApiKeyFactory.create().value}"}
    assert client.get(path, headers=headers).json()["in_words"] is None

    made(product)
    told = client.get(path, headers=headers).json()

    assert (told["count"], told["in_words"]["positive_share"]) == (8, 0.625)
    (quote,) = told["in_words"]["praise"]
    assert (quote["aspect"], quote["support"], quote["language"]) == ("Lid", 5, "en")
    address = f"/api/v1/products/{product.public_id}/reviews?review={quote['review']}"
    only = client.get(address, headers=headers).json()["results"]
    assert [quote["text"] in row["text"] for row in only] == [True]
