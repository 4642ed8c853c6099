"""From stored files to what is known about them."""

import pytest
from PIL import Image, ImageOps

from catalog.models import ProductImage
from core.models import Job
from tests.factories import ProductImageFactory
from tests.vision.ml.pictures import garment, scene
from vision import pipelines, services
from vision.choices import Issue
from vision.models import DuplicatePair, ImageAnalysis, NotDuplicates
from vision.pipelines import Looked, look
from vision.tasks import keep_looking

pytestmark = pytest.mark.django_db


def groups() -> list[list[int]]:
    found: dict[int, list[int]] = {}
    for pk, group in ImageAnalysis.objects.doubled().order_by("pk").values_list("pk", "duplicate_group"):
        found.setdefault(group, []).append(pk)
    return list(found.values())


def test_a_new_photo_has_quality_colours_and_no_duplicate(photo):
    image = photo(garment((200, 16, 46)))

    done = look()

    row = ImageAnalysis.objects.get(image=image)
    assert done == Looked(pictures=1, unreadable=0, pairs=0)
    assert (row.short_side, row.issues, row.main_colour, row.has_white_ground) == (600, [], "red", True)
    assert row.colours[0]["name"] == "red"
    assert row.duplicate_group is None


def test_what_was_looked_at_is_not_looked_at_again_and_what_was_changed_is(photo):
    image = photo(garment((200, 16, 46)))
    look()

    assert look() == Looked(0, 0, 0)

    other = photo(garment((0, 90, 200)))
    ProductImage.objects.filter(pk=image.pk).update(file=other.file.name, content_sha256="f" * 64)
    assert look().pictures == 2
    assert ImageAnalysis.objects.get(image=image).main_colour == "blue"


def test_a_file_that_is_gone_or_damaged_is_named_and_the_others_are_looked_at(photo):
    gone, damaged, good = photo(scene(1, side=120)), photo(b"\xff\xd8 no picture"), photo(scene(2, side=120))
    gone.file.storage.delete(gone.file.name)

    done = look()

    assert (done.pictures, done.unreadable) == (3, 2)
    assert [ImageAnalysis.objects.get(image=one).issues for one in (gone, damaged)] == [[Issue.UNREADABLE]] * 2
    assert Issue.UNREADABLE not in ImageAnalysis.objects.get(image=good).issues


def test_the_same_photo_smaller_mirrored_and_again_is_one_group(photo):
    image = scene(3)
    same = [photo(image), photo(image.resize((200, 200))), photo(ImageOps.mirror(image)), photo(image)]
    photo(scene(4))

    look()

    assert groups() == [[one.pk for one in same]]
    exact = DuplicatePair.objects.get(one=same[0], other=same[3])
    assert (exact.is_exact, exact.bits, exact.apart) == (True, 0, 0.0)
    assert DuplicatePair.objects.filter(other=same[2], is_mirrored=True).exists()


def test_photos_that_come_later_join_the_groups_of_earlier_ones(photo):
    first, alone = photo(scene(5, side=200)), photo(scene(6, side=200))
    look()

    again = photo(scene(5, side=200), quality=60)
    look()

    assert groups() == [[first.pk, again.pk]]
    assert ImageAnalysis.objects.get(image=alone).duplicate_group is None


def test_many_copies_need_few_pairs(photo):
    copies = [photo(scene(7, side=100)) for _copy in range(12)]

    look()

    assert groups() == [[one.pk for one in copies]]
    assert DuplicatePair.objects.count() <= 12 * pipelines.NEIGHBOURS


def test_what_staff_keep_beside_each_other_is_never_offered_again_even_after_a_new_import(photo, boss):
    one, other = photo(scene(8, side=200)), photo(scene(8, side=200), quality=70)
    look()
    services.keep_all(one.pk, by=boss)
    assert groups() == []

    contents = [(image.content_sha256, image.file.name) for image in (one, other)]
    product = one.product
    ProductImage.objects.all().delete()
    for digest, name in contents:
        again = ProductImageFactory.create(product=product)
        ProductImage.objects.filter(pk=again.pk).update(content_sha256=digest, file=name)
    look()

    assert NotDuplicates.objects.count() == 1
    assert DuplicatePair.objects.count() == 0
    assert groups() == []


def test_pictures_of_one_colour_are_no_duplicates_of_each_other(photo):
    for colour in ("red", "green"):
        photo(Image.new("RGB", (300, 300), colour))

    look()

    assert groups() == []


def test_a_picture_that_is_removed_while_others_are_looked_at_does_no_harm(photo, monkeypatch):
    kept, removed = photo(scene(9, side=120)), photo(scene(9, side=120))
    seen = pipelines.seen

    def then_somebody_removes_it(image):
        row = seen(image)
        ProductImage.objects.filter(pk=removed.pk).delete()
        return row

    monkeypatch.setattr(pipelines, "seen", then_somebody_removes_it)

    look()

    assert list(ImageAnalysis.objects.values_list("pk", flat=True)) == [kept.pk]
    assert DuplicatePair.objects.count() == 0


def test_the_timetable_asks_for_one_look_while_there_is_something_new(photo):
    keep_looking()
    assert Job.objects.filter(kind="vision.look").count() == 0

    photo(scene(10, side=60))
    keep_looking()
    keep_looking()

    assert Job.objects.filter(kind="vision.look").count() == 1
