"""Names of colours against what people call them: the colour survey of xkcd (R. Munroe, 2010, CC0)."""

import numpy as np
import pytest
from PIL import Image

from tests.vision.ml.pictures import WHITE, WOOD, garment, rgb, stored
from vision.ml.colours import NAMES, Colour, clearness, colours, ground_of, named
from vision.ml.oklab import from_hex, to_hex, to_oklab
from vision.ml.pictures import of_array, opened

SURVEY = """
7e1e9c purple, 15b01a green, 0343df blue, ff81c0 pink, 653700 brown, e50000 red, 95d0fc blue, 029386 teal,
f97306 orange, 96f97b green, c20078 magenta|pink, ffff14 yellow, 75bbfd blue, 929591 grey, 89fe05 green,
bf77f6 purple, 9a0eea purple,
033500 green, 06c2ac teal, c79fef purple, 00035b navy, d1b26f beige, 00ffff teal, 13eac9 teal, 06470c green,
ae7181 pink|purple, 35063e purple, 01ff07 green, 650021 red, 6e750e olive, ff796c orange|pink|red, e6daa6 beige,
0504aa blue|navy, 001146 navy, cea2fd purple, 000000 black, ff028d pink|magenta, ad8150 brown, c7fdb5 green,
ffb07c orange, 677a04 olive, cb416b pink, 8e82fe blue|purple, 53fca1 green|teal, aaff32 green|yellow, 380282 purple,
ceb301 yellow, ffd1df pink, cf6275 pink|red, 0165fc blue, 0cff0c green, c04e01 orange, 610023 red, fe01b1 pink|magenta,
aaa662 olive|beige, 840000 red, ffffff white, d8dcd6 grey|white, 363737 grey, be03fd purple|magenta, 8c000f red,
a83c09 orange|brown|red, dbb40c yellow, 580f41 purple, ffffc2 yellow|beige|white, fc5a50 red|orange|pink, 04d8b2 teal,
516572 grey|blue, a57e52 brown, 8f1402 red, 3d1c02 brown, 020035 navy, c0737a pink, 380835 purple,
ffffcb white|beige|yellow, 343837 grey|black, b9a281 beige|brown, 4b5d16 olive|green, a2cffe blue, 1e488f blue,
5a7d9a blue|grey, c69f59 beige|brown, 80013f red|purple, ffffe4 white|beige|yellow, 3b638c blue, e2ca76 beige|yellow,
c5c9c7 grey, 9ffeb0 green|teal, b66325 brown|orange, ed0dd9 magenta|pink, ca6641 orange|brown, 01a049 green,
bf9005 yellow|brown|olive, 341c02 brown, 014d4e teal, c65102 orange, fffe7a yellow, ffcfdc pink, 6b8ba4 blue|grey,
fdff52 yellow
"""
KNOWN = [(code, frozenset(names.split("|"))) for code, names in (one.split() for one in SURVEY.split(","))]
PALE = {"ffffff", "d8dcd6", "ffffcb", "ffffe4", "ffffc2"}


def test_a_colour_has_the_name_that_most_people_give_it():
    found = named(np.array([from_hex(code) for code, _names in KNOWN]))

    wrong = [code for (code, names), at in zip(KNOWN, found, strict=True) if NAMES[at] not in names]
    assert len(KNOWN) == 100
    assert wrong == []
    assert {NAMES[at] for at in found} == set(NAMES)


@pytest.mark.parametrize("ground", [WHITE, (236, 236, 238), WOOD])
def test_the_first_colour_is_that_of_the_cloth_whatever_it_lies_on(ground):
    shown = [(code, names) for code, names in KNOWN if ground == WOOD or code not in PALE]

    found = [
        colours(opened(stored(garment(rgb(code), ground, seed=at, side=200))))[0] for at, (code, _n) in enumerate(shown)
    ]

    right = [colour.name in names for colour, (_code, names) in zip(found, shown, strict=True)]
    assert sum(right) / len(right) >= 0.98


def test_shares_say_how_much_of_the_thing_has_each_colour():
    pixels = np.full((100, 100, 3), 255, np.uint8)
    pixels[20:80, 20:65] = (200, 16, 46)
    pixels[20:80, 65:80] = (0, 0, 0)

    found = colours(of_array(pixels))

    assert [colour.name for colour in found[:2]] == ["red", "black"]
    assert found[0].share == pytest.approx(0.75, abs=0.05)
    assert found[1].share == pytest.approx(0.25, abs=0.05)


