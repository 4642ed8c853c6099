"""Pictures show what products are."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from catalog.demo.canvas import mirrored, path, turned
from catalog.demo.kinds import KINDS
from catalog.demo.pictures import Look, draw_product
from catalog.demo.shapes import SHAPES, STRETCH
from catalog.demo.world import COLOURS, MATERIALS, PATTERNS

# Forms whose middle is the product itself and not a button, a label or a gap.
FULL = {"tee": "clothing", "cushion": "home", "dinner_plate": "home", "tote": "shoes_bags", "bottle": "home"}


def pixels(look, **options):
    with Image.open(BytesIO(draw_product(look, **options))) as picture:
        return np.asarray(picture.convert("RGB"), dtype=float)


def middle(look):
    return pixels(look)[215:285, 205:275].reshape(-1, 3)


@pytest.mark.parametrize("form", FULL)
def test_plain_products_show_their_colour(form):
    for name, colour in COLOURS.items():
        seen = middle(Look(FULL[form], form, name, "plain", "nylon")).mean(axis=0)
        distances = {other: np.linalg.norm(seen - np.array(c.rgb)) for other, c in COLOURS.items()}
        assert distances[name] < 45, (name, seen)
        assert name in sorted(distances, key=distances.get)[:2], (name, seen, colour.rgb)


def test_printed_products_keep_their_colour_as_the_ground():
    for name, colour in COLOURS.items():
        for pattern in ("dots", "floral", "stripes"):
            seen = middle(Look("clothing", "tee", name, pattern, "cotton"))
            near = np.linalg.norm(seen - np.array(colour.rgb), axis=1) < 48
            assert near.mean() > 0.35, (name, pattern, near.mean())


def test_patterns_look_different():
    views = {pattern: pixels(Look("clothing", "tee", "navy", pattern, "cotton")) for pattern in PATTERNS}

    for one in views:
        for other in views:
            if one < other:
                assert np.abs(views[one] - views[other])[150:350, 150:330].mean() > 8, (one, other)


def test_stripes_of_a_t_shirt_run_across_and_those_of_trousers_down():
    tee = pixels(Look("clothing", "tee", "navy", "stripes", "cotton"))[200:340, 200:280].mean(axis=2)
    leg = pixels(Look("clothing", "wide_trousers", "navy", "stripes", "cotton"))[250:400, 255:315].mean(axis=2)

    assert tee.mean(axis=1).std() > 4 * tee.mean(axis=0).std()
    assert leg.mean(axis=0).std() > 2 * leg.mean(axis=1).std()


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_can_be_drawn_and_stands_out_from_its_ground(kind):
    for form in KINDS[kind].forms:
        for colour in ("white", "black", "mint"):
            look = Look(KINDS[kind].parent, form.key, colour, "plain", form.materials[0])
            picture = pixels(look)
            edge = np.concatenate([picture[:6].reshape(-1, 3), picture[:, :6].reshape(-1, 3)])
            ground = np.median(edge, axis=0)
            differs = np.linalg.norm(picture - ground, axis=2) > 24
            assert 0.06 < differs.mean() < 0.75, (form.key, colour, differs.mean())
            # Nothing runs into the sides.
            assert not differs[60:300, :2].any(), (form.key, colour)


def test_the_same_look_gives_the_same_bytes_and_a_close_up_another_view():
    look = Look("home", "mug", "red", "checks", "ceramic")

    assert draw_product(look) == draw_product(look)
    assert draw_product(look, close=True) != draw_product(look)


def test_every_form_has_a_shape_and_every_material_exists():
    forms = [form for kind in KINDS.values() for form in kind.forms]

    assert len({form.key for form in forms}) == len(forms) == len(SHAPES)
    assert set(STRETCH) <= set(SHAPES)
    assert all(set(form.materials) <= set(MATERIALS) for form in forms)


def test_paths_end_where_they_say():
    curve = path("M 0 0 C 0 10 10 10 10 0 Q 15 -5 20 0 L 20 5")

    assert curve[0].tolist() == [0, 0]
    assert np.allclose(curve[14], [10, 0])
    assert np.allclose(curve[28], [20, 0])
    assert curve[-1].tolist() == [20, 5]
    assert mirrored("M 0 0 L 10 0 L 0 10")[:, 0].tolist() == [240, 250, 240, 240, 230, 240]
    assert np.allclose(turned(np.array([[250.0, 240.0]]), 90), [[240, 250]])
