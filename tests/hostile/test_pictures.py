"""Pictures of strangers: refused with a reason, or drawn anew with nothing left but pixels."""

import io
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps

from catalog.importing import pictures
from catalog.importing.pictures import KEPT_PIXELS, PictureRefused, clean_picture
from catalog.models import ProductImage
from catalog.thumbnails import thumbnail_bytes
from tests.catalog.importing.conftest import counts, do_import
from tests.factories import ProductFactory, ProductImageFactory, StaffUserFactory
from tests.hostile.pictures import CLEANED, HTML, REFUSED, SCRIPT, SECRET, drawn, row_bomb
from vision.ml.pictures import opened

HARMLESS = {
    "jfif",
    "jfif_version",
    "jfif_unit",
    "jfif_density",
    "transparency",
    "loop",
    "background",
    "duration",
    "timestamp",
}
LEFT = (
    SCRIPT,
    HTML,
    SECRET,
    b"<?php",
    b"Exif",
    b"xmpmeta",
    b"ICC_PROFILE",
    b"iCCP",
    b"tEXt",
    b"zTXt",
    b"eXIf",
    b"PK\x03\x04",
)


def test_there_are_sixty_pictures():
    assert len(REFUSED) + len(CLEANED) >= 60


@pytest.mark.parametrize("in_request", [True, False])
@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_that_is_none_is_refused_with_a_reason(name, in_request):
    with pytest.raises(PictureRefused) as refusal:
        clean_picture(REFUSED[name](), in_request=in_request)

    assert len(str(refusal.value)) > 10


