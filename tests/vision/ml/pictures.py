"""Pictures whose truth is known, because they are drawn here."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WHITE, WOOD = (255, 255, 255), (181, 136, 92)


def rgb(code: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


def garment(colour: tuple[int, int, int], ground: tuple[int, int, int] = WHITE, *, seed: int = 0, side: int = 600):
    """Something with soft folds on a plain ground, with the noise of a camera."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), ground)
    left, top, right, bottom = (int(side * edge) for edge in (0.2, 0.18, 0.8, 0.85))
    draw = ImageDraw.Draw(image)
    draw.polygon([(left, top), (right, top), (right - side // 9, bottom), (left + side // 9, bottom)], fill=colour)
    pixels = np.asarray(image).astype(float)
    down, across = np.mgrid[0:side, 0:side] / side
    cloth = (np.asarray(image) == colour).all(axis=2) & (np.asarray(image) != ground).any(axis=2)
    folds = 1 + 0.10 * np.sin(across * rng.uniform(6, 20) + down * rng.uniform(0, 10) + rng.uniform(0, 6))
    pixels[cloth] *= folds[cloth][:, None]
    pixels += rng.normal(0, 4, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def scene(seed: int, *, side: int = 400) -> Image.Image:
    """A motif of its own for each seed: thirty soft forms."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), tuple(int(value) for value in rng.integers(0, 256, 3)))
    draw = ImageDraw.Draw(image)
    for _form in range(30):
        x, y, width, height = (int(value) for value in rng.integers(0, side, 4))
        fill = tuple(int(value) for value in rng.integers(0, 256, 3))
        draw.ellipse([x, y, x + width // 2 + 5, y + height // 2 + 5], fill=fill)
    return image.filter(ImageFilter.GaussianBlur(0.6))


def stored(image: Image.Image, kind: str = "JPEG", **how) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **({"quality": 88} if kind == "JPEG" and not how else how))
    return written.getvalue()
