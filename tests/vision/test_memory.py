"""The matrix on the disk: laid out when vectors change, one version at a time, and never an error for who reads."""

import json

import numpy as np
import pytest

from catalog.models import ProductImage
from core.models import ModelVersion
from tests.factories import ModelVersionFactory, ProductFactory, ProductImageFactory
from vision import embedding, laying, memory, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def disk(settings, tmp_path, monkeypatch):
    settings.MODEL_ROOT = tmp_path / "models"
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.0)
    memory.forget()
    yield memory.folder()
    memory.forget()


@pytest.fixture
def version():
    return ModelVersionFactory.create(kind="vision").pk


def picture(product=None):
    return ProductImageFactory.create(product=product or ProductFactory.create())


def layouts(disk):
    return [path.name for path in disk.iterdir() if path.is_dir()]


def test_vectors_of_the_table_serve_after_the_job(version, disk):
    one, other = picture(), picture()
    more = picture(one.product)
    embedding.write([one.pk, other.pk, more.pk], np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]]), version)

    assert memory.laid() is None
    assert laying.lay_out() == {"changed": True, "mended": 0, "pictures": 3}

    laid = memory.laid()
    assert laid.version_id == version
    assert laid.version == ModelVersion.objects.get(pk=version).name
    assert laid.matrix.products.tolist() == sorted([one.product_id, other.product_id])
    assert laid.matrix.mean(one.product_id) == pytest.approx([0.7071, 0.7071], abs=1e-3)
    assert laying.lay_out()["changed"] is False
    assert len(layouts(disk)) == 1


def test_a_change_is_laid_out_and_the_old_matrix_stays_readable(version, disk):
    one, other = picture(), picture()
    embedding.write([one.pk], np.array([[1.0, 0.0]]), version)
    laying.lay_out()
    before = memory.laid()
    embedding.write([other.pk], np.array([[0.0, 1.0]]), version)
    assert laying.is_due()
    laying.lay_out()

    assert len(memory.laid().matrix.products) == 2
    assert before.matrix.rows.tolist() == [[1.0, 0.0]]  # its files are gone, what is mapped is not
    assert len(layouts(disk)) == 1


def test_a_removed_picture_leaves_the_matrix(version):
    one, other = picture(), picture()
    embedding.write([one.pk, other.pk], np.eye(2), version)
    laying.lay_out()
    ProductImage.objects.filter(pk=one.pk).delete()

    assert laying.lay_out() == {"changed": True, "mended": 1, "pictures": 1}
    assert memory.laid().matrix.images.tolist() == [other.pk]

    ProductImage.objects.all().delete()
    assert laying.lay_out() == {"changed": True, "mended": 1, "pictures": 0}
    assert memory.laid() is None
    assert not laying.is_due()


def test_the_old_version_serves_until_the_new_one_is_whole(version):
    newer = ModelVersionFactory.create(kind="vision").pk
    one, other = picture(), picture()
    embedding.write([one.pk, other.pk], np.eye(2), version)
    laying.lay_out()

    embedding.write([one.pk], np.array([[1.0, 0.0, 0.0]]), newer)
    assert laying.lay_out()["changed"] is False
    assert (memory.laid().version_id, len(memory.laid().matrix.images), memory.laid().matrix.dimensions) == (
        version, 2, 2,
    )  # fmt: skip

    embedding.write([other.pk], np.array([[0.0, 1.0, 0.0]]), newer)
    laying.lay_out()
    assert (memory.laid().version_id, len(memory.laid().matrix.images), memory.laid().matrix.dimensions) == (
        newer, 2, 3,
    )  # fmt: skip


def test_files_lost_while_a_newer_version_reads_are_made_from_the_means(version, disk):
    newer = ModelVersionFactory.create(kind="vision").pk
    one, other = picture(), picture()
    embedding.write([one.pk, other.pk], np.eye(2), version)
    laying.lay_out()
    embedding.write([one.pk], np.array([[1.0, 0.0, 0.0]]), newer)
    next(disk.glob("vision*/rows.npy")).unlink()

    assert laying.is_due()
    assert laying.lay_out() == {"changed": True, "mended": 0, "pictures": 2}

    assert (memory.laid().version_id, memory.laid().matrix.images.tolist()) == (version, [0, 0])


@pytest.mark.parametrize(
    "damage",
    [
        lambda disk: (disk / "current.json").write_text("{"),
        lambda disk: (disk / "current.json").write_text('{"format": 1}'),
        lambda disk: (disk / "current.json").write_text("[]"),
        lambda disk: (disk / "current.json").unlink(),
        lambda disk: next(disk.glob("vision*/rows.npy")).unlink(),
        lambda disk: next(disk.glob("vision*/rows.npy")).write_bytes(b"\x93NUMPY"),
        lambda disk: next(disk.glob("vision*/starts.npy")).write_bytes(b""),
    ],
)
def test_damaged_files_serve_nobody_and_cost_nobody(version, disk, damage):
    one = picture()
    embedding.write([one.pk], np.array([[1.0, 0.0]]), version)
    laying.lay_out()
    known = memory.laid()
    damage(disk)
    (disk / "current.json").exists() and (disk / "current.json").touch()

    assert memory.laid() is known or memory.laid().matrix.products.tolist() == known.matrix.products.tolist()
    memory.forget()
    assert memory.laid() is None
    assert laying.is_due()

    assert laying.lay_out()["changed"] is True
    memory.forget()
    assert memory.laid().matrix.images.tolist() == [one.pk]
    assert memory.load_error() == ""


def test_arrays_that_were_exchanged_for_others_do_not_serve(version, disk):
    one = picture()
    embedding.write([one.pk], np.array([[1.0, 0.0]]), version)
    laying.lay_out()
    place = next(disk.glob("vision*"))
    np.save(place / "starts.npy", np.array([5]))
    said = json.loads((disk / "current.json").read_text())
    said["files"]["starts.npy"] = memory._sha256(place / "starts.npy")
    (disk / "current.json").write_text(json.dumps(said))
    memory.forget()

    assert memory.laid() is None
    assert "no matrix" in memory.load_error()


def test_the_scheduler_asks_only_when_something_changed(version, django_capture_on_commit_callbacks, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks, "enqueue", lambda name, **more: asked.append((name, more["dedupe_key"])))
    memory.clear()
    tasks.keep_vectors()
    assert asked == []

    embedding.write([picture().pk], np.array([[1.0, 0.0]]), version)
    tasks.keep_vectors()
    assert asked == [("vision.tasks.lay_out", "vision.vectors")]

    laying.lay_out()
    tasks.keep_vectors()
    assert len(asked) == 1


def test_how_many_queries_a_look_takes(version, django_assert_num_queries):
    embedding.write([picture().pk], np.array([[1.0, 0.0]]), version)
    laying.lay_out()

    with django_assert_num_queries(2):
        assert not laying.is_due()
    with django_assert_num_queries(0):
        memory.laid()
