"""Pictures of products over the API: sent, by address, in order, described, taken off."""

import errno

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog import arrivals
from catalog.models import ArrivingPicture, ProductImage, RemovedPicture
from core.models import Job, OutboxMessage, Scope
from tests.catalog.importing.conftest import files_in, picture
from tests.factories import ApiKeyFactory, ArrivingPictureFactory, ProductFactory, ProductImageFactory, WebhookFactory
from tests.hostile.pictures import CLEANED, HTML, REFUSED, SECRET, drawn
from tests.picture_host import picture_host

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def inside(settings, tmp_path):
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "media", tmp_path / "var"
    settings.PICTURE_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def product():
    return ProductFactory.create(external_id="KETTLE")


@pytest.fixture
def shop():
    """A back end with a server key that may write the catalogue; faults of the server are answers."""
    key = ApiKeyFactory.create(scopes=[Scope.CATALOGUE_WRITE])
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key.value}"})


IMAGES = "/api/v1/products/ext:KETTLE/images"


def send(shop, data: bytes, name: str = "kettle.png", kind: str = "image/png", **more):
    return shop.post(IMAGES, {"image": SimpleUploadedFile(name, data, kind), **more})


def test_a_picture_that_is_sent_is_there(shop, product):
    answer = send(shop, picture((8, 6)), alt="A kettle")

    image = product.images.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": image.public_id,
        "url": f"/media/{image.file.name}",
        "alt": "A kettle",
        "width": 8,
        "height": 6,
        "position": 0,
        "source": "",
    }
    assert shop.get(IMAGES).json() == {"images": [answer.json()], "arriving": []}


def test_the_same_picture_again_is_the_one_that_is_there(shop, product):
    first, second = send(shop, picture()), send(shop, picture())

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert product.images.count() == 1


def test_a_picture_takes_the_place_that_is_asked_for(shop, product):
    for colour in ("red", "green"):
        send(shop, picture(colour=colour))

    answer = send(shop, picture(colour="blue"), position=0)

    assert answer.json()["position"] == 0
    assert shop.get(IMAGES).json()["images"][0]["id"] == answer.json()["id"]
    assert list(product.images.values_list("position", flat=True)) == [0, 1, 2]


def test_a_picture_by_address_is_fetched_by_a_job(shop, product):
    with picture_host() as host:
        host.pages = {"/a.jpg": picture(kind="JPEG")}
        body = {"url": host.url("/a.jpg"), "alt": "A kettle", "position": 0}
        answer = shop.post(IMAGES, body, content_type="application/json")

        assert answer.status_code == 202
        row = ArrivingPicture.objects.get()
        waits = {"id": row.public_id, "url": body["url"], "alt": "A kettle", "state": "waiting", "reason": ""}
        assert answer.json() == {**waits, "attempts": 0}
        assert shop.get(IMAGES).json()["arriving"] == [answer.json()]
        assert Job.objects.get().task == "catalog.tasks.bring_pictures"

        arrivals.bring()

        again = shop.post(IMAGES, body, content_type="application/json")
        assert (again.status_code, again.json()["source"]) == (200, body["url"])
        assert host.asked == ["/a.jpg"]


def test_a_picture_above_eight_megapixels_is_taken_in_by_a_job(shop, product):
    answer = send(shop, drawn("JPEG", (4_000, 2_400)))

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert product.images.count() == 0
    assert arrivals.bring().stored == 1
    assert product.images.count() == 1


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_safe_picture_is_refused_with_a_reason_and_leaves_nothing(shop, product, name, settings):
    answer = send(shop, REFUSED[name]())

    assert answer.status_code in (413, 422)
    problem = answer.json()
    assert problem["code"] in ("picture_refused", "body_too_large")
    assert len(problem["detail"]) > 20
    assert not ProductImage.objects.exists()
    assert not ArrivingPicture.objects.exists()
    assert files_in(settings.MEDIA_ROOT) == []