@pytest.mark.parametrize("in_request", [True, False])
@pytest.mark.parametrize("name", CLEANED)
def test_nothing_but_pixels_is_left_of_a_picture(name, in_request):
    clean = clean_picture(CLEANED[name](), in_request=in_request)

    assert [part for part in LEFT if part in clean.content] == []
    again = Image.open(io.BytesIO(clean.content))
    assert (again.width, again.height) == (clean.width, clean.height)
    assert clean.width * clean.height <= KEPT_PIXELS
    assert {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[clean.extension] == again.format
    assert getattr(again, "n_frames", 1) == 1
    assert not again.getexif()
    assert again.info.keys() <= HARMLESS


def test_what_says_that_it_is_turned_is_turned():
    clean = clean_picture(CLEANED["turned jpeg"]())

    assert (clean.width, clean.height) == (8, 12)


def test_sixteen_bits_keep_their_shades():
    half = Image.new("I;16", (4, 4), 0x8000)
    written = io.BytesIO()
    half.save(written, "PNG")

    clean = clean_picture(written.getvalue())

    assert Image.open(io.BytesIO(clean.content)).getpixel((0, 0)) == 0x80


def test_a_bomb_is_refused_before_a_pixel_is_decoded(monkeypatch):
    bomb = row_bomb(7_100, 16, 6, 7_100 * 8)
    assert len(bomb) < 500_000
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))

    tracemalloc.start()
    with pytest.raises(PictureRefused, match="7100 × 7100 pixels"):
        clean_picture(bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 3_000_000


def test_while_a_page_waits_a_large_jpeg_is_read_at_half_its_size_and_other_kinds_are_refused(monkeypatch):
    decoded = []
    real = pictures._drawn_anew

    def watched(image, kind):
        decoded.append(image.width * image.height)
        return real(image, kind)

    monkeypatch.setattr(pictures, "_drawn_anew", watched)
    clean = clean_picture(drawn("JPEG", (6_000, 4_000)), in_request=True)
    with pytest.raises(PictureRefused, match="larger than 8 million only JPEG"):
        clean_picture(drawn(size=(4_000, 3_000), mode="L"), in_request=True)

    assert (clean.width, clean.height) == (3_000, 2_000)
    assert decoded == [6_000_000]


def test_an_import_takes_a_large_png_and_makes_it_smaller():
    clean = clean_picture(drawn(size=(4_000, 3_000), mode="P", transparency=0))

    assert (clean.width, clean.height) == (3265, 2449)
    assert clean.width * clean.height <= KEPT_PIXELS


GROWTH = """
import io, sys
from PIL import Image
from catalog.importing.pictures import PictureRefused, clean_picture
from vision.ml.pictures import opened
Image.init()
data = sys.stdin.buffer.read()
def kilobytes(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))
before = kilobytes("VmRSS")
try:
    opened(data, is_stored=False) if sys.argv[1] == "look" else clean_picture(data, in_request=sys.argv[1] == "request")
except PictureRefused:
    pass
print(kilobytes("VmHWM") - before)
"""


@pytest.mark.parametrize("where", ["request", "job"])
@pytest.mark.parametrize(
    ("kind", "mode", "side", "how"),
    [
        ("PNG", "RGBA", 5_000, {}),
        ("PNG", "I;16", 5_000, {}),
        ("PNG", "P", 5_000, {"transparency": 0}),
        ("JPEG", "RGB", 5_000, {"progressive": True, "subsampling": 0}),
        ("JPEG", "CMYK", 5_000, {"progressive": True, "subsampling": 0}),
        ("WEBP", "RGBA", 2_645, {"lossless": True}),
        ("WEBP", "RGBA", 5_000, {"lossless": True}),
    ],
)
def test_the_worst_pictures_cost_less_than_two_hundred_megabytes(kind, mode, side, how, where):
    sent = drawn(kind, (side, side), mode, **how)

    done = subprocess.run([sys.executable, "-c", GROWTH, where], input=sent, capture_output=True, check=True)

    assert int(done.stdout) < 200 * 1024


def test_what_is_transparent_is_looked_at_on_white():
    seen = np.random.default_rng(0).integers(0, 256, (40, 40, 4)).astype(np.uint8)
    sent = io.BytesIO()
    Image.fromarray(seen, "RGBA").save(sent, "PNG")
    ground = Image.new("RGBA", (40, 40), "white")

    laid = Image.alpha_composite(ground, Image.fromarray(seen, "RGBA")).convert("RGB")

    assert np.array_equal(opened(sent.getvalue()).rgb, np.asarray(laid))


def test_a_picture_that_is_only_looked_at_costs_little_more_than_its_decoder():
    """The largest WebP, with transparency and ten million bytes: a laid ground must not copy it four times."""
    noise = Image.effect_noise((660, 660), 90).resize((2_640, 2_640))
    sent = io.BytesIO()
    Image.merge("RGBA", [noise] * 4).save(sent, "WEBP", quality=80, method=0)

    done = subprocess.run(
        [sys.executable, "-c", GROWTH, "look"], input=sent.getvalue(), capture_output=True, check=True
    )

    assert int(done.stdout) < 165 * 1024


@pytest.mark.parametrize("turned", range(1, 9))
def test_every_way_of_holding_a_camera_is_set_upright_when_the_picture_is_large_too(turned, monkeypatch):
    corner = Image.new("RGB", (40, 20), "white")
    corner.paste("red", (0, 0, 20, 10))
    tags = Image.Exif()
    tags[0x0112] = turned
    written = io.BytesIO()
    corner.save(written, "PNG", exif=tags)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(written.getvalue())))
    for most in (KEPT_PIXELS, 200):
        monkeypatch.setattr(pictures, "KEPT_PIXELS", most)

        found = Image.open(io.BytesIO(clean_picture(written.getvalue()).content)).convert("RGB")

        assert (found.width > found.height) == (upright.width > upright.height)
        places = [(x, y) for x in (0.2, 0.8) for y in (0.2, 0.8)]
        seen = [found.getpixel((int(x * found.width), int(y * found.height))) for x, y in places]
        wanted = [upright.getpixel((int(x * upright.width), int(y * upright.height))) for x, y in places]
        assert [colour[1] < 128 for colour in seen] == [colour[1] < 128 for colour in wanted]


# --- the ways in --------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(client):
    client.force_login(StaffUserFactory.create(is_superuser=True))
    return client


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def files(folder) -> list[str]:
    return (
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) if folder.exists() else []
    )


