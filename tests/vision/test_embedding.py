"""Vectors of pictures and products: means, one version at a time, and what is left out."""

import numpy as np
import pytest

from catalog.models import ProductImage, ProductVector
from tests.factories import ModelVersionFactory, ProductFactory, ProductImageFactory
from vision import embedding
from vision.models import ImageVector

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return ModelVersionFactory.create(kind="vision").pk


@pytest.fixture
def newer(version):
    return ModelVersionFactory.create(kind="vision").pk


def pictures(count, product=None):
    product = product or ProductFactory.create()
    return [ProductImageFactory.create(product=product) for _ in range(count)]


def vector_of(product_id):
    return embedding.unpacked([ProductVector.objects.get(product=product_id).vector])[0].tolist()


def test_a_product_has_the_mean_direction_of_its_pictures(version):
    one, other = pictures(2)

    assert embedding.write([one.pk, other.pk], np.array([[3.0, 0.0], [0.0, 1.0]]), version) == 2

    row = ProductVector.objects.get(product=one.product_id)
    assert (row.dimensions, row.sources, row.model_version_id, row.kind) == (2, 2, version, "image")
    assert vector_of(one.product_id) == pytest.approx([0.7071, 0.7071], abs=5e-4)
    assert embedding.unpacked([ImageVector.objects.get(pk=one.pk).vector]).tolist() == [[1.0, 0.0]]
    assert ImageVector.objects.get(pk=one.pk).content_sha256 == one.content_sha256


def test_writing_twice_changes_nothing_and_later_pictures_join(version):
    one, other = pictures(2)
    embedding.write([one.pk], np.array([[1.0, 0.0]]), version)
    embedding.write([one.pk], np.array([[1.0, 0.0]]), version)
    assert vector_of(one.product_id) == [1.0, 0.0]

    embedding.write([other.pk], np.array([[0.0, 1.0]]), version)

    assert vector_of(one.product_id) == pytest.approx([0.7071, 0.7071], abs=5e-4)
    assert ProductVector.objects.count() == 1


def test_pictures_that_are_gone_and_rows_without_direction_are_left_out(version):
    one, other = pictures(2)
    rows = np.array([[0.0, 0.0], [np.nan, 1.0], [1.0, 0.0]])

    assert embedding.write([one.pk, other.pk, 999_999], rows, version) == 0

    assert not ImageVector.objects.exists()
    assert not ProductVector.objects.exists()


def test_opposite_pictures_keep_a_direction(version):
    one, other = pictures(2)
    embedding.write([one.pk, other.pk], np.array([[1.0, 0.0], [-1.0, 0.0]]), version)

    assert vector_of(one.product_id) == [1.0, 0.0]


def test_another_number_of_rows_is_refused(version):
    with pytest.raises(ValueError, match="Vectors are"):
        embedding.write([1, 2], np.zeros((1, 2)), version)


def test_the_old_version_serves_until_the_new_one_has_seen_every_picture(version, newer):
    one, other = pictures(1)[0], pictures(1)[0]
    embedding.write([one.pk, other.pk], np.array([[1.0, 0.0], [1.0, 0.0]]), version)

    embedding.write([one.pk], np.array([[0.0, 1.0, 0.0]]), newer)
    assert embedding.served_version() == version
    assert set(ProductVector.objects.values_list("model_version", "dimensions")) == {(version, 2)}

    embedding.write([other.pk], np.array([[0.0, 0.0, 1.0]]), newer)
    assert embedding.served_version() == newer
    assert set(ProductVector.objects.values_list("model_version", "dimensions")) == {(newer, 3)}
    assert vector_of(other.product_id) == [0.0, 0.0, 1.0]


def test_what_the_new_version_could_not_read_loses_its_vector_when_it_is_complete(version, newer):
    one, other = pictures(1)[0], pictures(1)[0]
    embedding.write([one.pk, other.pk], np.array([[1.0, 0.0], [1.0, 0.0]]), version)
    embedding.write([one.pk], np.array([[0.0, 1.0]]), newer)

    assert embedding.complete(newer) == 1

    assert list(ProductVector.objects.values_list("product", "model_version")) == [(one.product_id, newer)]
    assert list(ImageVector.objects.values_list("pk", flat=True)) == [one.pk]


def test_a_version_without_pictures_takes_nothing_away(version, newer):
    one = pictures(1)[0]
    embedding.write([one.pk], np.array([[1.0, 0.0]]), version)

    assert embedding.complete(newer) == 1
    assert embedding.served_version() == version


def test_a_product_that_loses_a_picture_is_counted_again(version):
    one, other = pictures(2)
    alone = pictures(1)[0]
    embedding.write([one.pk, other.pk, alone.pk], np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), version)
    ProductImage.objects.filter(pk__in=[other.pk, alone.pk]).delete()

    assert embedding.mend() == 2
    assert embedding.mend() == 0

    assert vector_of(one.product_id) == [1.0, 0.0]
    assert not ProductVector.objects.filter(product=alone.product_id).exists()


def test_nothing_is_mended_while_a_newer_version_reads(version, newer):
    one, other = pictures(2)
    embedding.write([one.pk, other.pk], np.array([[1.0, 0.0], [0.0, 1.0]]), version)
    embedding.write([other.pk], np.array([[0.0, 1.0]]), newer)

    assert embedding.mend() == 0
    assert ProductVector.objects.get().sources == 2


def test_vectors_of_different_lengths_are_not_put_together():
    with pytest.raises(ValueError, match="different lengths"):
        embedding.unpacked([b"\0\0", b"\0\0\0\0"])
    assert embedding.unpacked([]).shape == (0, 0)
