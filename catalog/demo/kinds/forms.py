"""What is said about a kind of thing and its forms."""

from dataclasses import dataclass

ALL_PATTERNS = ("plain", "stripes", "dots", "checks", "floral")
SOLID = ("plain",)
GRAPHIC = ("plain", "stripes", "dots")
CLOTH_SIZES = ("S", "M", "L", "XL")
SHOE_SIZES = ("36", "37", "38", "39", "40", "41", "42", "43")

WINTER, SUMMER, RAIN, SCHOOL = 10, 190, 160, 245  # day of the year at which demand peaks


@dataclass(frozen=True, slots=True)
class Form:
    """One shape of a kind; `key` is also what the picture is drawn by."""

    key: str
    en: str
    zh: str
    materials: tuple[str, ...]
    price: float = 1.0
    patterns: tuple[str, ...] = ()  # empty: those of the kind


@dataclass(frozen=True, slots=True)
class Kind:
    parent: str
    en: str
    zh: str
    forms: tuple[Form, ...]
    price: tuple[int, int]  # CNY, before the factors of material, brand and form
    uses_en: tuple[str, ...]
    uses_zh: tuple[str, ...]
    patterns: tuple[str, ...] = ALL_PATTERNS
    option: str = ""
    options: tuple[str, ...] = ()
    peak: int = 0  # day of the year, with `season` as the amplitude in log demand
    season: float = 0.0
    extra: float = 0.0  # mean of further pieces in one order line
    rebuy: float = -2.0  # added to the log chance of a product the customer already has
