"""A disk that is full while a model, an export or a picture is written: a sentence, and everything as it was."""

import io
import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from PIL import Image

from catalog.models import ProductImage
from core import exports, jobs
from core import model_registry as registry
from core.exceptions import DomainError
from core.faults import fault_of
from core.models import Export, Job, ModelVersion
from recommender import selectors
from recommender.choices import RECOMMENDER
from tests.catalog.admin.test_product_page import address
from tests.factories import CustomerFactory, ProductFactory, StaffUserFactory
from tests.faults.harness import small_disk
from tests.faults.harness.disk import leave_free

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk():
    with small_disk(3_000_000) as folder:
        yield folder


@pytest.fixture
def owner():
    return StaffUserFactory.create(is_superuser=True)


def files_of(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != "filler"}


def test_a_model_that_does_not_fit_leaves_the_one_that_serves(disk, settings, tiny_model):
    settings.MODEL_ROOT = disk
    first = tiny_model()
    before = files_of(disk)
    filler = leave_free(disk, 4_096)

    with pytest.raises(DomainError, match="disk is full") as refusal:
        tiny_model()

    assert refusal.value.code == "disk_full"
    assert files_of(disk) == before
    assert ModelVersion.objects.get() == first
    assert registry.active(RECOMMENDER).name == first.name
    filler.unlink()
    assert tiny_model().is_active


def test_an_export_that_does_not_fit_leaves_nothing(disk, settings, owner):
    settings.EXPORT_ROOT = disk
    CustomerFactory.create_batch(30, name="A name that takes some room " * 6)
    export = Export.objects.create(source="catalog.Customer", format="csv", created_by=owner, query={})
    filler = leave_free(disk, 2_048)

    with pytest.raises(DomainError, match="disk is full"):
        jobs.run_now("core.tasks.make_export", export_id=export.pk)

    assert Job.objects.get().state == Job.State.FAILED
    assert files_of(disk) == set()
    export.refresh_from_db()
    assert (export.file, export.finished_at) == ("", None)
    filler.unlink()
    assert exports.make(export.pk) == {"rows": 30}


def test_a_picture_that_does_not_fit_changes_nothing_and_says_so(disk, settings, owner):
    settings.MEDIA_ROOT = disk
    product = ProductFactory.create(name="Lamp")
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    data = io.BytesIO()
    Image.effect_noise((400, 400), 80).convert("RGB").save(data, "PNG")
    sent = {"act": "add", "image": SimpleUploadedFile("photo.png", data.getvalue(), "image/png")}
    leave_free(disk, 2_048)

    answer = client.post(address(product, "pictures/"), sent)

    assert answer.status_code == 507
    assert "The disk is full, so nothing was saved." in answer.content.decode()
    product.refresh_from_db()
    assert product.name == "Lamp"
    assert not ProductImage.objects.exists()


def test_a_full_disk_under_the_database_is_said_to_the_caller(server, monkeypatch):
    class Full(Exception):
        pgcode = "53100"

    def refuses(*_: object, **__: object) -> None:
        raise OperationalError("could not extend file") from Full()

    monkeypatch.setattr("catalog.selectors.category_tree", refuses)

    answer = server.get("/categories")

    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert "Retry-After" not in answer


def test_only_a_full_disk_is_taken_for_one():
    assert fault_of(OSError(28, os.strerror(28))).status == 507
    assert fault_of(OSError(2, os.strerror(2))) is None
    assert fault_of(ValueError("28")) is None


@pytest.fixture
def tiny_model():
    """Publishes a small recommender that passes the gate."""
    import numpy as np

    registry.forget_loaded()
    product = ProductFactory.create()

    def publish() -> ModelVersion:
        arrays = {
            "item_ids": np.array([product.pk], np.int64),
            "popularity": np.ones(1, np.float32),
            **{name: np.zeros(2, np.int64) for name in ("indptr", "similar_indptr")},
            **{name: np.zeros(0, np.int32) for name in ("indices", "similar_indices")},
            **{name: np.zeros(0, np.float32) for name in ("weights", "similar_weights")},
        }
        return registry.publish_if_better(
            RECOMMENDER, arrays, meta={}, report={"metrics": {"ndcg@10": 0.1}}, trained_until=None, margin=1.0
        )

    yield publish
    registry.forget_loaded()


def test_the_tiny_model_serves(settings, tmp_path, tiny_model):
    settings.MODEL_ROOT = tmp_path
    tiny_model()

    assert len(selectors.recommend().items) == 1
