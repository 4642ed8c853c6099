"""Search by photo and products that look alike: what comes back, what is refused, and that nothing is kept."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from catalog.models import Product, ProductTag, Variant
from core.models import Scope
from tests.factories import ApiKeyFactory, CategoryFactory, ProductFactory, ProductTagFactory
from tests.hostile.pictures import CLEANED, REFUSED, drawn, exif, row_bomb
from vision import lookalikes, memory, seeing

pytestmark = pytest.mark.django_db
URL = "/api/v1/search/image"


@pytest.fixture
def browser(db) -> APIClient:
    value = ApiKeyFactory.create(publishable=True, scopes=[Scope.SEARCH]).value
    return APIClient(headers={"authorization": f"Bearer {value}"})


def photo(colour: str = "red", kind: str = "JPEG", **how) -> bytes:
    return drawn(kind, (64, 48), colour=colour, **how)


def ask(client, content: bytes, query: str = ""):
    return client.post(URL + query, {"image": SimpleUploadedFile("me.jpg", content)}, format="multipart")


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_the_most_alike_come_first_with_score_reason_and_version(looked, browser):
    body = ask(browser, photo("red")).json()

    assert (body["source"], body["model_version"]) == ("network", "vision.v3")
    assert [(row["name"], row["score"]) for row in body["results"]] == [
        ("red", 1.0), ("orange", 0.8), ("green", 0.0), ("blue", 0.0),
    ]  # fmt: skip
    assert body["results"][0]["reason"] == {"code": "looks_like", "text": "Looks like your photo"}
    assert body["results"][0]["id"] == looked.red.public_id
    assert {"price", "currency", "image", "url", "in_stock", "category"} <= set(body["results"][0])


def test_the_body_itself_may_be_the_picture(looked, browser):
    answer = browser.post(f"{URL}?limit=2", photo("blue", "PNG"), content_type="image/png")

    assert names(answer) == ["blue", "red"]


def test_reasons_are_in_the_language_of_the_request(looked, browser):
    reason = ask(browser, photo(), "?lang=zh-hans").json()["results"][0]["reason"]["text"]

    assert re.search("[一-鿿]", reason)


def test_what_is_hidden_deleted_or_sold_out_never_appears(looked, browser):
    Product.objects.filter(pk=looked.red.pk).update(status=Product.Status.HIDDEN)
    assert names(ask(browser, photo("red"))) == ["orange", "green", "blue"]

    Variant.objects.filter(product=looked.orange).update(stock=0)
    assert names(ask(browser, photo("red"))) == ["green", "blue"]

    looked.green.delete()
    assert names(ask(browser, photo("red"))) == ["blue"]


def test_filters_are_those_of_the_search(looked, browser):
    shirts = CategoryFactory.create(external_id="shirts")
    Product.objects.filter(pk__in=[looked.green.pk, looked.blue.pk]).update(category=shirts)
    Product.objects.filter(pk=looked.blue.pk).update(price="99.00")
    ProductTagFactory.create(product=looked.orange, kind="colour", value="orange")

    assert names(ask(browser, photo("red"), "?category=ext:shirts")) == ["green", "blue"]
    assert names(ask(browser, photo("red"), "?price_min=50")) == ["blue"]
    assert names(ask(browser, photo("red"), "?price_max=50&limit=1")) == ["red"]
    assert names(ask(browser, photo("red"), "?tag=colour:orange")) == ["orange"]
    assert ProductTag.objects.count() == 1


def test_narrow_filters_find_what_is_far_away_too(looked, browser, monkeypatch):
    monkeypatch.setattr(lookalikes, "SPARE", 1)
    Product.objects.filter(pk=looked.blue.pk).update(price="99.00")

    assert names(ask(browser, photo("red"), "?price_min=50&limit=1")) == ["blue"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?limit=0", 400, "invalid"), ("?limit=101", 400, "invalid"), ("?category=nothing", 400, "invalid"),
        ("?category=ext:none", 400, "unknown_id"), ("?price_min=9&price_max=1", 400, "out_of_range"),
        ("?tag=red", 400, "not_a_tag"), ("?in_stock=false", 400, "unknown_parameter"),
        ("?page=2", 400, "unknown_parameter"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_in_the_address_is_refused(looked, browser, query, status, code):
    answer = ask(browser, photo(), query)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_no_bad_picture_is_an_error_of_ours(looked, browser, name):
    for send in (
        lambda content: ask(browser, content),
        lambda content: browser.post(URL, content, content_type="image/jpeg"),
    ):
        answer = send(REFUSED[name]())

        assert answer.status_code in (400, 413, 422), (name, answer.status_code)
        body = answer.json()
        assert body["code"] in ("no_photo", "photo_too_large", "body_too_large", "bad_input")
        assert len(body["detail"]) > 10


@pytest.mark.parametrize("name", sorted(CLEANED))
def test_odd_pictures_that_are_whole_are_looked_at(looked, browser, name):
    assert ask(browser, CLEANED[name]()).status_code == 200


def test_too_large_is_413_with_the_reason(looked, browser):
    bomb = ask(browser, row_bomb(7_999, 1, 0, 1_000))
    assert (bomb.status_code, bomb.json()["code"]) == (413, "photo_too_large")
    assert "7999 × 7999" in bomb.json()["detail"]

    nine = ask(browser, drawn("PNG", (3_000, 3_000), "L"))
    assert (nine.status_code, nine.json()["code"]) == (413, "photo_too_large")
    assert "larger than 8 million" in nine.json()["detail"]

    assert names(ask(browser, drawn("JPEG", (4_000, 3_000), colour="red")))[0] == "red"

    heavy = browser.post(URL, b"\xff\xd8" + b"\0" * (10 * 1024 * 1024), content_type="image/jpeg")
    assert heavy.status_code == 413


def test_a_photo_taken_upright_is_seen_upright(looked, browser, monkeypatch):
    seen = []
    read = looked.tagger.read
    monkeypatch.setattr(looked.tagger, "read", lambda pixels: (seen.append(pixels[0].copy()), read(pixels))[1])
    lying = Image.new("RGB", (64, 64), "red")
    lying.paste(Image.new("RGB", (32, 64), "blue"), (0, 0))  # blue is left
    content = io.BytesIO()
    lying.save(content, "JPEG", quality=95, exif=exif(turned=6))

    ask(browser, content.getvalue())

    top, bottom = seen[0][0].mean(axis=0), seen[0][-1].mean(axis=0)
    assert top[2] > 200 > 60 > top[0]  # turned clockwise, left becomes top
    assert bottom[0] > 200 > 60 > bottom[2]


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        ({}, {"format": "multipart"}, 400),
        ({"image": "text"}, {"format": "multipart"}, 400),
        ({"photo": SimpleUploadedFile("a.jpg", b"x")}, {"format": "multipart"}, 400),
        (b"{}", {"content_type": "application/json"}, 415),
        (b"x", {"content_type": "text/plain"}, 415),
        (b"", {"content_type": "image/png"}, 400),
        (b"--x\r\nbroken", {"content_type": "multipart/form-data; boundary=x"}, 400),
        (b"nothing", {"content_type": "multipart/form-data"}, 400),
    ],
)
def test_bodies_without_a_picture_are_refused(looked, browser, body, more, status):
    assert browser.post(URL, body, **more).status_code == status


def test_nothing_of_the_photo_is_kept(looked, browser, settings, tmp_path, monkeypatch):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "uploads")
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000
    before = set(Path(tmp_path).rglob("*"))
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "JPEG", quality=95)
    assert len(content.getvalue()) > 500_000

    assert ask(browser, content.getvalue()).status_code == 200

    assert set(Path(tmp_path).rglob("*")) == before


def test_without_vectors_or_network_the_answer_says_so_and_is_no_error(browser, vectors_on_disk):
    assert ask(browser, photo()).json() == {"source": "fallback", "model_version": None, "results": []}


def test_a_network_that_cannot_be_loaded_is_no_error(looked, browser, monkeypatch):
    monkeypatch.undo()  # the real loader: the version has no files
    seeing.forget()

    assert ask(browser, photo()).json()["source"] == "fallback"
    # Comparing products with each other needs no network.
    body = browser.get(f"/api/v1/products/{looked.red.public_id}/similar-looking").json()
    assert [row["name"] for row in body["results"]] == ["orange", "green", "blue"]


def test_damaged_files_are_no_error(looked, browser, vectors_on_disk):
    ask(browser, photo())
    next(vectors_on_disk.glob("vision*/rows.npy")).unlink()
    (vectors_on_disk / "current.json").touch()
    assert ask(browser, photo()).json()["source"] == "network"  # what is mapped serves on

    memory.forget()
    assert ask(browser, photo()).json()["source"] == "fallback"
    assert browser.get("/api/v1/products/ext:red/similar-looking").json()["source"] == "fallback"


def test_a_network_of_another_width_is_not_asked(looked, browser):
    looked.tagger.dimensions = 5

    assert ask(browser, photo()).json()["source"] == "fallback"


def test_a_picture_without_a_direction_finds_nothing(looked, browser):
    assert ask(browser, photo("black")).json()["source"] == "fallback"


def test_products_that_look_like_another_one(looked, browser):
    body = browser.get("/api/v1/products/ext:red/similar-looking?limit=2").json()

    assert [(row["name"], row["score"]) for row in body["results"]] == [("orange", 0.8), ("green", 0.0)]
    assert body["results"][0]["reason"] == {"code": "looks_like", "text": "Looks like this product"}
    assert body["model_version"] == "vision.v3"

    plain = ProductFactory.create()
    assert browser.get(f"/api/v1/products/{plain.public_id}/similar-looking").json() == {
        "source": "fallback", "model_version": "vision.v3", "results": [],
    }  # fmt: skip


def test_products_that_are_not_shown_have_no_lookalikes(looked, browser):
    Product.objects.filter(pk=looked.red.pk).update(status=Product.Status.HIDDEN)

    assert browser.get("/api/v1/products/ext:red/similar-looking").status_code == 404
    assert browser.get("/api/v1/products/ext:none/similar-looking").status_code == 404


def test_photos_have_a_limit_of_their_own(looked, browser, settings):
    settings.API_RATE_PHOTOS = 2
    assert [ask(browser, photo()).status_code for _ in range(3)] == [200, 200, 429]
    assert browser.get("/api/v1/products/ext:red/similar-looking").status_code == 200

    server = APIClient(headers={"authorization": f"Bearer {ApiKeyFactory.create().value}"})
    assert [ask(server, photo()).status_code for _ in range(3)] == [200, 200, 200]


def test_how_many_queries_an_answer_takes(looked, browser, django_assert_num_queries):
    ask(browser, photo())
    with django_assert_num_queries(2):
        lookalikes.by_photo(seeing.look_at(photo()), lookalikes.Filters(), limit=2)
    with django_assert_num_queries(2):
        lookalikes.like_product(looked.red.pk, lookalikes.Filters(), limit=2)


def test_the_schema_names_the_parameters_of_the_filters(browser):
    schema = json.loads(APIClient().get("/api/schema?format=json").content)
    operation = schema["paths"]["/api/v1/search/image"]["post"]

    assert set(operation["requestBody"]["content"]) == {"multipart/form-data", "image/*"}
    assert {one["name"] for one in operation["parameters"]} >= {
        "category",
        "brand",
        "price_min",
        "price_max",
        "tag",
        "limit",
    }
