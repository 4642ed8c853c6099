"""The shop learns from its own reviews: what teaches, what only judges, and what the gate lets through."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from core.exceptions import DomainError
from core.model_registry import forget_loaded
from core.models import Job, ModelVersion
from reviews import datasets, learning, reading, training
from reviews.choices import SENTIMENT, installed_engines
from reviews.models import Review, ReviewLabel, ReviewReading, Sentiment
from tests.factories import ProductFactory, ReviewLabelFactory

pytestmark = pytest.mark.django_db
PRAISE = ("sturdy", "lovely", "comfortable", "elegant", "delicious", "excellent", "charming", "reliable")
BLAME = ("broken", "ugly", "useless", "smelly", "leaking", "terrible", "scratched", "faulty")
THINGS = ("teapot", "kettle", "shirt", "lamp", "chair", "towel", "phone", "bag", "plate", "hat")


@pytest.fixture(autouse=True)
def models(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    forget_loaded()


@pytest.fixture
def product():
    return ProductFactory.create()


def make_reviews(product, rows, *, since=None):
    """(text, stars) in the order in which they were written, one a minute."""
    since = since or timezone.now() - timedelta(days=100)
    return Review.objects.bulk_create(
        Review(
            product=product, rating=stars, text=text, language="en", written_at=since + timedelta(minutes=n),
            public_id=f"rev_{since:%H%M%S%f}{n}",
        )
        for n, (text, stars) in enumerate(rows)
    )  # fmt: skip


def plain_rows(count, seed=0):
    """Half praise with five stars, half blame with one; words drawn by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(count):
        words, stars = (PRAISE, 5) if n % 2 else (BLAME, 1)
        one, other = rng.choice(words, 2, replace=False)
        rows.append((f"the {rng.choice(THINGS)} is {one} and {other}, order {n}", stars))
    return rows


def read_right(reviews, wanted):
    found = dict(ReviewReading.objects.filter(review__in=reviews).values_list("pk", "predicted"))
    return float(np.mean([found[one.pk] == wanted[one.pk] for one in reviews]))


def test_a_tenth_of_reviews_judges_and_that_never_changes():
    ids = np.arange(1, 100_001, dtype=np.int64)

    kept = datasets.held(ids)

    assert kept.mean() == pytest.approx(0.1, abs=0.005)
    assert (datasets.held(ids[::-1]) == kept[::-1]).all()
    assert datasets.held(np.arange(1, 40, dtype=np.int64)).nonzero()[0].tolist() == [2, 15, 19, 24, 28]


def test_staff_overrule_stars_and_mixed_teaches_nothing(product):
    by_stars, corrected, mixed, alone, fake = make_reviews(
        product, [("fine enough", 3), ("five stars and broken", 5), ("good and bad", 5), ("", 5), ("buy here", 5)]
    )
    Review.objects.filter(pk=fake.pk).update(status=Review.Status.REJECTED, reason=Review.Reason.ADVERTISING)
    ReviewLabelFactory.create(review=corrected, sentiment=Sentiment.NEGATIVE)
    ReviewLabelFactory.create(review=mixed, sentiment=Sentiment.MIXED)

    rows = datasets.labelled()

    assert rows.ids.tolist() == [by_stars.pk, corrected.pk]
    assert rows.labels.tolist() == ["neutral", "negative"]
    assert rows.sources.tolist() == ["stars", "correction"]
    assert alone.pk not in rows.ids


def test_personal_data_never_reaches_the_rows(product):
    make_reviews(product, [("call me at 13812345678 or mail ana@example.com", 5)])

    assert datasets.labelled().texts == ["call me at [phone] or mail [mail]"]


def test_old_labels_teach_beyond_the_newest_reviews(product):
    old, *_new = make_reviews(product, plain_rows(6))
    ReviewLabelFactory.create(review=old)

    assert old.pk in datasets.labelled(most=3).ids
    assert len(datasets.labelled(most=3)) == 4


