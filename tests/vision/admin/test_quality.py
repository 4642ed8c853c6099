"""The page "Learning from photos": figures of versions, photos behind a number, and what may be done."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Product
from core.jobs.ending import DIED
from core.models import Job, ModelVersion
from tests.factories import (
    CategoryFactory,
    ImageAnalysisFactory,
    ImageReadingFactory,
    JobFactory,
    ModelVersionFactory,
    ProductImageFactory,
)
from vision.models import ImageReading, VisionSettings

pytestmark = pytest.mark.django_db
PAGE = "/admin/vision/quality/"
SEEN, LEARN, TRAIN = "vision.view_imagereading", "vision.change_visionsettings", "core.activate_modelversion"


def version(number=1, state=ModelVersion.State.ACTIVE, **changes):
    tops, bags = CategoryFactory.create(name="Tops"), CategoryFactory.create(name="Bags")
    wrong = ProductImageFactory.create(product__name="Odd shirt")
    report = {
        "classes": [
            {"key": tops.public_id, "photos": 30, "precision": 0.9, "recall": 0.8, "f1": 0.847},
            {"key": bags.public_id, "photos": 20, "precision": None, "recall": 0.0, "f1": 0.0},
        ],
        "labels": [
            {"set": "pattern", "key": "striped", "photos": 9, "precision": 1.0, "recall": 0.5, "f1": 0.667}
        ],
        "cells": [
            {"label": tops.public_id, "read": tops.public_id, "photos": 24, "ids": []},
            {"label": tops.public_id, "read": bags.public_id, "photos": 6, "ids": [wrong.pk, 10**9]},
        ],
        "bins": [{"confidence": 0.1 * at, "right": 0.1 * at, "photos": 5} for at in range(1, 11)],
        "curves": [
            {"epoch": at, "loss": 1.0 / at, "val_loss": 1.2 / at, "val_accuracy": 0.8, "seconds": at, "size": 96}
            for at in range(1, 12)
        ],
        "manifest": {
            "photos": 300, "products": 280, "test": 50, "joined": {bags.public_id: tops.public_id},
            "left_out": {"unlabelled": 7}, "labels": [
                {"set": "category", "key": tops.public_id, "photos": 200, "products": 190, "test": 30},
                {"set": "pattern", "key": "striped", "photos": 40, "products": 40, "test": 9},
            ],
        },
        "compared": [{"view": "all", "photos": 50, "candidate": 0.8, "active": 0.7, "gained": 8, "lost": 3, "p": 0.23}],
        "compared_with": "vision.v0",
        "engine": {"architecture": "product", "cpu_seconds": 99.6, "weights": "ab" * 32},
    }  # fmt: skip
    metrics = {"accuracy": 0.8123, "macro_f1": 0.7, "top3": 0.95, "parent_accuracy": 0.9, "ece": 0.04}
    return ModelVersionFactory.create(
        kind="vision", number=number, state=state, metrics=metrics, report=report, row_count=250, **changes
    )


def test_an_empty_shop_is_told_what_will_be_here(client_with):
    page = client_with(SEEN).get(PAGE)

    assert page.status_code == 200
    assert "Nothing learned from photos yet" in page.text
    assert "Train now" not in page.text


def test_the_page_answers_shows_every_table_and_asks_a_known_number_of_queries(client_with):
    version()
    client = client_with(SEEN)
    client.get(PAGE)

    with CaptureQueriesContext(connection) as asked:
        page = client.get(PAGE)

    text = page.text
    assert "81% of categories are read right on 50 photos kept apart" in text
    for words in ("Beside vision.v0", "What was taken for what", "Category by category", "Confidence was off by 4.0%",
                  "How learning went", "What it learned from", "7 without category and tags", "Tops",
                  "Striped", "abababababab", "1 category has too few products"):  # fmt: skip
        assert words in text, words
    one = len(asked)
    for number in range(2, 12):
        version(number, ModelVersion.State.RETIRED)
    with CaptureQueriesContext(connection) as asked:
        client.get(PAGE)
    assert len(asked) == one <= 25


def test_the_page_of_models_says_what_versions_are_measured_on(client_with):
    version()

    page = client_with("core.view_modelversion").get("/admin/core/modelversion/?kind=vision").content.decode()

    assert "Measured on photos that never teach. Higher is better, except for how far confidence was off." in page
    assert "Measured on events later" not in page


def test_how_far_the_live_version_has_read_is_said_before_during_and_after(client_with):
    live = version()
    one, two = (ImageAnalysisFactory.create().image for _n in range(2))
    ImageReadingFactory.create(image=one, content_sha256=one.content_sha256)  # by an older version
    ProductImageFactory.create()  # nobody looked at it yet
    client = client_with(SEEN)

    assert "0 of 2 photos read by the live version; the others follow from the next minute on" in client.get(PAGE).text
    ImageReading.objects.update(model_version=live)
    job = JobFactory.create(kind="vision.read", task="vision.tasks.read", state=Job.State.RUNNING)
    page = client.get(PAGE).text
    assert "1 of 2 photos read by the live version</p>" in page
    assert "Reading photos" in page
    ImageReadingFactory.create(image=two, content_sha256=two.content_sha256, model_version=live)
    job.delete()
    assert "2 photos read by the live version</p>" in client.get(PAGE).text


def test_a_number_of_the_matrix_leads_to_its_photos_and_those_that_are_gone_are_passed_over(client_with):
    shown = version()
    cell = shown.report["cells"][1]
    client = client_with(SEEN)

    page = client.get(PAGE, {"version": 1, "label": cell["label"], "read": cell["read"]})

    assert "Tops, read as Bags" in page.text
    assert page.text.count("<img") >= 1
    assert "Odd shirt" in page.text
    assert "1 of 6 photos kept apart from learning, as vision.v1 read them" in page.text
    assert client.get(PAGE, {"version": 1, "label": "nothing"}).status_code == 404
    assert client.get(PAGE, {"version": 9}).status_code == 404


def test_photos_of_deleted_products_are_not_shown(client_with):
    shown = version()
    cell = shown.report["cells"][1]
    Product.objects.filter(images=cell["ids"][0]).update(deleted_at=timezone.now())

    page = client_with(SEEN).get(PAGE, {"version": 1, "label": cell["label"], "read": cell["read"]})

    assert "Odd shirt" not in page.text


def test_a_version_older_than_the_list_shows_still_opens(client_with):
    old = version(1, ModelVersion.State.RETIRED)
    for number in range(2, 24):
        ModelVersionFactory.create(kind="vision", number=number, state=ModelVersion.State.RETIRED)
    client = client_with(SEEN, "core.export_data")

    assert "81% of categories are read right" in client.get(PAGE, {"version": old.number}).text
    for nonsense in ("99", "x", "-1", "9" * 40):
        assert client.get(PAGE, {"version": nonsense}).status_code == 404


def test_training_and_reading_are_asked_for_once_by_those_who_may(client_with):
    version()
    ImageReadingFactory.create(content_sha256="a" * 64)
    client = client_with(SEEN, LEARN, TRAIN)

    for act in ("train", "train", "read"):
        assert client.post(PAGE, {"act": act}).status_code == 302

    assert sorted(Job.objects.values_list("kind", flat=True)) == ["vision.read", "vision.train"]
    assert ImageReading.objects.get().content_sha256 == "again"
    page = client.get(PAGE)
    assert "Train now" not in page.text
    for act, allowed in (("train", {LEARN}), ("read", {TRAIN}), ("settings", {TRAIN})):
        assert client_with(SEEN, *allowed).post(PAGE, {"act": act}).status_code == 403


def test_what_the_next_training_learns_with_is_saved_within_its_limits(client_with):
    client = client_with(SEEN, LEARN)

    client.post(PAGE, {"act": "settings", "architecture": "plain", "seconds": "120"})
    assert (VisionSettings.current().architecture, VisionSettings.current().cpu_seconds) == ("plain", 120)

    for architecture, seconds in (("huge", "120"), ("plain", "5"), ("plain", "99999999"), ("plain", "x")):
        client.post(PAGE, {"act": "settings", "architecture": architecture, "seconds": seconds})
    assert VisionSettings.current().cpu_seconds == 120


def test_size_and_whether_weights_of_a_file_learn_on_are_chosen_and_kept_where_they_are_not_said(client_with, settings):
    client = client_with(SEEN, LEARN)
    said = {"act": "settings", "architecture": "product", "seconds": "300"}
    assert 'name="unfreeze"' not in client.get(PAGE).text

    settings.VISION_WEIGHTS = "/srv/weights.npz"
    assert 'name="unfreeze"' in client.get(PAGE).text
    client.post(PAGE, said | {"size": "96", "unfreeze": "0"})
    client.post(PAGE, said | {"seconds": "120"})
    for size in ("65", "0", "x", "9" * 30):
        client.post(PAGE, said | {"size": size})

    now = VisionSettings.current()
    assert (now.size, now.may_unfreeze, now.cpu_seconds) == (96, False, 120)


def test_why_the_last_training_came_to_nothing_is_said(client_with):
    JobFactory.create(
        task="vision.tasks.train", kind="vision.train", state=Job.State.FAILED, message="Too few photos to learn from"
    )

    page = client_with(SEEN).get(PAGE).text
    assert "Too few photos to learn from" in page
    assert "Open the job" not in page


def test_what_lost_its_worker_is_said_too_and_leads_whoever_may_to_the_job(client_with):
    job = JobFactory.create(
        task="vision.tasks.train", kind="vision.train", state=Job.State.QUARANTINED, message=DIED.text
    )

    page = client_with(SEEN, "core.view_job").get(PAGE).text
    assert DIED.text in page
    assert f"/admin/core/job/{job.pk}/change/" in page


def test_the_table_of_categories_leaves_as_a_file(client_with):
    version()

    answer = client_with(SEEN, "core.export_data").post("/admin/vision/quality/export/", {"format": "csv"})

    text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.text
    assert "Tops,30,0.9,0.8,0.847" in text
