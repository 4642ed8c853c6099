"""Colours of what a picture shows: its ground is found and left out, the rest is k-means in OKLab, groups get names.

No network, nothing learned from photos: sixteen names with some typical shades each, beside what thousands of people
named in a survey (`vision.ml.shades`); a colour has the name of the nearest one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vision.ml.oklab import Lab, from_hex, to_hex, to_oklab
from vision.ml.pictures import Opened
from vision.ml.shades import SURVEY

SHADES = {
    "black": "#000000 #0f0f12 #1b1b1d #222024 #15181c",
    "grey": "#3a3a3c #555555 #707070 #808080 #999999 #b0b0b0 #c4c4c4 #708090 #8a8f98 #5b626b #d3d3d3 #a3a09a",
    "white": "#ffffff #f8f8f8 #f0f0ee #fffff6 #f4f6fa #fdf8f4 #eaeaea",
    "beige": (
        "#cfb070 #d8bc86 #f5f5dc #ebdfc8 #e2d2b4 #d9c3a0 #d2b48c #c8b08a #f5deb3 #ffe4c4 #faebd7 #d8cbb8 #c9b79c"
    ),
    "brown": (
        "#bc8f8f #b98a55 #c19a5b #8b4513 #5c3a21 #a0522d #7b5a3a #3e2a1c #9c6b3f #6b4423 #b07a45 #4e342e "
        "#cd853f #8d6e5a #5a4636"
    ),
    "red": "#ff0000 #dc143c #b22222 #8b0000 #c8102e #cd5c5c #d93a3a #e2001a #7a1020 #a52a2a",
    "orange": "#c45512 #ffb37e #ffa500 #ff8c00 #ff6600 #ff7f50 #e8731c #f28c28 #ff4f0f #d2691e #fa8c5a",
    "yellow": "#ffff00 #ffd700 #fff44f #f7e017 #e8c300 #fada5e #ffff99 #f0e68c #daa520 #eedd44 #fafad2",
    "green": (
        "#cdf6bd #008000 #00ff00 #228b22 #32cd32 #006400 #90ee90 #2e8b57 #7cfc00 #3cb371 #98fb98 #4f9a4a "
        "#1e4d2b #9acd32 #8fbc8f #00a550"
    ),
    "olive": "#aaa662 #808000 #6b8e23 #556b2f #7a7a3a #5c5c2a #8a8550 #4b4b2a #9a9a50 #bdb76b",
    "teal": ("#e0ffff #008080 #20b2aa #00ced1 #40e0d0 #00ffff #5f9ea0 #0f6e70 #48d1cc #afeeee #7fd6d0 #145a5e #66cdaa"),
    "blue": (
        "#3f6690 #4a6f96 #0000ff #1e90ff #4169e1 #00bfff #87ceeb #4682b4 #add8e6 #6495ed #2b5fb3 #3f7fc4 "
        "#b0c8e8 #6a8caf #1c4fd8 #0047ab #87cefa #5a7fb0"
    ),
    "navy": "#000080 #191970 #1b2a49 #14213d #202c5a #0a1a3a #2b3556 #00005a #23304a",
    "purple": (
        "#6a5acd #800080 #8a2be2 #4b0082 #9370db #663399 #9932cc #6a0dad #7b5aa6 #5d3a8e #b57edc "
        "#3d1f4f #d8bfd8 #cda4de #8e4585 #dda0dd #e6e6fa #483d8b"
    ),
    "pink": (
        "#ffd6e2 #f9c9d9 #b0707f #bd7078 #ffc0cb #ff69b4 #ff1493 #db7093 #ffb6c1 #f4a6b8 #e75480 #f8c8dc "
        "#d94f8a #c71585 #e8a0a8 #ff85a1"
    ),
    "magenta": "#ff00ff #e815e8 #ee82ee #da70d6 #d100a0 #ba55d3",
}
NAMES = tuple(SHADES)
LONG_SIDE = 64
RING = 0.04
PLAIN = 0.7
"""Of the outer ring: this share near its middle colour makes a plain ground."""
NEAR_GROUND, VERY_NEAR_GROUND = 0.06, 0.02
SPREAD = 2.0
"""Times what nine tenths of the ring lie from its middle: an even ground lets something nearly as light stand out."""
DEEPEST_SHADOW, SHADOW_EDGE = 0.8, 0.03
"""Light that a shadow leaves of its ground, as a factor on OKLab (half of the light), and how softly it begins."""
LIGHT_GROUND, BLACK, COLOURLESS = 0.8, 0.359, 0.03
"""On a ground this light, what reflects less than 4.6 % of the light and has no hue to speak of is a black thing, as in
the dictionary of ISCC and NBS (Kelly & Judd 1955, Munsell value below 2.5); on a screen people call it dark grey."""
LEAST_SUBJECT = 0.04
GROUPS = 6
ROUNDS = 12
ONE_COLOUR = 0.05
"""Groups that are this near are one."""
LEAST_SHARE = 0.05
GREY_FROM, GREY_TO = 0.486, 0.74
"""A darker grey may be black with two and a half times the light on it, a lighter one white in the shade, with half."""
_SHADES = [(at, code) for at, name in enumerate(NAMES) for code in (SHADES[name] + " " + SURVEY[name]).split()]
_SHADE_LABS = np.array([from_hex(code) for _at, code in _SHADES])
_SHADE_NAMES = np.array([at for at, _code in _SHADES])


@dataclass(frozen=True)
class Colour:
    """`share` (0 to 1) of what the picture shows; `code` is `#rrggbb` of the largest group with this name."""

    name: str
    share: float
    code: str


@dataclass(frozen=True)
class Ground:
    """`subject` is True where the picture shows something [height, width]. `plain`: the ring around is of one colour,
    whose `lightness` is 0 to 1; `evenness` is the share of the ring near it; `kinds` how many colours the ring has."""

    subject: NDArray[np.bool_]
    plain: bool
    lightness: float
    evenness: float
    kinds: int = 1


def named(labs: Lab) -> NDArray[np.int64]:
    """Number in NAMES of each colour [n, 3]."""
    apart = ((labs[:, None, :] - _SHADE_LABS) ** 2).sum(axis=2)
    return np.asarray(_SHADE_NAMES[apart.argmin(axis=1)])


def clearness(colour: Colour) -> float:
    """How much nearer its shade lies to one of its name than to any of another name, in OKLab: at 0.02 to 0.03 nobody
    would argue, near 0 people call it one or the other."""
    apart = np.sqrt(((_SHADE_LABS - from_hex(colour.code)) ** 2).sum(axis=1))
    own = NAMES.index(colour.name) == _SHADE_NAMES
    clear = float(apart[~own].min() - apart[own].min())
    light = float(from_hex(colour.code)[0])
    if colour.name == "black":
        return max(clear, BLACK - light)
    if colour.name == "grey":
        return min(clear, light - GREY_FROM, GREY_TO - light)
    return clear


def ground_of(labs: Lab) -> Ground:
    """Tell the subject from a plain ground [height, width, 3]: near the ring's middle colour and joined to the edge."""
    height, width = labs.shape[:2]
    ring = np.ones((height, width), np.bool_)
    thick = max(1, round(RING * min(height, width)))
    ring[thick : height - thick, thick : width - thick] = False
    middle = np.median(labs[ring], axis=0)
    apart = ((labs - middle) ** 2).sum(axis=2)
    evenness = float((apart[ring] < NEAR_GROUND**2).mean())
    everything = np.ones((height, width), np.bool_)
    if evenness < PLAIN:
        _centres, masses = _groups(labs[ring], np.ones(int(ring.sum()), np.float32))
        return Ground(everything, False, float(middle[0]), evenness, int((masses >= LEAST_SHARE).sum()))
    reach = np.clip(SPREAD * np.sqrt(np.quantile(apart[ring], 0.9)), VERY_NEAR_GROUND, NEAR_GROUND)
    shaded = _shaded(labs, middle)
    subject = _apart_from_edge((apart < reach**2) | (shaded & _soft(labs)), ring)
    subject &= ~(shaded & ndimage.binary_dilation(~subject))  # its last pixels beside the edge of a thing
    if subject.mean() < LEAST_SUBJECT:  # something nearly of the colour of its ground, such as beige on white
        subject = _apart_from_edge(apart < VERY_NEAR_GROUND**2, ring)
    if subject.mean() < LEAST_SUBJECT:  # a swatch: the picture itself is its ground
        subject = everything
    return Ground(subject, True, float(middle[0]), evenness)


