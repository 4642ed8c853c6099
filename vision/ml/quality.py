"""Whether a picture shows a product well: large enough, sharp, rightly exposed, on a calm ground. Nothing learned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.ml.colours import ground_of
from vision.ml.oklab import to_oklab
from vision.ml.pictures import Opened

SMALL, BLURRED, DARK, BRIGHT, DULL, BUSY, TINY_SUBJECT, CUT_OFF = ISSUES = (
    "small", "blurred", "dark", "bright", "dull", "busy", "tiny_subject", "cut_off",
)  # fmt: skip
LEAST_SIDE = 400
"""Pixels of the shorter side: less does not fill a phone."""
RESTLESS = 5
"""Colours along the edge. A product that runs over the edge brings two or three of its own."""
LEAST_SHARPNESS = 0.65
LEAST_LIGHT = 0.45
"""Lightness (OKLab) that the lightest twentieth of a picture should reach."""
LEAST_CONTRAST = 0.08
"""Between the 5th and the 95th percentile of lightness of the whole picture."""
CLIPPED = 0.35
"""Of what is shown: so much white without any drawing."""
LEAST_SHARE = 0.08
"""Of the picture: what is shown should fill so much."""
GROUND_SIDE = 64


@dataclass(frozen=True)
class Quality:
    """`short_side` in pixels as stored. `sharpness` about 0 (blurred) to 1; `lightness` and `contrast` 0 to 1;
    `evenness` of the ground 0 to 1, `white_ground` where it is plain and nearly white; `subject` the share of
    the picture that is not ground, 1 where the ground cannot be told. `issues` of ISSUES, worst first."""

    short_side: int
    sharpness: float
    lightness: float
    contrast: float
    evenness: float
    white_ground: bool
    subject: float
    issues: tuple[str, ...]


def quality(picture: Opened, *, least_side: int = LEAST_SIDE) -> Quality:
    """Look at one picture."""
    height, width = picture.rgb.shape[:2]
    scale = min(1.0, GROUND_SIDE / max(height, width))
    labs = to_oklab(picture.resized(max(2, round(width * scale)), max(2, round(height * scale))))
    ground = ground_of(labs)
    light = labs[..., 0]
    shown = light[ground.subject]
    low, high = np.percentile(light, [5, 95])
    sharp = sharpness(picture.rgb)
    share = float(ground.subject.mean())
    is_swatch = ground.plain and bool(ground.subject.all())
    faults = {
        SMALL: min(picture.width, picture.height) < least_side,
        BLURRED: sharp < LEAST_SHARPNESS and not is_swatch,
        DARK: float(high) < LEAST_LIGHT and not is_swatch,
        BRIGHT: float((shown > 0.985).mean()) > CLIPPED and not is_swatch,
        DULL: float(high - low) < LEAST_CONTRAST and not is_swatch,
        TINY_SUBJECT: ground.plain and not is_swatch and share < LEAST_SHARE,
        CUT_OFF: ground.plain and not is_swatch and _touches(ground.subject) >= 3,
        BUSY: ground.kinds >= RESTLESS,
    }
    return Quality(
        min(picture.width, picture.height), sharp, float(shown.mean()), float(high - low), ground.evenness,
        ground.plain and ground.lightness > 0.93, share, tuple(name for name in ISSUES if faults[name]),
    )  # fmt: skip


def sharpness(rgb: NDArray[np.uint8]) -> float:
    """How steep the steepest edges are: the 99th percentile of the second difference over that of the first.

    A step from one pixel to the next has 1, a ramp over many pixels nearly 0, whatever its height, so the contrast of
    the motif does not count. 1 for a picture without any edge.
    """
    grey = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    if min(grey.shape) < 3:
        return 1.0
    first = np.concatenate([np.abs(grey[:, 1:] - grey[:, :-1]).ravel(), np.abs(grey[1:] - grey[:-1]).ravel()])
    second = np.concatenate([
        np.abs(grey[:, 2:] - 2 * grey[:, 1:-1] + grey[:, :-2]).ravel(),
        np.abs(grey[2:] - 2 * grey[1:-1] + grey[:-2]).ravel(),
    ])  # fmt: skip
    steep = float(_high(first))
    return 1.0 if steep < 4.0 else min(1.0, float(_high(second)) / steep)


def _high(values: NDArray[np.float32]) -> float:
    at = int(0.99 * (len(values) - 1))
    return float(np.partition(values, at)[at])


def _touches(subject: NDArray[np.bool_]) -> int:
    """How many of the four edges what is shown reaches along a tenth or more of the edge."""
    edges = subject[0], subject[-1], subject[:, 0], subject[:, -1]
    return sum(float(edge.mean()) > 0.1 for edge in edges)
