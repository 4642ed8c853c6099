"""All products as columns, arranged for quick draws."""

from sys import intern

import numpy as np
from numpy.typing import NDArray

from catalog.demo.chance import Calendar, day_of_year
from catalog.demo.customers import Preferences
from catalog.demo.kinds import COMPLEMENTS, KINDS
from catalog.demo.orders import NEWNESS
from catalog.demo.products import DAY, Product, variant_label
from catalog.demo.world import BRANDS, COLOURS, TASTES

KIND_NAMES, COLOUR_NAMES, TASTE_NAMES = list(KINDS), list(COLOURS), list(TASTES)
CELLS = len(KIND_NAMES) * len(COLOUR_NAMES)
Ints = NDArray[np.int64]
Narrow = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# How a customer finds the own variant: any, by size of clothes, by size of shoes, by the three sizes of socks.
ANY, CLOTHES, SHOES, SOCKS = range(4)


class Goods:
    """Columns over the products in the order of their numbers; `by_cell` sorts them by kind and colour.

    Takes the variants away from the products: as columns they need a tenth of the memory.
    """

    def __init__(self, products: list[Product], calendar: Calendar) -> None:
        self.products = products
        kinds = [KINDS[product.kind] for product in products]
        self.kind = _ints(KIND_NAMES.index(product.kind) for product in products)
        self.colour = _ints(COLOUR_NAMES.index(product.colour) for product in products)
        self.taste = _ints(TASTE_NAMES.index(product.taste) for product in products)
        self.brand = _ints(BRANDS.index(product.brand) for product in products)
        self.extra = np.array([kind.extra for kind in kinds])
        self.rebuy = np.array([kind.rebuy for kind in kinds])
        self.quality = np.array([product.quality["quality"] for product in products])
        self._created = _ints(product.created_at for product in products)
        ends = {"live": calendar.end + DAY, "hidden": calendar.end - 45 * DAY, "draft": 0}
        self._until = _ints(ends[product.status] for product in products)
        self._peak = np.array([kind.peak for kind in kinds])
        self._season = np.array([kind.season for kind in kinds])
        self._late = np.where(self._created > calendar.start - 45 * DAY, NEWNESS, 0.0)
        self.pull = self._season + self._late
        """The most that season and newness ever add to the log weight."""
        self.by_cell = np.lexsort((self.colour, self.kind))
        cell = (self.kind * len(COLOUR_NAMES) + self.colour)[self.by_cell]
        self.starts = np.searchsorted(cell, np.arange(CELLS), "left")
        self.ends = np.searchsorted(cell, np.arange(CELLS), "right")
        self._set_variants(products)
        self.preferences = Preferences(products)
        self.dearness = self.preferences.dearness
        self.pairs = _pairs(self)

    def _set_variants(self, products: list[Product]) -> None:
        counts = _ints(len(product.variants) for product in products)
        variants = [variant for product in products for variant in product.variants]
        self.variant_count, self.first_variant = counts, np.cumsum(counts) - counts
        self.variant_price = _ints(variant.price for variant in variants)
        self.skus = [variant.sku for variant in variants]
        self.labels = [(intern(variant_label(one, "en")), intern(variant_label(one, "zh"))) for one in variants]
        self.fit = _ints(_fit(product) for product in products)
        for product in products:
            product.variants = []

    def forget_words(self) -> None:
        """Keep what draws need; SKUs and labels stand on the lines now."""
        self.skus, self.labels = [], []

    def chance(self, product: Ints, moment: Ints) -> Floats:
        """How far season and newness of the moment let a product be chosen: 0 to 1, where 1 is `pull`."""
        day = moment // DAY
        noon = day * DAY + DAY // 2
        season = self._season[product] * (np.cos((day_of_year(noon) - self._peak[product]) / 365.2425 * 2 * np.pi) - 1)
        age = (noon - self._created[product]) / DAY
        new = np.where((age > 0) & (age < 45), NEWNESS * (1 - age / 45), 0.0) - self._late[product]
        # A product made during a day is on the shelf from the next one.
        there = (self._created[product] <= day * DAY) & (self._until[product] > day * DAY)
        return np.where(there, np.exp(season + new), 0.0)


def _ints(values: object) -> Ints:
    return np.fromiter(values, np.int64)  # type: ignore[call-overload, no-any-return]


def _fit(product: Product) -> int:
    if KINDS[product.kind].option != "size":
        return ANY
    if product.kind == "socks":
        return SOCKS
    return SHOES if product.variants[0].options["size"].isdigit() else CLOTHES


def _pairs(goods: Goods) -> Ints:
    """Planted pairs, two for each product (-1: none): what of the completing kinds suits it best, as `companions`."""
    found = np.full((len(goods.products), 2), -1)
    live = np.array([product.status == "live" for product in goods.products])
    members = [np.flatnonzero((goods.kind == kind) & live) for kind in range(len(KIND_NAMES))]
    liked = [goods.preferences.of_taste(name) for name in TASTE_NAMES]
    alike = np.stack([goods.kind, goods.taste, goods.colour, goods.brand], axis=1)
    groups, place = np.unique(alike, axis=0, return_inverse=True)
    best = np.full((len(groups), 2), -1)
    for number, (kind, taste, colour, brand) in enumerate(groups.tolist()):
        for column, other in enumerate(COMPLEMENTS[KIND_NAMES[kind]][:2]):
            rivals = members[KIND_NAMES.index(other)]
            if len(rivals):
                suits = (goods.colour[rivals] == colour) + 0.5 * (goods.brand[rivals] == brand)
                best[number, column] = rivals[int(np.argmax(liked[taste][rivals] + suits))]
    found[:] = best[place.ravel()]
    return found
