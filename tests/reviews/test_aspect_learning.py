"""What staff correct of aspects teaches: it raises what is told right, and a poisoned batch does not get through."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from core.exceptions import DomainError
from core.model_registry import forget_loaded
from core.models import Job, ModelVersion
from reviews import aspect_datasets, aspect_learning, aspect_updating, reading
from reviews.ml import aspect_training, ngram
from reviews.models import Aspect, AspectCorrection, Review, ReviewAspect
from reviews.tasks import keep_learning
from tests.factories import AspectCorrectionFactory, ModelVersionFactory, ProductFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
KNOWN = {"positive": ("excellent", "lovely", "perfect"), "negative": ("terrible", "awful", "broken")}
DIALECT = {"positive": ("zorbly", "mintish"), "negative": ("grumsy", "plonkish")}
"""Words of this shop's customers that no list has."""
ORDINARY, SPOKEN, CORRECTED = 420, 240, 200


@pytest.fixture(autouse=True)
def models(settings, tmp_path, monkeypatch):
    """Fewer folds than the shop takes: they only cost time here."""
    monkeypatch.setattr(aspect_training, "FOLDS", 2)
    monkeypatch.setattr(ngram, "FOLDS", 2)
    settings.MODEL_ROOT = tmp_path
    forget_loaded()


@pytest.fixture
def quality():
    return Aspect.objects.get(key="quality")


def written(words, count, prefix):
    """Reviews that name the quality once, half with five stars and praise, half with one and blame; side of each."""
    rng = np.random.default_rng(0)
    product, since = ProductFactory.create(), timezone.now() - timedelta(days=30)
    sides = ["positive" if n % 2 else "negative" for n in range(count)]
    rows = Review.objects.bulk_create(
        Review(
            product=product, rating=5 if side == "positive" else 1, public_id=f"{prefix}{n}", language="en",
            text=f"The quality of number {n} is {rng.choice(words[side])}.", written_at=since + timedelta(minutes=n),
        )
        for n, side in enumerate(sides)
    )  # fmt: skip
    reading.read([row.pk for row in rows])
    return dict(zip((row.pk for row in rows), sides, strict=True))


def say(sides, aspect, *, other=False):
    """Staff say which side it is; of a poisoned batch the contrary."""
    turned = {"positive": "negative", "negative": "positive"}
    AspectCorrection.objects.bulk_create(
        AspectCorrection(review_id=pk, aspect=aspect, said=turned[side] if other else side, corrected_at=timezone.now())
        for pk, side in sides.items()
    )


def told_right(sides):
    found = dict(ReviewAspect.objects.filter(review__in=sides).values_list("review_id", "polarity"))
    return float(np.mean([found[pk] == side for pk, side in sides.items()]))


def test_two_hundred_corrections_are_told_of_others_too_and_a_poisoned_batch_is_refused(quality):
    plain = written(KNOWN, ORDINARY, "rev_k")
    spoken = written(DIALECT, SPOKEN, "rev_d")
    taught = dict(list(spoken.items())[:CORRECTED])
    later = dict(list(spoken.items())[CORRECTED:])
    assert (told_right(later), told_right(plain)) == (0.0, 1.0), "nobody knows these words yet"
    say(taught, quality)

    told = aspect_learning.learn()
    forget_loaded()  # within a second a process may still have what served before

    first = ModelVersion.objects.of("review_aspects").get()
    assert told == {"version": "review_aspects.v1", "passed": True}
    assert first.is_active
    assert first.report["labels"]["correction"] + first.report["gate"][0]["mentions"] == CORRECTED
    assert Job.objects.filter(kind="reviews.aspects").exists()
    assert aspect_learning.is_behind()
    aspect_updating.update()
    assert told_right(later) > 0.95
    assert told_right(plain) > 0.98
    assert not aspect_learning.is_behind()
    assert set(ReviewAspect.objects.values_list("model_version", flat=True)) == {first.pk}

    say(dict(list(plain.items())[:CORRECTED]), quality, other=True)
    AspectCorrection.objects.filter(review__in=taught).delete()
    told = aspect_learning.learn()

    assert told == {"version": "review_aspects.v2", "passed": False}
    assert first == ModelVersion.objects.of("review_aspects").active().get()


def test_what_is_not_meant_teaches_nothing_and_a_tenth_only_judges(quality):
    plain = written(KNOWN, 60, "rev_k")
    said = list(plain)
    for pk in said[:3]:
        AspectCorrectionFactory.create(review_id=pk, aspect=quality, said="not_meant")
    say({pk: plain[pk] for pk in said[3:20]}, quality)

    rows = aspect_datasets.corrected()
    teaching, judging = aspect_datasets.ordinary()

    assert rows.ids == said[3:20]
    assert rows.labels == [plain[pk] for pk in said[3:20]]
    assert sorted([*teaching.ids, *judging.ids]) == said[20:]
    assert judging.held().all()
    assert not teaching.held().any()
    assert judging.labels == [plain[pk] for pk in judging.ids]


def test_too_few_corrections_are_refused_by_name(quality):
    say(written(KNOWN, 20, "rev_k"), quality)

    with pytest.raises(DomainError, match="Too few corrections of aspects to learn from: "):
        aspect_learning.train()
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    ("count", "age", "new", "is_due"),
    [
        (50, None, 0, True), (49, None, 0, False), (60, 1, 50, True), (60, 1, 49, False), (60, 8, 1, True),
        (60, 8, 0, False),
    ],
)  # fmt: skip
def test_it_learns_after_fifty_new_corrections_else_once_a_week_with_any(quality, count, age, new, is_due):
    by, now = StaffUserFactory.create(), timezone.now()
    if age is not None:
        version = ModelVersionFactory.create(kind="review_aspects")
        ModelVersion.objects.filter(pk=version.pk).update(created_at=now - timedelta(days=age))
    product = ProductFactory.create()
    reviews = Review.objects.bulk_create(
        Review(product=product, rating=5, public_id=f"rev_{n}", text="x", written_at=now) for n in range(count)
    )
    AspectCorrection.objects.bulk_create(
        AspectCorrection(
            review=one, aspect=quality, said="positive", corrected_by=by,
            corrected_at=now if n < new else now - timedelta(days=20),
        )
        for n, one in enumerate(reviews)
    )  # fmt: skip

    keep_learning()

    assert Job.objects.filter(kind="reviews.train_aspects").exists() == is_due
