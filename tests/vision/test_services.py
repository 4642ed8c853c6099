"""Duplicates kept, removed and brought back."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.models import ProductImage, RemovedPicture
from catalog.services import pictures
from tests.factories import StaffUserFactory
from tests.vision.ml.pictures import scene
from vision import services
from vision.exceptions import UndoExpired
from vision.models import DuplicatePair, ImageAnalysis, NotDuplicates
from vision.pipelines import look

pytestmark = pytest.mark.django_db


@pytest.fixture
def trio(photo) -> list[ProductImage]:
    """Three that look the same, in one group."""
    made = [photo(scene(1, side=200), source_name=f"{n}.jpg", quality=90 - n) for n in range(3)]
    look()
    return made


def in_groups() -> int:
    return ImageAnalysis.objects.doubled().count()


def test_keeping_all_remembers_every_pair_and_undo_forgets_them(trio, boss):
    decision = services.keep_all(trio[0].pk, by=boss)

    assert decision.count == 3
    assert (in_groups(), NotDuplicates.objects.count()) == (0, 3)

    assert services.undo(decision.undo, by=boss) == 3
    assert (in_groups(), NotDuplicates.objects.count()) == (3, 0)
    assert not DuplicatePair.objects.exclude(kept_at=None).exists()


def test_a_group_that_somebody_decided_meanwhile_changes_nothing(trio, boss):
    services.keep_all(trio[0].pk, by=boss)

    assert services.keep_all(trio[0].pk, by=boss) == services.Decision(0)
    assert services.remove([2**62], by=boss) == services.Decision(0)


def test_a_removed_photo_leaves_its_product_and_comes_back_as_it_was(trio, boss):
    before = ProductImage.objects.filter(pk=trio[0].pk).values().get()

    decision = services.remove([trio[0].pk], by=boss)

    assert decision.count == 1
    assert not ProductImage.objects.filter(pk=trio[0].pk).exists()
    assert default_storage.exists(before["file"])
    assert in_groups() == 2
    assert "image" in LogEntry.objects.get(object_id=str(trio[0].product_id)).get_change_message()

    assert services.undo(decision.undo, by=boss) == 1
    assert ProductImage.objects.filter(pk=trio[0].pk).values().get() == before
    assert RemovedPicture.objects.count() == 0
    look()
    assert in_groups() == 3


def test_the_last_photo_of_a_pair_stands_in_no_group(photo, boss):
    one, other = photo(scene(2, side=200)), photo(scene(2, side=200))
    look()

    services.remove([one.pk], by=boss)

    assert in_groups() == 0
    assert ImageAnalysis.objects.get(image=other).duplicate_group is None


def test_a_photo_that_an_import_brought_again_is_not_doubled_by_undo(trio, boss):
    decision = services.remove([trio[0].pk], by=boss)
    ProductImage.objects.create(product=trio[0].product, source_name="0.jpg", file=trio[0].file.name)

    assert services.undo(decision.undo, by=boss) == 0
    assert ProductImage.objects.filter(source_name="0.jpg").count() == 1


def test_undo_is_for_whoever_decided_and_for_a_day(trio, boss):
    decision = services.keep_all(trio[0].pk, by=boss)

    with pytest.raises(UndoExpired):
        services.undo(decision.undo, by=StaffUserFactory.create())
    with pytest.raises(UndoExpired):
        services.undo(decision.undo + "x", by=boss)
    assert in_groups() == 0


def test_files_of_removed_photos_go_after_thirty_days_unless_they_are_shown(
    trio, boss, django_capture_on_commit_callbacks
):
    names = [image.file.name for image in trio]
    services.remove([image.pk for image in trio[:2]], by=boss)
    ProductImage.objects.filter(pk=trio[2].pk).update(file=names[1])
    assert pictures.forget_removed() == 0

    RemovedPicture.objects.update(removed_at=timezone.now() - timedelta(days=31))
    with django_capture_on_commit_callbacks(execute=True):
        assert pictures.forget_removed() == 2

    assert [default_storage.exists(name) for name in names[:2]] == [False, True]
