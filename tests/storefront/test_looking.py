"""Search by photo in the shop, and what looks like a product beside it."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

pytestmark = pytest.mark.django_db
PHOTO = "/shop/search/photo"


def photo(colour: str = "red", size: tuple[int, int] = (64, 48)) -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, "JPEG")
    return SimpleUploadedFile("me.jpg", content.getvalue(), "image/jpeg")


def test_every_page_offers_a_search_by_photo(shop, visit):
    page = visit.get("/shop/").content.decode()

    assert f'href="{PHOTO}"' in page
    assert "data-photo-form" in page
    form = visit.get(PHOTO).content.decode()
    assert "Show us something you like" in form
    assert 'accept="image/jpeg,image/png,image/webp"' in form


def test_a_photo_finds_what_looks_like_it(shop, looked, visit):
    answer = visit.post(PHOTO, {"image": photo("red")})
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "Looks like your photo" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert page.index(f"/shop/p/{looked.red.public_id}/") < page.index(f"/shop/p/{looked.orange.public_id}/")
    assert "4 products, the most alike first" in page


def test_what_was_found_is_narrowed_without_choosing_the_photo_again(shop, looked, visit):
    first = visit.post(PHOTO, {"image": photo("red")}).content.decode()
    again = re.search(r'name="again" value="([^"]+)"', first)
    assert again is not None

    page = visit.post(PHOTO, {"again": again[1], "to": "0.01"}).content.decode()
    assert "No product matches these filters." in page
    assert again[1] in page

    whole = visit.post(PHOTO, {"again": again[1], "from": "0.01"}).content.decode()
    assert "4 products, the most alike first" in whole


@pytest.mark.parametrize("again", ["", "data:image/jpeg;base64,!!", "data:text/html;base64,PGI+", "javascript:1"])
def test_only_a_photo_is_looked_at_again(shop, looked, visit, again):
    answer = visit.post(PHOTO, {"again": again})

    assert answer.status_code == 400
    assert "Choose a photo first" in answer.content.decode()


def test_large_photos_are_not_put_into_the_page(shop, looked, visit, monkeypatch):
    monkeypatch.setattr("storefront.views.looking.SHOWN_BYTES", 10)

    assert "data:image" not in visit.post(PHOTO, {"image": photo()}).content.decode()


@pytest.mark.parametrize(
    ("file", "status", "words"),
    [
        (SimpleUploadedFile("a.jpg", b"no picture", "image/jpeg"), 422, "is not a whole JPEG, PNG or WebP picture"),
        (SimpleUploadedFile("a.svg", b"<svg/>", "image/svg+xml"), 422, "is SVG; save it as JPEG, PNG or WebP"),
        (SimpleUploadedFile("a.html", b"<script>", "text/html"), 422, "is not a whole"),
        (SimpleUploadedFile("a.jpg", b"", "image/jpeg"), 400, "Send a photo"),
        (None, 400, "Choose a photo first"),
    ],
)
def test_what_is_no_photo_is_said_above_the_form(shop, looked, visit, file, status, words):
    answer = visit.post(PHOTO, {"image": file} if file else {})

    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "Find what looks like it" in answer.content.decode()


def test_a_shop_without_vectors_says_so(shop, visit, vectors_on_disk):
    page = visit.post(PHOTO, {"image": photo()}).content.decode()

    assert "cannot be compared at the moment" in page


def test_the_page_speaks_chinese(shop, looked, visit):
    visit.cookies["shop_language"] = "zh-hans"
    page = visit.post(PHOTO, {"image": photo("red")}).content.decode()

    assert "与您的照片相似" in page
    assert "Looks like" not in page


def test_a_product_page_shows_what_looks_like_it(shop, looked, visit):
    page = visit.get(f"/shop/p/{looked.red.public_id}/").content.decode()
    beside = page[page.index('id="lookalikes"') : page.index("data-zg-similar")]

    assert f"/shop/p/{looked.orange.public_id}/" in beside
    assert looked.blue.public_id not in beside  # nothing alike about it

    assert 'id="lookalikes"' not in visit.get(f"/shop/p/{looked.blue.public_id}/").content.decode()
