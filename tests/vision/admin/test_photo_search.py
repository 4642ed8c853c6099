"""Staff try a photo, and see on a product what looks like it."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from catalog.models import Product, ProductTag
from tests.factories import BrandFactory, CategoryFactory, ProductFactory
from vision.models import Label

pytestmark = pytest.mark.django_db
PAGE = "/admin/vision/search/"


def photo(colour: str = "red") -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", (600, 500), colour).save(content, "JPEG")
    return SimpleUploadedFile("me.jpg", content.getvalue(), "image/jpeg")


def test_a_photo_shows_what_is_seen_and_what_looks_like_it_with_distance(client, looked):
    Product.objects.filter(pk=looked.orange.pk).update(status=Product.Status.HIDDEN)
    looked.blue.delete()

    page = client.post(PAGE, {"photo": photo("red")})

    assert [(row.name, row.likeness, row.distance) for row in page.context["rows"]] == [
        ("red", "1.000", "0.000"), ("orange", "0.800", "0.200"), ("green", "0.000", "1.000"),
    ]  # fmt: skip
    assert [one.answers for one in page.context["said"]] == [[("a category that is gone", "100%")]]
    text = page.content.decode()
    assert "data:image/jpeg;base64," in text
    assert "Hidden" in text or "hidden" in text
    assert "600 × 500" in text
    assert "Compared with 4 photos of 4 products, as vision.v3 sees them." in text
    assert "distance 0.200" in text


def test_categories_have_their_names(client, looked):
    looked.tagger.classes = (CategoryFactory.create(name="Scarves").public_id, "others")

    page = client.post(PAGE, {"photo": photo("red")})

    assert page.context["said"][0].answers == [("Scarves", "100%")]


def test_the_page_asks_as_many_queries_for_many_products_as_for_few(client, looked):
    client.post(PAGE, {"photo": photo()})
    with CaptureQueriesContext(connection) as asked:
        client.post(PAGE, {"photo": photo()})

    assert len(asked) <= 14


def test_filters_narrow_whatever_the_status_and_none_left_is_said(client, looked):
    scarves = CategoryFactory.create(name="Scarves")
    below = CategoryFactory.create(name="Silk", parent=scarves)
    Product.objects.filter(pk=looked.orange.pk).update(status=Product.Status.HIDDEN, price=30, category=below)
    Product.objects.filter(pk=looked.green.pk).update(price=20, category=scarves)

    def found(**chosen):
        page = client.post(PAGE, {"photo": photo("red"), **chosen})
        assert page.status_code == 200
        return [row.name for row in page.context["rows"]], page.content.decode()

    assert found(category=scarves.pk)[0] == ["orange", "green"]
    assert found(category=scarves.pk, buyable="on")[0] == ["green"]
    assert found(category=scarves.pk, low="20.01")[0] == ["orange"]
    assert found(category=scarves.pk, high="20")[0] == ["green"]
    teal = BrandFactory.create(name="Teal & Co", name_translations={"zh-hans": "青社"})
    Product.objects.filter(pk=looked.green.pk).update(brand=teal)
    assert found(brand="teal")[0] == found(brand="青社")[0] == ["green"]
    striped = Label.objects.get(label_set__key="pattern", key="striped")
    ProductTag.objects.create(product=looked.orange, kind="pattern", value="striped", source="import")
    assert found(tag=striped.pk)[0] == ["orange"]
    assert found(tag=striped.pk, brand="teal")[0] == []
    rows, text = found(category=below.pk, high="1")
    assert rows == []
    assert "None of the products that the filters leave has a photo that was read." in text


@pytest.mark.parametrize(
    "chosen",
    [
        {"low": "9", "high": "1"},
        {"low": "x"},
        {"high": "-1"},
        {"category": "0"},
        {"brand": "nobody"},
        {"tag": "0"},
    ],
)
def test_filters_that_make_no_sense_are_said(client, looked, chosen):
    page = client.post(PAGE, {"photo": photo("red"), **chosen})

    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a photo first."),
        ({"photo": SimpleUploadedFile("a.jpg", b"no", "image/jpeg")}, "is not a whole JPEG, PNG or WebP picture"),
        ({"photo": SimpleUploadedFile("a.jpg", photo().read()[:-400], "image/jpeg")}, "is cut off or damaged"),
    ],
)
def test_what_is_no_photo_is_said(client, looked, sent, words):
    page = client.post(PAGE, sent)

    assert page.status_code == 422
    assert words in page.content.decode()


def test_without_vectors_the_page_says_what_to_do(client, vectors_on_disk):
    assert "No photo of the shop was read by a network yet" in client.get(PAGE).content.decode()
    page = client.post(PAGE, {"photo": photo()})
    assert page.status_code == 200
    assert page.context["rows"] == []


def test_the_panel_of_a_product_shows_what_looks_like_it(client, looked):
    panel = client.get(f"/admin/catalog/product/{looked.red.pk}/panel/vision.similar/").content.decode()

    assert panel.index("orange") < panel.index("green")
    assert "0.800" in panel

    other = ProductFactory.create()
    empty = client.get(f"/admin/catalog/product/{other.pk}/panel/vision.similar/").content.decode()
    assert "No network has read the photos of this product yet." in empty