def test_a_first_model_is_learned_published_and_read_with(product):
    make_reviews(product, plain_rows(600))

    told = learning.learn()

    assert told == {"version": "sentiment.v1", "passed": True}
    version = ModelVersion.objects.get()
    report = version.report
    assert version.is_active
    assert version.metrics["accuracy"] > 0.95
    assert version.metrics["later_accuracy"] > 0.95
    assert report["labels"] == {"stars": version.row_count}
    assert report["held"] + version.row_count == 600
    assert report["engine"]["name"] == "ngram"
    assert report["engine"]["texts_per_second"] > 0
    assert sum(cell["texts"] for cell in report["cells"]) == report["held"]
    assert sum(one["texts"] for one in report["calibration"]) == report["held"]
    assert Job.objects.filter(kind="reviews.read").count() == 1


def test_held_reviews_are_never_learned(product):
    make_reviews(product, plain_rows(600))
    seen = []
    original = training.engines.make

    class Spy:
        def __init__(self, engine):
            self.engine = engine

        def fit(self, texts, labels):
            seen.extend(texts)
            return self.engine.fit(texts, labels)

    training.engines.make = lambda name, seed: Spy(original(name, seed=seed))
    try:
        training.train()
    finally:
        training.engines.make = original

    rows = datasets.labelled()
    assert not set(seen) & set(rows.take(rows.held).texts)


def test_too_few_reviews_are_refused_with_the_reason(product):
    make_reviews(product, plain_rows(100))

    with pytest.raises(DomainError) as refused:
        training.train()

    assert refused.value.code == "not_enough_data"


def test_a_first_model_below_the_shipped_words_does_not_serve(product):
    rng = np.random.default_rng(1)
    # Stars that say nothing about the words: what is learned from them is noise, and the word list reads no worse.
    rows = [(f"{'terrible' if n % 2 else 'excellent'} {rng.integers(1e9)}", 1 if n % 2 else 5) for n in range(1_000)]
    reviews = make_reviews(product, rows)
    learned = [one for one, is_held in zip(reviews, datasets.held(np.array([r.pk for r in reviews])), strict=True)
               if not is_held]  # fmt: skip
    for one in learned:
        one.rating = 6 - one.rating
    Review.objects.bulk_update(learned, ["rating"])

    with pytest.raises(DomainError) as refused:
        training.train()

    assert refused.value.code == "not_better"
    assert not ModelVersion.objects.exists()


# --- scenarios --------------------------------------------------------------------------------------------------------

# No piece of them is one of a word on the product's own list: "zingy" would be half of "amazing".
JARGON_GOOD, JARGON_BAD = ("plonky", "quonk", "zyggu", "vuxo"), ("gloopy", "mudgy", "yozzi", "jibbo")


def jargon_rows(count, seed):
    rng = np.random.default_rng(seed)
    found = []
    for n in range(count):
        words = JARGON_GOOD if n % 2 else JARGON_BAD
        one, other = rng.choice(words, 2, replace=False)
        found.append((f"this synth sounds {one} and {other}, number {n}", 3))
    return found


def test_two_hundred_corrections_on_a_new_category_raise_its_accuracy(product):
    make_reviews(product, plain_rows(1_500))
    learning.learn()
    taught = make_reviews(ProductFactory.create(), jargon_rows(200, 1), since=timezone.now() - timedelta(days=2))
    others = make_reviews(ProductFactory.create(), jargon_rows(200, 2), since=timezone.now() - timedelta(days=1))
    reading.read_unread()
    wanted = {one.pk: Sentiment.POSITIVE if n % 2 else Sentiment.NEGATIVE for n, one in enumerate(others)}
    before = read_right(others, wanted)
    ReviewLabel.objects.bulk_create(
        ReviewLabel(
            review=one, sentiment=Sentiment.POSITIVE if n % 2 else Sentiment.NEGATIVE, source="correction",
            labelled_at=timezone.now(),
        )
        for n, one in enumerate(taught)
    )  # fmt: skip

    told = learning.learn()
    forget_loaded()
    reading.read_unread()

    assert told["passed"]
    after = read_right(others, wanted)
    assert before < 0.6
    assert after > before + 0.2


