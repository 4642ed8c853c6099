"""The shop's photos as examples: what they show, which judge for ever, and why some are left out."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from catalog.models import Product, ProductImage, ProductTag
from tests.factories import (
    CategoryFactory,
    DuplicatePairFactory,
    LabelFactory,
    LabelSetFactory,
    ProductFactory,
    ReviewDecisionFactory,
    TagSuggestionFactory,
)
from vision import datasets, kept_photos, prepared
from vision.models import Label, LabelSet, TagSuggestion
from vision.prepared import Stored, prepare

pytestmark = pytest.mark.django_db
RED, BLUE, GREEN = (180, 20, 20), (20, 20, 180), (20, 180, 20)


@pytest.fixture(autouse=True)
def models(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path / "models"


def category_label(category):
    label_set = LabelSet.objects.get(key="category")
    return LabelFactory.create(label_set=label_set, key=category.public_id, category=category)


def decide(image, label, *, is_right=True, minutes=0, whole_product=False):
    return ReviewDecisionFactory.create(
        product=image.product, image=None if whole_product else image, label=label, is_right=is_right,
        content_sha256="" if whole_product else image.content_sha256,
        decided_at=timezone.now() + timedelta(minutes=minutes),
    )  # fmt: skip


def said(found):
    keys = [*found.told.classes, ""]
    return {int(pk): keys[at] for pk, at in zip(found.ids, found.examples.category, strict=True)}


def test_the_manifest_says_exactly_what_was_taken_and_why_the_rest_was_not(photos, photo):
    tops, bags, few = (CategoryFactory.create() for _category in range(3))
    red, blue = photos(tops, RED, 12), photos(bags, BLUE, 10)
    photos(few, GREEN, 3)
    photos(None, GREEN, 2)
    photo(Image.new("RGB", (30, 30), GREEN), product=ProductFactory.create(category=tops))  # nobody looked yet

    found = datasets.read(32)

    manifest = found.manifest
    rows = {row["key"]: row for row in manifest["labels"]}
    assert manifest["photos"] == manifest["products"] == 22
    assert (rows[tops.public_id]["photos"], rows[bags.public_id]["products"]) == (12, 10)
    assert manifest["left_out"] == {"not_looked_at": 1, "small_category": 3, "unlabelled": 2}
    assert manifest["test"] == int(found.tested.sum()) == sum(row["test"] for row in rows.values())
    assert said(found) == {one.pk: tops.public_id for one in red} | {one.pk: bags.public_id for one in blue}
    assert found.examples.read(np.array([0])).shape == (1, 32, 32, 3)
    assert datasets.read(32).manifest == manifest


def test_what_judges_stays_the_same_when_products_come_and_go(photos):
    tops = CategoryFactory.create()
    photos(tops, RED, 60)
    before = datasets.read(32)
    tested = set(before.ids[before.tested].tolist())
    assert 3 <= len(tested) <= 18

    photos(CategoryFactory.create(), BLUE, 40)
    gone = before.ids[~before.tested][:5].tolist()
    Product.objects.filter(images__in=gone).update(deleted_at=timezone.now())
    after = datasets.read(32)

    kept = np.isin(after.ids, before.ids)
    assert set(after.ids[after.tested & kept].tolist()) == tested
    assert after.manifest["photos"] == 95
    assert after.manifest["sha256"] != before.manifest["sha256"]


def test_products_that_share_a_photo_or_look_the_same_are_one_cluster_with_the_number_of_the_oldest(photos):
    tops = CategoryFactory.create()
    one, other, third, alone, *_rest = photos(tops, RED, 12)
    ProductImage.objects.filter(pk=other.pk).update(content_sha256=one.content_sha256, file=one.file.name)
    other.analysis.__class__.objects.filter(pk=other.pk).update(content_sha256=one.content_sha256)
    DuplicatePairFactory.create(one=other, other=third, kept_at=timezone.now())  # kept beside each other: still alike

    found = datasets.read(32)

    cluster = dict(zip(found.ids.tolist(), found.examples.clusters.tolist(), strict=True))
    assert cluster[one.pk] == cluster[other.pk] == cluster[third.pk] == one.product_id
    assert cluster[alone.pk] == alone.product_id
    assert found.manifest["products"] == 10


def test_the_same_photo_in_two_categories_teaches_nothing(photos):
    tops, bags = CategoryFactory.create(), CategoryFactory.create()
    one, *_red = photos(tops, RED, 10)
    other, *_blue = photos(bags, BLUE, 10)
    ProductImage.objects.filter(pk=other.pk).update(content_sha256=one.content_sha256)
    other.analysis.__class__.objects.filter(pk=other.pk).update(content_sha256=one.content_sha256)

    found = datasets.read(32)

    assert found.manifest["left_out"] == {"two_categories": 2}
    assert {one.pk, other.pk}.isdisjoint(found.ids.tolist())


def test_small_categories_count_for_the_one_above_them(photos):
    clothing = CategoryFactory.create()
    shirts, coats = CategoryFactory.create(parent=clothing), CategoryFactory.create(parent=clothing)
    photos(shirts, RED, 9)
    small = photos(coats, GREEN, 5) + photos(clothing, GREEN, 4)

    found = datasets.read(32)

    assert found.told.classes == tuple(sorted([shirts.public_id, clothing.public_id]))
    assert found.told.parents == {shirts.public_id: clothing.public_id, clothing.public_id: ""}
    assert found.manifest["joined"] == {coats.public_id: clothing.public_id}
    assert {said(found)[one.pk] for one in small} == {clothing.public_id}


def test_decisions_overrule_the_category_for_the_same_content_and_the_newest_counts(photos):
    tops, bags = CategoryFactory.create(), CategoryFactory.create()
    is_top, is_bag = category_label(tops), category_label(bags)
    moved, denied, back, *rest = photos(tops, RED, 14)
    photos(bags, BLUE, 10)
    decide(moved, is_bag)
    decide(denied, is_top, is_right=False)
    decide(back, is_bag)
    decide(back, is_top, minutes=1)

    found = datasets.read(32)

    keys = said(found)
    assert keys[moved.pk] == bags.public_id
    assert keys[back.pk] == keys[rest[0].pk] == tops.public_id
    assert denied.pk not in keys
    assert found.manifest["left_out"] == {"denied": 1}
    assert found.ids[found.decided].tolist() == [moved.pk, back.pk]
    assert found.manifest["decided"] == 2


def test_a_category_that_a_model_put_there_teaches_nothing(photos):
    tops = CategoryFactory.create()
    label = category_label(tops)
    by_model, *_rest = photos(tops, RED, 10)
    TagSuggestionFactory.create(
        image=by_model, label=label, state=TagSuggestion.State.APPLIED, product=by_model.product
    )

    assert by_model.pk not in datasets.read(32).ids


def test_tags_of_staff_and_imports_teach_and_those_of_models_do_not(photos):
    tops = CategoryFactory.create()
    images = photos(tops, RED, 30)
    pattern = LabelSet.objects.get(key="pattern")
    striped, dotted = (Label.objects.get(label_set=pattern, key=key) for key in ("striped", "dotted"))
    sizes = LabelSetFactory.create(key="fit")
    loose = LabelFactory.create(label_set=sizes, key="loose", name_en="Loose")
    for at, image in enumerate(images[:20]):
        source = ProductTag.Source.IMPORT if at % 2 else ProductTag.Source.STAFF
        ProductTag.objects.create(
            product=image.product, kind="pattern", value="Striped" if at < 10 else "波点", source=source
        )
    ProductTag.objects.create(
        product=images[20].product, kind="pattern", value="Striped", source=ProductTag.Source.MODEL
    )
    decide(images[21], striped)
    decide(images[22], striped, is_right=False)
    decide(images[23], loose, whole_product=True)

    found = datasets.read(32)

    (group,) = found.told.groups
    assert (group.key, set(group.labels), group.is_multiple) == ("pattern", {"striped", "dotted"}, False)
    told = {
        int(pk): dict(zip(group.labels, row.tolist(), strict=True))
        for pk, row in zip(found.ids, found.examples.groups["pattern"], strict=True)
    }
    assert told[images[0].pk] == {"striped": 1, "dotted": 0}
    assert told[images[10].pk] == {"striped": 0, "dotted": 1}
    assert told[images[20].pk] == told[images[25].pk] == {"striped": -1, "dotted": -1}
    assert told[images[21].pk] == {"striped": 1, "dotted": 0}
    assert told[images[22].pk] == {"striped": 0, "dotted": -1}
    assert dotted.key in group.labels


def test_what_is_beyond_the_most_is_left_out_evenly_and_decided_photos_stay(photos, monkeypatch):
    tops, bags = CategoryFactory.create(), CategoryFactory.create()
    first, *_red = photos(tops, RED, 30)
    photos(bags, BLUE, 10)
    decide(first, category_label(tops))
    monkeypatch.setattr(datasets, "MOST_PHOTOS", 20)

    found = datasets.read(32)

    counts = {row["key"]: row["photos"] for row in found.manifest["labels"]}
    assert counts == {tops.public_id: 10, bags.public_id: 10}
    assert first.pk in found.ids
    assert found.manifest["left_out"] == {"beyond_most": 20}


# --- pictures that are prepared once --------------------------------------------------------------------------------


def as_stored(images):
    return [Stored(one.file.name, one.content_sha256) for one in images]


def test_a_picture_is_decoded_once(photos, monkeypatch):
    images = photos(CategoryFactory.create(), RED, 3)
    decoded = []
    made = prepared._made
    monkeypatch.setattr(prepared, "_made", lambda one, size: decoded.append(one.name) or made(one, size))

    first, rows = prepare(as_stored(images), 16)
    again, same = prepare(as_stored(images[::-1]), 16)

    assert len(decoded) == 3
    assert rows.tolist() == same[::-1].tolist() == [0, 1, 2]
    assert (first[rows] == again[same[::-1]]).all()


def test_half_written_rows_are_cut_off_and_made_again(photos, settings):
    images = photos(CategoryFactory.create(), RED, 3)
    whole, rows = prepare(as_stored(images), 16)
    folder = settings.MODEL_ROOT.parent / "prepared"
    (pixels,), (digests,) = list(folder.glob("16-*.pixels")), list(folder.glob("16-*.digests"))
    wanted = np.array(whole[rows])
    pixels.write_bytes(pixels.read_bytes() + b"half a row")
    digests.write_bytes(digests.read_bytes()[:-7])

    found, rows = prepare(as_stored(images), 16)

    assert (found[rows] == wanted).all()


def test_a_picture_that_cannot_be_read_has_no_row(photos, photo):
    (good,) = photos(CategoryFactory.create(), RED, 1)
    bad = photo(b"\xff\xd8 no picture")

    _pixels, rows = prepare(as_stored([bad, good]), 16)

    assert rows.tolist() == [-1, 0]


def test_photos_of_a_training_are_the_same_after_it_was_cut_off_whatever_the_shop_does(photos, tmp_path):
    tops, bags = CategoryFactory.create(), CategoryFactory.create()
    photos(tops, RED, 10)
    photos(bags, BLUE, 10)
    found = datasets.read(32)
    kept_photos.keep(found, tmp_path)
    photos(tops, GREEN, 5)

    again = kept_photos.kept(tmp_path, 32)

    assert again.manifest == found.manifest
    assert again.told == found.told
    assert (again.examples.read(slice(None)) == found.examples.read(slice(None))).all()
    for name in ("ids", "decided", "tested", "contents"):
        assert (getattr(again, name) == getattr(found, name)).all()
    assert kept_photos.kept(tmp_path, 64) is None
    assert kept_photos.kept(tmp_path / "nothing", 32) is None