def _apart_from_edge(near: NDArray[np.bool_], ring: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is not near the ground's colour, or is and does not touch the edge."""
    parts, _count = ndimage.label(near)
    joined = np.unique(parts[ring & near])
    return np.asarray(~(np.isin(parts, joined[joined > 0]) & near))


def _shaded(labs: Lab, middle: Lab) -> NDArray[np.bool_]:
    """What the ground looks like with less light on it: all of OKLab shrinks alike."""
    factor = np.clip(labs @ middle / max(float(middle @ middle), 1e-6), DEEPEST_SHADOW, 1.0)
    return np.asarray(((labs - factor[..., None] * middle) ** 2).sum(axis=2) < VERY_NEAR_GROUND**2)


def _soft(labs: Lab) -> NDArray[np.bool_]:
    """Where light changes softly, as in shadows and not at the edges of things."""
    light = labs[..., 0]
    down, across = np.gradient(light) if min(light.shape) > 1 else (np.zeros_like(light),) * 2
    return np.asarray(down**2 + across**2 < SHADOW_EDGE**2)


def colours(picture: Opened) -> list[Colour]:
    """Names with at least 5 % of what the picture shows, largest first; their shares sum to at most 1."""
    scale = LONG_SIDE / max(picture.rgb.shape[:2])
    height, width = (max(2, round(side * min(1.0, scale))) for side in picture.rgb.shape[:2])
    labs = to_oklab(picture.sampled(width, height))
    ground = ground_of(labs)
    points = labs[ground.subject]
    weights = np.ones(len(points), np.float32) if ground.plain else _middle_counts_more(height, width)
    centres, masses = _groups(points, weights)
    names = named(centres)
    if ground.plain and ground.lightness >= LIGHT_GROUND and not ground.subject.all():
        names[(centres[:, 0] < BLACK) & (np.hypot(centres[:, 1], centres[:, 2]) < COLOURLESS)] = NAMES.index("black")
    found = []
    for name in np.unique(names):
        own = np.flatnonzero(names == name)
        largest = own[masses[own].argmax()]
        found.append(Colour(NAMES[name], float(masses[own].sum()), to_hex(centres[largest])))
    found.sort(key=lambda colour: (-colour.share, colour.name))
    return [colour for colour in found if colour.share >= LEAST_SHARE] or found[:1]


def _middle_counts_more(height: int, width: int) -> NDArray[np.float32]:
    """Where no ground can be told, what is sold stands in the middle."""
    down, across = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    return np.asarray(np.exp(-2.0 * (down[:, None] ** 2 + across[None, :] ** 2)), np.float32).ravel()


def _groups(points: Lab, weights: NDArray[np.float32]) -> tuple[Lab, NDArray[np.float64]]:
    """Centres and shares (sum 1) by weighted k-means; centres nearer than ONE_COLOUR are joined.

    Starts at the middle of all, then each time at the point farthest from the centres so far (Gonzalez, 1985) among
    the nearest 98 %: the same picture always gives the same groups, and single odd points found none.
    """
    total = float(weights.sum())
    centres = np.average(points, axis=0, weights=weights)[None, :].astype(np.float32)
    apart = ((points - centres[0]) ** 2).sum(axis=1)
    while len(centres) < GROUPS:
        farthest = int(np.argpartition(apart, int(0.98 * (len(apart) - 1)))[int(0.98 * (len(apart) - 1))])
        if apart[farthest] < ONE_COLOUR**2:
            break
        centres = np.vstack([centres, points[farthest]])
        apart = np.minimum(apart, ((points - points[farthest]) ** 2).sum(axis=1))
    for _round in range(ROUNDS):
        owner = (points @ centres.T * -2.0 + (centres**2).sum(axis=1)).argmin(axis=1)
        masses = np.bincount(owner, weights, len(centres))
        moved = np.stack([np.bincount(owner, weights * points[:, axis], len(centres)) for axis in range(3)], axis=1)
        fresh = np.where(masses[:, None] > 0, moved / np.maximum(masses, 1e-9)[:, None], centres).astype(np.float32)
        if np.abs(fresh - centres).max() < 1e-3:
            break
        centres = fresh
    return _joined(centres, masses / total)


def _joined(centres: Lab, masses: NDArray[np.float64]) -> tuple[Lab, NDArray[np.float64]]:
    alive = [at for at in range(len(centres)) if masses[at] > 0]
    centres, masses = centres[alive], masses[alive]
    while len(centres) > 1:
        apart = ((centres[:, None] - centres[None]) ** 2).sum(axis=2) + np.eye(len(centres)) * 9.0
        one, other = divmod(int(apart.argmin()), len(centres))
        if apart[one, other] >= ONE_COLOUR**2:
            break
        both = masses[one] + masses[other]
        centres[one] = (centres[one] * masses[one] + centres[other] * masses[other]) / both
        masses[one] = both
        centres, masses = np.delete(centres, other, axis=0), np.delete(masses, other)
    return centres, masses
