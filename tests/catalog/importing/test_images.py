"""Pictures are made safe and known again by their content."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image

from catalog.importing.pictures import PictureRefused, clean_picture
from catalog.models import ImportBatch, ProductImage
from tests.catalog.importing.conftest import counts, do_import, files_in, picture


def opened(data):
    return Image.open(io.BytesIO(data))


def test_metadata_and_trailing_bytes_are_gone():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    dirty = picture(kind="JPEG", exif=exif, comment=b"hidden") + b"<script>alert(1)</script>"

    clean = clean_picture(dirty)

    assert b"secret place" not in clean.content
    assert b"hidden" not in clean.content
    assert b"<script>" not in clean.content
    assert (clean.extension, clean.width, clean.height) == ("jpg", 8, 6)


def test_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter

    clean = clean_picture(picture((8, 6), kind="JPEG", exif=exif))

    assert (clean.width, clean.height) == (6, 8)
    assert not opened(clean.content).getexif()


def test_transparency_stays():
    written = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(written, "PNG")

    clean = clean_picture(written.getvalue())

    assert opened(clean.content).convert("RGBA").getpixel((0, 0))[3] == 0


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    written = io.BytesIO()
    Image.new("1", (7_000, 7_000)).save(written, "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))

    with pytest.raises(PictureRefused, match="7000 × 7000 pixels"):
        clean_picture(written.getvalue())


def test_one_frame_is_kept():
    written = io.BytesIO()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(written, "WEBP", save_all=True, append_images=frames[1:])

    assert getattr(opened(clean_picture(written.getvalue()).content), "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (picture(kind="GIF"), "is GIF; save it as JPEG, PNG or WebP"),
        (picture(kind="TIFF"), "is TIFF; save it as JPEG, PNG or WebP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC; save it as JPEG, PNG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is SVG; save it as JPEG, PNG or WebP"),
        (picture(kind="BMP"), "is not a whole JPEG, PNG or WebP picture"),
        (b"", "is an empty file"),
        (picture((200, 200), kind="JPEG")[:400], "is cut off or damaged; upload the original again"),
        (picture((200, 200), kind="PNG")[:-60], "is cut off or damaged; upload the original again"),
        (picture((200, 200), kind="WEBP")[:20], "is cut off or damaged; upload the original again"),
    ],
)
def test_what_is_refused_is_called_what_it_is(content, reason):
    with pytest.raises(PictureRefused) as refusal:
        clean_picture(content)

    assert str(refusal.value) == reason


@pytest.fixture
def shop(write):
    def build(content, alt="A mug"):
        folder = write(
            {
                "products.csv": "id,name,price\nP1,Mug,1\n",
                "images.csv": f"product,file,position,alt\nP1,pictures/a.png,2,{alt}\n",
            }
        )
        (folder / "pictures").mkdir(exist_ok=True)
        (folder / "pictures" / "a.png").write_bytes(content)
        return folder

    return build


@pytest.mark.django_db
def test_the_same_picture_twice_is_kept_once(shop, media):
    first = do_import(shop(picture()))
    image = ProductImage.objects.get()
    again = do_import(shop(picture()))

    assert counts(first.sections["images"]) == (1, 1, 0, 0, 0)
    assert counts(again.sections["images"]) == (1, 0, 0, 1, 0)
    assert (image.width, image.height, image.position, image.alt) == (8, 6, 2, "A mug")
    assert image.file.name.startswith("products/")
    assert not image.file.name.endswith("/a.png")
    assert ProductImage.objects.get().file.name == image.file.name


@pytest.mark.django_db
def test_products_that_show_the_same_picture_share_its_file(write, media):
    folder = write(
        {
            "products.csv": "id,name,price\nP1,Mug,1\nP2,Mug too,1\nP3,Pan,1\n",
            "images.csv": "product,file\nP1,a.png\nP2,a.png\nP3,b.png\n",
        }
    )
    (folder / "a.png").write_bytes(picture())
    (folder / "b.png").write_bytes(picture(colour="blue"))

    result = do_import(folder)

    assert counts(result.sections["images"]) == (3, 3, 0, 0, 0)
    first, second, other = ProductImage.objects.order_by("product__external_id")
    assert first.file.name == second.file.name != other.file.name
    assert (second.width, second.height) == (8, 6)
    assert len(files_in(media)) == 2


@pytest.mark.django_db
def test_new_words_change_the_row_and_not_the_file(shop, media):
    do_import(shop(picture()))
    before = ProductImage.objects.get().file.name

    result = do_import(shop(picture(), alt="A red mug"))

    assert counts(result.sections["images"]) == (1, 0, 1, 0, 0)
    image = ProductImage.objects.get()
    assert (image.alt, image.file.name) == ("A red mug", before)


@pytest.mark.django_db
def test_a_new_picture_takes_the_place_of_the_old_whose_file_stays_as_long_as_undo_may_want_it(shop, media):
    do_import(shop(picture()))
    second = do_import(shop(picture(colour="blue", size=(10, 10))))

    assert counts(second.sections["images"]) == (1, 0, 1, 0, 0)
    assert ProductImage.objects.get().width == 10
    assert len(files_in(media)) == 2

    ImportBatch.objects.update(finished_at=timezone.now() - timedelta(days=31))
    do_import(shop(picture(colour="blue", size=(10, 10))))

    assert [path.name for path in files_in(media)] == [Path(ProductImage.objects.get().file.name).name]


@pytest.mark.django_db
def test_a_dry_run_copies_no_picture(shop, media):
    result = do_import(shop(picture()), dry_run=True)

    assert counts(result.sections["images"]) == (1, 1, 0, 0, 0)
    assert not media.exists()
    assert not ProductImage.objects.exists()