def test_a_poisoned_batch_of_labels_is_refused(product):
    reviews = make_reviews(product, plain_rows(2_000))
    learning.learn()
    forget_loaded()
    reading.read_unread()
    blamed = np.random.default_rng(3).permutation([one for one in reviews if one.rating == 1])[:700]
    ReviewLabel.objects.bulk_create(
        ReviewLabel(review=one, sentiment=Sentiment.POSITIVE, source="correction", labelled_at=timezone.now())
        for one in blamed
    )  # fmt: skip

    told = learning.learn()

    assert told == {"version": "sentiment.v2", "passed": False}
    refused = ModelVersion.objects.get(number=2)
    assert refused.state == ModelVersion.State.REFUSED
    assert refused.gate["candidate"] < refused.gate["active"] - training.MARGIN
    assert ModelVersion.objects.of(SENTIMENT.name).active().get().number == 1


# --- when -------------------------------------------------------------------------------------------------------------


def test_learning_is_due_with_enough_labels_or_after_a_week_with_new_reviews(product, monkeypatch):
    monkeypatch.setattr(learning, "LABELS", 3)
    reviews = make_reviews(product, plain_rows(10))
    assert not learning.is_due()
    version = ModelVersion.objects.create(kind="sentiment", number=1, state="active", manifest_sha256="0" * 64)
    assert not learning.is_due()

    for one in reviews[:3]:
        ReviewLabelFactory.create(review=one)
    assert learning.is_due()

    ModelVersion.objects.filter(pk=version.pk).update(created_at=timezone.now() - timedelta(days=8))
    ReviewLabel.objects.update(labelled_at=timezone.now() - timedelta(days=9))
    assert learning.is_due()
    Review.objects.update(created_at=timezone.now() - timedelta(days=9))
    assert not learning.is_due()


def test_a_training_that_came_to_nothing_is_not_tried_every_hour(product, monkeypatch):
    monkeypatch.setattr(learning.first, "WORTH_IT", 5)
    make_reviews(product, plain_rows(5))
    assert learning.is_due()

    Job.objects.create(kind="reviews.train", task=learning.TASK, queue="train")

    assert not learning.is_due()


def test_the_gate_listens_to_each_language_and_to_what_nobody_corrected():
    judged = datasets.Labelled(
        np.arange(240), ["x"] * 240, np.array(["positive", "negative"] * 120),
        np.array(["stars"] * 220 + ["correction"] * 20), np.array(["en"] * 120 + ["zh"] * 120),
        np.zeros(240), np.ones(240, bool),
    )  # fmt: skip
    right = training.Answers(judged.labels, np.ones(240))
    worse = training.Answers(np.where(judged.languages == "zh", "positive", judged.labels), np.ones(240))

    rows = training.compare(judged, worse, right)

    assert [(row["language"], row["view"], row["texts"]) for row in rows] == [
        ("en", "all", 120), ("zh", "all", 120), ("zh", "uncorrected", 100),
    ]  # fmt: skip
    assert [(row["candidate"], row["active"]) for row in rows] == [(1.0, 1.0), (0.3333, 1.0), (0.3333, 1.0)]


def test_a_transformer_is_offered_where_its_folder_is_named_and_refused_where_it_cannot_be_read(monkeypatch):
    monkeypatch.delenv("REVIEWS_TRANSFORMER", raising=False)
    assert "transformer" not in [one.name for one in installed_engines()]
    monkeypatch.setenv("REVIEWS_TRANSFORMER", "/nowhere/at/all")
    assert "transformer" in [one.name for one in installed_engines()]

    with pytest.raises(DomainError, match="REVIEWS_TRANSFORMER"):
        training._engine("transformer")
