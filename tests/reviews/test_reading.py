"""The one way in which reviews are read."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from catalog.languages import plain_language
from core.model_registry import forget_loaded, publish_if_better
from core.models import Job
from core.reports import Period
from reviews import aspect_counts, reader, reading, selectors, services, summarising, tasks
from reviews.choices import SENTIMENT
from reviews.ml import ngram
from reviews.models import Review, ReviewAspect, ReviewReading, Sentiment
from reviews.signals import review_judged_negative, review_read
from tests.factories import CustomerFactory, ProductFactory, ReviewFactory, ReviewReadingFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
GOOD, BAD = "Wonderful quality, I love it.", "Terrible quality, a complete disappointment."


@pytest.fixture
def model(settings, tmp_path):
    """A version that serves: it calls everything with "teapot" negative."""
    settings.MODEL_ROOT = tmp_path
    forget_loaded()
    texts = [f"{word} number {n}" for n in range(60) for word in ("a teapot", "a kettle")]
    scorer = ngram.train(texts, ["negative", "positive"] * 60)
    return publish_if_better(
        SENTIMENT, scorer.to_arrays(), meta=scorer.to_meta(), report={"metrics": {"macro_f1": 1.0}},
        trained_until=timezone.now(), margin=0.0,
    )  # fmt: skip


@pytest.fixture
def heard():
    """What the two signals said, in order."""
    told = []

    def read(review_ids, **kwargs):
        told.append(("read", review_ids))

    def unhappy(review_id, **kwargs):
        told.append(("unhappy", review_id))

    review_read.connect(read)
    review_judged_negative.connect(unhappy)
    yield told
    review_read.disconnect(read)
    review_judged_negative.disconnect(unhappy)


def test_a_shop_without_a_model_is_read_by_the_shipped_words():
    good, bad = ReviewFactory.create(text=GOOD), ReviewFactory.create(text=BAD, rating=1)

    assert reading.read_unread() == {"read": 2, "version": 0}

    assert (good.reading.sentiment, bad.reading.sentiment) == (Sentiment.POSITIVE, Sentiment.NEGATIVE)
    assert good.reading.model_version is None
    assert good.reading.language == "en"
    assert 0.5 < good.reading.confidence <= 1.0
    assert bad.reading.positive < 0.5
    assert reading.read_unread()["read"] == 0


def test_the_active_model_reads_and_its_version_is_kept(model):
    review = ReviewFactory.create(text="a teapot number 4")

    reading.read_unread()

    assert review.reading.predicted == Sentiment.NEGATIVE
    assert review.reading.version_name == "sentiment.v1"


def test_a_new_version_reads_everything_again_and_leaves_corrections_alone(model, monkeypatch):
    review, corrected = (ReviewFactory.create(text="a teapot number 4") for _n in range(2))
    with monkeypatch.context() as without:
        without.setattr(reader.model_registry, "active", lambda kind: None)
        reading.read_unread()
    ReviewReading.objects.filter(pk=corrected.pk).update(corrected=Sentiment.MIXED, corrected_at=timezone.now())

    assert reading.is_behind()
    reading.read_unread()

    assert review.reading.sentiment == Sentiment.NEGATIVE
    corrected.refresh_from_db()
    assert (corrected.reading.predicted, corrected.reading.sentiment) == (Sentiment.NEGATIVE, Sentiment.MIXED)
    assert not reading.is_behind()


def test_a_changed_text_is_read_again_and_a_decision_alone_is_not(heard, django_capture_on_commit_callbacks):
    review = ReviewFactory.create(text=GOOD)
    with django_capture_on_commit_callbacks(execute=True):
        reading.read_unread()
    assert heard == [("read", [review.pk])]
    services.publish([review.pk], by=StaffUserFactory.create())
    assert reading.is_behind()
    with django_capture_on_commit_callbacks(execute=True):
        reading.read_unread()

    assert heard == [("read", [review.pk])]
    assert not reading.is_behind()

    review.text = BAD
    review.save()
    with django_capture_on_commit_callbacks(execute=True):
        reading.read_unread()
    assert ReviewReading.objects.get(pk=review.pk).sentiment == Sentiment.NEGATIVE
    assert heard == [("read", [review.pk]), ("read", [review.pk])]


def test_an_unhappy_review_with_few_stars_is_told_once(heard, django_capture_on_commit_callbacks):
    unhappy = ReviewFactory.create(text=BAD, rating=2)
    ReviewFactory.create(text=BAD, rating=5)
    ReviewFactory.create(text=GOOD, rating=1)
    with django_capture_on_commit_callbacks(execute=True):
        reading.read_unread()
    Review.objects.update(text=f"{BAD} Never again!", updated_at=timezone.now() + timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        reading.read([unhappy.pk])

    assert [told for told in heard if told[0] == "unhappy"] == [("unhappy", unhappy.pk)]


def test_aspects_are_read_with_the_sentiment():
    review = ReviewFactory.create(text="The delivery was terrible.")

    reading.read_unread()

    assert ReviewAspect.objects.get(review=review).aspect.key == "delivery"


def test_reviews_are_read_in_batches_each_once(monkeypatch):
    monkeypatch.setattr(reading, "READ_AT_ONCE", 2)
    for _n in range(5):
        ReviewFactory.create(text=GOOD)

    assert reading.read_unread()["read"] == 5
    assert ReviewReading.objects.count() == 5


def test_a_batch_costs_the_same_queries_however_many_reviews(django_assert_max_num_queries):
    ids = [ReviewFactory.create(text=GOOD).pk for _n in range(12)]
    reading.read(ids[:2])

    with django_assert_max_num_queries(14):
        reading.read(ids[2:])


def test_a_submitted_review_asks_for_a_reading(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        services.submit_review(
            customer=CustomerFactory.create(), product=ProductFactory.create(),
            content=services.NewReview(rating=5, text=GOOD),
        )  # fmt: skip

    assert Job.objects.filter(kind="reviews.read").count() == 1


def test_every_minute_what_came_by_other_ways_is_found():
    tasks.keep_read()
    assert not Job.objects.filter(kind="reviews.read").exists()

    ReviewFactory.create(text=GOOD)
    tasks.keep_read()
    tasks.keep_read()

    assert Job.objects.filter(kind="reviews.read").count() == 1


ODD = {
    "empty": "",
    "spaces": " \n\t ",
    "emoji alone": "😡😡😡",
    "a megabyte": "非常好用。" * 70_000,
    "right to left": "המוצר הזה נהדר ואני מאוד מרוצה ממנו",
    "html and script": "<script>alert(1)</script><b onclick=x>Terrible</b> quality",
    "a language nobody knows": "Zorp blik fnord quux, wibble zang trelp.",
    "traditional Chinese": "質量非常差，退貨了，太失望",
    "mixed languages": "质量很好 but delivery was terrible",
    "repeated": "goooooooooood" * 50,
    "half a surrogate": "nice \ud83d",
    "no words": "!!! ??? ...",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_get_an_answer_with_its_uncertainty(name):
    text = ODD[name].encode("utf-8", "ignore").decode()
    review = ReviewFactory.create(text=text, language="")

    assert reading.read_unread()["read"] == 1

    found = ReviewReading.objects.get(pk=review.pk)
    assert found.sentiment in Sentiment.values
    assert 0.0 <= found.confidence <= 1.0
    if name in ("empty", "spaces"):
        assert (found.sentiment, found.confidence, found.language) == (Sentiment.NEUTRAL, 0.0, "und")


def test_a_review_without_a_language_has_that_of_its_words_once_it_is_read():
    words = {
        "en": "This kettle keeps the water hot for the whole evening.",
        "fr": "Cette bouilloire garde l'eau chaude pendant toute la soirée.",
        "zh-hans": "水壶很保温，一晚上都是热的",
    }
    rows = {language: ReviewFactory.create(text=text, language="", rating=2) for language, text in words.items()}
    named = ReviewFactory.create(text=words["en"], language="de")
    short = ReviewFactory.create(text="Ok", language="")
    changed = {row.pk: row.updated_at for row in rows.values()}

    reading.read_unread()

    for language, row in rows.items():
        row.refresh_from_db()
        assert (row.language, row.updated_at) == (language, changed[row.pk])
    for row, language in ((named, "de"), (short, "en")):
        row.refresh_from_db()
        assert row.language == language
    assert not reading.is_behind()
    offered = {one.language for one in selectors.templates_for(rows["en"])}
    assert offered == {"en"}
    assert summarising._language(rows["fr"]) == "fr"


def test_an_english_review_is_counted_among_the_english_ones():
    review = ReviewFactory.create(text="Terrible quality, it broke on the first day.", language="", rating=1)

    reading.read_unread()

    day = timezone.localdate(review.written_at)
    asked = aspect_counts.Asked(Period("between", day, day, ""), language="en")
    assert list(aspect_counts.behind(asked)) == [review]


def test_reviews_that_were_read_before_have_the_language_of_their_readings():
    """What the migration of older shops does."""
    migration = import_module("reviews.migrations.0005_languages_that_words_say")
    for language in ("en", "zh", "und"):
        ReviewReadingFactory.create(review__language="", language=language)
    ReviewReadingFactory.create(review__language="de", language="en")

    with connection.cursor() as cursor:
        cursor.execute(migration.FROM_READINGS)

    assert sorted(Review.objects.values_list("language", flat=True)) == ["", "de", "en", "zh-hans"]


def test_languages_that_were_kept_as_written_are_brought_to_one_form():
    """What the migration of older shops does."""
    migration = import_module("reviews.migrations.0007_languages_in_one_form")
    written = ["", "zh", "zh-cn", "zh-hans", "zh-hans-hk", "zh-hant", "zh-tw", "en-gb", "en", "pt-br", "zha"]
    rows = [ReviewFactory.create(language=one) for one in written]

    with connection.cursor() as cursor:
        cursor.execute(migration.IN_ONE_FORM)

    kept = dict(Review.objects.values_list("pk", "language"))
    assert [kept[row.pk] for row in rows] == [plain_language(one) for one in written] == [
        "", "zh-hans", "zh-hans", "zh-hans", "zh-hans", "zh-hant", "zh-hant", "en", "en", "pt", "zha",
    ]  # fmt: skip
