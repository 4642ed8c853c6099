"""Printed patterns and grains of materials, as masks over the whole picture, made once and kept."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from catalog.demo.world import Rgb

SIDE = 480
FINE = 3
Layer = tuple[Image.Image, Rgb]


def _toward(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def print_layers(pattern: str, angle: int, scale: float, base: Rgb, ink: Rgb) -> list[Layer]:
    """Masks with the colour each is laid in, from the lowest to the topmost."""
    masks = _masks(pattern, angle, scale)
    if pattern == "checks":
        return list(zip(masks, (_toward(base, ink, 0.42), _toward(base, ink, 0.9)), strict=True))
    if pattern == "floral":
        leaf = _toward((86, 128, 84), base, 0.25)
        heart = (240, 190, 70) if sum(ink) < 660 else (232, 150, 80)
        return list(zip(masks, (leaf, ink, heart), strict=True))
    return [(masks[0], ink)]


@lru_cache(maxsize=160)
def _masks(pattern: str, angle: int, scale: float) -> tuple[Image.Image, ...]:
    """Drawn on a field large enough to turn, then cut to the picture."""
    quarter = angle % 90 == 0
    reach = SIDE if quarter else int(SIDE * 1.45)
    maker = {"stripes": _stripes, "dots": _dots, "checks": _checks, "floral": _floral}[pattern]
    cut = (reach - SIDE) // 2
    masks = []
    for mask in maker(reach, scale):
        small = mask.reduce(FINE)
        if angle:
            small = small.rotate(angle, resample=Image.Resampling.BILINEAR)
        masks.append(small if quarter else small.crop((cut, cut, cut + SIDE, cut + SIDE)))
    return tuple(masks)


def _field(reach: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (reach * FINE, reach * FINE))
    return image, ImageDraw.Draw(image)


def _stripes(reach: int, scale: float) -> list[Image.Image]:
    image, pen = _field(reach)
    step, width = 30 * scale * FINE, 11.5 * scale * FINE
    for y in np.arange(step / 3, reach * FINE, step):
        pen.rectangle((0, y, reach * FINE, y + width), fill=255)
    return [image]


def _dots(reach: int, scale: float) -> list[Image.Image]:
    image, pen = _field(reach)
    step, radius = 32 * scale * FINE, 6.6 * scale * FINE
    for row, y in enumerate(np.arange(0, reach * FINE, step * 0.82)):
        for x in np.arange(step / 2 * (row % 2), reach * FINE, step):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return [image]


def _checks(reach: int, scale: float) -> list[Image.Image]:
    """Broad bands both ways that are stronger where they cross, and a fine line between them."""
    step, width = 46 * scale * FINE, 19 * scale * FINE
    across, pen = _field(reach)
    thin, fine_pen = _field(reach)
    end = reach * FINE
    for at in np.arange(step / 4, end, step):
        pen.rectangle((0, at, end, at + width), fill=150)
        line = at + width + (step - width) / 2
        fine_pen.rectangle((0, line - 1.1 * scale * FINE, end, line + 1.1 * scale * FINE), fill=140)
        fine_pen.rectangle((line - 1.1 * scale * FINE, 0, line + 1.1 * scale * FINE, end), fill=140)
    rows = np.asarray(across, dtype=np.uint16)
    bands = np.clip(rows + rows.T, 0, 255).astype(np.uint8)
    return [Image.fromarray(bands), thin]


def _floral(reach: int, scale: float) -> list[Image.Image]:
    leaves, leaf_pen = _field(reach)
    petals, petal_pen = _field(reach)
    hearts, heart_pen = _field(reach)
    rng = np.random.Generator(np.random.PCG64(5))
    step = 50 * scale * FINE
    for row, y in enumerate(np.arange(0, reach * FINE, step * 0.8)):
        for x in np.arange(step / 2 * (row % 2), reach * FINE, step):
            cx, cy = x + rng.normal(0, step * 0.07), y + rng.normal(0, step * 0.07)
            size = scale * FINE * rng.uniform(5.2, 7.6)
            turn = rng.uniform(0, 2 * np.pi)
            for side in (0.9, 2.6):
                _leaf(leaf_pen, cx, cy, turn + side, size * 2.5, size * 0.62)
            for petal in range(5):
                angle = turn + petal * 2 * np.pi / 5
                px, py, r = cx + np.cos(angle) * size, cy + np.sin(angle) * size, size * 0.78
                petal_pen.ellipse((px - r, py - r, px + r, py + r), fill=255)
            r = size * 0.52
            heart_pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=255)
    return [leaves, petals, hearts]


def _leaf(pen: ImageDraw.ImageDraw, x: float, y: float, angle: float, length: float, width: float) -> None:
    along = np.linspace(0, 1, 9)
    bulge = np.sin(along * np.pi) * width
    turn = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-turn[1], turn[0]])
    spine = np.array([x, y]) + np.outer(along * length, turn)
    outline = np.vstack([spine + np.outer(bulge, side), (spine - np.outer(bulge, side))[::-1]])
    pen.polygon(outline.ravel().tolist(), fill=235)


@lru_cache(maxsize=96)
def texture_mask(texture: str, angle: int, zoom: float) -> Image.Image:
    """How much the grain darkens each pixel: faint, so that it shows as touch and not as a print."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / zoom
    turn = np.radians(angle)
    along, across = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    rng = np.random.Generator(np.random.PCG64(11))
    if texture == "knit":
        # Columns of small chevrons.
        wave = np.abs((along / 9) % 1 - 0.5) * 2
        level = (
            10 + 34 * (np.sin((across + wave * 4) / 5.5 * 2 * np.pi) > 0.15) * (wave > 0.14) * 0.6 + 22 * (wave < 0.14)
        )
    elif texture == "cord":
        level = 30 * (np.sin(along / 6.5 * 2 * np.pi) * 0.5 + 0.5) ** 2
    elif texture == "twill":
        level = 16 * (np.sin((along + across) / 4.2 * 2 * np.pi) > 0.2) + rng.normal(5, 4, x.shape)
    elif texture == "weave":
        level = 9 * (np.sin(along / 4 * 2 * np.pi) > 0) + 9 * (np.sin(across / 4 * 2 * np.pi) > 0)
    elif texture == "wood":
        level = 26 * (np.sin((along + 9 * np.sin(across / 90)) / 11) * 0.5 + 0.5) ** 3
    else:
        level = np.where(rng.random(x.shape) > 0.985, 46, 0)  # speckles of stoneware
        return Image.fromarray(level.astype(np.uint8)).resize((SIDE, SIDE))
    return Image.fromarray(np.clip(level, 0, 255).astype(np.uint8))
