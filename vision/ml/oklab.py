"""Colours as people see them apart: OKLab (Björn Ottosson, 2020), where equal distances look equally different.

Unlike CIELAB its blues do not turn purple when they get lighter. Lightness runs from 0 (black) to 1 (white); `a` from
green to red, `b` from blue to yellow, both within about ±0.4.
"""

import numpy as np
from numpy.typing import NDArray

Lab = NDArray[np.float32]
_TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]], np.float32
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]], np.float32
)  # fmt: skip
_FROM_LAB, _FROM_CONES = np.linalg.inv(_TO_LAB.astype(np.float64)), np.linalg.inv(_TO_CONES.astype(np.float64))


def _linear(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear(np.arange(256) / 255.0).astype(np.float32)


def to_oklab(rgb: NDArray[np.uint8]) -> Lab:
    """OKLab float32 [..., 3] of sRGB uint8 [..., 3]."""
    cones = np.cbrt(_LINEAR[rgb] @ _TO_CONES.T)
    return np.asarray(cones @ _TO_LAB.T, np.float32)


def to_hex(lab: NDArray[np.floating]) -> str:
    """`#rrggbb` of one OKLab colour [3]; what screens cannot show is cut to what they can."""
    linear = np.clip(_FROM_CONES @ (_FROM_LAB @ np.asarray(lab, np.float64)) ** 3, 0.0, 1.0)
    shown = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(float(value) * 255):02x}" for value in shown)


def from_hex(code: str) -> Lab:
    """OKLab [3] of `#rrggbb`. Raises ValueError."""
    return to_oklab(np.frombuffer(bytes.fromhex(code.removeprefix("#")), np.uint8))
