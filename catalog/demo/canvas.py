"""A small drawing board on Pillow: smooth shapes with a printed pattern, soft shade and a shadow on a light ground.

Coordinates are in units of a 480 × 480 picture. Shapes are drawn as masks three times too large and reduced, so
edges are smooth; colours are laid at final size, which keeps a picture near ten milliseconds.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from itertools import pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from catalog.demo.prints import print_layers, texture_mask
from catalog.demo.world import Rgb

SIDE = 480
FINE = 3
MIDDLE = SIDE / 2
Box = tuple[int, int, int, int]
WHITE: Rgb = (255, 255, 255)
SHADE: Rgb = (26, 22, 44)  # a violet black looks softer than a grey one


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` of the other colour in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(colour: Rgb, share: float) -> Rgb:
    return mix(colour, WHITE, share)


def darker(colour: Rgb, share: float) -> Rgb:
    return mix(colour, SHADE, share)


@lru_cache(maxsize=1024)
def path(text: str) -> np.ndarray:
    """Points of "M x y L x y C x y x y x y Q x y x y": straight lines, cubic and quadratic curves."""
    points: list[np.ndarray] = []
    words = text.split()
    sizes = {"M": 1, "L": 1, "Q": 2, "C": 3}
    at = 0
    while at < len(words):
        count = sizes[words[at]]
        given = np.array([float(word) for word in words[at + 1 : at + 1 + 2 * count]]).reshape(count, 2)
        at += 1 + 2 * count
        if count == 1:
            points.append(given)
            continue
        knots = np.vstack([points[-1][-1:], given])
        steps = np.linspace(0, 1, 15)[1:, None]
        level = [np.broadcast_to(knot, (len(steps), 2)) for knot in knots]
        while len(level) > 1:  # De Casteljau, for all steps at once
            level = [a + (b - a) * steps for a, b in pairwise(level)]
        points.append(level[0])
    return np.vstack(points)


@lru_cache(maxsize=512)
def mirrored(text: str) -> np.ndarray:
    """A symmetric shape from its right half: x counts from the middle, from the top of the middle to its bottom."""
    half = path(text)
    return np.vstack([half, half[::-1] * (-1, 1)]) + (MIDDLE, 0)


def right(text: str) -> np.ndarray:
    """A path whose x counts from the middle."""
    return path(text) + (MIDDLE, 0)


def left(text: str) -> np.ndarray:
    """The mirror image of `right`."""
    return path(text) * (-1, 1) + (MIDDLE, 0)


@lru_cache(maxsize=512)
def ellipse(x: float, y: float, wide: float, high: float) -> np.ndarray:
    """Centre and half axes."""
    turn = np.linspace(0, 2 * np.pi, 65)[:-1]
    return np.column_stack([x + wide * np.cos(turn), y + high * np.sin(turn)])


@lru_cache(maxsize=512)
def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> np.ndarray:
    """A rectangle with round corners."""
    r = max(radius, 0.01)
    text = f"M {x0 + r} {y0} L {x1 - r} {y0} Q {x1} {y0} {x1} {y0 + r} L {x1} {y1 - r} Q {x1} {y1} {x1 - r} {y1} "
    return path(text + f"L {x0 + r} {y1} Q {x0} {y1} {x0} {y1 - r} L {x0} {y0 + r} Q {x0} {y0} {x0 + r} {y0}")


def turned(points: np.ndarray, degrees: float, x: float = MIDDLE, y: float = MIDDLE) -> np.ndarray:
    angle = np.radians(degrees)
    spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (points - (x, y)) @ spin + (x, y)


class Canvas:
    """One picture. `zoom` enlarges around `focus`, for close-ups."""

    def __init__(
        self,
        *,
        ground: Rgb,
        colour: Rgb,
        ink: Rgb,
        pattern: str,
        material: str,
        texture: str,
        table: bool,
        zoom: float,
        focus: tuple[float, float],
        stretch: tuple[float, float] = (1.0, 1.0),
        grain: int = 0,
    ) -> None:
        self.colour, self.ink, self.pattern, self.material = colour, ink, pattern, material
        self._texture = texture
        self._zoom, self._focus, self._stretch, self._grain = zoom, np.array(focus), np.array(stretch), grain
        self.image = _ground(ground, table and zoom == 1.0).copy()

    @property
    def ink_is_light(self) -> bool:
        return sum(self.ink) > sum(self.colour)

    @property
    def accent(self) -> Rgb:
        """For ribbons and bands: stands out from the colour without fighting it."""
        return lighter(self.colour, 0.55) if self.ink_is_light and sum(self.colour) < 420 else darker(self.colour, 0.42)

    def webp(self) -> bytes:
        out = BytesIO()
        self.image.save(out, "WEBP", quality=80, method=2)
        return out.getvalue()

    # Masks

    def _place(self, points: np.ndarray) -> np.ndarray:
        points = (points - MIDDLE) * self._stretch + MIDDLE
        return (points - self._focus) * self._zoom + MIDDLE if self._zoom != 1.0 else points

    def _box(self, points: np.ndarray, margin: float = 0.0) -> Box | None:
        low = np.clip(np.floor(points.min(axis=0) - margin), 0, SIDE).astype(int)
        high = np.clip(np.ceil(points.max(axis=0) + margin), 0, SIDE).astype(int)
        return (*low.tolist(), *high.tolist()) if (high > low).all() else None

    def _mask(self, shapes: Sequence[np.ndarray], margin: float = 0.0) -> tuple[Image.Image, Box] | None:
        placed = [self._place(points) for points in shapes]
        area = self._box(np.vstack(placed), margin)
        if area is None:
            return None
        mask = Image.new("L", ((area[2] - area[0]) * FINE, (area[3] - area[1]) * FINE))
        pen = ImageDraw.Draw(mask)
        for points in placed:
            pen.polygon(((points - area[:2]) * FINE).ravel().tolist(), fill=255)
        return mask.reduce(FINE), area

    def _lay(self, colour: Rgb, mask: Image.Image, area: Box, alpha: float = 1.0) -> None:
        if alpha < 1.0:
            mask = mask.point(_fading(round(alpha, 3)))
        self.image.paste(colour, area, mask)

    # Shadows

    def shadow(self, *shapes: np.ndarray, dx: float = 5, dy: float = 11, blur: float = 11, alpha: float = 0.26) -> None:
        """Of something that lies flat on the ground."""
        zoom = self._zoom
        found = self._mask([points + (dx, dy) for points in shapes], margin=3 * blur * zoom)
        if found:
            self._lay(SHADE, found[0].filter(ImageFilter.GaussianBlur(blur * zoom)), found[1], alpha)

    def stand(self, x: float, y: float, wide: float, high: float = 12, alpha: float = 0.42) -> None:
        """Of something that stands on a table: a wide faint one and a narrow dark one where it touches."""
        self.shadow(ellipse(x + 10, y + 1, wide * 1.12, high * 1.3), dx=0, dy=0, blur=13, alpha=alpha * 0.7)
        self.shadow(ellipse(x, y - 2, wide * 0.94, high * 0.55), dx=0, dy=0, blur=4, alpha=alpha)

    # Fills

    def fill(self, points: np.ndarray, colour: Rgb, alpha: float = 1.0, within: np.ndarray | None = None) -> None:
        found = self._mask([points])
        if found is None:
            return
        mask, area = found
        if within is not None:
            mask = ImageChops.multiply(mask, self._cut(within, area))
        self._lay(colour, mask, area, alpha)

    def _cut(self, points: np.ndarray, area: Box) -> Image.Image:
        mask = Image.new("L", ((area[2] - area[0]) * FINE, (area[3] - area[1]) * FINE))
        ImageDraw.Draw(mask).polygon(((self._place(points) - area[:2]) * FINE).ravel().tolist(), fill=255)
        return mask.reduce(FINE)

    def body(
        self,
        points: np.ndarray,
        *,
        colour: Rgb | None = None,
        pattern: bool = True,
        angle: int = 0,
        scale: float = 1.0,
        rim: float = 0.34,
        gloss: float = 0.0,
        tone: float = 0.0,
        texture: bool = True,
    ) -> None:
        """A piece of the product: its colour, the print on it, the grain of the material, light and shade.

        `tone` makes it lighter (above 0) or darker (below); `gloss` adds a highlight as on glaze.
        """
        found = self._mask([points])
        if found is None:
            return
        mask, area = found
        base, ink = colour or self.colour, self.ink
        base, ink = (lighter(c, tone) if tone > 0 else darker(c, -tone) for c in (base, ink))
        self._lay(base, mask, area)
        if pattern and self.pattern != "plain":
            for layer, tint in print_layers(self.pattern, angle + self._grain, round(scale * self._zoom, 2), base, ink):
                self._lay(tint, ImageChops.multiply(mask, layer.crop(area)), area)
        if texture and self._texture:
            grain = texture_mask(self._texture, angle, self._zoom)
            self._lay(SHADE, ImageChops.multiply(mask, grain.crop(area)), area)
        # Shade is lost on dark things, so they get more light at the edge instead.
        self._round(mask, area, rim, gloss, light=0.9 if sum(base) < 260 else 0.42)

    def _round(self, mask: Image.Image, area: Box, rim: float, gloss: float, light: float) -> None:
        """Darker towards the edge away from the light, brighter towards the light from the upper left."""
        if rim > 0:
            padded = Image.new("L", (mask.width + 24, mask.height + 24))
            padded.paste(mask, (12, 12))
            soft = padded.filter(ImageFilter.GaussianBlur(13 * self._zoom**0.5))
            far = ImageChops.invert(soft.crop((20, 22, 20 + mask.width, 22 + mask.height)))
            self._lay(SHADE, ImageChops.multiply(mask, far), area, rim)
            near = ImageChops.invert(soft.crop((6, 6, 6 + mask.width, 6 + mask.height)))
            self._lay(WHITE, ImageChops.multiply(mask, near), area, rim * light)
        if gloss > 0:
            sheen = _sheen().resize(mask.size)
            self._lay(WHITE, ImageChops.multiply(mask, sheen), area, gloss)

    def glow(self, points: np.ndarray, colour: Rgb, alpha: float, within: np.ndarray | None = None) -> None:
        """Light without an edge."""
        found = self._mask([points], margin=60 * self._zoom)
        if found is None:
            return
        mask, area = found[0].filter(ImageFilter.GaussianBlur(22 * self._zoom)), found[1]
        if within is not None:
            mask = ImageChops.multiply(mask, self._cut(within, area))
        self._lay(colour, mask, area, alpha)

    # Lines

    def line(self, points: np.ndarray, width: float = 2.0, colour: Rgb = SHADE, alpha: float = 0.3) -> None:
        """A smooth line; folds and seams are dark and faint, edges light."""
        placed = self._place(points)
        thick = width * self._zoom
        area = self._box(placed, thick)
        if area is None:
            return
        mask = Image.new("L", ((area[2] - area[0]) * FINE, (area[3] - area[1]) * FINE))
        pen = ImageDraw.Draw(mask)
        fine = (placed - area[:2]) * FINE
        pen.line(fine.ravel().tolist(), fill=255, width=max(round(thick * FINE), 1), joint="curve")
        if thick > 2.5:
            radius = thick * FINE / 2
            for x, y in (fine[0], fine[-1]):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        self._lay(colour, mask.reduce(FINE), area, alpha)

    def stitch(self, points: np.ndarray, colour: Rgb | None = None, alpha: float = 0.75, dash: float = 6.0) -> None:
        """A dashed line, as sewn by hand."""
        tint = colour or (lighter(self.colour, 0.45) if sum(self.colour) < 420 else darker(self.colour, 0.4))
        steps = np.hypot(*np.diff(points, axis=0).T)
        run = np.concatenate([[0.0], np.cumsum(steps)])
        for start in np.arange(0, run[-1] - dash * 0.5, dash * 1.7):
            at = np.array([start, start + dash])
            piece = np.column_stack([np.interp(at, run, points[:, axis]) for axis in (0, 1)])
            self.line(piece, 1.5, tint, alpha)


@lru_cache(maxsize=512)
def _fading(alpha: float) -> list[int]:
    return [round(level * alpha) for level in range(256)]


@lru_cache(maxsize=64)
def _ground(colour: Rgb, table: bool) -> Image.Image:
    """A light wall with a glow behind the product; `table` adds a surface to stand on."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    glow = np.exp(-(((x - 0.42) / 0.62) ** 2 + ((y - 0.38) / 0.62) ** 2))
    light = 0.955 + 0.075 * glow
    if table:
        below = np.clip((y - 0.705) / 0.012, 0, 1)
        light = light * (1 - below) + below * (0.90 + 0.055 * glow + 0.05 * (y - 0.7))
    pixels = np.clip(np.array(colour, dtype=np.float32) * light[..., None], 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


@lru_cache(maxsize=1)
def _sheen() -> Image.Image:
    """A tall soft highlight left of the middle and a thin one at the right, as on a round glazed wall."""
    x = np.linspace(0, 1, 160, dtype=np.float32)
    across = np.exp(-(((x - 0.24) / 0.085) ** 2)) + 0.35 * np.exp(-(((x - 0.92) / 0.03) ** 2))
    y = np.linspace(0, 1, 160, dtype=np.float32)
    down = np.clip((y - 0.02) / 0.12, 0, 1) * np.clip((0.97 - y) / 0.25, 0, 1)
    return Image.fromarray((255 * np.clip(np.outer(down, across), 0, 1)).astype(np.uint8))