def test_a_swatch_without_ground_is_its_own_colour():
    for kind in ("JPEG", "PNG", "WEBP"):
        found = colours(opened(stored(Image.new("RGB", (300, 200), (0, 128, 128)), kind)))

        assert [(colour.name, round(colour.share, 6)) for colour in found] == [("teal", 1.0)]


def test_what_is_transparent_is_not_shown():
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    image.paste((255, 140, 0, 255), (60, 60, 140, 140))

    found = colours(opened(stored(image, "PNG")))

    assert [colour.name for colour in found] == ["orange"]


def test_the_smallest_and_the_thinnest_pictures_have_a_colour():
    for size in ((1, 1), (1, 500), (500, 1), (3, 2)):
        found = colours(opened(stored(Image.new("RGB", size, (220, 20, 60)), "PNG")))

        assert found[0].name == "red"


def test_the_same_picture_always_has_the_same_colours():
    data = stored(garment((90, 120, 200), seed=3))

    assert colours(opened(data)) == colours(opened(data))


def test_the_ground_is_only_what_is_joined_to_the_edge():
    """White buttons of a navy coat on white are part of the coat."""
    pixels = np.full((60, 60, 3), 255, np.uint8)
    pixels[10:50, 10:50] = (20, 33, 61)
    pixels[25:30, 25:30] = 255

    ground = ground_of(to_oklab(pixels))

    assert ground.plain
    assert int(ground.subject.sum()) == 1600


def test_a_dark_thing_on_a_light_ground_is_black_and_the_same_shade_alone_is_grey():
    """As shops photograph black cloth: it reflects three to four percent of the light."""
    alone = colours(of_array(np.full((100, 100, 3), (50, 50, 56), np.uint8)))
    cloth = colours(opened(stored(garment((50, 50, 56), (243, 236, 228)))))

    assert [(colour.name, colour.share) for colour in alone] == [("grey", 1.0)]
    assert cloth[0].name == "black"
    assert cloth[0].share > 0.85
    assert clearness(cloth[0]) > 0.02


def test_a_grey_that_may_be_black_in_light_or_white_in_shade_is_not_clear():
    shades = {code: clearness(Colour("grey", 1.0, code)) > 0.02 for code in ("#444448", "#85888d", "#c4c4c6")}

    assert shades == {"#444448": False, "#85888d": True, "#c4c4c6": False}


def test_narrow_stripes_keep_their_colours():
    pixels = np.full((480, 480, 3), 255, np.uint8)
    pixels[100:380, 100:380] = (12, 60, 160)
    pixels[100:380:4, 100:380] = pixels[101:380:4, 100:380] = (240, 200, 20)

    found = colours(of_array(pixels))

    assert {colour.name for colour in found} == {"blue", "yellow"}
    assert [colour.share for colour in found] == pytest.approx([0.5, 0.5], abs=0.05)


def test_something_white_on_light_grey_stands_out():
    white = garment((246, 244, 239), (222, 229, 233), seed=1)

    found = colours(opened(stored(white, "PNG")))

    assert found[0].name == "white"


def test_a_soft_shadow_is_part_of_the_ground():
    down, across = np.mgrid[0:200, 0:200]
    shadow = 1 - 0.35 * np.exp(-(((down - 150) / 30) ** 2) - ((across - 100) / 60) ** 2)
    pixels = (np.full((200, 200, 3), 235.0) * shadow[..., None]).astype(np.uint8)
    pixels[60:140, 60:140] = (200, 16, 46)

    found = colours(of_array(pixels))

    assert found[0].name == "red"
    assert found[0].share > 0.8


def test_colours_go_to_oklab_and_back():
    """White has lightness 1; red as in Ottosson's table of examples."""
    assert from_hex("#ffffff") == pytest.approx([1.0, 0.0, 0.0], abs=1e-4)
    assert from_hex("#ff0000") == pytest.approx([0.62796, 0.22486, 0.12585], abs=1e-4)
    for code in ("#000000", "#12ab9f", "#fefefe", "#8b4513"):
        assert to_hex(from_hex(code)) == code