@pytest.mark.parametrize("name", CLEANED)
def test_only_pixels_of_a_picture_are_kept(shop, product, name):
    answer = send(shop, CLEANED[name](), name="a.exe", kind="text/html")

    assert answer.status_code in (201, 202)
    if answer.status_code == 202:
        arrivals.bring()
    with default_storage.open(product.images.get().file.name) as file:
        kept = file.read()
    assert SECRET not in kept
    assert HTML not in kept


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "application/json"),
        ({"url": None}, "application/json"),
        ({"url": "https://x.example/a", "position": -1}, "application/json"),
        ({"url": "https://x.example/a", "alt": "a" * 301}, "application/json"),
        ("no json", "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
    ],
)
def test_a_body_that_says_nothing_useful_is_refused(shop, product, body, kind):
    answer = shop.post(IMAGES, body, content_type=kind)

    assert answer.status_code == 400
    assert not ArrivingPicture.objects.exists()


@pytest.mark.parametrize("url", ["http://10.0.0.1/a.png", "file:///etc/passwd", "gopher://x.example/", "https://x"])
def test_an_address_that_may_not_be_asked_is_refused(shop, product, url):
    answer = shop.post(IMAGES, {"url": url}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (422, "address_refused")


def test_other_types_and_bodies_above_ten_megabytes_are_refused_unread(shop, product):
    assert shop.post(IMAGES, b"<svg/>", content_type="image/svg+xml").status_code == 415
    answer = shop.post(IMAGES, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(50_000_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    large = send(shop, b"\x89PNG\r\n\x1a\n" + b"x" * (10 * 1024 * 1024))
    assert large.status_code == 413


def test_an_idempotency_key_stands_in_nobodys_way(shop, product):
    data = drawn("BMP", (1_100, 1_000))
    assert len(data) > 3_000_000

    answer = shop.post(IMAGES, {"image": SimpleUploadedFile("a.bmp", data)}, HTTP_IDEMPOTENCY_KEY="k")

    assert (answer.status_code, answer.json()["code"]) == (422, "picture_refused")


def test_a_full_disk_is_said_and_nothing_is_left(shop, product, monkeypatch, settings):
    def full(name, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)

    answer = send(shop, picture())

    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert not ProductImage.objects.exists()


def test_words_and_place_change(shop, product):
    first, second = (ProductImageFactory.create(product=product) for _number in range(2))

    answer = shop.patch(
        f"{IMAGES}/{second.public_id}", {"alt": "From above", "position": 0}, content_type="application/json"
    )

    assert (answer.status_code, answer.json()["alt"], answer.json()["position"]) == (200, "From above", 0)
    assert list(product.images.all()) == [second, first]


def test_a_picture_is_taken_off_and_kept_for_staff(shop, product, django_capture_on_commit_callbacks):
    WebhookFactory.create(events=["product.changed"])
    image = ProductImageFactory.create(product=product)

    assert shop.delete(f"{IMAGES}/{image.public_id}").status_code == 204

    assert product.images.count() == 0
    assert RemovedPicture.objects.get().file == image.file.name
    assert default_storage.exists(image.file.name)
    assert OutboxMessage.objects.get().event == "product.changed"
    assert shop.delete(f"{IMAGES}/{image.public_id}").status_code == 404


def test_what_still_arrives_is_no_longer_waited_for(shop, product):
    row = ArrivingPictureFactory.create(product=product)

    assert shop.delete(f"{IMAGES}/{row.public_id}").status_code == 204
    assert not ArrivingPicture.objects.exists()


def test_pictures_of_other_products_are_not_found(shop, product):
    other = ProductImageFactory.create()

    for ident in (other.public_id, "x", "0" * 32):
        assert shop.patch(f"{IMAGES}/{ident}", {"alt": "A"}, content_type="application/json").status_code == 404
        assert shop.delete(f"{IMAGES}/{ident}").status_code == 404
    assert shop.get("/api/v1/products/ext:none/images").status_code == 404
    other.refresh_from_db()
    assert other.alt == ""


def test_the_list_asks_as_many_questions_for_ten_pictures_as_for_one(shop, product, django_assert_max_num_queries):
    for _number in range(10):
        ProductImageFactory.create(product=product)
    shop.get(IMAGES)

    with django_assert_max_num_queries(5):
        assert len(shop.get(IMAGES).json()["images"]) == 10
