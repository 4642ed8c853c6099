"""The whole way round: people decide, the shop offers to learn, a version is published, reads, and answers search."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from core.jobs import execute
from core.models import Job, ModelVersion, Scope
from tests.factories import ApiKeyFactory, CategoryFactory
from tests.hostile.pictures import drawn
from tests.vision.learner import colour_tagger
from vision import asking, deciding, label_sets, memory, seeing
from vision.models import ImageReading, ImageVector, Label
from vision.tasks import keep_vectors

pytestmark = pytest.mark.django_db
RED, BLUE, GREEN = (180, 20, 20), (20, 20, 180), (20, 180, 20)


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch, settings):
    settings.JOB_HEARTBEAT_SECONDS = 600.0  # a beat has a connection of its own, which sees no job of this test
    monkeypatch.setattr("vision.seeing.build_tagger", colour_tagger)
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr("core.model_registry.CHECK_SECONDS", 0.0)
    memory.forget()
    seeing.forget()
    yield
    memory.forget()
    seeing.forget()


def work_off(kind: str) -> None:
    execute(Job.objects.get(state=Job.State.QUEUED, kind=kind).pk)


def search() -> tuple[str, set[str]]:
    """What answers a green photo: the version, and the categories of the nearest three."""
    key = ApiKeyFactory.create(publishable=True, scopes=[Scope.SEARCH]).value
    client = APIClient(headers={"authorization": f"Bearer {key}"})
    photo = SimpleUploadedFile("me.png", drawn("PNG", (64, 48), colour="#20c020"))
    found = client.post("/api/v1/search/image?limit=3", {"image": photo}, format="multipart").json()
    return found["model_version"], {row["category"]["id"] for row in found["results"]}


def test_two_hundred_decisions_become_a_version_that_reads_the_shop_and_answers_search(
    photos, learning, boss, admin_client
):
    tops, bags, hats, shoes = CategoryFactory.create_batch(4)
    photos(tops, RED, 20), photos(bags, BLUE, 60)  # so many that chance puts some of them into the part that judges
    greens = [image.pk for image in photos(tops, GREEN, 50)]
    page = reverse("admin:vision_quality")
    admin_client.post(page, {"act": "train"})
    for kind in ("vision.train", "vision.read"):
        work_off(kind)
    keep_vectors()
    work_off("vision.vectors")
    assert search() == ("vision.v1", {tops.public_id})

    # Staff say of fifty photos that they show a hat, and neither a top nor a bag nor shoes.
    label_sets.mirror_categories()
    labels = {label.category_id: label for label in Label.objects.exclude(category=None)}
    deciding.label_photos(greens, labels[hats.pk], is_right=True, by=boss)
    for other in (tops, bags):
        deciding.label_photos(greens, labels[other.pk], is_right=False, by=boss)
    deciding.label_photos(greens[:-1], labels[shoes.pk], is_right=False, by=boss)
    assert asking.new_decisions() == 199
    assert "Training again is worth it." not in admin_client.get(page).text
    deciding.label_photos(greens[-1:], labels[shoes.pk], is_right=False, by=boss)
    assert asking.new_decisions() == 200
    assert "Training again is worth it." in admin_client.get(page).text

    # The version that learned from them passes the gate; until it has read the shop the older one answers.
    admin_client.post(page, {"act": "train"})
    work_off("vision.train")
    second = ModelVersion.objects.of("vision").active().get()
    row = next(one for one in second.report["compared"] if one["view"] == "all")
    assert (second.name, second.gate["passed"], second.report["compared_with"]) == ("vision.v2", True, "vision.v1")
    assert row["gained"] > row["lost"] == 0
    assert asking.new_decisions() == 0
    assert search() == ("vision.v1", {hats.public_id})

    # Read, laid out, answered: by one version.
    work_off("vision.read")
    assert search()[0] == "vision.v1"
    keep_vectors()
    work_off("vision.vectors")
    assert search() == ("vision.v2", {hats.public_id})
    for table, version in ((ImageReading, "model_version"), (ImageVector, "version")):
        assert set(table.objects.values_list(version, flat=True)) == {second.pk}
    assert ImageReading.objects.filter(image__in=greens, category=hats.public_id).count() == 50
