"""Stored pictures as arrays: decoded once, small, upright in memory, transparent ground white.

Everything that looks at a picture starts from one `Opened`; large JPEGs are decoded at a fraction of their size.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SHORT_SIDE = 192
"""Pixels that are kept of the shorter side: enough for sharpness and for a network at 160."""
MOST_PIXELS = 25_000_000
Pixels = NDArray[np.uint8]


class Unreadable(ValueError):
    """Not a whole JPEG, PNG or WebP picture, or larger than anybody decodes."""


@dataclass(frozen=True)
class Opened:
    """`rgb` uint8 [height, width, 3] with a shorter side of at most SHORT_SIDE; `width` and `height` as stored."""

    rgb: Pixels
    width: int
    height: int

    def resized(self, width: int, height: int) -> Pixels:
        """uint8 [height, width, 3], each pixel the mean of what it covers."""
        return np.asarray(Image.fromarray(self.rgb).resize((width, height), Image.Resampling.BOX))

    def sampled(self, width: int, height: int) -> Pixels:
        """uint8 [height, width, 3], each pixel one of what it covers: stripes keep their colours."""
        return np.asarray(Image.fromarray(self.rgb).resize((width, height), Image.Resampling.NEAREST))


def opened(data: bytes, *, is_stored: bool = True) -> Opened:
    """Decode a picture that was stored here, or one that is only looked at: that is turned as its camera was held, and
    whoever takes it in checks its size first. Raises Unreadable."""
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        width, height = picture.size
        if not width or not height or width * height > MOST_PIXELS:
            raise Unreadable(f"{width} × {height} pixels")
        scale = min(1.0, SHORT_SIDE / min(width, height))
        to = max(1, round(width * scale)), max(1, round(height * scale))
        picture.draft("RGB", to)  # JPEGs at a half, a quarter or an eighth: never below what is asked
        small = _on_white(picture).resize(to, Image.Resampling.BOX, reducing_gap=2.0)
        if not is_stored:
            small = ImageOps.exif_transpose(_with_head_of(picture, small))
        return Opened(np.asarray(small), width, height)
    except Unreadable:
        raise
    except Exception as error:  # decoders raise whatever they stumble over
        raise Unreadable(str(error)) from error


def of_array(rgb: Pixels) -> Opened:
    """An array as if it had been stored. Raises ValueError for another shape than [height, width, 3] of uint8."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise ValueError(f"A picture is uint8 [height, width, 3], not {rgb.dtype} {list(rgb.shape)}.")
    return Opened(rgb, rgb.shape[1], rgb.shape[0])


def _with_head_of(picture: Image.Image, small: Image.Image) -> Image.Image:
    """The small one with what the file says about how the camera was held."""
    small.info = {"exif": exif} if (exif := picture.getexif().tobytes()) else {}
    return small


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency. Grey of 16 bits keeps its upper eight."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    if "A" not in picture.mode and "transparency" not in picture.info:
        return picture.convert("RGB")
    seen = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    ground = Image.new("RGB", seen.size, (255, 255, 255))
    ground.paste(seen, mask=seen)  # one more of its size; a composite of two layers would be four
    return ground
