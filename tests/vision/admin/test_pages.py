"""The list of photos, the page of duplicates, and what a product's page says."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog.models import ProductImage
from core.models import Job
from tests.factories import ImageReadingFactory, ModelVersionFactory
from tests.vision.ml.pictures import garment, scene
from vision.admin import duplicates
from vision.asking import unread
from vision.models import ImageAnalysis, NotDuplicates
from vision.pipelines import look

pytestmark = pytest.mark.django_db
LIST, DUPLICATES = "/admin/vision/imageanalysis/", "/admin/vision/duplicates/"


@pytest.fixture
def seen(shop, photo) -> list[ProductImage]:
    """A good photo, a small restless one, and one that is there twice."""
    made = [
        photo(garment((200, 16, 46))),
        photo(scene(1, side=100)),
        *(photo(scene(2, side=200), source_name="twice.jpg") for _n in range(2)),
    ]
    look()
    return made


def shown(page) -> list[int]:
    return [row.pk for row in page.context["cl"].result_list]


def test_the_list_tells_faults_colours_and_duplicates(client, seen):
    everything = [image.pk for image in reversed(seen)]

    assert shown(client.get(LIST)) == everything
    assert shown(client.get(LIST, {"view": "faults"})) == [pk for pk in everything if pk != seen[0].pk]
    assert shown(client.get(LIST, {"view": "duplicates"})) == [seen[3].pk, seen[2].pk]
    assert shown(client.get(LIST, {"fault": "small"})) == [image.pk for image in reversed(seen[1:])]
    assert shown(client.get(LIST, {"colour": "red", "view": ""})) == [seen[0].pk]
    assert shown(client.get(LIST, {"q": "twice"})) == [seen[3].pk, seen[2].pk]
    assert shown(client.get(LIST, {"fault": "no such", "colour": "no such"})) == everything


def test_the_list_asks_as_many_queries_for_many_photos_as_for_few(client, seen, photo):
    client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(LIST)
    for seed in range(20):
        photo(scene(100 + seed, side=60))
    look()
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)

    assert len(many) == len(few)
    assert len(many) <= 12


def test_groups_are_shown_with_their_products_and_kept_in_one_click(client, seen):
    page = client.get(DUPLICATES)
    assert [[photo.image.pk for photo in one.photos] for one in page.context["groups"]] == [[seen[2].pk, seen[3].pk]]
    assert page.context["groups"][0].words == "2 photos of 2 products · the same file"
    with translation.override("zh-hans"):
        assert duplicates._words(page.context["groups"][0].group).startswith("2 件商品的 2 张照片 · ")

    client.post(DUPLICATES, {"keep": seen[2].pk})

    assert NotDuplicates.objects.count() == 1
    page = client.get(DUPLICATES)
    assert page.context["groups"] == []
    assert "No duplicates" in page.content.decode()


def test_a_photo_is_removed_and_put_back_by_the_toast(client, seen):
    page = client.post(DUPLICATES, {"remove": seen[3].pk}, follow=True)
    toast = str(next(iter(page.context["messages"])))
    assert "1 photo removed" in toast
    assert not ProductImage.objects.filter(pk=seen[3].pk).exists()

    key = page.content.decode().split('name="key" value="')[1].split('"')[0]
    client.post(DUPLICATES, {"act": "undo", "key": key})

    assert ProductImage.objects.filter(pk=seen[3].pk).exists()


def test_bad_input_changes_nothing(client, seen):
    for data in ({}, {"keep": "x"}, {"keep": "9" * 30}, {"remove": "-1"}, {"act": "undo", "key": "x"}):
        assert client.post(DUPLICATES, data).status_code == 302
    for page in ("0", "-3", "x", "99999", "9" * 40):
        assert client.get(DUPLICATES, {"page": page}, follow=True).status_code == 200
    assert ProductImage.objects.count() == 4
    assert ImageAnalysis.objects.doubled().count() == 2


def test_who_may_not_change_products_sees_no_button_and_removes_nothing(client_with, seen):
    client = client_with("vision.decide_duplicates", "vision.view_imageanalysis")

    page = client.get(DUPLICATES)
    client.post(DUPLICATES, {"remove": seen[3].pk})

    assert b'name="remove"' not in page.content
    assert ProductImage.objects.filter(pk=seen[3].pk).exists()


def test_the_page_of_duplicates_asks_as_many_queries_for_many_groups_as_for_one(client, seen, photo):
    client.get(DUPLICATES)
    with CaptureQueriesContext(connection) as few:
        client.get(DUPLICATES)
    for seed in range(5):
        for _twice in range(2):
            photo(scene(200 + seed, side=60))
    look()
    with CaptureQueriesContext(connection) as many:
        client.get(DUPLICATES)

    assert len(many) == len(few)
    assert len(many) <= 12


def test_the_page_of_a_product_says_what_is_wrong_with_its_photos(client, seen):
    panel = client.get(f"/admin/catalog/product/{seen[2].product_id}/panel/vision.product/").content.decode()

    assert "Too small" in panel
    assert "Upload a photo with at least 400 pixels" in panel
    assert "Looks the same as" in panel


def test_the_file_of_photos_speaks_the_language_of_its_reader(client_with, seen):
    client = client_with("vision.view_imageanalysis", "core.export_data")

    def told(language: str) -> str:
        client.cookies["django_language"] = language
        answer = client.post(f"{LIST}export/", {"format": "csv"})
        return b"".join(answer.streaming_content).decode() if answer.streaming else answer.text

    english, chinese = told("en"), told("zh-hans")

    assert "too small" in english
    assert "red 95%" in english
    assert "尺寸过小" in chinese
    assert "红色 95%" in chinese


def test_chosen_photos_are_read_again_by_a_job(client_with, seen):
    live = ModelVersionFactory.create(kind="vision", state="active")
    for image in seen[:3]:
        ImageReadingFactory.create(image=image, content_sha256=image.content_sha256, model_version=live)
    client = client_with("vision.view_imageanalysis", "vision.change_visionsettings")
    chosen = {"action": "read_chosen_again", "_selected_action": [seen[0].pk, seen[3].pk], "index": 0}

    page = client.post(LIST, chosen, follow=True)

    assert "2 photos will be read again" in page.content.decode()
    assert Job.objects.get().kind == "vision.read"
    assert set(unread(live.pk).values_list("pk", flat=True)) == {seen[0].pk, seen[3].pk}


def test_reading_again_needs_the_right_and_a_live_version(client_with, seen):
    chosen = {"action": "read_chosen_again", "_selected_action": [seen[0].pk], "index": 0}

    client_with("vision.view_imageanalysis").post(LIST, chosen)
    page = client_with("vision.view_imageanalysis", "vision.change_visionsettings").post(LIST, chosen, follow=True)

    assert "No version is live yet" in page.content.decode()
    assert not Job.objects.filter(kind="vision.read").exists()