@pytest.fixture
def upload(staff):
    """Send a picture by the card of a product."""

    def send(product, name: str, content: bytes):
        sent = SimpleUploadedFile(name, content, "image/png")
        return staff.post(f"/admin/catalog/product/{product.pk}/pictures/", {"act": "add", "image": sent})

    return send


NAMES = [
    "../../../etc/cron.d/x.png", "..\\..\\x.png", "/etc/passwd", "a.php", "a.png.html", "a.svg", "a\r\nX-Header: 1.png",
    "名.png",
    "a" * 250 + ".png", ".htaccess", "a;id.png", "$(id).png", "<img src=x>.png", "con.png", "a.png/../../b",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_the_name_that_was_sent_stands_nowhere(staff, upload, media, name):
    product = ProductFactory.create()

    upload(product, name, drawn(colour="red"))

    image = ProductImage.objects.get()
    folder, _slash, stored = image.file.name.rpartition("/")
    assert (folder, stored[32:]) == (f"products/{stored[:2]}", ".png")
    assert set(stored[:32]) <= set("0123456789abcdef")
    assert files(media) == [image.file.name]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["svg", "html", "bomb of 400 megabytes", "animated gif", "over 25 megapixels", "text bomb"]
)
def test_the_page_of_a_product_says_why_it_takes_no_such_picture(staff, upload, media, name):
    product = ProductFactory.create()

    response = upload(product, "a.png", REFUSED[name]())

    assert response.status_code == 422
    assert response.json()["error"].startswith("The picture is")
    assert not ProductImage.objects.exists()
    assert files(media) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["html behind the end", "place and name in a jpeg", "two pictures in one", "ink colours"]
)
def test_the_page_of_a_product_stores_only_pixels(upload, media, name):
    upload(ProductFactory.create(), "a.jpg", CLEANED[name]())

    stored = (media / ProductImage.objects.get().file.name).read_bytes()
    assert [part for part in LEFT if part in stored] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["svg", "png cut in the pixels", "bomb of 400 megabytes", "nothing", "jpeg of marks alone"]
)
def test_a_stored_file_that_somebody_changed_has_no_thumbnail_and_breaks_no_list(staff, media, name):
    image = ProductImageFactory.create()
    path = media / image.file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(REFUSED[name]())

    assert thumbnail_bytes(image) is None
    assert staff.get("/admin/catalog/product/").status_code == 200


@pytest.mark.django_db
def test_a_thumbnail_of_a_large_jpeg_decodes_a_part_of_it(media, monkeypatch):
    image = ProductImageFactory.create()
    path = media / image.file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn("JPEG", (3_200, 2_400)))
    sizes, real = [], Image.Image.resize

    def watched(picture, *how, **more):
        sizes.append(picture.size)
        return real(picture, *how, **more)

    monkeypatch.setattr(Image.Image, "resize", watched)

    assert thumbnail_bytes(image) is not None
    assert max(sizes) <= (400, 300)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["link out of the folder", "link to a device", "pipe", "folder", "dots", "absolute"])
def test_the_import_reads_no_file_outside_its_folder(write_shop, media, tmp_path, kind):
    outside = tmp_path / "outside.png"
    outside.write_bytes(drawn())
    target = {"dots": "../outside.png", "absolute": str(outside)}.get(kind, "a.png")

    def prepare(folder) -> None:
        place = folder / "a.png"
        if kind == "link out of the folder":
            place.symlink_to(outside)
        elif kind == "link to a device":
            place.symlink_to("/dev/zero")
        elif kind == "pipe":
            os.mkfifo(place)
        elif kind == "folder":
            place.mkdir()

    result = write_shop(target, prepare)

    assert not ProductImage.objects.exists()
    assert counts(result.sections["images"]) == (1, 0, 0, 0, 1)
    assert not files(media)


@pytest.fixture
def write_shop(tmp_path, media):
    """Import a folder with one product and one picture under this name."""

    def run(file: str, prepare):
        folder = tmp_path / "shop"
        folder.mkdir()
        (folder / "products.csv").write_text("id,name,price\nP1,Mug,1\n")
        (folder / "images.csv").write_text(f"product,file\nP1,{file}\n")
        prepare(folder)
        return do_import(folder)

    return run
