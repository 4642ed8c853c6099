"""The live model reads photos: who is read, when again, and what becomes of it."""

from types import SimpleNamespace

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from catalog.models import ProductImage, ProductVector
from core import model_registry
from core.models import Job, ModelVersion
from tests.factories import CategoryFactory, LabelFactory
from vision import asking, tagging, training
from vision.ml.examples import Classes
from vision.models import ImageReading, ImageVector, Label, LabelSet, TagSuggestion
from vision.tasks import keep_reading, look
from vision.thresholds import Limits

pytestmark = pytest.mark.django_db
RED, BLUE = (180, 20, 20), (20, 20, 180)


@pytest.fixture(autouse=True)
def nothing_in_memory():
    model_registry.forget_loaded()


@pytest.fixture
def shop(photos, learning):
    """60 red tops and 60 blue bags with a category, and a live version; then three photos of products without."""
    clothing = CategoryFactory.create()
    made = {"tops": CategoryFactory.create(parent=clothing), "bags": CategoryFactory.create(), "clothing": clothing}
    photos(made["tops"], RED, 60), photos(made["bags"], BLUE, 60)
    label_set = LabelSet.objects.get(key="category")
    for category in list(made.values()):
        LabelFactory.create(label_set=label_set, key=category.public_id, category=category)
    training.train()
    made["new"] = photos(None, RED, 3)
    model_registry.forget_loaded()
    return made


def test_everything_is_read_once_and_products_without_category_are_suggested_one(shop):
    done = tagging.read()

    assert done["photos"] == ImageReading.objects.count() == ImageVector.objects.count() == 123
    assert ProductVector.objects.count() == 123
    rows = TagSuggestion.objects.filter(product__in=[one.product_id for one in shop["new"]])
    assert {(row.label.category_id, row.source, row.model_version.name) for row in rows} == {
        (shop["tops"].pk, "network", "vision.v1")
    }
    assert len(rows) == 3
    assert set(ImageReading.objects.filter(image__in=shop["new"]).values_list("category", "confidence")) == {
        (shop["tops"].public_id, 1.0)
    }
    assert not tagging.is_behind()
    assert tagging.read()["photos"] == 0


def test_a_changed_photo_a_new_version_and_a_roll_back_are_each_read_again(shop, photos):
    tagging.read()
    one = shop["new"][0]
    ProductImage.objects.filter(pk=one.pk).update(content_sha256="f" * 64)
    assert tagging.read()["photos"] == 1

    training.train()
    model_registry.forget_loaded()
    assert tagging.is_behind()
    done = tagging.read()
    assert (done["version"], done["photos"]) == ("vision.v2", 123)
    assert set(ImageReading.objects.values_list("model_version__number", flat=True)) == {2}

    model_registry.roll_back("vision", by=None)
    model_registry.forget_loaded()
    keep_reading()
    keep_reading()
    assert Job.objects.filter(kind="vision.read").count() == 1
    tagging.read()
    assert set(ImageReading.objects.values_list("model_version__number", flat=True)) == {1}
    assert set(ProductVector.objects.values_list("model_version__number", flat=True)) == {1}


def test_all_photos_of_a_product_speak_together(shop, photo):
    one = shop["new"][0]
    other = ProductImage.objects.get(pk=shop["new"][1].pk)
    ProductImage.objects.filter(pk=other.pk).update(product=one.product)

    tagging.read()

    row = TagSuggestion.objects.get(product=one.product)
    assert row.reasons == [{"kind": "photos", "photos": 2, "best": 1.0}]
    assert row.image_id in {one.pk, other.pk}


def test_a_run_that_was_cut_off_is_gone_on_with(shop, monkeypatch):
    write, calls = tagging.suggesting.write, []

    def once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return write(*args, **kwargs)

    monkeypatch.setattr(tagging.suggesting, "write", once)
    with pytest.raises(KeyboardInterrupt):
        tagging.read()
    assert ImageReading.objects.count() == 2 * tagging.PRODUCTS_AT_ONCE

    assert tagging.read()["photos"] == 123 - 2 * tagging.PRODUCTS_AT_ONCE


def test_a_photo_that_cannot_be_read_is_noted_and_tried_no_more(shop):
    one = shop["new"][0]
    one.file.storage.delete(one.file.name)

    done = tagging.read()

    assert (done["photos"], done["unreadable"]) == (123, 1)
    assert ImageReading.objects.get(image=one).category == ""
    assert not tagging.is_behind()


def test_staff_may_have_all_read_again(shop):
    tagging.read()

    assert asking.read_again([shop["new"][0].pk]) == 1
    assert tagging.read()["photos"] == 1
    assert asking.read_all_again() == 123
    assert tagging.read()["photos"] == 123


def test_without_a_live_version_nothing_is_read(photos):
    photos(CategoryFactory.create(), RED, 2)

    assert tagging.read() == {"skipped": "no model"}
    keep_reading()
    assert not Job.objects.exists()


def test_a_look_at_new_photos_asks_for_a_reading(shop, photo):
    tagging.read()
    photo(Image.new("RGB", (300, 300), RED))

    look()

    assert Job.objects.filter(kind="vision.read").count() == 1


def test_a_batch_asks_a_known_number_of_queries(shop):
    with CaptureQueriesContext(connection) as asked:
        tagging.read()

    batches = -(-123 // tagging.PRODUCTS_AT_ONCE)
    assert len(asked) <= 20 + 60 * batches
    assert ModelVersion.objects.count() == 1


TREE = Classes(("shirt", "blouse", "boot"), {"shirt": "tops", "blouse": "tops", "boot": "shoes", "tops": "wear"})
SURE, UNSURE = Limits(0.95, 0.75), Limits(None, None)


def proposed(limits: dict[str, Limits], *photos: list[float]) -> tuple[str, float]:
    """What a product with these chances of its photos is proposed."""
    keys = ("shirt", "blouse", "boot", "tops", "shoes", "wear")
    labels = {f"category/{key}": Label(pk=pk, key=key) for pk, key in enumerate(keys)}
    of_label = {labels[f"category/{key}"].pk: limits.get(key, UNSURE) for key in keys}
    told = tagging._category(np.array(photos, np.float32), SimpleNamespace(told=TREE), labels, of_label)
    assert told is not None
    return told[0].key, round(float(told[1].mean()), 2)


def test_the_category_above_is_proposed_where_the_category_itself_is_unsure():
    every = dict.fromkeys(("shirt", "blouse", "tops", "wear"), SURE)

    assert proposed(every, [0.8, 0.1, 0.1]) == ("shirt", 0.8)
    assert proposed(every, [0.5, 0.4, 0.1]) == ("tops", 0.9)
    assert proposed(every, [0.9, 0.05, 0.05], [0.3, 0.55, 0.15]) == ("tops", 0.9)  # photos speak together
    assert proposed(every, [0.4, 0.3, 0.3]) == ("shirt", 0.4)  # nothing is sure enough: the likeliest, for later
    assert proposed({"wear": SURE}, [0.5, 0.4, 0.1]) == ("wear", 0.9)


def test_a_category_that_is_sure_enough_to_be_applied_needs_no_threshold_to_be_suggested():
    assert proposed({"boot": Limits(0.9, None), "shoes": SURE}, [0.0, 0.05, 0.95]) == ("boot", 0.95)
