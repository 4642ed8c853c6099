"""Pictures in the widths that storefronts ask for."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from tests.factories import ProductImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def name():
    image = ProductImageFactory.create()
    data = io.BytesIO()
    Image.new("RGB", (600, 300), "teal").save(data, "PNG")
    with default_storage.open(image.file.name, "wb") as file:
        file.write(data.getvalue())
    return image.file.name


def size(answer):
    with Image.open(io.BytesIO(answer.content)) as picture:
        return picture.format, picture.size


def test_a_picture_is_made_smaller_once_and_kept(client, name):
    answer = client.get(f"/pictures/320/{name}")

    assert size(answer) == ("WEBP", (320, 160))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/webp", "public, max-age=2592000")
    assert default_storage.exists(f"pictures/320/{name}.webp")
    assert client.get(f"/pictures/320/{name}").content == answer.content


def test_it_never_grows(client, name):
    assert size(client.get(f"/pictures/800/{name}")) == ("WEBP", (600, 300))


@pytest.mark.parametrize("address", ["319/{}", "99999/{}", "320/products/none.png", "320/imports/{}", "320/../{}"])
def test_other_widths_and_other_files_are_not_there(client, name, address):
    default_storage.save("imports/a.png", default_storage.open(name))

    assert client.get(f"/pictures/{address.format(name)}").status_code in (400, 404)
    assert default_storage.listdir("")[0] in (["imports", "products"], ["products", "imports"])


def test_a_file_that_is_no_picture_is_not_there(client, name):
    with default_storage.open(name, "wb") as file:
        file.write(b"<svg onload=alert(1)>")

    assert client.get(f"/pictures/320/{name}").status_code == 404
