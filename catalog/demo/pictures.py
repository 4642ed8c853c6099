"""Pictures of products: what a form looks like in its colour, pattern and material, on a light ground."""

from dataclasses import dataclass

from catalog.demo.canvas import Canvas
from catalog.demo.shapes import SHAPES, STRETCH
from catalog.demo.world import COLOURS, Rgb

# Warm and cool grounds; each product gets the first of its department's that lets it stand out.
GROUNDS: dict[str, tuple[Rgb, ...]] = {
    "clothing": ((243, 236, 228), (222, 229, 233), (232, 228, 240)),
    "shoes_bags": ((230, 236, 239), (241, 233, 222), (226, 224, 236)),
    "accessories": ((245, 233, 230), (222, 230, 232), (238, 236, 222)),
    "home": ((236, 236, 226), (216, 225, 228), (242, 230, 222)),
    "desk": ((234, 233, 242), (242, 234, 222), (220, 231, 229)),
}
TEXTURES = {
    "wool": "knit", "cashmere": "knit", "corduroy": "cord", "denim": "twill", "linen": "weave", "canvas": "weave",
    "oak": "wood", "stoneware": "speckle",
}  # fmt: skip
NOT_KNITTED = {"coat", "trousers", "wide_trousers", "a_line_skirt", "pleated_skirt", "long_tee"}
KNITTED_COTTON = {"jumper", "cardigan", "beanie"}


@dataclass(frozen=True, slots=True)
class Look:
    """All that decides a picture."""

    department: str
    form: str
    colour: str
    pattern: str
    material: str


LIES_OR_HANGS = {
    "dinner_plate", "side_plate", "pendant_lamp", "throw", "blanket", "cushion", "lumbar_cushion", "notebook",
    "planner", "spiral_notebook", "gel_pen", "ballpoint", "fountain_pen", "pencil_case", "pencil_roll",
}  # fmt: skip
UPRIGHT_STRIPES = {
    "shirt", "short_shirt", "band_shirt", "shirt_dress", "trousers", "wide_trousers", "shorts", "jacket", "coat",
    "pencil_case", "pencil_roll",
}  # fmt: skip


def draw_product(look: Look, *, close: bool = False) -> bytes:
    """A WebP of 480 × 480; `close` enlarges the middle of the same drawing. The same look gives the same bytes."""
    colour = COLOURS[look.colour]
    canvas = Canvas(
        ground=_ground_for(look, colour.rgb),
        colour=colour.rgb,
        ink=colour.ink,
        pattern=look.pattern,
        material=look.material,
        texture=_texture(look),
        table=look.department in ("home", "desk", "shoes_bags") and look.form not in LIES_OR_HANGS,
        zoom=1.9 if close else 1.0,
        focus=(205.0, 225.0) if close else (240.0, 240.0),
        stretch=STRETCH.get(look.form, (1.0, 1.0)),
        grain=90 if look.pattern == "stripes" and look.form in UPRIGHT_STRIPES else 0,
    )
    SHAPES[look.form](canvas)
    return canvas.webp()


def _ground_for(look: Look, colour: Rgb) -> Rgb:
    """One of the department's grounds from which the product stands out; neighbours on a page differ."""
    grounds = GROUNDS[look.department]
    clear = [ground for ground in grounds if _distance(ground, colour) > 70] or [
        max(grounds, key=lambda ground: _distance(ground, colour))
    ]
    return clear[(len(look.form) + len(look.colour) + len(look.pattern)) % len(clear)]


def _distance(one: Rgb, other: Rgb) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5


def _texture(look: Look) -> str:
    if look.form in KNITTED_COTTON:
        return "knit"
    texture = TEXTURES.get(look.material, "")
    return "" if texture == "knit" and look.form in NOT_KNITTED else texture
