import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.vision.ml.pictures import WOOD, garment, scene, stored
from vision.ml.pictures import SHORT_SIDE, Unreadable, of_array, opened
from vision.ml.quality import ISSUES, quality, sharpness


def of(image: Image.Image):
    return quality(opened(stored(image)))


def test_a_good_photo_has_no_faults():
    found = of(garment((40, 90, 160)))

    assert found.issues == ()
    assert found.short_side == 600
    assert found.white_ground
    assert 0.25 < found.subject < 0.45


@pytest.mark.parametrize(
    ("issue", "spoilt"),
    [
        ("small", lambda image: image.resize((399, 700))),
        ("blurred", lambda image: image.filter(ImageFilter.GaussianBlur(8))),
        ("dark", lambda image: image.point(lambda value: value // 6)),
        ("bright", lambda image: image.point(lambda value: min(255, int(value * 1.4)))),
    ],
)
def test_what_was_spoilt_is_named(issue: str, spoilt):
    good = garment((212, 216, 220), (120, 110, 60))

    assert issue not in of(good).issues
    assert issue in of(spoilt(good)).issues


def test_a_restless_ground_is_named_and_a_calm_one_of_wood_is_not():
    colours = np.random.default_rng(3).integers(0, 256, (8, 8, 3), np.uint8)
    assert "busy" in quality(of_array(colours.repeat(60, axis=0).repeat(60, axis=1))).issues
    assert "busy" not in of(garment((40, 90, 160), WOOD)).issues
    assert not of(garment((40, 90, 160), WOOD)).white_ground


def test_a_small_thing_in_the_middle_and_a_thing_cut_at_three_edges_are_named():
    tiny, cut = (np.full((600, 600, 3), 255, np.uint8) for _two in range(2))
    tiny[250:400, 250:400] = (20, 90, 60)
    for edge in (cut[450:, 200:400], cut[200:400, :150], cut[200:400, 450:], cut[200:500, 150:450]):
        edge[:] = (20, 90, 60)

    assert quality(of_array(tiny)).issues == ("tiny_subject",)
    assert quality(of_array(cut)).issues == ("cut_off",)


def test_sharpness_does_not_depend_on_contrast_and_falls_with_blur():
    image = scene(7, side=192)
    grey = np.asarray(image)
    faint = (grey // 4 + 90).astype(np.uint8)
    by_blur = [sharpness(np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))) for radius in (1, 2, 4)]

    assert sharpness(faint) == pytest.approx(sharpness(grey), abs=0.15)
    assert by_blur == sorted(by_blur, reverse=True)
    assert sharpness(np.full((9, 9, 3), 7, np.uint8)) == 1.0


def test_pictures_are_opened_small_and_say_how_large_they_were():
    found = opened(stored(Image.new("RGB", (3000, 1500), "navy")))

    assert found.rgb.shape == (SHORT_SIDE, 2 * SHORT_SIDE, 3)
    assert (found.width, found.height) == (3000, 1500)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0" + b"0" * 50, stored(scene(1))[:900]])
def test_what_is_no_picture_is_refused_by_name(data: bytes):
    with pytest.raises(Unreadable):
        opened(data)


def test_odd_modes_are_read_as_people_see_them():
    deep = Image.fromarray(np.full((20, 20), 40_000, np.uint16))
    cmyk = Image.new("CMYK", (20, 20), (0, 255, 255, 0))

    assert opened(stored(deep, "PNG")).rgb[0, 0].tolist() == [156, 156, 156]
    assert opened(stored(cmyk)).rgb[0, 0, 0] > 200
    assert opened(stored(Image.new("1", (9, 9), 1), "PNG")).rgb[0, 0].tolist() == [255, 255, 255]


def test_faults_have_an_order():
    assert len(set(ISSUES)) == len(ISSUES) == 8
